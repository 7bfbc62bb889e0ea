/** Names from a model are data: whatever they hold, the emitted files type-check, run, and give them back. */

import { add, constant, hyper, input, model, mul, param, sgd, sum } from "adjoint";
import fc from "fast-check";
import { Project, SyntaxKind } from "ts-morph";
import { expect, test } from "vitest";
import type { TrainerModule } from "../compiler/compile.ts";
import { identifier } from "../compiler/loop/identifier.ts";
import { lower } from "../compiler/driver/lower.ts";
import type { Model } from "../compiler/model/declaration.ts";
import { importText, stripTypes } from "../compiler/targets/strip.ts";
import { typescript } from "../compiler/targets/typescript/index.ts";
import { loadTrainer, type Batch } from "./support/trainer.ts";
import { complaintsAbout } from "./support/typecheck.ts";

const HOSTILE = [
  "*/ process.exit(1) /*",
  "// x",
  '"; process.exit(1); "',
  "'",
  "`${process.exit(1)}`",
  "${1}",
  "\\",
  "\\u0022",
  "\\n",
  "a\nprocess.exit(1)\n",
  "\r",
  "\u2028process.exit(1)",
  "\u202e",
  "\0",
  "\ud800",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "class",
  "await",
  "arguments",
  "this",
  "undefined",
  "x y",
  "***",
  "---",
  "1",
  "ä",
  "日本",
  "🙂",
  "]",
  "[",
  "a.b",
  "</script>",
  "arena",
  "batch",
  "hyper",
  "seed",
  "feed",
  "outputs",
  "Math",
  "RangeError",
  "Float32Array",
  "step",
  "exp",
  "PARAMETERS",
];

/** A model whose inputs, parameters, live scalars, outputs and metrics all have the given names. */
const named = (title: string, all: readonly string[]): Model =>
  model(title, { batch: 2 }, ({ batch }) => {
    const inputs = all.map((name) => input(`${name}i`, [batch, 2]));
    const weights = all.map((name, n) => param(name, [2], constant(n + 1)));
    const terms = inputs.map((x, n) => mul(sum(add(x, weights[n]!)), hyper(`${all[n]}h`, 1)));
    return {
      loss: terms.reduce((a, b) => add(a, b)),
      outputs: Object.fromEntries(all.map((name, n) => [name, add(inputs[n]!, weights[n]!)])),
      metrics: Object.fromEntries(all.map((name, n) => [name, terms[n]!])),
      optimizer: sgd({ learningRate: 1 }),
    };
  });

const inputsFor = (all: readonly string[], rows: number): Batch =>
  Object.fromEntries(all.map((name) => [`${name}i`, new Float32Array(2 * rows)]));

/** A property of its own, not one that a prototype lends. */
const own = (record: object, name: string): unknown => Object.getOwnPropertyDescriptor(record, name)?.value;

/** Input 0, weights n + 1 at first: the n-th output is [n+1, n+1], its metric 4·(n+1) over two rows, its gradient 2. */
function expectData({ createTrainer, PARAMETERS }: TrainerModule, all: readonly string[]): void {
  const trainer = createTrainer();
  expect(PARAMETERS.map(({ name }) => name)).toEqual(all);
  for (const record of [trainer.parameters, trainer.inputs, trainer.hyper])
    expect([Object.keys(record).length, Object.getPrototypeOf(record)]).toEqual([all.length, Object.prototype]);
  const predicted = trainer.predict(inputsFor(all, 1));
  all.forEach((name, n) => expect(own(predicted, name), name).toEqual(Float32Array.of(n + 1, n + 1)));
  const means = trainer.evaluate(inputsFor(all, 2));
  all.forEach((name, n) => expect(own(means, name), name).toBe(2 * 4 * (n + 1)));
  expect(trainer.step(inputsFor(all, 2))).toBe(all.reduce((total, _, n) => total + 4 * (n + 1), 0));
  all.forEach((name, n) => {
    expect(own(trainer.parameters, name), name).toEqual(Float32Array.of(n - 1, n - 1));
    // a slot that a step has used for something else meanwhile
    expect(own(trainer.inputs, `${name}i`), name).toHaveLength(4);
    expect(own(trainer.hyper, `${name}h`), name).toBe(1);
  });
}

const source = { path: "models/*/ evil\n`${process.exit(1)}`.ts", text: "" };
const title = "*/ process.exit(1)\n";

test("however hostile: both files type-check, say nothing of their own, and run", async () => {
  const declared = named(title, HOSTILE);
  const [one, other] = [await lower(declared, { source }), await lower(declared, { source }, "gradients")];
  const trainer = (await typescript.emit(one.module, one.facts)).text;
  const gradients = (await typescript.emit(other.module, other.facts, "gradients")).text;
  const project = new Project({ useInMemoryFileSystem: true });
  expect(
    complaintsAbout(
      new Map([
        ["trainer", trainer],
        ["gradients", gradients],
      ]),
    ),
  ).toEqual([]);
  for (const [file, text] of Object.entries({ trainer, gradients })) {
    const parsed = project.createSourceFile(`${file}.ts`, text);
    expect(parsed.getDescendantsOfKind(SyntaxKind.Identifier).map((id) => id.getText())).not.toContain("process");
    expect(text).not.toMatch(/[\0\u2028\u202e]/);
  }
  expectData(await importText<TrainerModule>(await stripTypes(trainer)), HOSTILE);
}, 30_000);

test("whatever they are", async () => {
  const name = fc.string({ unit: "binary", minLength: 1, maxLength: 8 });
  const some = fc.uniqueArray(fc.oneof(name, fc.constantFrom(...HOSTILE)), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(some, async (chosen) => {
      // inputs and live scalars are named after the parameters, and each name belongs to one thing
      fc.pre(chosen.every((one) => !chosen.includes(one.slice(0, -1))));
      expectData(await loadTrainer(await lower(named("any", chosen))), chosen);
    }),
    { numRuns: 25, seed: 4 },
  );
}, 30_000);

test.each(["exp32", "log32", "tanh32", "bitsOf", "floatOf", "randomBits"])(
  "no local of a kernel hides the function %s, which strict kernels call",
  (name) => {
    expect(identifier(name)).toBe(`${name}_`);
  },
);
