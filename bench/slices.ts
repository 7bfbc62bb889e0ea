/**
 * The longest slice of a step that gives way (`compile --sliced`): of the first step, while the engine has compiled nothing, and of later ones. Each
 * target runs in processes of its own, built before. On Linux the time is the processor's for the thread; elsewhere the clock's.
 * `npx tsx bench/slices.ts cifar-convnet`
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, type LoadedTrainer } from "../compiler/compile.ts";
import { stripTypes } from "../compiler/targets/strip.ts";
import { modelFile } from "../scripts/compiler.ts";

/** Processes a target, and steps of each. */
const [PROCESSES, STEPS] = [3, 4];
/** Milliseconds that the longest slice may take. */
const BARS = { wasm: 12, typescript: 50 } as const;

/** What a process does: the longest slice of each step, milliseconds. Its text is the whole of its program. */
function measured(trainer: LoadedTrainer, now: () => number, steps: number): number[] {
  const batch = Object.fromEntries(
    Object.entries(trainer.inputs).map(([name, view]) => [
      name,
      view instanceof Int32Array ? view.map((_, n) => n % 2) : view.map((_, n) => Math.sin(n * 12.9898)),
    ]),
  );
  const sliced = trainer as unknown as { stepInSlices(of: object): Iterator<undefined> };
  return Array.from({ length: steps }, () => {
    const slices = sliced.stepInSlices(batch);
    for (let longest = 0; ;) {
      const began = now();
      const { done } = slices.next();
      longest = Math.max(longest, now() - began);
      if (done === true) return longest;
    }
  });
}

/** Milliseconds that the processor has worked for this thread, or of the clock where nobody says. */
function clock(open: typeof openSync, read: typeof readSync): () => number {
  try {
    const [file, text] = [open(`/proc/self/task/${process.pid}/schedstat`, "r"), new Uint8Array(80)];
    return () => Number(new TextDecoder().decode(text.subarray(0, read(file, text, 0, 80, 0))).split(" ")[0]) / 1e6;
  } catch {
    return () => performance.now();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name = "cifar-convnet"] = process.argv.slice(2);
  const folder = mkdtempSync(join(tmpdir(), "adjoint-slices-"));
  try {
    for (const target of ["typescript", "wasm"] as const) {
      const { files } = await compile((await modelFile(name)).default, { target, sliced: true, effort: "none" });
      writeFileSync(join(folder, "trainer.mjs"), await stripTypes([...files.values()][0]!));
      writeFileSync(
        join(folder, "run.mjs"),
        `import { openSync, readSync } from "node:fs";\nimport { createTrainer } from "./trainer.mjs";\n${clock.toString()}\n${measured.toString()}
console.log(JSON.stringify(measured(createTrainer({ seed: 1 }), clock(openSync, readSync), ${STEPS})));\n`,
      );
      const runs = Array.from({ length: PROCESSES }, () =>
        (JSON.parse(execFileSync(process.execPath, [join(folder, "run.mjs")], { encoding: "utf8" })) as number[]).map((ms) =>
          ms.toFixed(1),
        ),
      );
      console.log(`${name}, ${target}: the longest slice of the first step, and of later ones, ms (at most ${BARS[target]})`);
      for (const [first, ...later] of runs) console.log(`  ${first}   ${later.join(", ")}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
