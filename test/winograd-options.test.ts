/** What is true of `--winograd` beside the other flags of a compile: threads and a memory budget change no bit of it, relaxed SIMD is near it, and each is said in the header. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stripTypes } from "../compiler/targets/strip.ts";
import { distance } from "./support/close.ts";
import { adjoint, build } from "./support/command.ts";
import { RELAXED_FLAGS } from "./support/webassembly.ts";

/** Four convolutions, of which computing the first again saves memory. */
const MODEL = `import { conv2d, dense, flatten, input, labels, model, sgd, softmaxCrossEntropy } from "adjoint";

export default model("convnet", { batch: 16 }, ({ batch }) => {
  const layer = (name) => conv2d(8, 3, { name, padding: 1, activation: "tanh" });
  const features = ["a", "b", "c", "d"].reduce((x, name) => layer(name)(x), input("x", [batch, 4, 8, 8]));
  const scores = dense(3, { name: "scores" })(flatten()(features));
  return { loss: softmaxCrossEntropy(scores, labels("y", [batch], { classes: 3 })), outputs: { scores }, optimizer: sgd({ learningRate: 0.1 }) };
});
`;

/** Prints what four steps make of the trainer in a file: by itself, and by a team where the file gathers one. */
const RUN = `import { createHash } from "node:crypto";
import { workersOf } from ${JSON.stringify(new URL("../dist/runtime/node/index.js", import.meta.url).href)};
const url = new URL(process.argv[2], "file:");
const { createTrainer, createThreadedTrainer } = await import(url.href);
const trained = (trainer) => {
  const x = trainer.inputs.x.map((_, n) => Math.sin(n * 12.9898));
  const y = trainer.inputs.y.map((_, n) => n % 3);
  const losses = [0, 1, 2, 3].map((step) => trainer.step({ x: x.map((value) => value * Math.cos(step)), y }));
  const { loss } = trainer.evaluate({ x, y });
  return { losses: [...losses, loss], weights: createHash("sha256").update(trainer.bytes()).digest("hex") };
};
const spawn = Object.assign(workersOf(url), { cores: 2 });
const team = await createThreadedTrainer?.({ seed: 1, spawn });
console.log(JSON.stringify({ threads: team?.threads, runs: [createTrainer({ seed: 1 }), ...(team ? [team] : [])].map(trained) }));
process.exit(0);
`;

interface Trained {
  readonly losses: readonly number[];
  readonly weights: string;
}

const folder = mkdtempSync(join(tmpdir(), "adjoint-winograd-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  build();
  mkdirSync(join(folder, "models"));
  writeFileSync(join(folder, "package.json"), '{ "name": "mine", "type": "module" }');
  writeFileSync(join(folder, "models/convnet.js"), MODEL);
  writeFileSync(join(folder, "run.mjs"), RUN);
});

interface Made {
  readonly text: string;
  readonly threads?: number;
  readonly runs: readonly Trained[];
}

const APPROXIMATE = "//   approximate rewrites: 3×3 convolution → Winograd F(4×4, 3×3)\n";
const AGAIN = /^\/\/ {3}train computes again: a; [\d,]+ FLOPs a step more, with the same bits$/m;
const RELAXED = "//   relaxed SIMD: products and sums may be rounded once, so that machines may differ in the last bits\n";

const folderOf = (flags: readonly string[]): string => ["out", ...flags].join("");
const known = new Map<string, Promise<Made>>();

/** Compiles with these flags, the check included, and takes steps of what was written. */
function compiled(...flags: readonly string[]): Promise<Made> {
  const key = folderOf(flags);
  const making = known.get(key) ?? make(flags, key);
  known.set(key, making);
  return making;
}

async function make(flags: readonly string[], out: string): Promise<Made> {
  const node = flags.includes("--relaxed") ? RELAXED_FLAGS : [];
  const { code, stderr } = await adjoint(["compile", "models/convnet.js", "--winograd", "--out", out, ...flags], { cwd: folder, node });
  expect(code, stderr).toBe(0);
  const trainer = join(folder, out, "convnet", flags.includes("wasm") ? "trainer.wasm.ts" : "trainer.ts");
  const text = readFileSync(trainer, "utf8");
  const script = join(folder, `${out}.mjs`); // beside the folder, whose files --check compares
  writeFileSync(script, await stripTypes(text));
  const printed = execFileSync(process.execPath, [...node, join(folder, "run.mjs"), script], { encoding: "utf8" });
  return { text, ...(JSON.parse(printed) as Omit<Made, "text">) };
}

/** A little less than the arena of a trainer. */
const lessThan = ({ text }: Made): string => `${Number(/ {3}arena ([\d,]+) bytes/.exec(text)![1]!.replaceAll(",", "")) - 1024}B`;

test.each(["typescript", "wasm"])(
  "%s: computing again changes no bit",
  async (target) => {
    const alone = await compiled("--target", target);
    const tight = await compiled("--target", target, "--memory", lessThan(alone));
    expect(tight.text).toContain(APPROXIMATE);
    expect(tight.text).toMatch(AGAIN);
    expect(alone.text).not.toMatch(AGAIN);
    expect(tight.runs).toEqual(alone.runs);
  },
  300_000,
);

test("threads change no bit, with computing again and without", async () => {
  const alone = await compiled("--target", "wasm");
  const memory = ["--memory", lessThan(alone)];
  for (const more of [[], memory]) {
    const { text, threads, runs } = await compiled("--target", "wasm", "--threads", "2", ...more);
    expect(text).toContain(APPROXIMATE);
    expect(AGAIN.test(text)).toBe(more === memory);
    expect(threads).toBe(2);
    expect(runs).toEqual([alone.runs[0], alone.runs[0]]);
  }
}, 300_000);

test("relaxed SIMD is near it, by itself and with all the others, and a header of all makes the same file again", async () => {
  const alone = await compiled("--target", "wasm");
  const all = ["--target", "wasm", "--relaxed", "--threads", "2", "--memory", lessThan(alone)];
  const [relaxed, both] = [await compiled("--target", "wasm", "--relaxed"), await compiled(...all)];
  for (const { text, runs } of [relaxed, both]) {
    expect(text).toContain(`${APPROXIMATE}${RELAXED}`);
    for (const { losses } of runs) expect(distance(losses, alone.runs[0]!.losses)).toBeLessThan(1e-5);
    expect(runs[0]!.weights).not.toBe(alone.runs[0]!.weights);
  }
  expect(both.text).toMatch(AGAIN);
  expect(both.threads).toBe(2);
  expect(both.runs[1]).toEqual(both.runs[0]);
  expect(await adjoint(["compile", "--check", "--out", folderOf(all)], { cwd: folder, node: RELAXED_FLAGS })).toEqual({
    code: 0,
    stderr: "",
    stdout: `✓ 3 files under ${folderOf(all)}/ are what their commands make\n`,
  });
}, 300_000);
