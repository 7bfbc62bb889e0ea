/** What is true of leaving passes out: the choice reads back from its text, whatever is left out the trainer holds its check, and what fusion saves is counted. */

import { DEFAULT } from "../compiler/targets/index.ts";
import {
  accuracy,
  adam,
  add,
  categoricalCrossentropy,
  conv2dTranspose,
  glorot,
  input,
  l2,
  labels,
  matmul,
  mean,
  model,
  mul,
  param,
  reshape,
  scan,
  sgd,
  slice,
  softmax,
  square,
  tanh,
  zeros,
  type FloatTensor,
} from "adjoint";
import { describe, expect, test } from "vitest";
import { compile } from "../compiler/compile.ts";
import { readHeader } from "../compiler/cli/header.ts";
import { verifyTrainer } from "../compiler/check/certificate.ts";
import { interpretEntry } from "../compiler/loop/interpret/index.ts";
import { walkScalar } from "../compiler/loop/build.ts";
import { printModule } from "../compiler/loop/text/index.ts";
import { lower, type Lowered } from "../compiler/driver/lower.ts";
import { measurePasses } from "../compiler/explain/passes.ts";
import { pipeline } from "../compiler/passes/index.ts";
import { OPTIONAL, choiceOf, parsePasses, printPasses, type OptionalPass } from "../compiler/passes/selection.ts";
import { close } from "./support/close.ts";
import { lowered, memoryOf, modelOf, modelText } from "./support/models.ts";
import { dense as denseOf } from "./support/rules.ts";

const namesOf = (passes?: readonly OptionalPass[]): string[] =>
  pipeline({ kind: "forward" }, { ...DEFAULT, choice: choiceOf(passes) }).passes.map(({ name }) => name);

test("the optional passes are those that the pipeline can do without", () => {
  const all = new Set(namesOf());
  expect([...all].filter((name) => !namesOf([]).includes(name))).toEqual(OPTIONAL);
  expect(namesOf([])).toEqual([
    "differentiate",
    "numerics",
    "additions",
    "write-out",
    "recompute",
    "define",
    "split",
    "separate",
    "segments",
    "pitch",
    "pack",
    "unroll",
    "schedule",
  ]);
  expect(namesOf(["share"])).toEqual([
    "share",
    "differentiate",
    "share",
    "share",
    "numerics",
    "additions",
    "write-out",
    "recompute",
    "define",
    "split",
    "separate",
    "segments",
    "pitch",
    "pack",
    "unroll",
    "schedule",
  ]);
});

describe("the text of --passes", () => {
  const subsets = Array.from({ length: 2 ** OPTIONAL.length }, (_, bits) => OPTIONAL.filter((_, n) => bits & (1 << n)));

  test("reads back, for every choice there is", () => {
    for (const passes of subsets) {
      const text = printPasses(passes);
      expect(text === undefined ? OPTIONAL : parsePasses(text)).toEqual(text === undefined ? passes : { passes });
    }
    expect(subsets).toHaveLength(1024);
  });

  test.each([
    ["none", { passes: [] }],
    ["prune, fold,share", { passes: ["prune", "fold", "share"] }],
    ["-fuse", { passes: ["prune", "fold", "algebra", "share", "stability", "out-of-loops", "phases", "movement", "loops"] }],
    ["-fuse,-share", { passes: ["prune", "fold", "algebra", "stability", "out-of-loops", "phases", "movement", "loops"] }],
    ["prune,-fuse", { mixed: true }],
    ["fues", { unknown: "fues" }],
    ["-numerics", { unknown: "numerics" }],
    ["", { unknown: "" }],
  ])("%j", (text, expected) => expect(parsePasses(text)).toEqual(expected));
});

/** Everything a step leaves behind, in double. */
function stepOf({ module }: Lowered): Map<string, Float64Array> {
  const memory = memoryOf(module, 5);
  const results = interpretEntry(module, module.entries[0]!, memory, { precision: "double" });
  const kept = module.buffers.filter(({ role }) => role === "parameter" || role === "state");
  return new Map([...results, ...kept.map(({ name }) => [name, memory.get(name)!] as const)]);
}

