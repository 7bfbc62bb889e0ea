/**
 * Speed of exported steps: beside the same net written by hand in JAX (speed.py), and beside trainer.wasm, by processor time, one thread each, in one run.
 * `PYTHON=… tsx interop/jax/speed.ts [models…] > interop/jax/speed.md`
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, load } from "../../compiler/compile.ts";
import { traceOf } from "../../compiler/driver/entries.ts";
import { exportProgram } from "../../compiler/export.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import type { Model } from "../../compiler/index.ts";

const NETS = ["mnist-mlp", "lenet", "autoencoder", "mini-resnet", "char-lstm", "char-transformer"];
const AT_LEAST = 0.9;
const TURNS = 15;
/** Milliseconds of a turn. */
const TURN = 100;
const asked = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "adjoint-speed-"));

/** Milliseconds of processor time that a step of the trainer on WebAssembly takes: the median of turns. */
async function wasmOf(model: Model): Promise<number> {
  const trainer = (await load(await compile(model, { target: "wasm", effort: "none" }))).createTrainer({ seed: 1 });
  const { graph } = traceOf(model, "train", {});
  const batch = Object.fromEntries(
    graph.nodes.flatMap(({ op, name, type: { dtype, shape }, attrs }): [string, Float32Array | Int32Array][] => {
      if (op !== "input") return [];
      const length = sizeOf(shape);
      const classes = (attrs["classes"] as number | undefined) ?? 5;
      return [
        [
          name,
          dtype === "i32" ? Int32Array.from({ length }, (_, n) => (n * 7) % classes) : new Float32Array(length).map(() => Math.random()),
        ],
      ];
    }),
  );
  const spent = (times: number): number => {
    const began = process.cpuUsage();
    for (let n = 0; n < times; n++) trainer.step(batch);
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1e3 / times;
  };
  spent(20);
  const often = Math.max(1, Math.round(TURN / spent(10)));
  const turns = Array.from({ length: TURNS }, () => spent(often)).toSorted((a, b) => a - b);
  return turns[TURNS >> 1]!;
}

interface Found {
  readonly exported: number;
  readonly "by hand": number;
  readonly ratio: number;
  readonly quarter: number;
  readonly apart: number;
}

try {
  console.log(`# Speed of exported steps

Written by [speed.ts](speed.ts): milliseconds of processor time of a step in float32, one thread, medians of ${TURNS} turns; *by hand* is the same net
with \`jax.value_and_grad\` and \`jit\` ([hand.py](hand.py)), in one process with the exported step, in turns; its ratio's lower quartile in brackets. *Losses*:
the largest relative difference between the two over five steps.

| model | exported, ms | by hand, ms | by hand ÷ exported | losses | trainer.wasm, ms |
| --- | --- | --- | --- | --- | --- |`);
  for (const name of asked.length > 0 ? asked : NETS) {
    const { default: model } = (await import(new URL(`../../models/${name}.ts`, import.meta.url).href)) as { default: Model };
    const path = join(folder, `${name}.py`);
    writeFileSync(path, await exportProgram(model, { to: "jax" }));
    const script = fileURLToPath(new URL("speed.py", import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.env["PYTHON"] ?? "python3", [script, path, name], { encoding: "utf8" });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    const found = JSON.parse(stdout.trim().split("\n").at(-1)!) as Found;
    const wasm = await wasmOf(model);
    const times = [found.exported, found["by hand"]].map((ms) => ms.toFixed(2));
    const ratio = `${found.ratio.toFixed(2)} (${found.quarter.toFixed(2)})`;
    console.log(`| ${name} | ${times.join(" | ")} | ${ratio} | ${found.apart.toExponential(1)} | ${wasm.toFixed(2)} |`);
    if (!(found.ratio >= AT_LEAST)) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
