/** What the command line does: every verb on small models in a folder of its own, its exit codes, its JSON, its plain text. */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CheckJson, CompileJson, DriftJson, InspectJson, SummaryJson, TrainJson, VerifyJson } from "../../compiler/cli/json.ts";
import { adjoint, build, root, twoAtATime, type Ran, type RunOptions } from "../support/command.ts";
import { writeDigits } from "../support/digits.ts";
import { modelNames } from "../support/models.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
const at = (path: string): string => join(folder, path);
const run = (args: string, options: Partial<RunOptions> = {}): Promise<Ran> => adjoint(args.split(" "), { cwd: folder, ...options });
const json = <T>({ stdout }: Ran): T => JSON.parse(stdout) as T; // what the verb's type in json.ts says

beforeAll(async () => {
  build();
  mkdirSync(at("models"));
  writeFileSync(at("package.json"), '{ "name": "mine", "type": "module" }');
  for (const name of ["circuit", "linear-softmax"]) copyFileSync(`${root}models/${name}.ts`, at(`models/${name}.ts`));
  writeDigits(at("digits"), { train: 40, test: 20 });
  expect(await run("compile models/circuit.ts --entry gradients --plan")).toMatchObject({ code: 0, stderr: "" });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const CIRCUIT = ["certificate.json", "gradients.ts", "model.graph", "model.plan", "report.md", "trainer.ts"];

test("compile writes every file of every model, and again only what changed", async () => {
  const first = await run("compile");
  expect(first).toEqual({
    code: 0,
    stderr: "",
    stdout:
      "✓ circuit  generated/circuit/  arena 80 bytes  unchanged\n✓ linear-softmax  generated/linear-softmax/  arena 826,448 bytes  4 files written\n",
  });
  expect(readdirSync(at("generated/circuit")).sort()).toEqual(CIRCUIT);
  writeFileSync(at("generated/circuit/report.md"), "edited");
  const again = json<CompileJson>(await run("compile models/circuit.ts --entry gradients --plan --print fuse --json"));
  expect(again.files.filter(({ written }) => written).map(({ file }) => file)).toEqual(["generated/circuit/report.md"]);
  expect(Object.keys(again)).toEqual(["model", "folder", "files", "arenaBytes", "timings", "diagnostics", "stages"]);
  expect(again.stages?.map(({ entry, pass }) => `${entry} ${pass}`)).toEqual(["train fuse", "evaluate fuse", "predict fuse"]);
  expect(again.timings.map(({ stage }) => stage)).toContain("check");
}, 30_000);

describe("one changed character", () => {
  const file = (name: string): string => `generated/circuit/${name}`;
  /** Writes the file with one character changed; gives back the way to undo it. */
  function change([name, find, put]: readonly [string, string, string]): () => void {
    const text = readFileSync(at(file(name)), "utf8");
    expect(text).toContain(find);
    writeFileSync(at(file(name)), text.replace(find, put));
    return () => writeFileSync(at(file(name)), text);
  }
  const EDITS = [
    ["trainer.ts", "z[0]! - d_z", "z[0]! + d_z"],
    ["model.graph", "mul %q %z", "mul %q %y"],
    ["model.plan", "@ 64 .. 68", "@ 64 .. 69"],
    ["report.md", "80", "81"],
    ["gradients.ts", "// certificate: none", "// certificate: nine"],
  ] as const;

  test("of any generated file fails the drift check, which says what differs", async () => {
    const undo = EDITS.map((edit) => change(edit));
    const [shown, data] = await twoAtATime(["compile --check", "compile --check --json models/circuit.ts"], run);
    undo.forEach((back) => back());
    expect([shown!.code, data!.code, shown!.stderr]).toEqual([1, 1, ""]);
    const { holds, files, differences } = json<DriftJson>(data!);
    expect([holds, files]).toEqual([false, 6]);
    expect(differences.map((one) => one.file)).toEqual(EDITS.map(([name]) => file(name)));
    for (const [n, { reason, line, found, expected }] of differences.entries()) {
      const [name, find, put] = EDITS[n]!;
      expect(reason).toBe("differs from what its command makes");
      expect(found).toContain(put);
      expect(expected).toContain(find);
      expect(readFileSync(at(file(name)), "utf8").split("\n")[line! - 1]).toBe(expected);
      expect(shown!.stdout).toContain(`✗ ${file(name)}:${line} ${reason}\n--- ${file(name)}\n+++ what adjoint compile makes\n@@ -`);
      expect(shown!.stdout).toContain(`\n-${found}\n+${expected}\n`);
    }
    expect(shown!.stdout).toContain(
      "5 of 10 files under generated/ drifted. Run adjoint compile to make them again; edits to generated files are lost.",
    );
  }, 30_000);

  test("of a certificate makes verify fail, and so does one of the trainer", async () => {
    const verify = `verify ${file("trainer.ts")}`;
    expect((await run(verify)).stdout).toMatch(/^CERTIFIED {2}generated\/circuit\/trainer\.ts {2}\d+ tensors, worst error \d\.\de-\d+\n$/);
    const reasons: string[] = [];
    for (const edit of [
      ["certificate.json", '"worst": 0', '"worst": 1'],
      EDITS[0],
      ["trainer.ts", "differences 1e-10", "differences 1e-11"],
    ] as const) {
      // prettier-ignore
      const undo = change(edit);
      const ran = await run(`${verify} --json`);
      undo();
      const { holds, reason, tensors, ...rest } = json<VerifyJson>(ran);
      expect([ran.code, holds, rest]).toEqual([1, false, { file: file("trainer.ts"), model: "circuit" }]);
      reasons.push(reason!);
    }
    expect(reasons[0]).toBe("certificate.json was edited: its own SHA-256 does not fit its numbers; make it again with adjoint compile");
    expect(reasons[1]).toMatch(
      /^the file's SHA-256 is [0-9a-f]{16}, but its certificate was made for [0-9a-f]{16}: one of them was edited; make both again with adjoint compile$/,
    );
    expect(reasons[2]).toMatch(
      /^the header says ".*differences 1e-11.*", but its certificate\.json makes that ".*differences 1e-10.*"; make the file again with adjoint compile$/,
    );
  }, 30_000);

  test("a file too many, one too few, and a model that is gone are named", async () => {
    mkdirSync(at("other/circuit"), { recursive: true });
    for (const name of CIRCUIT.slice(0, 5)) copyFileSync(at(file(name)), at(`other/circuit/${name}`));
    rmSync(at("other/circuit/model.plan"));
    const trainer = readFileSync(at(file("trainer.ts")), "utf8");
    writeFileSync(at("other/circuit/trainer.ts"), trainer);
    writeFileSync(at("other/circuit/notes.txt"), "");
    mkdirSync(at("other/gone"));
    writeFileSync(at("other/gone/trainer.ts"), trainer.replace("from models/circuit.ts", "from models/gone.ts"));
    const { code, stdout } = await run("compile --check --json --out other");
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as DriftJson).differences).toEqual([
      { file: "other/circuit/model.plan", reason: "is missing; run adjoint compile" },
      { file: "other/circuit/notes.txt", reason: "is made by no command; remove it" },
      { file: "other/gone/trainer.ts", reason: "cannot be made again: its model models/gone.ts is gone" },
      { file: "other/gone/certificate.json", reason: "is missing; run adjoint compile" },
    ]);
  }, 30_000);
});

