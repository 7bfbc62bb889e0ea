/** What `--measure-schedules` does: a file beside the model that later compiles read, with the same bits; and what is said of one that does not fit. */

import { targetOf } from "../../compiler/targets/index.ts";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { add, glorot, input, matmul, model, mse, param, relu, sgd, zeros } from "adjoint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ModelError } from "../../compiler/graph/error.ts";
import { explainKernel } from "../../compiler/explain/model.ts";
import { lower } from "../../compiler/driver/lower.ts";
import type { CompileOptions } from "../../compiler/driver/options.ts";
import { toldOfStep } from "../../compiler/cli/schedules.ts";
import { measureSchedules } from "../../compiler/measured/kernels.ts";
import { inTurns, keepByStep, type Contender, type Kept, type StepTimes } from "../../compiler/measured/step.ts";
import { printSchedules, type Measured } from "../../compiler/driver/schedules.ts";
import { runningTrainer } from "../../compiler/check/emitted.ts";
import { adjoint, build, type Ran } from "../support/command.ts";

/** relu(x·W + b)·V, the first product of 12 × 40 × 16. */
const net = model("layer", { batch: 12 }, ({ batch }) => {
  const h = relu(add(matmul(input("x", [batch, 40]), param("W", [40, 16], glorot())), param("b", [16], zeros())));
  const y = matmul(h, param("V", [16, 3], glorot()));
  return { loss: mse(y, input("t", [batch, 3])), outputs: { y }, optimizer: sgd({ learningRate: 0.1 }) };
});

const KERNEL = "dotRelu_12x40x16";
const MODELLED = "i by 4, j by 8 in lanes, k unrolled 2";
const PATH = "models/layer.schedules.wasm.json";
const source = { path: "models/layer.ts", text: "" };
const compiled = (text: string, options: CompileOptions = {}) =>
  lower(net, { source, target: "wasm", schedules: { path: PATH, text }, ...options });

/** A file that gives the kernel this schedule; with these words in place of its own. */
async function fileOf(schedule: string, words: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { facts } = await lower(net, { target: "wasm" });
  const text = printSchedules({ model: "layer", graph: facts.graph, machine: targetOf("wasm").machine }, "a machine", [
    { kernel: KERNEL, schedule, modelled: MODELLED, microseconds: [1, 2] },
  ]);
  return JSON.stringify({ ...(JSON.parse(text) as object), ...words });
}

describe("a file of schedules", () => {
  test("changes the loops of its kernels in every entry that shares them, and no bit", async () => {
    const schedule = "i by 2, j by 16 in lanes";
    const [plain, tiled] = [await lower(net, { target: "wasm" }), await compiled(await fileOf(schedule))];
    expect(tiled.module.kernels.map(({ name }) => name)).toEqual(plain.module.kernels.map(({ name }) => name));
    expect(explainKernel(plain, KERNEL)).toMatchObject({ schedule: MODELLED });
    expect(explainKernel(tiled, KERNEL)).toMatchObject({ schedule, insteadOf: MODELLED });
    expect(explainKernel(tiled, KERNEL)!.calls.map(({ entry }) => entry)).toEqual(["train", "evaluate"]);
    expect(explainKernel(tiled, KERNEL)!.loops).toContain("for i in 0..12 step 2 {");
    const [a, b] = [await runningTrainer(plain), await runningTrainer(tiled)];
    const batch = {
      x: Float32Array.from({ length: 480 }, (_, n) => Math.sin(n)),
      t: Float32Array.from({ length: 36 }, (_, n) => Math.cos(n)),
    };
    for (let n = 0; n < 3; n++) expect(b.step(batch)).toBe(a.step(batch));
    expect(b.parameters).toEqual(a.parameters);
  });

  test("holds what was measured, and reads back", async () => {
    const lowered = await lower(net, { target: "wasm" });
    const measured = await measureSchedules(lowered);
    const one = measured.find(({ kernel }) => kernel === KERNEL)!;
    expect(one.modelled).toBe(MODELLED);
    const [chosen, modelled] = one.microseconds;
    expect(chosen).toBeGreaterThan(0);
    expect(chosen).toBeLessThanOrEqual(modelled);
    const text = printSchedules({ model: "layer", graph: lowered.facts.graph, machine: targetOf("wasm").machine }, "a machine", measured);
    const again = await compiled(text);
    for (const { kernel, schedule } of measured) expect(explainKernel(again, kernel)!.schedule, kernel).toBe(schedule);
  }, 60_000);

  test("measures TypeScript too", async () => {
    const lowered = await lower(net);
    const measured = await measureSchedules(lowered);
    expect(measured.map(({ kernel }) => kernel)).toContain(KERNEL);
    expect(measured.find(({ kernel }) => kernel === KERNEL)!.modelled).toBe("i by 3, j by 2, k unrolled 4");
  }, 60_000);
});

