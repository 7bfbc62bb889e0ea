/**
 * Guarantees when a kernel's result may be stored over an operand that it reads for the last time: wherever both touch one element, it
 * is one iteration that loads it and stores it afterwards, lane by lane and thread by thread.
 *   y[4·i + j] = relu(x[4·i + j])   →   y may take the place of x;      y[i] = x[i] + x[i + 1]   →   it may not
 * What is not proved by ranges and strides is refused.
 */

import { bytesOf } from "../../graph/type.ts";
import { mapStmts, walkScalar } from "../../loop/build.ts";
import { sectionsOf } from "../../loop/divide.ts";
import { constant, namesIn, print, rangeOf, type Index } from "../../loop/index-expression.ts";
import { obstacle } from "../../loop/lanes.ts";
import type { Kernel, Loop, Param, Scalar, Stmt } from "../../loop/loop.ts";

type Range = readonly [low: number, high: number];

/** A load of the operand or a store of the result, and the loops around it inside the statement that is looked at. */
interface Access {
  readonly at: Index;
  readonly loops: ReadonlyMap<string, Range>;
}

interface Touched {
  readonly loads: readonly Access[];
  readonly stores: readonly Access[];
}

/** Whether a result, which holds nothing before the kernel runs, may be given the operand's bytes. `threads` are those that share kernels, if any do. */
export function mayTakePlace(kernel: Kernel, operand: Param, result: Param, threads: number | undefined): boolean {
  if (operand.access !== "read" || result.access === "read") return false;
  if (operand.length !== result.length || bytesOf(operand.dtype) !== bytesOf(result.dtype)) return false;
  const pair = { operand: operand.name, result: result.name };
  return inOrder(kernel.body, pair, new Map()) && inLanes(kernel, pair) && (threads === undefined || inThreads(kernel, pair, threads));
}

interface Pair {
  readonly operand: string;
  readonly result: string;
}

// One after the other.

/** Whether no statement loads an element that one before it, or another iteration of a loop around it, stores. */
function inOrder(body: readonly Stmt[], pair: Pair, around: ReadonlyMap<string, Range>): boolean {
  const touched = body.map((s) => accesses([s], pair, new Map()));
  const apart = touched.every(({ stores }, n) => touched.slice(n + 1).every(({ loads }) => allApart(stores, loads, around)));
  return (
    apart &&
    body.every((s, n) => {
      const { loads, stores } = touched[n]!;
      if (loads.length === 0 || stores.length === 0) return true;
      if (s.kind === "if") return inOrder(s.then, pair, around);
      if (s.kind !== "for") return true; // a store loads before it stores
      const inside = accesses(s.body, pair, new Map());
      const [low, high] = rangeOfLoop(s);
      const most = Math.floor((high - low) / s.step);
      const others: readonly Range[] =
        most < 1
          ? []
          : [
              [1, most],
              [-most, -1],
            ];
      const carried = others.some((steps) => !allApart(inside.stores, inside.loads, around, { loop: s, steps }));
      return !carried && inOrder(s.body, pair, new Map([...around, [s.index, [low, high]]]));
    })
  );
}

function accesses(body: readonly Stmt[], pair: Pair, loops: ReadonlyMap<string, Range>): Touched {
  const loads: Access[] = [];
  const stores: Access[] = [];
  const read = (value: Scalar): void =>
    walkScalar(value, (part) => {
      if (part.kind === "load" && part.buffer === pair.operand) loads.push({ at: part.at[0] ?? constant(0), loops });
    });
  const inside = (part: Touched): void => {
    loads.push(...part.loads);
    stores.push(...part.stores);
  };
  for (const s of body) {
    if (s.kind === "for") {
      if (s.only !== undefined) read(s.only);
      inside(accesses(s.body, pair, new Map([...loops, [s.index, rangeOfLoop(s)]])));
    } else if (s.kind === "if") {
      read(s.when);
      inside(accesses(s.then, pair, loops));
    } else {
      read(s.value);
      if (s.kind === "store" && s.buffer === pair.result) stores.push({ at: s.at, loops });
    }
  }
  return { loads, stores };
}

