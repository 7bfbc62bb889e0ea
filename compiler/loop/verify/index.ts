/** Guarantees that accesses stay in bounds, names are defined before use with one dtype, calls fit their kernels, and slots lie aligned in the arena. */

import { VerifyError } from "../../graph/error.ts";
import { bytesOf, sizeOf, type DType } from "../../graph/type.ts";
import { apply, mapScalar } from "../build.ts";
import { add, constant, evaluate, namesIn, print as keyOfIndex, scale, shift, type Index, type Term } from "../index-expression.ts";
import { evaluateScalar } from "../interpret/index.ts";
import { obstacle } from "../lanes.ts";
import type { Buffer, Call, Entry, EntryResult, Kernel, Module, Program, Scalar, Slot, Stmt } from "../loop.ts";
import { printIndex, printName, printScalar, printStmt } from "../text/index.ts";

type Range = readonly [low: number, high: number];

interface Loop {
  readonly from: Index;
  readonly to: Index;
  readonly step: number;
  /** Smallest and largest value; the loop is empty where low > high. */
  readonly range: Range;
}

interface Local {
  readonly dtype: DType;
  readonly mutable: boolean;
  /** Where it depends on indices alone: guards are read through it. */
  readonly pure?: Scalar;
}

interface Storage {
  readonly dtype: DType;
  readonly length: number;
  readonly access: "read" | "write" | "update";
}

/** What is known at one place. */
interface Place {
  /** The kernel or entry. */
  readonly culprit: string;
  complain(law: string): never;
  readonly buffers: ReadonlyMap<string, Storage>;
  readonly loops: ReadonlyMap<string, Loop>;
  readonly locals: Map<string, Local>;
  /** Conditions that hold here. */
  readonly guards: readonly Scalar[];
  /** Each local's dtype in the whole kernel: one name has one dtype. */
  readonly dtypes: Map<string, DType>;
  /** Buffers that a store above has touched. */
  readonly stored: Set<string>;
}

/** Points that are tried one by one where intervals do not decide. */
const MOST_POINTS = 1e6;

function fail(culprit: string, message: string): never {
  throw new VerifyError(culprit, message);
}

/** Every name once. */
function unique(culprit: string, what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) fail(culprit, `${culprit}: two ${what} are called ${printName(name)}`);
    seen.add(name);
  }
}

export function verifyKernel(kernel: Kernel): void {
  const culprit = `kernel ${printName(kernel.name)}`;
  unique(
    culprit,
    "parameters",
    kernel.params.map((p) => p.name),
  );
  const empty = kernel.params.find((p) => !Number.isInteger(p.length) || p.length < 0);
  if (empty !== undefined)
    fail(culprit, `${culprit}: a length is a whole number, but ${printName(empty.name)} has ${empty.length} elements`);
  verifyBody(kernel.body, {
    culprit,
    complain: (law) => fail(culprit, `${culprit}: ${law}`),
    buffers: new Map(kernel.params.map((p) => [p.name, p])),
    loops: new Map(),
    locals: new Map(),
    guards: [],
    dtypes: new Map(),
    stored: new Set(),
  });
}

/** A complaint shows the law, then the statement. */
const at = (place: Place, line: string): Place => ({
  ...place,
  complain: (law) => fail(place.culprit, `${place.culprit}: ${law}\n\n    ${line}`),
});

function verifyBody(body: readonly Stmt[], outer: Place): void {
  const block = { ...outer, locals: new Map(outer.locals) };
  for (const s of body) verifyStmt(s, at(block, printStmt(s)));
}

