/** Recurrence over time: a fold whose step is declared once, as the body of one node, or written out, one copy a time. */

import type { Value } from "../graph/graph.ts";
import { ANYTHING, FLAG, FUNCTION, isRecord, optionsOf, required } from "../graph/arguments.ts";
import { called, check, described, refuseForeign } from "./arguments.ts";
import { isTensor, type Context } from "./context.ts";
import { FLOATS } from "./kinds.ts";
import type { FloatTensor, Tensor } from "./tensor.ts";
import { declareTurn, swapped } from "./turn.ts";

/** x[:, t] of [n, steps, …] as [n, …]. */
function at(c: Context, xs: Value, t: number): Value {
  const { shape } = c.typeOf(xs);
  const start = shape.map((_, axis) => (axis === 1 ? t : 0));
  const limit = shape.map((extent, axis) => (axis === 1 ? t + 1 : extent));
  const cut = c.g.slice(xs, { start, limit, stride: shape.map(() => 1) });
  return c.g.reshape(cut, { shape: shape.toSpliced(1, 1) });
}

/** [n, …] values, one a time, as [n, steps, …]. */
function together(c: Context, ys: readonly Value[]): Value {
  const raised = ys.map((y) => c.g.reshape(y, { shape: c.typeOf(y).shape.toSpliced(1, 0, 1) }));
  return raised.length === 1 ? raised[0]! : c.g.concat(raised, { axis: 1 });
}

const STEPPED = optionsOf<Stepped<unknown>>({ carry: ANYTHING, y: required(FLOATS) }, "{ carry, y }");
const OPTIONS = optionsOf<ScanOptions>({ reverse: FLAG });

/** What a step carries on and what it gives out. */
export interface Stepped<Carry> {
  readonly carry: Carry;
  readonly y: FloatTensor;
}

/** What a `scan` gives. */
export interface Scanned<Carry> {
  /** After the last step. */
  readonly carry: Carry;
  /** Every step's y, [n, steps, …]. */
  readonly ys: FloatTensor;
}

/** What scan takes besides. */
export interface ScanOptions {
  /** From the last step to the first; each y still lies where its x lay. Default: false. */
  readonly reverse?: boolean;
}

type Step<Carry> = (carry: Carry, x: FloatTensor, t: number) => Stepped<Carry>;

/**
 * Folds `step` over the second axis of xs [n, steps, …]: (carry, x [n, …]) → { carry, y [n, …] }. The carry is a tensor, or a list or a record
 * of them, and keeps its shapes and types. The step is declared once, for all times, as in JAX's lax.scan; one that takes the number of its time as well,
 * (carry, x, t), is declared once a time. Throws a ModelError for an xs without a time axis, and for a carry that changes its form.
 */
export function scan<Carry>(step: Step<Carry>, initial: Carry, xs: FloatTensor, options: ScanOptions = {}): Scanned<Carry> {
  const c = called("scan", { step, initial, xs, options }, { step: FUNCTION, initial: ANYTHING, xs: FLOATS, options: OPTIONS });
  return c.run(() => {
    const steps = timesOf(c, xs);
    if (step.length > 2) return writtenOut(step, initial, xs, options);
    const anyTurn = step as (carry: Carry, x: FloatTensor) => Stepped<Carry>; // it takes no more
    const parts: Value[] = [];
    tensorsIn(initial, (x) => {
      refuseForeign("scan", "initial", x);
      parts.push(x.value);
    });
    let after: Carry | undefined;
    const { carries, stacked } = declareTurn(
      c,
      {
        initial: parts,
        xs: [swapped(c, xs.value)],
        steps,
        reverse: options.reverse === true,
        names: parts.map((_, n) => `scan.carry${n}`),
      },
      (given, [x]) => {
        const done = anyTurn(filled(initial, given.map((value) => c.tensor(value))), float(c.tensor(x!))); // prettier-ignore
        check("scan", { "what step returns": done }, { "what step returns": STEPPED });
        after = done.carry;
        return { carries: matching(c, initial, done.carry), ys: [done.y.value] };
      },
    );
    const last = filled(after as Carry, carries.map((value) => c.tensor(value))); // prettier-ignore
    return { carry: last, ys: float(c.tensor(swapped(c, stacked[0]!))) };
  });
}

/** The same, one copy of the step a time. */
function writtenOut<Carry>(step: Step<Carry>, initial: Carry, xs: FloatTensor, { reverse = false }: ScanOptions = {}): Scanned<Carry> {
  const c = called("scan", { xs }, { xs: FLOATS });
  return c.run(() => {
    const steps = timesOf(c, xs);
    if (c.decoding !== undefined && steps === 1)
      c.fail(
        "generate/scan",
        "a step that takes the number of its time, (carry, x, t), cannot be generated with: its time is known only then",
        "Write the step as (carry, x), and carry what counts.",
      );
    let carry = initial;
    const ys: Value[] = [];
    for (let n = 0; n < steps; n++) {
      const t = reverse ? steps - 1 - n : n;
      const done = step(carry, float(c.tensor(at(c, xs.value, t))), t);
      check("scan", { "what step returns": done }, { "what step returns": STEPPED });
      carry = done.carry;
      ys[t] = done.y.value;
    }
    return { carry, ys: float(c.tensor(together(c, ys))) };
  });
}

function timesOf(c: Context, xs: FloatTensor): number {
  const steps = xs.shape[1];
  if (steps === undefined)
    return c.fail(
      "shape/scan",
      `scan needs a time axis, [n, steps, …], but got [${xs.shape.join(",")}]`,
      "Give it a batch axis and a time axis.",
      [c.operand("xs", xs.value)],
    );
  c.unrolled.add(steps);
  return steps;
}

const isNest = (x: unknown): x is Readonly<Record<string, unknown>> => !isTensor(x) && (Array.isArray(x) || isRecord(x));

/** The tensors of a carry, in order. */
function tensorsIn(carry: unknown, found: (x: Tensor) => void): void {
  if (isTensor(carry)) found(carry);
  else if (isNest(carry)) for (const key of Object.keys(carry)) tensorsIn(carry[key], found);
}

/** A carry of the same form, of other tensors. */
function filled<Carry>(like: Carry, tensors: readonly Tensor[]): Carry {
  const left = [...tensors];
  const go = (x: unknown): unknown => {
    if (isTensor(x)) return left.shift()!;
    if (Array.isArray(x)) return x.map(go);
    return isNest(x) ? Object.fromEntries(Object.entries(x).map(([key, one]) => [key, go(one)])) : x;
  };
  return go(like) as Carry; // of the same form
}

/** The tensors of the next carry, which has the form of the one before. */
function matching(c: Context, before: unknown, after: unknown): Value[] {
  const found: Value[] = [];
  const go = (a: unknown, b: unknown, path: string): void => {
    if (isTensor(a) && isTensor(b)) return void found.push(b.value);
    const keys = isNest(a) ? Object.keys(a) : [];
    if (isNest(a) && isNest(b) && String(keys) === String(Object.keys(b)))
      return keys.forEach((key) => go(a[key], b[key], `${path}.${key}`));
    if (!isNest(a) && !isTensor(a) && Object.is(a, b)) return;
    c.fail(
      "shape/scan",
      `scan needs a step that keeps the form of its carry, but ${path} goes in as ${described(a)}, and comes back as ${described(b)}`,
      "Carry tensors, in lists or records of one form; a step that is to differ from time to time takes (carry, x, t).",
    );
  };
  go(before, after, "carry");
  return found;
}

const float = (x: Tensor): FloatTensor => x as FloatTensor; // cut from, or joined of, floats
