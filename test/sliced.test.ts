/** What is true of steps in slices: the bits of a whole step, one step at a time, and an event loop that runs in between. */

import { expect, test } from "vitest";
import { compile, load, type LoadedTrainer } from "../compiler/compile.ts";
import { constant, input, model, mul, param, sgd, sum } from "../compiler/index.ts";
import { dividedKernels, divisionOf, slicesOf } from "../compiler/loop/divide.ts";
import { workOf } from "../compiler/loop/uses.ts";
import { fit, type Trainer } from "../runtime/index.ts";
import { lowered, modelOf } from "./support/models.ts";
import { complaintsAbout } from "./support/typecheck.ts";

const SLOW = { timeout: 120_000 };

type Batch = Parameters<LoadedTrainer["step"]>[0];
interface Sliced extends LoadedTrainer {
  stepInSlices(batch: Batch, count?: number): Generator<undefined, number, undefined>;
}

async function trainers(name: string, target: "typescript" | "wasm"): Promise<{ readonly whole: LoadedTrainer; readonly sliced: Sliced }> {
  const of = await modelOf(name);
  const made = async (sliced: boolean): Promise<LoadedTrainer> => {
    const { createTrainer } = await load(await compile(of, { target, effort: "none", ...(sliced && { sliced }) }));
    return createTrainer({ seed: 3 });
  };
  return { whole: await made(false), sliced: (await made(true)) as Sliced };
}

const batchOf = ({ inputs }: LoadedTrainer, seed: number): Batch =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, view]) => [
      name,
      view instanceof Int32Array ? view.map((_, n) => (n * 7 + seed) % 2) : view.map((_, n) => Math.sin(n * 12.9898 + seed)),
    ]),
  );

/** All slices: how many there were, and the value at the end. */
function through(slices: Generator<undefined, number, undefined>): { readonly count: number; readonly loss: number } {
  for (let count = 1; ; count++) {
    const slice = slices.next();
    if (slice.done === true) return { count, loss: slice.value };
  }
}

const same = (a: LoadedTrainer, b: LoadedTrainer): boolean => Buffer.from(a.bytes()).equals(Buffer.from(b.bytes()));

test.each([
  ["mnist-mlp", "typescript", 3],
  ["mnist-mlp", "wasm", 2],
  ["lenet", "typescript", 20],
  ["lenet", "wasm", 10],
  ["mini-resnet", "wasm", 20],
  ["dcgan-small", "wasm", 20],
] as const)("%s on %s has the bits of a whole step, in at least %i slices", SLOW, async (name, target, least) => {
  const { whole, sliced } = await trainers(name, target);
  for (let n = 0; n < 2; n++) {
    const batch = batchOf(whole, n);
    const { count, loss } = through(sliced.stepInSlices(batch));
    expect(loss).toEqual(whole.step(batch));
    expect(count).toBeGreaterThanOrEqual(least);
  }
  expect(same(whole, sliced)).toBe(true);
  const batch = batchOf(whole, 5);
  expect(sliced.step(batch)).toEqual(whole.step(batch));
  expect(same(whole, sliced)).toBe(true);
});

test.each([
  ["typescript", 6],
  ["wasm", 2],
] as const)(
  "no slice of cifar-convnet's step on %s does more than %i million vector operations: an image is several slices",
  SLOW,
  async (target, most) => {
    const { module } = await lowered("cifar-convnet", { target });
    const divided = dividedKernels(module.kernels, divisionOf({ sliced: true }));
    const trains = new Set(module.entries[0]!.calls.flatMap((call) => (call.kind === "call" ? [call.kernel] : [])));
    const longest = module.kernels
      .filter(({ name }) => trains.has(name))
      .flatMap(({ name, body }) =>
        (divided.get(name) ?? [{ body, divided: [] }]).map((section) => workOf(section.body) / slicesOf(section)),
      );
    expect(Math.max(...longest)).toBeLessThan(most * 1e6);
    // and it is a convolution's image that asks for more
    expect([...divided.values()].flat().some(({ within }) => within !== undefined)).toBe(true);
  },
);