function verifyStmt(s: Stmt, place: Place): void {
  switch (s.kind) {
    case "for":
      return verifyLoop(s, place);
    case "let":
      verifyScalar(s.value, place);
      return define(s.name, s.dtype, s.value, s.mutable, place);
    case "assign": {
      verifyScalar(s.value, place);
      const local = place.locals.get(s.name);
      if (local === undefined) place.complain(`a local is defined before it is assigned, but ${printName(s.name)} is not`);
      if (!local.mutable) place.complain(`only a mutable local is assigned, but ${printName(s.name)} is a let`);
      return fits(`local ${printName(s.name)}`, local.dtype, s.value.dtype, place);
    }
    case "store": {
      verifyScalar(s.value, place);
      const name = printName(s.buffer);
      const buffer = place.buffers.get(s.buffer);
      if (buffer === undefined) place.complain(`a store goes to a parameter, but there is none called ${name}`);
      if (buffer.access === "read") place.complain(`a read parameter is never stored to, but ${name} is; declare it write or update`);
      fits(name, buffer.dtype, s.value.dtype, place);
      verifyAccess("store", s.buffer, buffer.length, s.at, place);
      place.stored.add(s.buffer);
      return;
    }
    case "if":
      verifyScalar(s.when, place);
      fits("a condition", "bool", s.when.dtype, place);
      return verifyBody(s.then, { ...place, guards: [...place.guards, ...conjuncts(s.when)] });
  }
}

/** The parts of a conjunction: each holds by itself, also beside one that only the data decide. */
const conjuncts = (s: Scalar): readonly Scalar[] => (s.kind === "apply" && s.fn === "and" ? s.args.flatMap(conjuncts) : [s]);

function define(name: string, dtype: DType, value: Scalar, mutable: boolean, place: Place): void {
  const shown = printName(name);
  fits(`local ${shown}`, dtype, value.dtype, place);
  if (place.locals.has(name) || place.loops.has(name)) place.complain(`a name has one meaning, but ${shown} is already defined here`);
  const before = place.dtypes.get(name);
  if (before !== undefined && before !== dtype) place.complain(`a local has one dtype, but ${shown} is ${before} above and ${dtype} here`);
  place.dtypes.set(name, dtype);
  const pure = mutable ? undefined : pureOf(value, place);
  place.locals.set(name, { dtype, mutable, ...(pure === undefined ? {} : { pure }) });
}

function fits(what: string, dtype: DType, value: DType, place: Place): void {
  if (dtype !== value) place.complain(`${what} is ${dtype}, but its value is ${value}`);
}

function verifyLoop(s: Extract<Stmt, { kind: "for" }>, place: Place): void {
  const name = printName(s.index);
  if (!Number.isInteger(s.step) || s.step < 1) place.complain(`a step is a whole number from 1, but it is ${s.step}`);
  if (place.loops.has(s.index) || place.locals.has(s.index)) place.complain(`a name has one meaning, but ${name} is already defined here`);
  verifyIndex(s.from, place);
  verifyIndex(s.to, place);
  const range = rangeOfLoop(s, place);
  if (range[0] < 0) place.complain(`a loop runs from 0 or more, but ${name} starts at ${range[0]}`);
  if (s.unrolled !== undefined) {
    if (!Number.isInteger(s.unrolled) || s.unrolled < 2)
      place.complain(`at least 2 iterations are written in a row, but of ${name} it is ${s.unrolled}`);
    if (s.form === "vector" || s.step !== 1 || s.to.terms.length > 0)
      place.complain(`an unrolled loop goes one by one to a known end, but ${name} does not`);
  }
  const law = s.form === "vector" ? obstacle(s, new Map([...place.buffers].map(([buffer, { length }]) => [buffer, length]))) : undefined;
  if (law !== undefined) place.complain(`the iterations of a vector loop run in lockstep, but ${law}`);
  const loop = { from: s.from, to: s.to, step: s.step, range };
  verifyBody(s.body, { ...place, loops: new Map([...place.loops, [s.index, loop]]) });
}

/** The last value of a loop is from + a whole number of steps, below `to`. */
function rangeOfLoop({ from, to, step }: Omit<Loop, "range">, place: Place): Range {
  const [low, lastStart] = rangeIn(from, place);
  const span = add(to, scale(from, -1));
  if (span.terms.length === 0) return [low, lastStart + Math.floor((span.offset - 1) / step) * step];
  const end = rangeIn(to, place)[1];
  return [low, low === lastStart ? low + Math.floor((end - 1 - low) / step) * step : end - 1];
}

