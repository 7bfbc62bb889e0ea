/** What is true of the plain twin: its bits are those of the fast file, its kernels are loops and nothing else, and no flag of kernels goes with it. */

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { drawsIn } from "../../compiler/check/domain.ts";
import { batchOf, runningTrainer } from "../../compiler/check/emitted.ts";
import { declarationOf, smallInstance } from "../../compiler/check/instance.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { modelNames, modelOf } from "../support/models.ts";

test.each(modelNames)(
  "%s: three steps end with the bits of the fast file",
  async (name) => {
    const model = await modelOf(name);
    const instance = smallInstance(model, {});
    const bytes: Uint8Array[] = [];
    for (const target of ["typescript", "plain"] as const) {
      const lowered = await lower(model, { ...declarationOf(instance), target });
      const graph = lowered.entries[0]!.traced.graph;
      const draws = drawsIn([graph]);
      const trainer = await runningTrainer(lowered);
      const first = trainer.bytes();
      for (let n = 0; n < 3; n++) trainer.step(batchOf(graph, draws.feed(graph, n, instance.batch.train)));
      expect(trainer.bytes()).not.toEqual(first);
      bytes.push(trainer.bytes());
    }
    expect(bytes[1]).toEqual(bytes[0]);
  },
  60_000,
);

test("a kernel is the loops that its definition says, one a letter", async () => {
  const text = await readFile(new URL("../../generated/mnist-mlp/trainer.plain.ts", import.meta.url), "utf8");
  const kernel =
    /\/\*\*\n \* dot\[i<rows,j<128\] = Σ k<784: x\[i,k\]·W1\[k,j\]\n \* hidden\[i,j\] = relu\(dot\[i,j\] \+ b1\[j\]\)\n[^]*?\n}\n/.exec(
      text,
    )![0];
  expect(kernel.match(/for \(let \w+ = 0; \w+ < \w+; \w+\+\+\)/g)).toEqual([
    "for (let i = 0; i < rows; i++)",
    "for (let j = 0; j < 128; j++)",
    "for (let k = 0; k < 784; k++)",
  ]);
  expect(kernel).not.toMatch(/break|\+= 4/);
});

test("what does not fit is refused in few words", async () => {
  const lowered = await lower(await modelOf("linear-softmax"), { small: true, target: "plain" });
  const graph = lowered.entries[0]!.traced.graph;
  const trainer = await runningTrainer(lowered);
  const batch = batchOf(graph, drawsIn([graph]).feed(graph, 0, lowered.facts.batch.train));
  const { x, y } = batch as { readonly x: Float32Array; readonly y: Int32Array };
  expect(() => trainer.step({ x: x.subarray(1), y })).toThrow("x needs its rows");
  expect(() => trainer.step({ y })).toThrow("x needs an array of its slot's kind");
  expect(() => trainer.step({ x, y: y.map(() => -1) })).toThrow("y names no class");
  expect(() => trainer.step(batch, 0)).toThrow(/count needs 1 to \d+ rows/);
  const asked = trainer.step as (batch: object, count: number | undefined, options: object) => number;
  expect(() => asked({ x: x.map(() => NaN), y }, undefined, { finite: true })).toThrow("x needs finite numbers");
  expect(() => trainer.restore(new Uint8Array(1))).toThrow("restore needs what bytes() gives");
  const before = trainer.bytes();
  const loss = trainer.step(batch);
  trainer.restore(before);
  expect(trainer.step(batch)).toBe(loss);
});
