/** What is true of access by position: rows are read and added to where the data tell, at the cost of the positions, with the bits of the definitions. */

import {
  adam,
  batchMean,
  cast,
  clipByGlobalNorm,
  compile,
  embedding,
  gather,
  input,
  labels,
  load,
  model,
  mul,
  normal,
  param,
  sgd,
  softmaxCrossEntropy,
  sum,
  type Compiled,
  type Model,
} from "adjoint";
import { describe, expect, test } from "vitest";
import type { UpdateRule } from "../compiler/autodiff/update.ts";
import { lower } from "../compiler/driver/lower.ts";
import { tripsOf } from "../compiler/loop/apart.ts";
import { sectionsOf } from "../compiler/loop/divide.ts";
import { constant } from "../compiler/loop/index-expression.ts";
import { interpretKernel } from "../compiler/loop/interpret/index.ts";
import { printKernel } from "../compiler/loop/text/index.ts";
import type { Kernel, Stmt } from "../compiler/loop/loop.ts";
import { TARGETS } from "../compiler/targets/index.ts";

const [ROWS, WIDTH, BATCH] = [7, 6, 5];

/** mean over rows n of Σ_j table[x[n],j]². */
const squares = (rule: () => UpdateRule, rows = ROWS, width = WIDTH): Model =>
  model("squares", { batch: BATCH }, ({ batch }) => {
    const table = param("table", [rows, width], normal(0, 1));
    const read = gather(table, labels("x", [batch], { classes: rows }));
    return { loss: batchMean(sum(mul(read, read), [1])), outputs: { read }, optimizer: rule() };
  });

const targets = TARGETS.map(({ name }) => name).filter((name) => name !== "wasm-external");
const trainerOf = async (compiled: Promise<Compiled>) => (await load(await compiled)).createTrainer({ seed: 3 });

describe.each(targets)("for %s", (target) => {
  test("rows that occur are updated once, by the sum of their gradients in order; others keep their bits", async () => {
    const trainer = await trainerOf(
      compile(
        squares(() => sgd({ learningRate: 0.5 })),
        { target },
      ),
    );
    const table = trainer.parameters["table"]!;
    const before = Float64Array.from(table);
    const x = Int32Array.of(3, 0, 3, 3, 6);
    trainer.step({ x });
    for (let row = 0; row < ROWS; row++)
      for (let j = 0; j < WIDTH; j++) {
        const w = before[row * WIDTH + j]!;
        let gradient = 0;
        for (const one of x) if (one === row) gradient = Math.fround(gradient + (2 * w) / BATCH);
        const after = table[row * WIDTH + j]!;
        if (x.includes(row)) expect(after).toBeCloseTo(w - 0.5 * gradient, 6);
        else expect(after).toBe(w);
      }
  });

  test("they have the bits of an update of every row", async () => {
    const sparse = await trainerOf(
      compile(
        squares(() => sgd({ learningRate: 0.3 })),
        { target },
      ),
    );
    // a clip that never clips: every gradient is stored whole, and multiplied by 1
    const dense = await trainerOf(
      compile(
        squares(() => clipByGlobalNorm(sgd({ learningRate: 0.3 }), 1e6)),
        { target },
      ),
    );
    for (let n = 0; n < 5; n++) {
      const x = Int32Array.from({ length: BATCH }, (_, row) => (row * row + n) % ROWS);
      sparse.step({ x }, n === 3 ? 2 : BATCH);
      dense.step({ x }, n === 3 ? 2 : BATCH);
    }
    expect(sparse.parameters["table"]).toEqual(dense.parameters["table"]);
  });

  test("a position outside reads zeros, and adds to nothing", async () => {
    const outside = model("outside", { batch: BATCH }, ({ batch }) => {
      const table = param("table", [ROWS, WIDTH], normal(0, 1));
      const read = gather(table, cast(input("x", [batch]), "i32"));
      return { loss: batchMean(sum(mul(read, read), [1])), outputs: { read }, optimizer: adam({ learningRate: 0.1 }) };
    });
    const trainer = await trainerOf(compile(outside, { target, effort: "none" }));
    const table = trainer.parameters["table"]!;
    const before = table.slice();
    const x = Float32Array.of(-1, ROWS, 2, 1e9, -7);
    const row = (of: ArrayLike<number>, n: number): number[] => Array.from(of).slice(n * WIDTH, (n + 1) * WIDTH);
    const read = (n: number): number[] => row(trainer.predict({ x: x.slice(n, n + 1) })["read"]!, 0);
    expect([0, 1, 3, 4].map(read)).toEqual([0, 1, 3, 4].map(() => Array.from({ length: WIDTH }, () => 0)));
    expect(read(2)).toEqual(row(before, 2));
    trainer.step({ x });
    for (let n = 0; n < ROWS; n++)
      if (n === 2) expect(row(table, n)).not.toEqual(row(before, n));
      else expect(row(table, n)).toEqual(row(before, n));
  });
});