/** Indices are loops around, and stay below the extent that simplification has relied on. */
function verifyIndex(a: Index, place: Place): void {
  for (const { atom } of a.terms) {
    if (atom.kind !== "index") {
      verifyIndex(atom.of, place);
      if (!Number.isInteger(atom.by) || atom.by < 1) place.complain(`an index is divided by a whole number from 1, but by ${atom.by}`);
      continue;
    }
    const loop = place.loops.get(atom.name);
    const name = printName(atom.name);
    if (loop === undefined) place.complain(`an index belongs to a loop around it, but there is no loop over ${name}`);
    if (loop.range[1] >= atom.extent)
      place.complain(`an index stays below its extent, but ${name} reaches ${loop.range[1]} and is used as ${name}<${atom.extent}`);
  }
}

const UNARY = new Set("neg abs sign floor sqrt exp log tanh sin cos erf log1p expm1 not cast bitsOf floatOf".split(" "));
const COMPARES = new Set(["lt", "le", "eq"]);
const LOGIC = new Set(["and", "or", "not"]);

function verifyScalar(s: Scalar, place: Place): void {
  switch (s.kind) {
    case "literal":
      return;
    case "local": {
      const local = place.locals.get(s.name);
      const name = printName(s.name);
      if (local === undefined) place.complain(`a local is defined before it is used, but ${name} is not`);
      if (local.dtype !== s.dtype) place.complain(`a local has one dtype, but ${name} is ${local.dtype} and is used as ${s.dtype}`);
      return;
    }
    case "index":
      return verifyIndex(s.at, place);
    case "load": {
      const buffer = place.buffers.get(s.buffer);
      const name = printName(s.buffer);
      if (buffer === undefined) place.complain(`a load reads a buffer that is given, but there is none called ${name}`);
      if (buffer.dtype !== s.dtype)
        place.complain(`a load has its buffer's dtype, but ${name} is ${buffer.dtype} and is loaded as ${s.dtype}`);
      if (buffer.access === "write" && !place.stored.has(s.buffer))
        place.complain(`a write parameter is loaded only after a store to it, but ${name} is not stored to above; declare it update`);
      if (s.at.length > 1) place.complain(`a load has one flat index here, but that of ${name} has ${s.at.length}`);
      return verifyAccess("load", s.buffer, buffer.length, s.at[0] ?? constant(0), place);
    }
    case "apply":
      for (const arg of s.args) verifyScalar(arg, place);
      return verifyApply(s, place);
    case "select":
      verifyScalar(s.when, place);
      // only the branch that is taken is evaluated
      verifyScalar(s.then, { ...place, guards: [...place.guards, ...conjuncts(s.when)] });
      verifyScalar(s.otherwise, {
        ...place,
        guards: [...place.guards, apply("not", "bool", s.when)],
      });
      fits("a condition", "bool", s.when.dtype, place);
      if (s.then.dtype !== s.dtype || s.otherwise.dtype !== s.dtype)
        place.complain(`both branches have one dtype, but ${printScalar(s)} has ${s.then.dtype} and ${s.otherwise.dtype}`);
      return;
    case "round":
      return verifyScalar(s.value, place);
    case "reduce":
      return place.complain(`reductions are loops by now, but ${printScalar(s)} is not`);
  }
}

function verifyApply(s: Extract<Scalar, { kind: "apply" }>, place: Place): void {
  const operands = s.args.map((arg) => arg.dtype);
  const arity = s.fn === "randomBits" ? 3 : UNARY.has(s.fn) ? 1 : 2;
  if (operands.length !== arity)
    place.complain(`${s.fn} takes ${["one operand", "two operands", "three operands"][arity - 1]}, but has ${operands.length}`);
  if (s.fn === "cast") return;
  if (s.fn === "bitsOf" || s.fn === "floatOf") {
    const [from, to] = s.fn === "bitsOf" ? (["f32", "i32"] as const) : (["i32", "f32"] as const);
    if (operands[0] !== from || s.dtype !== to)
      place.complain(`${s.fn} takes ${from} and gives ${to}, but ${printScalar(s)} takes ${operands[0]} and gives ${s.dtype}`);
    return;
  }
  const compares = COMPARES.has(s.fn);
  const wanted = LOGIC.has(s.fn) ? "bool" : compares ? operands[0]! : s.dtype;
  const result = compares || LOGIC.has(s.fn) ? "bool" : s.dtype;
  if (operands.every((dtype) => dtype === wanted) && result === s.dtype) return;
  place.complain(`operands of ${s.fn} have one dtype, but ${printScalar(s)} takes ${operands.join(", ")} and gives ${s.dtype}`);
}