/** Smallest and largest value of a loop's index. */
function rangeOfLoop({ from, to, step }: Loop): Range {
  const low = rangeOf(from)[0];
  const end = rangeOf(to)[1];
  if (from.terms.length + to.terms.length > 0) return [low, Math.max(low, end - 1)];
  return [low, Math.max(low, low + Math.floor((end - 1 - low) / step) * step)];
}

/** Iterations of a loop that lie so many steps apart. */
interface Carried {
  readonly loop: Loop;
  readonly steps: Range;
}

const allApart = (stores: readonly Access[], loads: readonly Access[], around: ReadonlyMap<string, Range>, carried?: Carried): boolean =>
  stores.every((store) => loads.every((load) => neverZero(difference(store, load, around, carried))));

/** Σ by·range + offset. */
interface Sum {
  readonly terms: readonly { readonly by: number; readonly range: Range }[];
  readonly offset: number;
}

/**
 * One index minus the other: what hangs on nothing but the loops around both cancels; of a carried loop, i in the one is i + step·t in
 * the other.
 */
function difference(a: Access, b: Access, around: ReadonlyMap<string, Range>, carried: Carried | undefined): Sum {
  const terms = new Map<string, { by: number; range: Range }>();
  const put = (key: string, by: number, range: Range): void => void terms.set(key, { by: by + (terms.get(key)?.by ?? 0), range });
  const side = ({ at, loops }: Access, sign: 1 | -1): void => {
    for (const { atom, by } of at.terms) {
      const own = [...namesIn({ terms: [{ atom, by }], offset: 0 })].some(
        (name) => loops.has(name) || (name === carried?.loop.index && atom.kind !== "index"),
      );
      const key = print({ terms: [{ atom, by: 1 }], offset: 0 });
      const range = atom.kind === "index" ? (loops.get(atom.name) ?? around.get(atom.name)) : undefined;
      put(own ? `${key} ${sign}` : key, sign * by, range ?? rangeOf({ terms: [{ atom, by: 1 }], offset: 0 }));
      if (sign === -1 && carried !== undefined && atom.kind === "index" && atom.name === carried.loop.index && !loops.has(atom.name))
        put("the steps between", -by * carried.loop.step, carried.steps);
    }
  };
  side(a, 1);
  side(b, -1);
  return { terms: [...terms.values()].filter(({ by }) => by !== 0), offset: a.at.offset - b.at.offset };
}

/** Modulo a coefficient, or as it is, the sum keeps clear of 0. */
function neverZero({ terms, offset }: Sum): boolean {
  return [Infinity, ...terms.map(({ by }) => Math.abs(by))].some((modulus) => {
    let [low, high] = [offset, offset];
    for (const { by, range } of terms) {
      if (modulus !== Infinity && by % modulus === 0) continue;
      low += Math.min(by * range[0], by * range[1]);
      high += Math.max(by * range[0], by * range[1]);
    }
    if (modulus === Infinity) return low > 0 || high < 0;
    return Math.ceil(low / modulus) * modulus > high;
  });
}

// Side by side.

/** The kernel's statements with the result's name for both. */
const merged = ({ body }: Kernel, { operand, result }: Pair): readonly Stmt[] =>
  mapStmts(body, (part) => (part.kind === "load" && part.buffer === operand ? { ...part, buffer: result } : part));

/** Whether lanes still run in lockstep where both are one buffer. */
function inLanes(kernel: Kernel, pair: Pair): boolean {
  const lengths = new Map(kernel.params.map(({ name, length }) => [name, length]));
  const fits = (body: readonly Stmt[]): boolean =>
    body.every((s) => {
      if (s.kind === "if") return fits(s.then);
      return s.kind !== "for" || (s.form === "vector" ? obstacle(s, lengths) === undefined : fits(s.body));
    });
  return fits(merged(kernel, pair));
}

/** Whether threads still share the same loops where both are one buffer. */
function inThreads(kernel: Kernel, pair: Pair, threads: number): boolean {
  const shared = (body: readonly Stmt[]): string =>
    JSON.stringify(
      sectionsOf(body, threads)?.map((section) => [
        section.body.length,
        section.divided.map(({ index, from, to, step }) => [index, from.offset, to.offset, step]),
      ]),
    );
  return shared(merged(kernel, pair)) === shared(kernel.body);
}
