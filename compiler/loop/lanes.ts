/**
 * What a vector loop means: its four iterations, or two, are independent, so that they may run in lockstep, a lane each.
 *   for lane in 0..4 vector { var sum = 0; for k in 0..8 { sum = sum + a[k]·b[4·k + lane] }  y[lane] = sum }
 * What lanes share is computed once; a local from outside may gather the lanes, which then combine in order: s = s + v.
 */

import { loadsOf, walkScalar, walkStmts } from "./build.ts";
import { add, constant, equal, namesIn, rangeOf, scale, strideOf, substitute, type Index } from "./index-expression.ts";
import type { Loop, Scalar, ScalarFn, Stmt } from "./loop.ts";

/** Lanes of a vector of float32. */
export const LANES = 4;

/** Lanes of a vector of which only half is loaded and stored: what is left over where a row ends two after a whole vector. */
export const PAIR = 2;

/** What is known inside a vector loop. */
export interface Lanes {
  /** The index that counts lanes. */
  readonly lane: string;
  /** How many lanes there are. */
  readonly count: number;
  /** Locals of the loop whose value differs from lane to lane. */
  readonly varying: ReadonlySet<string>;
  /** Locals defined inside. */
  readonly own: ReadonlySet<string>;
}

const mentions = (at: Index, lane: string): boolean => namesIn(at).has(lane);

/** How far each lane lies from the first, where the distances are the same wherever the vector stands. */
export function distancesIn(at: Index, { lane, count }: Pick<Lanes, "lane" | "count">): readonly number[] | undefined {
  const inLane = (n: number): Index => substitute(at, new Map([[lane, constant(n)]]));
  const first = scale(inLane(0), -1);
  const apart = Array.from({ length: count }, (_, n) => add(inLane(n), first));
  return apart.every(({ terms }) => terms.length === 0) ? apart.map(({ offset }) => offset) : undefined;
}

/** Whether a scalar differs from lane to lane. */
export function varies(s: Scalar, { lane, varying }: Pick<Lanes, "lane" | "varying">): boolean {
  let found = false;
  walkScalar(s, (part) => {
    if (part.kind === "local") found ||= varying.has(part.name);
    if (part.kind === "index") found ||= mentions(part.at, lane);
    if (part.kind === "load") found ||= part.at.some((at) => mentions(at, lane));
  });
  return found;
}

/** Reads a vector loop; a local that is assigned a varying value varies everywhere. */
export function lanesOf({ index: lane, to, body }: Pick<Loop, "index" | "to" | "body">): Lanes {
  const varying = new Set<string>();
  const own = new Set<string>();
  for (let before = -1; before !== varying.size;) {
    before = varying.size;
    eachStmt(body, (s) => {
      if (s.kind === "let") own.add(s.name);
      if ((s.kind === "let" || s.kind === "assign") && varies(s.value, { lane, varying })) varying.add(s.name);
    });
  }
  for (const name of varying) if (!own.has(name)) varying.delete(name);
  return { lane, count: to.offset, varying, own };
}

/** Locals that lanes share and nothing but lanes read: a vector may hold each, the same in every lane. */
export function sharedByLanes({ body }: Pick<Loop, "body">, lanes: Lanes): ReadonlySet<string> {
  const shared = new Set<string>();
  eachStmt(body, (s) => void (s.kind === "let" && !s.mutable && s.dtype !== "bool" && !lanes.varying.has(s.name) && shared.add(s.name)));
  const alone = (s: Scalar): void => walkScalar(s, (part) => void (part.kind === "local" && shared.delete(part.name)));
  const inLanes = (s: Scalar): void => {
    if (s.kind === "local") return;
    if (!varies(s, lanes)) return alone(s);
    if (s.kind === "round") return inLanes(s.value);
    if (s.kind === "select") {
      (varies(s.when, lanes) ? inLanes : alone)(s.when);
      return [s.then, s.otherwise].forEach(inLanes);
    }
    if (s.kind !== "apply") return;
    const isShift = s.fn === "shl" || s.fn === "shr";
    s.args.forEach((arg, n) => (isShift && n === 1 ? alone : inLanes)(arg));
  };
  eachStmt(body, (s) => {
    if (s.kind === "if") return alone(s.when);
    if (s.kind === "for") return s.only === undefined ? undefined : alone(s.only);
    if (s.kind === "store" || lanes.varying.has(s.name)) return inLanes(s.value);
    const into = s.kind === "assign" ? gathered(s, lanes) : undefined;
    return into === undefined ? alone(s.value) : inLanes(into.part);
  });
  return shared;
}

/** How lanes may be gathered into a local from outside. */
const GATHERS: ReadonlySet<ScalarFn> = new Set(["add", "max", "min"]);

/** `s = s + v`, s being one number for all lanes: they are added to it in their order. */
export function gathered(
  { name, value }: Extract<Stmt, { kind: "assign" }>,
  lanes: Lanes,
): { readonly fn: ScalarFn; readonly part: Scalar } | undefined {
  if (lanes.own.has(name) || value.kind !== "apply" || !GATHERS.has(value.fn)) return undefined;
  const [into, part] = value.args;
  if (into?.kind !== "local" || into.name !== name || part === undefined) return undefined;
  return { fn: value.fn, part };
}

