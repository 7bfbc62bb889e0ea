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
