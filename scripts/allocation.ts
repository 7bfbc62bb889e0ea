/**
 * Runs warm steps of every model's small instance (2,000) and of its committed trainer (as many as fit ten seconds, at least three), each in
 * a process of its own, and holds them to adding no array buffer, no object but what they return, and to causing no collection
 * (`npm run allocation`); writes test/snapshots/allocation.md. Names of models take some.
 */

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { lower } from "../compiler/driver/lower.ts";
import { stripTypes } from "../compiler/targets/strip.ts";
import type { Growth } from "./allocation-run.ts";
import { chosenModels, modelFile, printTrainer, root } from "./compiler.ts";
import { markdown } from "./markdown.ts";

const FLAGS = ["--expose-gc", "--single-threaded", "--allow-natives-syntax"];
const SMALL = ["--steps", "2000", "--rounds", "10"];
const SHIPPED = ["--seconds", "10", "--rounds", "6"];

const given = process.argv.slice(2);
const names = chosenModels(given);
const folder = await mkdtemp(join(tmpdir(), "adjoint-allocation-"));
const counter = join(folder, "allocation-run.mjs");
const rows: { readonly name: string; readonly small: Growth; readonly shipped: Growth }[] = [];
try {
  // in a process of Node alone: nothing else may allocate there
  await writeFile(counter, await stripTypes(await readFile(join(root, "scripts", "allocation-run.ts"), "utf8")));
  for (const name of names) {
    const lowered = await lower((await modelFile(name)).default, { batch: 2, small: true });
    const small = await growth(`${name}-small`, await printTrainer(lowered), SMALL);
    const text = await readFile(join(root, "generated", name, "trainer.ts"), "utf8");
    rows.push({ name, small, shipped: await growth(name, text, SHIPPED) });
    process.stderr.write(`${name} `);
  }
} finally {
  await rm(folder, { recursive: true });
}
process.stderr.write("\n");

async function growth(id: string, text: string, options: readonly string[]): Promise<Growth> {
  const file = join(folder, `${id}.mjs`);
  await writeFile(file, await stripTypes(text));
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, counter, file, ...options]);
  return JSON.parse(stdout) as Growth; // all that it prints
}

/** Few steps are too few to tell a step's own bytes from V8's, which it takes once: there, buffers and collections alone count. */
const ENOUGH = 100;
const holds = ({ steps, buffers, heap, most, collections }: Growth): boolean =>
  buffers === 0 && collections === 0 && (steps < ENOUGH || heap <= most);
const cells = ({ steps, buffers, heap, collections }: Growth): string[] => [
  steps.toLocaleString("en-US"),
  String(buffers),
  String(collections),
  steps < ENOUGH ? "–" : heap.toFixed(0),
];
const head = (what: string): string[] => [`${what}: steps`, "array buffers, bytes", "collections", "bytes a step"];
const fails = rows.filter(({ small, shipped }) => !holds(small) || !holds(shipped));
const table = markdown(
  ["model", ...head("small"), ...head("shipped"), "holds"],
  rows.map((row) => [row.name, ...cells(row.small), ...cells(row.shipped), fails.includes(row) ? "**no**" : "yes"]),
);
process.stdout.write(`${table}\n`);
if (given.length === 0)
  await writeFile(
    join(root, "test", "snapshots", "allocation.md"),
    `# What warm steps add to their process\n\nnpm run allocation, Node ${process.versions.node}: a step may return a boxed number, or an object with one a phase, and leave as much with its caller\n(40 bytes, or 80 with two phases); under ${ENOUGH} steps only buffers and collections are counted.\n\n${table}\n`,
  );
if (fails.length > 0) process.exitCode = 1;