/** 0 ≤ index < length, by intervals under the guards, else point by point. */
function verifyAccess(kind: "load" | "store", buffer: string, length: number, index: Index, place: Place): void {
  verifyIndex(index, place);
  if ([...place.loops.values()].some(({ range: [low, high] }) => low > high)) return;
  const known = place.guards.map((guard) => pureOf(guard, place)).filter((guard) => guard !== undefined);
  const given = [...known.flatMap((guard) => lawsOf(guard, true)), ...lawsOfLoops(place)];
  const laws = [...given, ...lawsOfQuotients(index, given, place)];
  const high = highest(index, laws, place);
  const low = -highest(scale(index, -1), laws, place);
  if (low >= 0 && high < length) return;
  const name = printName(buffer);
  const shown = `${name}[${printIndex(index)}]`;
  const law = `a ${kind} stays inside its buffer, but ${shown}`;
  const remedy = `${name} has ${length} elements; guard the access or mend the loop`;
  const found = searchOutside(index, length, known, place);
  if (found === "inside") return;
  if (found === "too many points") place.complain(`${law} could not be proved to: it may lie in ${low}..${high}, and ${remedy}`);
  const point = [...found.point].map(([loop, value]) => `${printName(loop)} = ${value}`).join(", ");
  const where = point === "" ? "" : ` at ${point}`;
  place.complain(`${law} is ${name}[${found.value}]${where}, and ${remedy}`);
}

/** A scalar of indices and literals alone, with locals that never change read through. */
function pureOf(s: Scalar, place: Place): Scalar | undefined {
  let pure = true;
  const expanded = mapScalar(s, (part) => {
    if (part.kind === "load" || part.kind === "reduce") pure = false;
    if (part.kind !== "local") return part;
    const value = place.locals.get(part.name)?.pure;
    if (value === undefined) pure = false;
    return value ?? part;
  });
  return pure ? expanded : undefined;
}

/** What a condition says of indices, each as an index that is ≥ 0. */
function lawsOf(s: Scalar, holds: boolean): Index[] {
  if (s.kind !== "apply") return [];
  const [a, b] = s.args;
  if (a === undefined) return [];
  if (s.fn === "not") return lawsOf(a, !holds);
  if (b === undefined) return [];
  if (s.fn === (holds ? "and" : "or")) return [...lawsOf(a, holds), ...lawsOf(b, holds)];
  const [x, y] = [affine(a), affine(b)];
  if (x === undefined || y === undefined) return [];
  const below = add(y, scale(x, -1)); // y − x
  const above = scale(below, -1); // x − y
  if (s.fn === "lt") return holds ? [shift(below, -1)] : [above];
  if (s.fn === "le") return holds ? [below] : [shift(above, -1)];
  return s.fn === "eq" && holds ? [below, above] : [];
}

/** An integer scalar as an index, where it is one. */
function affine(s: Scalar): Index | undefined {
  if (s.kind === "index") return s.at;
  if (s.kind === "literal") return Number.isInteger(s.value) ? constant(s.value) : undefined;
  if (s.kind !== "apply") return undefined;
  const [a, b] = s.args.map(affine);
  if (a === undefined) return undefined;
  if (s.fn === "neg") return scale(a, -1);
  if (b === undefined) return undefined;
  if (s.fn === "add") return add(a, b);
  if (s.fn === "sub") return add(a, scale(b, -1));
  if (s.fn === "mul" && b.terms.length === 0) return scale(a, b.offset);
  return undefined;
}