describe("a whole step", () => {
  /** Two trainers by a clock of their own, whose steps take these milliseconds, turn after turn; and how each was used. */
  function turnsOf(chosen: readonly number[], modelled: readonly number[]): { times: StepTimes; used: string } {
    let [now, used] = [0, ""];
    const contender = (name: string, milliseconds: readonly number[]): Contender => {
      let turn = -1;
      return {
        restart: () => void (turn++, (used += name)),
        step: () => void (now += milliseconds[turn % milliseconds.length]!),
      };
    };
    const times = inTurns(contender("c", chosen), contender("m", modelled), () => now);
    return { times, used };
  }

  test("is timed in turns from the same weights, each of the two first in turn, and told by the median of the turns' ratios", () => {
    const { times, used } = turnsOf([300], [200]);
    expect(times).toEqual({ milliseconds: [300, 200], ratio: 1.5 });
    expect(used.slice(-30)).toBe(`${"cmmc".repeat(7)}cm`);
    // a slow turn now and then hits both, or one: the middle one is neither
    expect(turnsOf([300, 300, 900], [200, 200, 200]).times).toEqual({ milliseconds: [300, 200], ratio: 1.5 });
    expect(turnsOf([240, 300, 480], [300, 375, 600]).times).toEqual({ milliseconds: [300, 375], ratio: 0.8 });
  });

  const measured: readonly Measured[] = [
    { kernel: KERNEL, schedule: "i by 2, j by 16 in lanes", modelled: MODELLED, microseconds: [1, 2] },
  ];

  /** What is kept where a step takes these milliseconds, and the file of it. */
  async function kept(step: StepTimes, kernels = measured): Promise<Kept & { readonly file: unknown }> {
    const plain = await lower(net, { target: "wasm" });
    const bound = { model: "layer", graph: plain.facts.graph, machine: targetOf("wasm").machine } as const;
    const lowerWith = (those: readonly Measured[]) => compiled(printSchedules(bound, "a machine", those));
    let raced = 0;
    const found = await keepByStep(kernels, plain, lowerWith, (...both) => {
      for (const one of both) for (const run of [one.step, one.restart, one.step]) run();
      raced++;
      return step;
    });
    expect(raced).toBe(found.step === undefined ? 0 : 1);
    return { ...found, file: (JSON.parse(printSchedules(bound, "a machine", found.kernels)) as { kernels: unknown }).kernels };
  }

  test("that is not slower keeps what was chosen", async () => {
    for (const ratio of [0.9, 1]) {
      const step = { milliseconds: [ratio, 1], ratio } as const;
      expect(await kept(step)).toEqual({
        step,
        kernels: measured,
        file: { [KERNEL]: { schedule: "i by 2, j by 16 in lanes", "instead of": MODELLED, microseconds: [1, 2] } },
      });
    }
  });

  test("that is slower gives every kernel back to the cost model, though each was faster alone", async () => {
    const { kernels, file } = await kept({ milliseconds: [1.04, 1], ratio: 1.04 });
    expect(kernels).toEqual([{ ...measured[0]!, schedule: MODELLED, microseconds: [2, 2] }]);
    expect(file).toEqual({ [KERNEL]: { schedule: MODELLED, microseconds: [2] } });
  });

  test("is not timed where nothing else was chosen", async () => {
    const same = [{ ...measured[0]!, schedule: MODELLED }];
    expect(await kept({ milliseconds: [2, 1], ratio: 2 }, same)).toMatchObject({ step: undefined, kernels: same });
  });

  test("is told in one line: both medians, and whose schedules are kept", () => {
    expect(toldOfStep("models/layer.ts", { milliseconds: [1.04, 1], ratio: 1.04 })).toBe(
      "models/layer.ts: a step takes 1.04 ms with them, 1.00 ms with the cost model's; slower in most turns, so that the cost model's are kept",
    );
    expect(toldOfStep("models/layer.ts", { milliseconds: [215.4, 281.3], ratio: 0.76 })).toBe(
      "models/layer.ts: a step takes 215 ms with them, 281 ms with the cost model's; they are kept",
    );
  });
});