describe("threads", () => {
  /** A kernel as threads run it: of divided loops each runs its part, the last thread first. */
  const run = (kernel: Kernel, args: readonly Float64Array[], threads: number): number => {
    const sections = sectionsOf(kernel.body, threads) ?? [{ body: kernel.body, divided: [] }];
    for (const { body, divided } of sections)
      for (let thread = divided.length === 0 ? 0 : threads - 1; thread >= 0; thread--) {
        const part = (all: readonly Stmt[]): readonly Stmt[] =>
          all.map((s): Stmt => {
            if (s.kind !== "for") return s;
            if (!divided.includes(s)) return { ...s, body: part(s.body) };
            const [from, to] = [thread, thread + 1].map((n) => constant(Math.floor((n * tripsOf(s)) / threads) * s.step + s.from.offset));
            return { ...s, from: from!, to: to! };
          });
        interpretKernel({ ...kernel, body: part(body) }, args);
      }
    return sections.filter(({ divided }) => divided.length > 0).length;
  };

  test.each([
    ["a sum at places and its update", () => sgd({ learningRate: 0.5 })],
    ["a sum at places that is stored", () => adam()],
  ])("share the columns of %s, and keep its bits", async (_, rule) => {
    const { module } = await lower(squares(rule, ROWS, 24), { target: "wasm" });
    const kernel = module.kernels.find(({ name }) => name.startsWith("scatterAdd"))!;
    const filled = (): Float64Array[] =>
      kernel.params.map(({ length, dtype }) =>
        Float64Array.from({ length }, (_, n) => (dtype === "i32" ? [3, 0, 3, 3, 6][n % 5]! : Math.fround(Math.sin(n)))),
      );
    const [alone, two, three] = [1, 2, 3].map((threads) => {
      const args = filled();
      return { args, divided: threads === 1 ? (interpretKernel(kernel, args), 0) : run(kernel, args, threads) };
    });
    expect([two!.divided, three!.divided].every((n) => n > 0)).toBe(true);
    expect(two!.args).toEqual(alone!.args);
    expect(three!.args).toEqual(alone!.args);
  });
});

describe("the work of a step", () => {
  const flopsOf = async (of: Model): Promise<number> => (await lower(of)).module.kernels.reduce((all, { flops }) => all + flops, 0);

  test("is that of its positions, however many rows there are", async () => {
    const few = await flopsOf(squares(() => sgd({ learningRate: 0.1 }), 10));
    const many = await flopsOf(squares(() => sgd({ learningRate: 0.1 }), 50_000));
    expect(many).toBe(few);
  });

  test("grows with the rows where every one is updated", async () => {
    const few = await flopsOf(squares(() => adam(), 10));
    const many = await flopsOf(squares(() => adam(), 50_000));
    expect(many).toBeGreaterThan(few + 40_000 * WIDTH);
  });

  test("takes the score of a label, and looks at no other", async () => {
    const classifier = (classes: number): Model =>
      model("labels", { batch: BATCH }, ({ batch }) => {
        const scores = embedding(classes, classes)(labels("x", [batch], { classes }));
        return { loss: softmaxCrossEntropy(scores, labels("y", [batch], { classes })), optimizer: adam() };
      });
    const { module } = await lower(classifier(12));
    const labelled = module.kernels.map(printKernel).find((text) => text.includes("chosen"))!;
    expect(labelled).toMatch(/for y_0 in 0\.\.12 only y\[i\] /);
  });
});
