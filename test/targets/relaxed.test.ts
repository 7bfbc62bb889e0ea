/** What is true of relaxed SIMD: it is asked for, said in the header, near the strict bits where the engine has it, and refused in words where it has not. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { stripTypes } from "../../compiler/targets/strip.ts";
import { targetOf } from "../../compiler/targets/index.ts";
import { textOf } from "../../compiler/targets/wasm/assemble.ts";
import { lowered, modelOf } from "../support/models.ts";
import { RELAXED, RELAXED_FLAGS } from "../support/webassembly.ts";

const SLOW = { timeout: 60_000 };
const folder = mkdtempSync(join(tmpdir(), "adjoint-relaxed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Losses of five steps of the emitted file, in a process with these flags. */
async function losses(name: string, relaxed: boolean, flags: readonly string[]): Promise<number[]> {
  const { module, facts } = await lowered("mnist-mlp", { target: "wasm", relaxed });
  writeFileSync(join(folder, `${name}.mjs`), await stripTypes((await targetOf("wasm").emit(module, facts)).text));
  const run = `const { createTrainer } = await import("./${name}.mjs");
const trainer = createTrainer({ seed: 1 });
const x = trainer.inputs.x.slice().map((_, n) => Math.sin(n * 12.9898));
const y = trainer.inputs.y.slice().map((_, n) => (n * 7) % 10);
console.log(JSON.stringify(Array.from({ length: 5 }, () => trainer.step({ x, y }))));`;
  return JSON.parse(
    execFileSync(process.execPath, [...flags, "--input-type=module", "-e", run], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  ) as number[];
}

test("products and sums of lanes become one instruction, and only where it is asked for", async () => {
  const { module } = await lowered("mnist-mlp", { target: "wasm" });
  expect(textOf(module, { relaxed: true }).text).toContain("(f32x4.relaxed_madd ");
  expect(textOf(module).text).not.toContain("relaxed");
});

test("a training is near that of strict bits", SLOW, async () => {
  const [relaxed, strict] = [await losses("relaxed", true, RELAXED_FLAGS), await losses("strict", false, [])];
  relaxed.forEach((loss, n) => expect(Math.abs(loss / strict[n]! - 1)).toBeLessThan(1e-5));
});

test("the header says what is given up", async () => {
  const { module, facts } = await lowered("circuit", { target: "wasm", relaxed: true });
  expect((await targetOf("wasm").emit(module, facts)).text).toContain(
    "//   relaxed SIMD: products and sums may be rounded once, so that machines may differ in the last bits\n",
  );
});

test("an engine without it is told what to do", SLOW, async () => {
  if (RELAXED) return void console.warn("skipped: this engine has relaxed SIMD");
  await expect(losses("older", true, [])).rejects.toThrow();
  const model = await modelOf("mnist-mlp");
  await expect(compile(model, { target: "wasm", relaxed: true })).rejects.toThrow(
    "this engine has no relaxed SIMD, so that the trainer's check cannot run",
  );
  const older = (await import(/* @vite-ignore */ join(folder, "older.mjs"))) as { createTrainer(): unknown };
  expect(() => older.createTrainer()).toThrow("this engine does not read the kernels, which use relaxed SIMD; compile without --relaxed");
});

test("TypeScript has none", async () => {
  await expect(lower(await modelOf("circuit"), { relaxed: true })).rejects.toThrow(
    "only WebAssembly has relaxed SIMD, but the target is typescript",
  );
});
