/** Patterns say what trains: what they leave out costs no gradient, no residual and no optimizer state, and stays as it is. */

import { expect, test } from "vitest";
import { summarize } from "../../compiler/cli/summary.ts";
import { traceOf } from "../../compiler/driver/entries.ts";
import {
  adam,
  compile,
  conv2d,
  dense,
  flatten,
  input,
  labels,
  load,
  ModelError,
  model,
  relu,
  softmaxCrossEntropy,
  type Model,
} from "../../compiler/index.ts";

const net = (trainable?: readonly string[]): Model =>
  model("net", { batch: 4, ...(trainable === undefined ? {} : { trainable }) }, ({ batch }) => {
    const x = input("x", [batch, 2, 8, 8]);
    const y = labels("y", [batch], { classes: 5 });
    const stem = relu(conv2d(4, 3, { name: "stem.0" })(x));
    const body = relu(conv2d(4, 3, { name: "layer4.0" })(relu(conv2d(4, 3, { name: "stem.1" })(stem))));
    return { loss: softmaxCrossEntropy(dense(5, { name: "fc" })(flatten()(body)), y), outputs: {}, optimizer: adam() };
  });

const factsOf = async (trainable?: readonly string[]) => summarize((await compile(net(trainable), { effort: "none" })).lowered);
const trainedBy = (trainable: readonly string[]): readonly string[] =>
  traceOf(net(trainable), "train", {}).graph.nodes.flatMap(({ op, name, attrs }) =>
    op === "param" && attrs["trainable"] === true ? [name] : [],
  );

test("a step of the last layers alone is less than two fifths of the whole one's, in less memory", { timeout: 60_000 }, async () => {
  const [whole, last] = [await factsOf(), await factsOf(["fc"])];
  expect(last.parameters.filter(({ trainable }) => trainable).map(({ name }) => name)).toEqual(["fc.kernel", "fc.bias"]);
  expect(last.flopsPerStep).toBeLessThan(0.4 * whole.flopsPerStep);
  // neither two moments of what is frozen, nor residuals before it
  expect(last.arenaBytes).toBeLessThan(0.7 * whole.arenaBytes);
  const frozen = whole.trainable - last.trainable;
  expect(whole.stateElements - last.stateElements).toBe(2 * frozen);
});

test.each<readonly [patterns: readonly string[], trained: readonly string[]]>([
  [
    ["layer4.*", "fc.kernel"],
    ["layer4.0.kernel", "layer4.0.bias", "fc.kernel"],
  ],
  [["!stem.*"], ["layer4.0.kernel", "layer4.0.bias", "fc.kernel", "fc.bias"]],
  [
    ["*", "!*.bias"],
    ["stem.0.kernel", "stem.1.kernel", "layer4.0.kernel", "fc.kernel"],
  ],
])("%j trains %j", (patterns, trained) => {
  expect(trainedBy(patterns)).toEqual(trained);
});

test("what is frozen keeps its bits", { timeout: 60_000 }, async () => {
  const trainer = (await load(await compile(net(["fc"]), { effort: "none" }))).createTrainer({ seed: 1 });
  const before = trainer.parameters["stem.0.kernel"]!.slice();
  const head = trainer.parameters["fc.kernel"]!.slice();
  for (let n = 0; n < 3; n++)
    trainer.step({ x: new Float32Array(4 * 2 * 64).map((_, i) => Math.sin(i)), y: new Int32Array(4).map((_, i) => i % 5) });
  expect(trainer.parameters["stem.0.kernel"]).toEqual(before);
  expect(trainer.parameters["fc.kernel"]).not.toEqual(head);
});

test("a pattern that fits nothing is refused by name", () => {
  const tracing = (): unknown => trainedBy(["fc", "layer5.*"]);
  expect(tracing).toThrow(ModelError);
  expect(tracing).toThrow(/trainable names "layer5\.\*", but no parameter or layer is called that[^]*stem\.0\.kernel/);
});