/** Something for every pass: a softmax to stabilise, products by 1, an output that training does not need, a loop, a transposed convolution. */
const every = model("every", { batch: 3 }, ({ batch }) => {
  const x = input("x", [batch, 5]);
  const y = labels("y", [batch], { classes: 4 });
  const [W, b] = [param("W", [5, 4], glorot()), param("b", [4], zeros())];
  const scores = add(mul(matmul(x, W), 1), b);
  const probabilities = softmax(scores);
  const R = param("R", [1, 1], glorot());
  const turn = (carry: FloatTensor, one: FloatTensor) => {
    const next = tanh(add(carry, matmul(one, R)));
    return { carry: next, y: next };
  };
  const { ys } = scan(turn, slice(x, [0, 0], [batch, 1]), reshape(x, [batch, 5, 1]));
  const wide = conv2dTranspose(1, 3, { strides: 2 })(reshape(x, [batch, 1, 1, 5]));
  return {
    loss: add(add(categoricalCrossentropy(probabilities, y), l2([W], 0.1)), add(mean(square(ys)), mean(square(wide)))),
    outputs: { scores, probabilities },
    metrics: { accuracy: accuracy(probabilities, y) },
    optimizer: adam(),
  };
});

test("a step means the same whichever pass is left out", async () => {
  const whole = stepOf(await lower(every));
  const texts = new Set<string>();
  for (const left of [...OPTIONAL.map((pass) => OPTIONAL.filter((one) => one !== pass)), []]) {
    const one = await lower(every, { passes: left });
    for (const [key, values] of stepOf(one)) close(values, whole.get(key)!, 1e-9, `${key} with ${left.join()}`);
    texts.add(printModule(one.module));
  }
  expect(texts.size).toBe(OPTIONAL.length + 1); // each pass does something here
});

describe("without any of them", () => {
  test("every value is stored by a kernel of its own, and computed once", async () => {
    const { module } = await lowered("mnist-mlp", { batch: 2, passes: [] });
    const groups = module.entries.flatMap(({ calls }) => calls.flatMap((call) => (call.kind === "call" ? [call.group] : [])));
    expect(groups.length).toBeGreaterThan(50);
    for (const { stages } of groups) {
      expect(stages.map(({ storage }) => storage)).toEqual(["buffer"]);
      let operations = 0;
      walkScalar(stages[0]!.definition.value, (part) => (operations += part.kind === "apply" ? 1 : 0));
      expect(operations).toBeLessThanOrEqual(4); // one node each: `[0 < y]`, `a·b`
    }
  });

  test.each([adam, sgd])("a trainer passes the whole check: %o", async (rule) => {
    const { check } = await compile(
      denseOf(() => rule()),
      { passes: [] },
    );
    expect(check).toMatchObject({ holds: true });
  });

  test("a trainer's header says how it was made, and it verifies by that alone", async () => {
    const source = { path: "models/circuit.ts", text: modelText("circuit") };
    const model = await modelOf("circuit");
    const { files, check } = await compile(model, { source, passes: [] });
    const text = files.get("trainer.ts")!;
    expect(readHeader(text)).toMatchObject({
      command: "adjoint compile models/circuit.ts --passes none",
      passes: [],
    });
    const certificate = files.get("certificate.json")!;
    const verified = await verifyTrainer({ text, certificate, model, source, passes: [] });
    expect(verified).toMatchObject({ holds: true });
    // nothing is left out the second time, though the same text was loaded before
    expect(verified.tensors.map(({ name }) => name)).toEqual(check!.tensors.map(({ name }) => name));
  });
});

test("fusion and placing are measured: fewer kernels, fewer bytes moved and stored, not more operations than it computes again", async () => {
  const facts = measurePasses(await lowered("mnist-mlp"))[0]!.facts;
  const fuse = facts.find(({ pass }) => pass === "fuse")!;
  expect([fuse.before.kernels, fuse.after.kernels]).toEqual([82, 8]);
  expect(fuse.after.bytesMoved).toBeLessThan(fuse.before.bytesMoved / 3);
  expect(fuse.after.bytesStored).toBeLessThan(fuse.before.bytesStored / 4);
  expect(fuse.after.flops).toBeLessThan(fuse.before.flops * 1.001);
  const place = facts.at(-1)!;
  expect(place.pass).toBe("place");
  expect(place.after.bytesStored).toBeLessThan(place.before.bytesStored);
  // each pass begins where the one before it ended
  for (let n = 1; n < facts.length; n++) expect(facts[n]!.before).toEqual(facts[n - 1]!.after);
});

test("FLOPs and bytes moved are those one counts by hand", async () => {
  const entries = measurePasses(await lowered("linear-svm", { batch: 2 }));
  const { facts } = entries.find(({ entry }) => entry === "predict")!;
  // x[2,784]·W[784,10] + b[10] → scores[2,10]: a product and a sum for each of 2·784·10, then 20 sums
  expect(facts.at(-1)!.after).toMatchObject({
    kernels: 1,
    flops: 2 * 2 * 7840 + 20,
    bytesMoved: 4 * (2 * 784 + 7840 + 10 + 20),
  });
});