/** from ≤ index < to, where these move with an outer loop. */
function lawsOfLoops({ loops }: Place): Index[] {
  return [...loops].flatMap(([name, { from, to, range }]) => {
    if (from.terms.length === 0 && to.terms.length === 0) return [];
    const self: Index = { terms: [{ atom: { kind: "index", name, extent: range[1] + 1 }, by: 1 }], offset: 0 };
    return [add(self, scale(from, -1)), shift(add(to, scale(self, -1)), -1)];
  });
}

/** ⌊low / n⌋ ≤ ⌊a / n⌋ ≤ ⌊high / n⌋, where the laws keep a from low to high. */
function lawsOfQuotients({ terms }: Index, laws: readonly Index[], place: Place): Index[] {
  return terms.flatMap(({ atom }) => {
    if (atom.kind !== "quotient") return [];
    const self: Index = { terms: [{ atom, by: 1 }], offset: 0 };
    const high = highest(atom.of, laws, place);
    const low = -highest(scale(atom.of, -1), laws, place);
    return [shift(self, -Math.floor(low / atom.by)), shift(scale(self, -1), Math.floor(high / atom.by))];
  });
}

const keyOf = (term: Term): string => keyOfIndex({ terms: [{ atom: term.atom, by: 1 }], offset: 0 });

/** A bound from above: a ≤ a + λ·law for every law ≥ 0 and λ ≥ 0; λ cancels a term, and is kept where the bound falls. */
function highest(a: Index, laws: readonly Index[], place: Place): number {
  let sum = a;
  let bound = rangeIn(sum, place)[1];
  for (let falling = true; falling;) {
    falling = false;
    for (const law of laws)
      for (const term of law.terms) {
        const mine = sum.terms.find((t) => keyOf(t) === keyOf(term));
        if (mine === undefined || mine.by * term.by > 0) continue;
        const next = add(sum, scale(law, -mine.by / term.by));
        const nextBound = rangeIn(next, place)[1];
        if (!(nextBound < bound - 1e-9)) continue;
        [sum, bound, falling] = [next, nextBound, true];
      }
  }
  return Math.floor(bound + 1e-9);
}

/** Smallest and largest value where each loop index keeps to its loop. */
function rangeIn(a: Index, place: Place): Range {
  let low = a.offset;
  let high = a.offset;
  for (const { atom, by } of a.terms) {
    let range: Range;
    if (atom.kind === "index") range = place.loops.get(atom.name)?.range ?? [0, atom.extent - 1];
    else {
      const [from, to] = rangeIn(atom.of, place).map((value) => Math.floor(value / atom.by)) as [number, number];
      if (atom.kind === "quotient") range = [from, to];
      else if (from !== to) range = [0, atom.by - 1];
      else range = rangeIn(atom.of, place).map((v) => v - from * atom.by) as [number, number];
    }
    low += Math.min(by * range[0], by * range[1]);
    high += Math.max(by * range[0], by * range[1]);
  }
  return [low, high];
}

type Outside = { readonly value: number; readonly point: ReadonlyMap<string, number> };

/** Tries every point of the loops that matter for one where all guards hold and the index is outside. */
function searchOutside(index: Index, length: number, guards: readonly Scalar[], place: Place): Outside | "inside" | "too many points" {
  const names = namesIn(index);
  for (const guard of guards)
    mapScalar(guard, (part) => {
      if (part.kind === "index") namesIn(part.at, names);
      return part;
    });
  // bounds of a loop may name the loops around it: innermost first finds them all
  for (const [name, { from, to }] of [...place.loops].reverse()) if (names.has(name)) for (const bound of [from, to]) namesIn(bound, names);
  const loops = [...place.loops].filter(([name]) => names.has(name));
  const points = loops.reduce((n, [, { range, step }]) => n * ((range[1] - range[0]) / step + 1), 1);
  if (points > MOST_POINTS) return "too many points";

  const point = new Map<string, number>();
  const env = { locals: new Map<string, number>(), indices: point, load: () => NaN };
  const search = (depth: number): Outside | "inside" => {
    const entry = loops[depth];
    if (entry === undefined) {
      const value = evaluate(index, point);
      if (value >= 0 && value < length) return "inside";
      if (!guards.every((guard) => evaluateScalar(guard, env) !== 0)) return "inside";
      return { value, point: new Map(point) };
    }
    const [name, { from, to, step }] = entry;
    const end = evaluate(to, point);
    for (let n = evaluate(from, point); n < end; n += step) {
      point.set(name, n);
      const found = search(depth + 1);
      if (found !== "inside") return found;
    }
    return "inside";
  };
  return search(0);
}

