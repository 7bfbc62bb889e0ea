/** What is true of the order in which sums add: it is the graph's. Whatever is computed again, copied, fused or tiled, three steps give the same bits. */

import { targetOf } from "../../compiler/targets/index.ts";
import fc from "fast-check";
import {
  add,
  concatenate,
  constant,
  exp,
  expandDims,
  max,
  mean,
  model,
  mul,
  param,
  reversed,
  sgd,
  sin,
  slice,
  square,
  sub,
  sum,
  tanh,
  transpose,
  type FloatTensor,
  type Model,
  type Scalar,
} from "adjoint";
import { expect, test } from "vitest";
import { runningTrainer, type AnyTrainer } from "../../compiler/check/emitted.ts";
import { entriesOf } from "../../compiler/driver/entries.ts";
import { lower } from "../../compiler/driver/lower.ts";
import type { CompileOptions } from "../../compiler/driver/options.ts";
import { opOf } from "../../compiler/ops/index.ts";
import { pipeline, toRounded } from "../../compiler/passes/index.ts";

/** One random decision of a model: what is done to which value. */
type Step = readonly [what: number, of: number, n: number];

const any = (x: unknown): FloatTensor => x as FloatTensor; // shapes are random here, and checked when the model is declared

/** What a step makes of a matrix, of its own shape or another. */
function applied([what, , n]: Step, x: FloatTensor, other: FloatTensor): FloatTensor {
  const [rows, columns] = x.shape as readonly [number, number];
  const turn = 1 + (n % (columns - 1));
  switch (what) {
    case 0:
      return any(reversed(x, n % 2 === 0 ? [1] : [0, 1]));
    case 1: // rolled
      return any(concatenate([slice(x, [0, turn], [rows, columns]), slice(x, [0, 0], [rows, turn])], 1));
    case 2: // every second, on both sides of itself
      return any(concatenate([x, slice(x, [0, n % 2], [rows, columns], [1, 2])], 1));
    case 3:
      return any(transpose(x as FloatTensor<readonly [number, number]>));
    case 4:
      return any([exp, tanh, sin][n % 3]!(mul(x, 0.3)));
    case 5:
      return any(mul(x, sin(x)));
    case 6: // a softmax's sums: one row after the other, or all columns
      return any(exp(sub(x, expandDims(max(x, [n % 2]), n % 2))));
    case 7:
      return any(mul(x, expandDims(sum(any(mul(x, tanh(x))), [n % 2]), n % 2)));
    default:
      return x.shape.join() === other.shape.join() ? any(mul(add(x, other), 0.5)) : any(tanh(x));
  }
}

const modelOf = (rows: number, columns: number, steps: readonly Step[]): Model =>
  model("sums", {}, () => {
    const start = Array.from({ length: rows * columns }, (_, n) => Math.sin(1.7 * n) + 0.1 * (n % 3));
    const values = [any(param("w", [rows, columns], constant(start)))];
    const losses: Scalar[] = [];
    for (const step of steps) {
      const x = values[step[1] % values.length]!;
      const next = applied(step, x, values.at(-1)!);
      if (next.shape[0]! * next.shape[1]! > 1500) continue;
      values.push(next);
      losses.push(mean(any([square, tanh, sin][step[2] % 3]!(sum(next, [step[2] % 2])))));
    }
    const last = sum(any(mul(values.at(-1)!, values.at(-1)!)));
    return {
      loss: mul(
        losses.reduce((a, b) => add(a, b), last),
        0.01,
      ),
      optimizer: sgd({ learningRate: 0.1 }),
    };
  });

/** Choices of what is computed again, of what would be kept for the backward pass and of all else: nothing, everything, and two at random. */
function choices(of: Model, target: "typescript" | "wasm", coins: readonly boolean[]): readonly CompileOptions[] {
  // prettier-ignore
  const [train] = entriesOf(of, {}, "trainer");
  const { graph } = train!.traced;
  const silent = { after: () => undefined };
  const { nodes } = toRounded(train!.purpose, targetOf(target)).run(graph, silent);
  const names = nodes.filter(({ op, origin }) => origin.role === "primal" && !opOf(op).leaf).map(({ name }) => name);
  const { buffers } = pipeline(train!.purpose, targetOf(target)).run(graph, silent);
  const residuals = buffers.filter(({ role }) => role === "residual").map(({ name }) => name);
  const again = (holds: (n: number) => boolean): CompileOptions => {
    const chosen = new Set(names.filter((_, n) => holds(n)));
    const recomputed = { again: chosen, kept: new Set(residuals.filter((name) => !chosen.has(name))) };
    return { chosen: new Map([["train", { recomputed, parts: 1 }]]) };
  };
  return [{ memory: "1GB" }, again(() => true), again((n) => coins[n % coins.length]!), again((n) => !coins[n % coins.length]!)];
}

async function trained(of: Model, options: CompileOptions): Promise<{ losses: number[]; bytes: Uint8Array }> {
  // prettier-ignore
  const trainer: AnyTrainer = await runningTrainer(await lower(of, options));
  const losses = Array.from({ length: 3 }, () => trainer.step({}) as number);
  return { losses, bytes: (trainer as unknown as { bytes(): Uint8Array }).bytes() }; // what every emitted trainer has
}

const TARGETS = ["typescript", "wasm"] as const;
const anyStep = fc.tuple(fc.nat(8), fc.nat(9), fc.nat(30));

test("no choice of what is computed again changes a bit, on random reads before sums", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 3, 4, 8),
      fc.integer({ min: 8, max: 21 }),
      fc.array(anyStep, { minLength: 2, maxLength: 6 }),
      fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
      async (rows, columns, steps, coins) => {
        const declared = modelOf(rows, columns, steps);
        for (const target of TARGETS) {
          const plain = await trained(declared, { target });
          for (const [n, options] of choices(declared, target, coins).entries())
            expect({ n, target, ...(await trained(declared, { ...options, target })) }).toEqual({ n, target, ...plain });
        }
      },
    ),
    { endOnFailure: true, numRuns: 2, seed: 21 },
  );
}, 600_000);

test("a summand that is stored, or computed inside its sum, rolled and reversed, adds alike", async () => {
  const declared = model("rolled", {}, () => {
    const w = param("w", [3, 19], constant(Array.from({ length: 57 }, (_, n) => Math.sin(1.3 * n))));
    const rolled = concatenate([slice(w, [0, 5], [3, 19]), slice(w, [0, 0], [3, 5])], 1);
    const terms = any(exp(any(reversed(rolled, [1]))));
    return { loss: mul(sum(any(square(sum(terms, [1])))), 0.001), optimizer: sgd({ learningRate: 0.1 }) };
  });
  for (const target of TARGETS) {
    const plain = await trained(declared, { target });
    for (const options of choices(declared, target, [true, false])) expect(await trained(declared, { ...options, target })).toEqual(plain);
  }
});
