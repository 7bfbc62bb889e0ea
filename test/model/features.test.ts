/** A trainer that begins at a frozen value takes the steps of the whole one, for less; where that would not be exact, the value is refused. */

import {
  batchNorm,
  compile,
  dense,
  dropout,
  add,
  input,
  labels,
  load,
  model,
  relu,
  sgd,
  softmaxCrossEntropy,
  type Compiled,
  type FloatTensor,
  type Model,
} from "adjoint";
import { describe, expect, test } from "vitest";
import { fit } from "../../runtime/index.ts";

const body = (trainable: readonly string[]): Model =>
  model("deep", { batch: { train: 4, evaluate: 4, predict: 4 }, trainable }, ({ batch }) => {
    const x = input("x", [batch, 6]);
    const y = labels("y", [batch], { classes: 3 });
    const stem = relu(dense(16, { name: "stem" })(x));
    const normal = batchNorm({ name: "norm", frozen: true })(stem);
    const body = relu(dense(8, { name: "body" })(normal));
    const scores = dense(3, { name: "head" })(body);
    return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }) };
  });

const rows = 8;
const x = Float32Array.from({ length: rows * 6 }, (_, n) => Math.sin(1.3 * n));
const y = Int32Array.from({ length: rows }, (_, n) => n % 3);
const part = <A extends Float32Array | Int32Array>(all: A, step: number): A => {
  const per = all.length / rows;
  return all.slice((step % 2) * 4 * per, ((step % 2) + 1) * 4 * per) as A;
};
const flops = ({ files }: Compiled): number => Number(/([\d,]+) FLOPs a step/.exec([...files.values()][0]!)![1]!.replaceAll(",", ""));

test("features are predicted once, and the steps from them are those of the whole", async () => {
  const declared = body(["head"]);
  const whole = await compile(declared, { effort: "none" });
  const cut = await compile(declared, { features: "body" });
  expect(cut.check?.holds).toBe(true);
  expect(flops(cut)).toBeLessThan(flops(whole) / 2);
  const [a, b] = await Promise.all([whole, cut].map(async (one) => (await load(one)).createTrainer({ seed: 3 })));
  for (let step = 0; step < 6; step++) {
    const { body: features } = b!.predict({ x: part(x, step) }) as { readonly body: Float32Array };
    expect(b!.step({ body: features, y: part(y, step) })).toBe(a!.step({ x: part(x, step), y: part(y, step) }));
  }
  expect(b!.predict({ x: part(x, 0) })["scores"]).toEqual(a!.predict({ x: part(x, 0) })["scores"]);
  // all at once, by fit
  const features = new Float32Array(rows * 8);
  for (const step of [0, 1]) features.set(b!.predict({ x: part(x, step) })["body"] as Float32Array, step * 32);
  const { epochs } = await fit(b as unknown as Parameters<typeof fit>[0], { body: features, y }, { epochs: 3, shuffle: { seed: 1 } });
  expect(epochs.at(-1)!.loss).toBeLessThan(epochs[0]!.loss);
});

test("the command that makes it again says so", async () => {
  const { files } = await compile(body(["head"]), { features: "body", effort: "none", source: { path: "models/deep.ts", text: "" } });
  expect(files.get("trainer.ts")).toContain("// Regenerate: adjoint compile models/deep.ts --features body\n");
});

const other = (declare: (x: FloatTensor) => FloatTensor): Model =>
  model("other", { batch: 4, trainable: ["head"] }, ({ batch }) => {
    const given = input("x", [batch, 6]);
    const h = declare(given);
    return { loss: softmaxCrossEntropy(dense(3, { name: "head" })(h), labels("y", [batch], { classes: 3 })), optimizer: sgd() };
  });

describe("refused is", () => {
  test.each<readonly [what: string, of: Model, name: string, message: string]>([
    ["a value that is not there", body(["head"]), "bodi", 'there is no value "bodi"; did you mean body?'],
    ["an input", body(["head"]), "x", '"x" is an input already'],
    ["what trains before it", body(["head", "body"]), "body", 'before "body" stands "body.bias", which trains'],
    [
      "dropout before it",
      other((v) => dense(5, { name: "wide" })(dropout(0.5)(v))),
      "wide",
      'before "wide" stands randomness that is another at each step',
    ],
    [
      "statistics that live",
      other((v) => dense(5, { name: "wide" })(batchNorm({ name: "bn" })(v))),
      "wide",
      'stands "bn", whose running statistics live',
    ],
    [
      "what is read behind it too",
      other((v) => {
        const wide = dense(6, { name: "wide" })(v);
        return add(wide, dense(6, { name: "deep" })(wide));
      }),
      "deep",
      '"wide" comes before "deep" and is read behind it too',
    ],
  ])("%s", async (_, of, name, message) => {
    await expect(compile(of, { features: name, effort: "none" })).rejects.toThrow(message);
  });
});