// What stands in an entry's straight line.

type Line = Pick<Program, "name" | "calls" | "results">;

function verifyLine(line: Line, culprit: string, buffers: readonly Buffer[], kernels: readonly Kernel[]): void {
  const storage = new Map(buffers.map((b): [string, Storage] => [b.name, { dtype: b.dtype, length: sizeOf(b.shape), access: "update" }]));
  const roles = new Map(buffers.map((b) => [b.name, b.role]));
  const byName = new Map(kernels.map((k) => [k.name, k]));
  const place: Place = {
    culprit,
    complain: (law) => fail(culprit, `${culprit}: ${law}`),
    buffers: storage,
    loops: new Map(),
    locals: new Map(),
    guards: [],
    dtypes: new Map(),
    stored: new Set(),
  };
  const mayWrite = (buffer: string, here: Place): void => {
    const role = roles.get(buffer);
    if (role === "input" || role === "constant" || role === "hyper")
      here.complain(`a step never writes what is given to it, but ${printName(buffer)} is ${role}`);
  };
  for (const call of line.calls) {
    const here: Place = at(place, callText(call));
    if (call.kind === "call") {
      const kernel = byName.get(call.kernel);
      if (kernel === undefined) here.complain(`a call names a kernel of the program, but there is no ${printName(call.kernel)}`);
      verifyArguments(call.args, kernel, storage, here);
      kernel.params.forEach((p, n) => p.access !== "read" && mayWrite(call.args[n]!, here));
      continue;
    }
    verifyScalar(call.value, here);
    if (call.kind === "let") {
      define(call.name, call.dtype, call.value, false, here);
      continue;
    }
    const to = storage.get(call.buffer);
    const name = printName(call.buffer);
    if (to === undefined) here.complain(`a store goes to a buffer of the program, but there is no ${name}`);
    if (to.length !== 1) here.complain(`a scalar is stored to a buffer of one element, but ${name} has ${to.length}`);
    if (to.dtype !== call.dtype) here.complain(`a store has its buffer's dtype, but ${name} is ${to.dtype} and the store is ${call.dtype}`);
    fits(name, to.dtype, call.value.dtype, here);
    mayWrite(call.buffer, here);
  }
  for (const result of line.results) verifyResult(result, place);
}

function callText(call: Call): string {
  if (call.kind === "call") return `${printName(call.kernel)}(${call.args.map(printName).join(", ")})`;
  if (call.kind === "let") return `let ${printName(call.name)} = ${printScalar(call.value)}`;
  return `${printName(call.buffer)} = ${printScalar(call.value)}`;
}

function verifyArguments(args: readonly string[], kernel: Kernel, storage: ReadonlyMap<string, Storage>, place: Place): void {
  if (args.length !== kernel.params.length)
    place.complain(
      `a call gives every parameter a buffer, but ${printName(kernel.name)} has ${kernel.params.length} and the call gives ${args.length}`,
    );
  kernel.params.forEach((p, n) => {
    const name = args[n]!;
    const buffer = storage.get(name);
    if (buffer === undefined) place.complain(`an argument is a buffer of the program, but there is no ${printName(name)}`);
    if (buffer.dtype === p.dtype && buffer.length === p.length) return;
    place.complain(
      `an argument has its parameter's dtype and length, but ${printName(p.name)} is ${p.dtype}[${p.length}] and ${printName(name)} is ${buffer.dtype}[${buffer.length}]`,
    );
  });
}