/** Functions that lanes compute together, or one after the other without harm. */
const APART: ReadonlySet<ScalarFn> = new Set(["div", "pow", "floor", "sign", "sqrt"]);

/** Why the iterations of a vector loop cannot run in lockstep; undefined where they can. `lengths` are those of the buffers. */
export function obstacle(loop: Loop, lengths: ReadonlyMap<string, number>): string | undefined {
  const { index: lane, from, to, step, body } = loop;
  if (from.terms.length + to.terms.length > 0 || from.offset !== 0 || (to.offset !== LANES && to.offset !== PAIR) || step !== 1)
    return `it does not run from 0 to ${LANES} or ${PAIR} by ones`;
  const lanes = lanesOf(loop);
  const stores = new Map<string, Index[]>();
  let found: string | undefined;
  const complain = (law: string): void => void (found ??= law);
  eachStmt(body, (s) => {
    if (s.kind === "store") {
      stores.set(s.buffer, [...(stores.get(s.buffer) ?? []), s.at]);
      if (strideOf(s.at, lane) !== 1) complain("a store does not go to neighbours");
    }
    if (s.kind === "for" && s.form === "vector") complain("it stands inside another or holds one");
    if (s.kind === "for" && (mentions(s.from, lane) || mentions(s.to, lane)))
      complain("a loop inside has bounds that differ from lane to lane");
    if (s.kind === "for" && s.only !== undefined && varies(s.only, lanes))
      complain("a loop inside runs an iteration that differs from lane to lane");
    if (s.kind === "if" && varies(s.when, lanes)) complain("a branch differs from lane to lane");
    if (s.kind === "assign" && !lanes.own.has(s.name) && gathered(s, lanes) === undefined)
      complain("a local from outside takes what is no sum, largest or smallest of the lanes");
  });
  eachScalar(body, (s) => {
    if (s.kind === "apply" && s.dtype === "i32" && APART.has(s.fn) && varies(s, lanes)) complain(`integers have no ${s.fn} in lanes`);
    if (s.kind !== "select" || !varies(s.when, lanes)) return;
    // both branches are evaluated
    for (const load of [...loadsOf(s.then), ...loadsOf(s.otherwise)]) {
      const [low, high] = rangeOf(load.at[0]!);
      if (low < 0 || high >= (lengths.get(load.buffer) ?? 0))
        complain(`${load.buffer} is loaded in a branch that some lanes do not take, and may lie outside`);
    }
  });
  return found ?? mixed(body, lanes) ?? hazard(body, stores, lane);
}

/** A gathered local that is more than gathered: lanes would see each other's sums. */
function mixed(body: readonly Stmt[], lanes: Lanes): string | undefined {
  const top = body.flatMap((s) => (s.kind === "assign" && !lanes.own.has(s.name) ? [s.name] : []));
  const reads = new Map<string, number>();
  const assigned: string[] = [];
  eachStmt(body, (s) => void (s.kind === "assign" && !lanes.own.has(s.name) && assigned.push(s.name)));
  eachScalar(body, (s) => void (s.kind === "local" && reads.set(s.name, (reads.get(s.name) ?? 0) + 1)));
  const name = assigned.find((one) => assigned.length !== top.length || reads.get(one) !== 1);
  return name === undefined ? undefined : `${name} is read beside its sum, or summed in a loop inside`;
}

/** A lane that loads what another stores. */
function hazard(body: readonly Stmt[], stores: ReadonlyMap<string, readonly Index[]>, lane: string): string | undefined {
  let found: string | undefined;
  for (const [buffer, all] of stores)
    if (all.some((a, n) => all.slice(n + 1).some((b) => !apart(a, b) || equal(a, b)))) found = `two stores to ${buffer} may meet`;
  eachScalar(body, (s) => {
    if (s.kind !== "load") return;
    for (const at of stores.get(s.buffer) ?? [])
      if (strideOf(s.at[0]!, lane) !== 1 || !(apart(at, s.at[0]!) || wholeVectorsApart(at, s.at[0]!)))
        found = `one lane may load what another stores to ${s.buffer}`;
  });
  return found;
}

/** Equal indices, or ones at least a vector apart: no lane meets another's element. */
function apart(a: Index, b: Index): boolean {
  const distance = Math.abs(a.offset - b.offset);
  if ((distance > 0 && distance < LANES) || a.terms.length !== b.terms.length) return false;
  return a.terms.every(({ atom, by }) => b.terms.some((t) => t.by === by && JSON.stringify(t.atom) === JSON.stringify(atom)));
}

/** One index less the other is a multiple of a vector, whatever the loops around are at: the same lane's element, or none of this vector. */
function wholeVectorsApart(a: Index, b: Index): boolean {
  const { terms, offset } = add(a, scale(b, -1));
  return offset % LANES === 0 && terms.every(({ by }) => by % LANES === 0);
}

const eachStmt = (body: readonly Stmt[], visit: (s: Stmt) => void): void => walkStmts(body, { stmt: visit });

const eachScalar = (body: readonly Stmt[], visit: (s: Scalar) => void): void => walkStmts(body, { scalar: visit });