test("nothing else may use a trainer whose step is not finished, until it is or weights are restored", SLOW, async () => {
  const { whole, sliced } = await trainers("lenet", "typescript");
  const batch = batchOf(whole, 1);
  const before = sliced.bytes();
  const slices = sliced.stepInSlices(batch);
  slices.next();
  const refused = "a step in slices is not finished: run its slices to the end first, or give the trainer whole weights with restore(…)";
  for (const call of [() => sliced.step(batch), () => sliced.bytes(), () => sliced.stepInSlices(batch).next()])
    expect(call).toThrow(refused);
  slices.return(0);
  expect(() => sliced.step(batch)).toThrow(refused);
  sliced.restore(before);
  expect(sliced.step(batch)).toBe(whole.step(batch));
  expect(same(whole, sliced)).toBe(true);
});

test("a batch that is refused leaves the trainer as it was", SLOW, async () => {
  const { whole, sliced } = await trainers("mnist-mlp", "typescript");
  const batch = batchOf(whole, 1);
  expect(() => sliced.stepInSlices({ ...batch, x: new Float32Array(3) }).next()).toThrow(/^x needs 25088 elements, but got 3$/);
  expect(sliced.step(batch)).toBe(whole.step(batch));
});

test("fit lets the event loop run within a step, with the same history and weights", SLOW, async () => {
  const { whole, sliced } = await trainers("lenet", "typescript");
  const batch = batchOf(whole, 1);
  let turns = 0;
  let going = true;
  const tick = (): void => void (going && (turns++, setImmediate(tick)));
  setImmediate(tick);
  const history = await fit(sliced as unknown as Trainer, batch, { epochs: 1 });
  going = false;
  expect(turns).toBeGreaterThan(2);
  expect(await fit(whole as unknown as Trainer, batch, { epochs: 1 })).toEqual(history);
  expect(same(whole, sliced)).toBe(true);
});

test.each(["typescript", "wasm", "wasm-external"] as const)(
  "the file of %s is strict-clean without a platform's types",
  SLOW,
  async (target) => {
    for (const name of ["mnist-mlp", "polar", "circuit"]) {
      const { files } = await compile(await modelOf(name), { target, sliced: true, effort: "none" });
      const texts = new Map([...files].flatMap(([file, text]) => (file.endsWith(".ts") ? [[file.slice(0, -3), text] as const] : [])));
      expect(complaintsAbout(texts)).toEqual([]);
    }
  },
);

test("arrays that are called as what a slice is given keep their names", SLOW, async () => {
  const n = 2048;
  const of = model("ranges", { batch: 1 }, () => {
    const first = input("first", [n, n]);
    const [parts, to] = [param("parts", [n, n], constant(0.25)), input("to", [n, n])];
    return { loss: sum(mul(first, mul(parts, to))), optimizer: sgd({ learningRate: 0.5 }) };
  });
  for (const target of ["typescript", "wasm"] as const) {
    const { createTrainer } = await load(await compile(of, { target, sliced: true, effort: "none" }));
    const trainer = createTrainer() as Sliced;
    const batch = { first: new Float32Array(n * n).fill(2), to: new Float32Array(n * n).fill(0.5) };
    expect(through(trainer.stepInSlices(batch)).loss).toBe(0.25 * n * n);
    expect(trainer.parameters["parts"]!.every((weight) => weight === -0.25)).toBe(true);
  }
});

test("the check holds for kernels in parts, and the command that makes them is on record", SLOW, async () => {
  const source = { path: "models/mnist-mlp.ts", text: "" };
  const { check, files } = await compile(await modelOf("mnist-mlp"), { sliced: true, source });
  expect(check?.holds).toBe(true);
  expect(files.get("trainer.ts")).toContain("// Regenerate: adjoint compile models/mnist-mlp.ts --sliced\n");
  expect(files.get("trainer.ts")).toContain("yield* inParts(");
});

test.each([
  [{ sliced: true, threads: 2, target: "wasm" }, "a step in slices runs on one thread, but threads were asked for"],
  [{ sliced: true, target: "plain" }, "only trainers of TypeScript and WebAssembly run a step in slices, but the target is plain"],
] as const)("%o is refused", async (options, message) => {
  await expect(compile(await modelOf("circuit"), options)).rejects.toThrow(message);
});