describe("is refused where", () => {
  const GRAPH = /^[0-9a-f]{16}$/;
  const REMEDY =
    "Measure again with adjoint compile models/layer.ts --target wasm --measure-schedules, or remove the file: the cost model then picks every schedule.";

  /** All that is said. */
  async function said(text: string, options: CompileOptions = {}): Promise<string> {
    const refused = await compiled(text, options).then(
      () => "nothing",
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(ModelError);
    return (refused as ModelError).message;
  }

  const message = (law: string, site = PATH): string => `${site}\n\n  ${law}\n\n  ${REMEDY}`;

  test("it is no JSON, or no schedules", async () => {
    expect(await said('{\n  "adjoint": "0.1.0"\n  "model": 3\n}\n')).toBe(message("schedules are JSON, but this is none", `${PATH}:3`));
    expect(await said('{ "adjoint": "0.1.0",\n')).toBe(message("schedules are JSON, but this is none", `${PATH}:2`));
    expect(await said("[]")).toBe(message("schedules are a JSON object of adjoint, model, graph, target, kernels, but this is []"));
    expect(await said(await fileOf("i, j", { graph: 12 }))).toBe(message("schedules say their graph in words, but this one's is 12"));
    expect(await said(await fileOf("i, j", { kernels: undefined }))).toBe(
      message("schedules have an object of kernels, but this one's is missing"),
    );
    expect(await said(await fileOf("i, j", { kernels: { [KERNEL]: {} } }))).toBe(
      message(`each kernel has a schedule in words, but that of "${KERNEL}" is missing`),
    );
  });

  test("another version, target or graph was measured", async () => {
    expect(await said(await fileOf("i, j", { adjoint: "0.0.9" }))).toBe(
      message("these schedules were measured by adjoint 0.0.9, and this is 0.1.0, whose kernels may be others"),
    );
    expect(await said(await fileOf("i, j", { target: "typescript" }))).toBe(
      message("these schedules are for the target typescript, but the target is wasm"),
    );
    const { graph } = (await lower(net, { target: "wasm" })).facts;
    expect(graph).toMatch(GRAPH);
    expect(await said(await fileOf("i, j", { model: "other", graph: "0123456789abcdef" }))).toBe(
      message(`these schedules were measured for "other" with the graph 0123456789abcdef, but the graph of "layer" is ${graph}`),
    );
  });

  test("a kernel or its schedule is not possible", async () => {
    expect(await said((await fileOf("i, j")).replace(KERNEL, "dotRelu_12x40x61"))).toBe(
      message('these schedules name the kernel "dotRelu_12x40x61", which "layer" has not; did you mean dotRelu_12x40x16?'),
    );
    const law = (schedule: string, wrong: string): string => message(`the schedule "${schedule}" of ${KERNEL} is not possible: ${wrong}`);
    for (const [schedule, wrong] of [
      ["i by 13, j by 8 in lanes", "i by 13 is more than the 12 points of i"],
      ["i by 4, j by 6 in lanes", "j in lanes goes by whole vectors of 4"],
      ["i by 12, j by 16 in lanes", "its tile has 48 values side by side, and at most 32 are kept"],
      ["i by 4 in lanes, j", "its lanes cannot run in lockstep"],
      ["k outside, i by 4, j by 8 in lanes", "sums that stay in memory, or no longer do, would be rounded or added otherwise"],
      ["i by 4, l", '"l" is no loop of it: its loops are i, j'],
    ] as const)
      expect(await said(await fileOf(schedule))).toBe(law(schedule, wrong));
  });
});

describe("on the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
  const at = (path: string): string => join(folder, path);
  const run = (args: string): Promise<Ran> => adjoint(args.split(" "), { cwd: folder });
  const MODEL = `import { glorot, input, matmul, model, mse, param, relu, sgd } from "adjoint";

export default model("layer", { batch: 12 }, ({ batch }) => {
  const h = relu(matmul(input("x", [batch, 40]), param("W", [40, 16], glorot())));
  return { loss: mse(h, input("t", [batch, 16])), outputs: { h }, optimizer: sgd() };
});
`;

  beforeAll(() => {
    build();
    mkdirSync(at("models"));
    writeFileSync(at("package.json"), '{ "name": "mine", "type": "module" }');
    writeFileSync(at("models/layer.js"), MODEL);
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  test("a measured file is read by later compiles, named in the header, and passes --check and verify", async () => {
    expect(await run("compile models/layer.js --target wasm --check --measure-schedules")).toEqual({
      code: 2,
      stdout: "",
      stderr: "error --check writes nothing, but --measure-schedules writes a file beside the model; give one of them\n",
    });
    const first = await run("compile models/layer.js --target wasm --measure-schedules");
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^✓ layer {2}generated\/layer\/ {2}arena [\d,]+ bytes {2}schedules of models\/layer\.schedules\.wasm\.json {2}3 files written\n$/,
      ),
    });
    expect(first.stderr).toMatch(
      /^models\/layer\.js: measured \d kernels; \d of them faster than as the cost model would have them(?:, by [\d.]+× at most)?\n(?:models\/layer\.js: a step takes [\d.]+ ms with them, [\d.]+ ms with the cost model's; (?:they|slower in most turns, so that the cost model's) are kept\n)?$/,
    );
    expect(readdirSync(at("models")).sort()).toEqual(["layer.js", "layer.schedules.wasm.json"]);
    const text = readFileSync(at("generated/layer/trainer.wasm.ts"), "utf8");
    expect(text).toMatch(
      /^\/\/ {3}schedules as measured: models\/layer\.schedules\.wasm\.json \(sha256 [0-9a-f]{16}\), with the same bits$/m,
    );
    expect(text).toContain("// Regenerate: adjoint compile models/layer.js --target wasm\n");
    expect(await run("compile models/layer.js --target wasm")).toMatchObject({ code: 0, stdout: expect.stringContaining("  unchanged\n") });
    expect(await run("compile models/layer.js")).toMatchObject({ code: 0, stdout: expect.not.stringContaining("schedules") });
    expect(await run("compile --check")).toMatchObject({ code: 0, stdout: "✓ 7 files under generated/ are what their commands make\n" });
    expect((await run("verify")).stdout).toMatch(/^CERTIFIED.*\nCERTIFIED {2}generated\/layer\/trainer\.wasm\.ts/);
  }, 180_000);

  test("one that does not fit ends with code 2, and nothing is written", async () => {
    writeFileSync(at("models/layer.schedules.json"), "{");
    expect(await run("compile models/layer.js --out elsewhere")).toEqual({
      code: 2,
      stdout: "",
      stderr: `error models/layer.schedules.json:1

  schedules are JSON, but this is none

  Measure again with adjoint compile models/layer.js --measure-schedules, or remove the file: the cost model then picks every schedule.
`,
    });
    expect(readdirSync(folder)).not.toContain("elsewhere");
  }, 60_000);
});