test("--target wasm writes a trainer of its own name, and --wasm external its bytes beside it", async () => {
  const kept = "compile models/circuit.ts --target wasm --out inside";
  const [inside, beside] = await twoAtATime([kept, "compile models/circuit.ts --target wasm --wasm external --out beside"], run);
  expect([inside!.code, inside!.stderr, beside!.code, beside!.stderr]).toEqual([0, "", 0, ""]);
  const FILES = ["certificate.wasm.json", "report.wasm.md", "trainer.wasm.ts"];
  expect(readdirSync(at("inside/circuit")).sort()).toEqual(FILES);
  expect(readdirSync(at("beside/circuit")).sort()).toEqual([...FILES.slice(0, 2), "trainer.wasm", FILES[2]]);
  expect([...readFileSync(at("beside/circuit/trainer.wasm")).subarray(0, 8)]).toEqual([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const text = (of: string): string => readFileSync(at(`${of}/circuit/trainer.wasm.ts`), "utf8");
  expect(text("inside")).toContain("// Regenerate: adjoint compile models/circuit.ts --target wasm\n");
  expect(text("beside")).toContain("// Regenerate: adjoint compile models/circuit.ts --target wasm --wasm external\n");
  expect([text("inside").includes("atob"), text("beside").includes("atob")]).toEqual([true, false]);
  expect(await run(kept)).toMatchObject({ code: 0, stdout: expect.stringContaining("unchanged") as string });
}, 60_000);

describe("check", () => {
  /** The bounds that the first issue states: of gradients in float64, of emitted steps in float32. */
  const expectBounds = ({ tensors }: Pick<CheckJson, "tensors">): void => {
    const methods = new Set(tensors.map(({ method }) => method));
    for (const method of ["central differences", "sampled elements"]) expect(methods).toContain(method);
    for (const { name, method, worst, coordinates, kinks } of tensors) {
      expect(worst, `${name}, ${method}`).toBeLessThan(method === "central differences" ? 1e-6 : 1e-4);
      expect(coordinates).toBeGreaterThan(0);
      expect(kinks).toBeGreaterThanOrEqual(0);
    }
  };

  test("tells every tensor's worst error, in the form of the contract", async () => {
    const { code, stdout, stderr } = await run(`check --json models/circuit.ts ${root}models/linear-svm.ts`);
    expect([code, stderr]).toEqual([0, ""]);
    const { results } = JSON.parse(stdout) as { results: CheckJson[] };
    expect(results.map(({ model, holds }) => [model, holds])).toEqual([
      ["circuit", true],
      ["linear-svm", true],
    ]);
    for (const result of results) {
      expect(Object.keys(result)).toEqual(["model", "holds", "tensors"]);
      for (const tensor of result.tensors)
        expect(Object.keys(tensor)).toEqual(["name", "role", "method", "coordinates", "worst", "at", "kinks", "verdict"]);
      expectBounds(result);
      const methods = result.tensors.map(({ method }) => method);
      for (const method of ["one step", "three steps"]) expect(methods).toContain(method);
    }
    const gradients = results[1]!.tensors.filter(({ method }) => method === "central differences");
    expect(gradients.map(({ name, role }) => `${role} ${name}`)).toEqual(["input x", "parameter W", "parameter b"]);
  }, 60_000);

  test("says whether a model holds, and of each tensor where all is asked for", async () => {
    const [verdict, all] = await twoAtATime(["check models/circuit.ts", "check models/circuit.ts --all"], run);
    expect([verdict!.code, verdict!.stderr, all!.code, all!.stderr]).toEqual([0, "", 0, ""]);
    expect(verdict!.stdout).toMatch(/^✓ circuit holds: 30 tensors agree; worst error \d\.\de-8\n$/);
    const [first, empty, head, rule, ...rows] = all!.stdout.trimEnd().split("\n");
    expect(`${first}\n`).toBe(verdict!.stdout);
    expect([empty, head, rule]).toEqual([
      "",
      "tensor                                        role       method                    coordinates    worst  kinks  verdict",
      "────────────────────────────────────────────  ─────────  ────────────────────────  ───────────  ───────  ─────  ───────",
    ]);
    expect(rows).toHaveLength(30);
    for (const row of rows)
      expect(row).toMatch(/^\S.{43}  (parameter|state    |output   |kernel   )  .{24}  +\d+  +(0|\d\.\de-\d+)  +\d  holds$/);
  }, 30_000);

  test.each(modelNames)("the certificate of %s, as committed, keeps the same bounds", (name) => {
    expectBounds(JSON.parse(readFileSync(`${root}generated/${name}/certificate.json`, "utf8")) as CheckJson);
  });

  test("a gradient that does not agree ends with 1, and compile then writes nothing", async () => {
    // differences of width 1e-5 see nothing of a wave of length 1e-8
    writeFileSync(
      at("models/wave.ts"),
      `import { constant, model, mul, param, sgd, sin, sum } from "adjoint";
export default model("wave", {}, () => {
  const a = param("a", [3], constant(1));
  return { loss: sum(sin(mul(a, 1e9))), optimizer: sgd() };
});`,
    );
    const [checked, compiled] = await twoAtATime(["check models/wave.ts", "compile models/wave.ts"], run);
    rmSync(at("models/wave.ts"));
    expect([checked!.code, checked!.stderr, compiled!.code, compiled!.stdout]).toEqual([1, "", 1, ""]);
    expect(checked!.stdout.replace(/\de\+1/g, "many")).toBe(`✗ wave does not hold: 1 of 17 tensors wrong, 2 not judged; worst error 1.0e+0

tensor  role       method               coordinates   worst  kinks  verdict
──────  ─────────  ───────────────────  ───────────  ──────  ─────  ───────
a       parameter  central differences            5  1.0e+0      0  wrong

  not judged: a, by three steps: rounding alone may move it by many of its terms
  not judged: loss, by three steps: rounding alone may move it by many of its terms
`);
    expect(compiled!.stderr).toMatch(
      /^error the check of "wave" does not hold: a, by central differences: the worst error is .* above 1e-6\. No trainer was written\./,
    );
    expect(readdirSync(at("generated"))).not.toContain("wave");
  }, 30_000);
});

const OVERVIEW = `model linear-softmax

parameter  shape      number
─────────  ─────────  ──────
W          [784, 10]   7,840
b          [10]           10

trainable parameters                7,850
frozen parameters                       0
state (optimizer and counters)          1
forward operations                     32
a training step                 2,029,463 FLOPs
arena, all memory there is        826,448 bytes

entry point  statements  kernels  bytes moved      FLOPs    forward   backward  update
───────────  ──────────  ───────  ───────────  ─────────  ─────────  ─────────  ──────
train                 8        4      513,796  2,029,463  1,007,042  1,006,720  15,701
evaluate              6        3      847,416  3,936,503  3,936,503          –       –
predict               1        1       34,576     15,690     15,690          –       –
`;

const LIVE = `── Live ranges: bytes of the arena, and the statements between which they are held

entry     buffer              role        offset    bytes  statements
────────  ──────────────────  ─────────  ───────  ───────  ────────────────────────────────────
all       W                   parameter        0   31,360  always
all       b                   parameter   31,360       40  always
all       stepCount           state       31,408        4  always
train     x                   input       31,424  200,704  1–8
train     scores              scratch    232,128    2,560  1–4
train     d_shifted           scratch    232,128    2,560  4–8, written over scores
train     exps                residual   234,688    2,560  4–4
train     y                   input      237,248      256  1–4
train     live rows           input      237,504        4  1–4
train     d_rowSum            scratch    237,520        4  3–4
train     rowSum              scratch    237,520        4  4–5, written over d_rowSum
evaluate  x_evaluate          input       31,424  784,000  1–1
evaluate  rowSum_evaluate     scratch     31,424        4  2–4
evaluate  scores_evaluate     scratch    815,424   10,000  1–5
evaluate  y_evaluate          input      825,424    1,000  1–5
evaluate  live rows_evaluate  input      826,432        4  1–5
evaluate  rowSum_2_evaluate   scratch    826,432        4  5–6, written over live rows_evaluate
predict   x_predict           input       31,424    3,136  1–1
predict   scores_predict      output      34,560       40  1–2
`;

describe("summary and inspect", () => {
  test("show the same overview, inspect what lies below it where that is asked for", async () => {
    const [summary, overview, live, all, data] = await twoAtATime(
      [
        "summary models/linear-softmax.ts",
        "inspect models/linear-softmax.ts",
        "inspect models/linear-softmax.ts --live",
        "inspect models/linear-softmax.ts --all",
        "inspect models/linear-softmax.ts --json --all",
      ],
      run,
    );
    expect([summary, overview, live, all, data].map((ran) => [ran!.code, ran!.stderr])).toEqual(Array(5).fill([0, ""]));
    expect(summary!.stdout).toBe(OVERVIEW);
    expect(overview!.stdout).toBe(`${OVERVIEW}\nMore: --graph, --backward, --kernels, --live, --all\n`);
    expect(live!.stdout).toBe(LIVE);
    const levels = json<InspectJson>(data!);
    expect(Object.keys(levels)).toEqual(["model", "overview", "graph", "backward", "kernels", "live"]);
    expect(levels.backward).toContain("~ dot: dot: d_b = aᵀ·d_y");
    expect(all!.stdout).toBe(
      [
        OVERVIEW,
        `── Forward graph, as declared\n\n${levels.graph}\n`,
        `── After differentiation: every cotangent with the law that made it, then the updates\n\n${levels.backward}\n`,
        `── Kernels\n\n${levels.kernels}\n`,
        LIVE,
      ].join("\n"),
    );
  }, 30_000);

  test("say the same as data", async () => {
    const [summary, overview] = await twoAtATime(
      ["summary models/linear-softmax.ts --json", "inspect models/linear-softmax.ts --json"],
      run,
    );
    const facts = json<SummaryJson>(summary!);
    const { inspection, ...told } = json<InspectJson>(overview!);
    expect(told).toEqual({ model: "linear-softmax", overview: facts });
    expect(inspection).toMatchObject({ target: "typescript", arenaBytes: facts.arenaBytes });
    expect(inspection!.file.text.replace(/^\/\/ certificate.*\n/m, "")).toBe(
      readFileSync(`${root}generated/linear-softmax/trainer.ts`, "utf8").replace(/^\/\/ certificate.*\n/m, ""),
    );
    expect(facts).toMatchObject({ model: "linear-softmax", trainable: 7850, frozen: 0, arenaBytes: 826448 });
    expect(facts.parameters).toEqual([
      { name: "W", shape: [784, 10], count: 7840, trainable: true },
      { name: "b", shape: [10], count: 10, trainable: true },
    ]);
    for (const { flops, forward, backward, update } of facts.entries) expect(forward + backward + update).toBe(flops);
  }, 30_000);
});

test("model.plan is written where it is asked for, kept by a compile of everything, and told of where it is old", async () => {
  const out = "--out planned";
  const bare = `compile models/circuit.ts ${out}`;
  expect((await run(bare)).code).toBe(0);
  expect(readdirSync(at("planned/circuit"))).not.toContain("model.plan");
  const asked = await run(`${bare} --plan --target wasm`);
  expect([asked.code, asked.stderr]).toEqual([0, ""]);
  expect(readFileSync(at("planned/circuit/model.wasm.plan"), "utf8")).toMatch(/^module circuit arena 80 \{\n/);
  expect(readFileSync(at("planned/circuit/trainer.wasm.ts"), "utf8")).toContain("circuit.ts --target wasm --plan\n");
  rmSync(at("planned/circuit/model.wasm.plan"));
  expect((await run(`compile ${out}`)).code).toBe(0);
  expect(readdirSync(at("planned/circuit")).filter((name) => name.endsWith(".plan"))).toEqual(["model.wasm.plan"]);
  expect(await run(`compile --check ${out}`)).toMatchObject({ code: 0, stderr: "" });
  expect((await run(`${bare} --target wasm`)).stderr).toBe(
    "planned/circuit/model.wasm.plan is of an earlier compile; add --plan to renew it, or remove it\n",
  );
}, 60_000);

test("trainer.wasm of an earlier compile is told of", async () => {
  const bare = "compile models/circuit.ts --out apart --unchecked --target wasm";
  expect((await run(`${bare} --wasm external`)).stderr).toBe("");
  expect(readdirSync(at("apart/circuit"))).toContain("trainer.wasm");
  expect((await run(bare)).stderr).toBe(
    "apart/circuit/trainer.wasm is of an earlier compile; add --target wasm --wasm external to renew it, or remove it\n",
  );
}, 60_000);

test("the README names every verb", async () => {
  const { stdout } = await run("--help");
  const verbs = [...stdout.slice(stdout.indexOf("COMMANDS")).matchAll(/^ +(\w+) {2,}\S/gm)].map(([, verb]) => verb!);
  expect(verbs).toContain("tune");
  const readme = readFileSync(`${root}README.md`, "utf8");
  expect(verbs.filter((verb) => !readme.includes(`\n| \`adjoint ${verb} `))).toEqual([]);
});

test("train tests once at the end, with the same digits on every run, and says where the gradient code is", async () => {
  const command = "train models/linear-softmax.ts --data digits --epochs 2 --seed 7";
  const [first, second, data] = await twoAtATime([command, command, `${command} --json`], run);
  expect(first!.stdout).toMatch(
    /^test loss \d\.\d+\ntest accuracy \d+\.\d\d %\nthe weights are gone; --save <file> writes them, --checkpoint <folder> the whole run\nread the gradient code in generated\/linear-softmax\/trainer\.ts\n$/,
  );
  expect(second!.stdout).toBe(first!.stdout);
  expect(first!.stderr).toMatch(
    /^\d+ rows are trained on; held back: 20 to test with\nepoch 1\/2 {2}loss \d\.\d+ {2}accuracy \d\.\d+ {2}\d\.\ds\nepoch 2\/2 {2}loss .*\n$/,
  );
  const trained = json<TrainJson>(data!);
  expect(Object.keys(trained)).toEqual(["model", "epochs", "rows", "test", "seconds", "trainer"]);
  expect(trained.epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect(trained.test["count"]).toBe(20);
  expect(first!.stdout).toContain(`test accuracy ${(100 * trained.test["accuracy"]!).toFixed(2)} %`);
}, 30_000);

test("an interrupt ends training with 130", async () => {
  const { code, stdout, stderr } = await run("train models/linear-softmax.ts --data digits --epochs 1000000", { interrupt: true });
  expect([code, stdout]).toEqual([130, ""]);
  expect(stderr).toMatch(/^\d+ rows are trained on; [^]*\nepoch 1\/1000000 [^]*\nerror interrupted\n$/);
  expect(stderr).not.toMatch(/^\s+at /m);
}, 30_000);

test("colours are for terminals, and not where NO_COLOR asks for none", async () => {
  const terminal = ["--import", "data:text/javascript,process.stdout.isTTY=process.stderr.isTTY=true"];
  const runs = [{}, { node: terminal }, { node: terminal, env: { NO_COLOR: "1" } }, { node: terminal, env: { CI: "true" } }];
  const [piped, watched, asked, ci] = await twoAtATime(runs, (options) => run("summary models/circuit.ts", options));
  expect(watched!.stdout).toContain("\x1b[1m");
  for (const ran of [piped, asked, ci]) expect(ran!.stdout).not.toContain("\x1b[");
  expect(asked!.stdout).toBe(piped!.stdout);
}, 30_000);