function verifyResult(r: EntryResult, place: Place): void {
  const length = sizeOf(r.shape);
  const local = place.locals.get(r.value);
  const found = local === undefined ? place.buffers.get(r.value) : { dtype: local.dtype, length: 1 };
  if (found === undefined) place.complain(`a result is a local or a buffer, but there is no ${printName(r.value)}`);
  if (found.dtype === r.dtype && found.length === length) return;
  place.complain(
    `a result has its value's dtype and length, but ${printName(r.name)} is ${r.dtype}[${length}] and ${printName(r.value)} is ${found.dtype}[${found.length}]`,
  );
}

export function verifyProgram(p: Program): void {
  const culprit = `program ${printName(p.name)}`;
  unique(
    culprit,
    "buffers",
    p.buffers.map((b) => b.name),
  );
  unique(
    culprit,
    "kernels",
    p.kernels.map((k) => k.name),
  );
  for (const kernel of p.kernels) verifyKernel(kernel);
  verifyLine(p, culprit, p.buffers, p.kernels);
}

export function verifyModule(m: Module): void {
  const culprit = `module ${printName(m.name)}`;
  unique(
    culprit,
    "buffers",
    m.buffers.map((b) => b.name),
  );
  unique(
    culprit,
    "kernels",
    m.kernels.map((k) => k.name),
  );
  unique(
    culprit,
    "entries",
    m.entries.map((e) => e.name),
  );
  unique(
    culprit,
    "slots",
    m.slots.map((s) => s.buffer),
  );
  for (const kernel of m.kernels) verifyKernel(kernel);
  const buffers = new Map(m.buffers.map((b) => [b.name, b]));
  for (const slot of m.slots) verifySlot(slot, buffers.get(slot.buffer), m, culprit);
  const slots = new Map(m.slots.map((s) => [s.buffer, s]));
  for (const entry of m.entries) {
    verifyLine(entry, `entry ${printName(entry.name)}`, m.buffers, m.kernels);
    verifyLives(entry, slots);
  }
}

function verifySlot(slot: Slot, buffer: Buffer | undefined, m: Module, culprit: string): void {
  const name = printName(slot.buffer);
  if (buffer === undefined) fail(culprit, `${culprit}: a slot belongs to a buffer, but there is no ${name}`);
  const unit = bytesOf(buffer.dtype);
  const needs = sizeOf(buffer.shape) * unit;
  const end = slot.offset + slot.bytes;
  if (!(slot.offset >= 0 && end <= m.arenaBytes))
    fail(culprit, `${culprit}: a slot lies inside the arena, but ${name} is at ${slot.offset} .. ${end} of ${m.arenaBytes} bytes`);
  if (slot.offset % unit !== 0)
    fail(culprit, `${culprit}: a slot starts at a multiple of its element's ${unit} bytes, but ${name} is at ${slot.offset}`);
  if (slot.bytes < needs) fail(culprit, `${culprit}: a slot holds its buffer, but ${name} needs ${needs} bytes and has ${slot.bytes}`);
}

/** Every buffer that a call touches has a slot, and lives at that call. */
function verifyLives(entry: Entry, slots: ReadonlyMap<string, Slot>): void {
  const culprit = `entry ${printName(entry.name)}`;
  entry.calls.forEach((call, n) => {
    for (const buffer of touched(call)) {
      const slot = slots.get(buffer);
      const name = printName(buffer);
      if (slot === undefined) fail(culprit, `${culprit}: a buffer that is used has a slot, but ${name} has none\n\n    ${callText(call)}`);
      if (slot.live === "always" || (slot.live[0] <= n && n <= slot.live[1])) continue;
      fail(
        culprit,
        `${culprit}: a buffer is used only while it lives, but ${name} lives in calls ${slot.live[0]}..${slot.live[1]} and call ${n} uses it\n\n    ${callText(call)}`,
      );
    }
  });
}

function touched(call: Call): Set<string> {
  if (call.kind === "call") return new Set(call.args);
  const buffers = new Set(call.kind === "store" ? [call.buffer] : []);
  mapScalar(call.value, (part) => {
    if (part.kind === "load") buffers.add(part.buffer);
    return part;
  });
  return buffers;
}
