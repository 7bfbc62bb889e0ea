/**
 * Measures what grows with a model's size (`npx tsx bench/scaling.ts [batch width depth image]`): time of compiling, without the numeric check,
 * file, arena, work and time of a step, for both targets; writes bench/scaling.md, or renews the named tables in it. Below each column stands
 * its exponent e, from the first row to the last and between the last two: it grows like sizeᵉ. The exit code is 1 where the first is above its law.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lowered } from "../compiler/driver/lower.ts";
import type { Module } from "../compiler/loop/loop.ts";
import type { Model } from "../compiler/index.ts";
import { imported, root } from "../scripts/compiler.ts";
import { markdown } from "../scripts/markdown.ts";
import { shipped } from "./compiled.ts";
import { loadCompiler, type Adjoint } from "./compiler.ts";
import { batchesFor } from "./data.ts";
import { convnet, perceptron } from "./nets.ts";
import { inTurns, median, processor, type Step } from "./timing.ts";

const TARGETS = ["typescript", "wasm"] as const;
type Target = (typeof TARGETS)[number];
/** Rounds in which every net is compiled once: so many, or fewer where they take so many milliseconds; the one before them is not counted. */
const ROUNDS = { most: 7, spent: 6000 };
const STEPS = { warmUp: 300, repeat: 60, repeats: 9, clock: processor };

/** Above the exponent of the work: caches, and the noise of a busy machine. */
const SLACK = 0.25;
/** Of what has the same loops with other bounds. */
const SAME = 0.2;

/**
 * By table: the net of each size, and the laws, which are the largest exponent that compiling, the file and the arena may have; a step's time
 * may have that of its FLOPs.
 */
interface Table {
  readonly what: string;
  readonly sizes: readonly number[];
  readonly net: (size: number) => Net;
  readonly laws: Partial<Record<Law, number>>;
  readonly why: string;
}

type Law = "compile" | "file" | "arena" | "work" | "step";
type Net = (adjoint: Adjoint) => Model;

const TABLES: Readonly<Record<string, Table>> = {
  batch: {
    what: "A perceptron of two hidden layers, 256 wide, by rows of a batch",
    sizes: [8, 16, 32, 64, 128, 256],
    net: (batch) => (adjoint) => perceptron(adjoint, { batch, width: 256, layers: 2 }),
    laws: { compile: SAME, file: SAME, arena: 1 },
    why: "Of the work, Adam's update is the same for every batch, and it waits for memory: so FLOPs, and for wasm even more the time, grow more slowly than the batch. The arena holds the weights and their moments at any batch, and rows beside them. For wasm some operands are packed from 16 or 32 rows on: a few calls more.",
  },
  width: {
    what: "A perceptron of two hidden layers, in batches of 32, by their width",
    sizes: [64, 128, 256, 512, 1024],
    net: (width) => (adjoint) => perceptron(adjoint, { batch: 32, width, layers: 2 }),
    laws: { compile: SAME, file: SAME, arena: 2 },
    why: "Weights, and with them work and arena, grow with the square of the width. For wasm a FLOP takes longer at the end, where weights and moments no longer fit a cache and the update waits for memory; for typescript products take so long that it does not show.",
  },
  depth: {
    what: "A perceptron 32 wide, in batches of 32, by hidden layers",
    sizes: [10, 25, 50, 100, 200],
    net: (layers) => (adjoint) => perceptron(adjoint, { batch: 32, width: 32, layers }),
    laws: { compile: 1.15, file: 1, arena: 1 },
    why: "Equal layers share their kernels, which are as many at any depth: the file grows by a layer's calls and the comments above them, which minifying and gzip all but remove. Compiling has a constant part, so that it seems to grow less than the depth; it also has quadratic parts (whether values may share loops, what is stored where, live ranges, the check of the plan), which take over beyond this table: 800 layers take more than six times as long as 200. For wasm a FLOP takes longer once the arena is larger than the second cache.",
  },
  image: {
    what: "Two convolutions with poolings, in batches of 8, by pixels a side",
    sizes: [8, 16, 32, 64, 128],
    net: (side) => (adjoint) => convnet(adjoint, { batch: 8, side }),
    laws: { compile: 1, file: SAME, arena: 2 },
    why: "Work and arena grow with the pixels, the square of a side; for wasm calls and margins of zeros weigh more in the smallest pictures. File and kernels do not depend on it, but for bounds of loops and the tiles that suit them. Compiling depends on it in one place: the check of results that are stored over operands walks every address (compiler/decisions/in-place.md), and takes most of the time for the largest pictures.",
  },
};

/** What a net takes on one target: milliseconds, bytes, operations. */
interface Row extends Sizes {
  readonly compiler: number;
  readonly layout: number;
  readonly bytes: number;
  readonly gzip: number;
  readonly step: number;
}

interface Sizes {
  readonly calls: number;
  readonly kernels: number;
  readonly arena: number;
  readonly flops: number;
}

interface Column {
  readonly head: string;
  readonly of: (row: Row) => number;
  readonly show?: (n: number) => string;
  readonly law?: Law;
}

const digits = (n: number): string => (n >= 100 ? n.toFixed(0) : n.toPrecision(3));
/** What a row shows, and the law of its exponent. */
const COLUMNS: readonly Column[] = [
  { head: "calls", of: ({ calls }) => calls, show: String },
  { head: "kernels", of: ({ kernels }) => kernels, show: String },
  { head: "compiler, s", of: ({ compiler }) => compiler / 1000, law: "compile" },
  { head: "layout, s", of: ({ layout }) => layout / 1000, law: "compile" },
  { head: "file, kB", of: ({ bytes }) => bytes / 1000, law: "file" },
  { head: "minified, gzip, kB", of: ({ gzip }) => gzip / 1000, law: "file" },
  { head: "arena, kB", of: ({ arena }) => arena / 1000, law: "arena" },
  { head: "MFLOP a step", of: ({ flops }) => flops / 1e6, law: "work" },
  { head: "step, ms", of: ({ step }) => step, law: "step" },
  { head: "ns a FLOP", of: ({ step, flops }) => (step * 1e6) / flops },
];

const given = process.argv.slice(2);
const unknown = given.find((name) => !(name in TABLES));
if (unknown !== undefined) throw new Error(`there is no table ${unknown}: there are ${Object.keys(TABLES).join(", ")}`);
const { adjoint, lower, printTrainer, format } = await loadCompiler([]);

/** One compilation: its text, and milliseconds of processor time, prettier's apart. */
async function compiled(
  net: Net,
  target: Target,
): Promise<{ readonly lowered: Lowered; readonly text: string; readonly compiler: number; readonly layout: number }> {
  const model = net(adjoint);
  const began = processor();
  const lowered = await lower(model, { target });
  const plain = await printTrainer(lowered);
  const printed = processor();
  const text = await format(plain);
  return { lowered, text, compiler: printed - began, layout: processor() - printed };
}

/** What nets take on one target, each in turn, so that what slows the machine for a while slows all of them. */
async function measure(nets: readonly Net[], target: Target): Promise<readonly Row[]> {
  const round = async (): Promise<Awaited<ReturnType<typeof compiled>>[]> => {
    const all: Awaited<ReturnType<typeof compiled>>[] = [];
    for (const net of nets) all.push(await compiled(net, target));
    return all;
  };
  // what is loaded and compiled once is no part of any net's time
  await round();
  const rounds: Awaited<ReturnType<typeof round>>[] = [];
  const began = processor();
  do rounds.push(await round());
  while (rounds.length < ROUNDS.most && processor() - began < ROUNDS.spent);
  const first = rounds[0]!; // there is one at least
  const steps: Step[] = [];
  for (const { text } of first) {
    const trainer = (await imported(text)).createTrainer({ seed: 1 });
    const batches = batchesFor(trainer);
    steps.push((n) => trainer.step(batches[n % batches.length]!));
  }
  const { contenders } = inTurns(steps, STEPS);
  const rows: Row[] = [];
  for (const [n, { lowered, text }] of first.entries())
    rows.push({
      ...sizesOf(lowered.module),
      compiler: median(rounds.map((all) => all[n]!.compiler)),
      layout: median(rounds.map((all) => all[n]!.layout)),
      bytes: Buffer.byteLength(text),
      gzip: (await shipped(text)).gzip,
      step: contenders[n]!.median,
    });
  return rows;
}

/** Of the training step, but for the arena: one for all entry points. */
function sizesOf({ entries, kernels, arenaBytes }: Module): Sizes {
  const calls = entries[0]!.calls.filter((call) => call.kind === "call");
  const flopsOf = new Map(kernels.map(({ name, flops }) => [name, flops]));
  return {
    calls: calls.length,
    kernels: new Set(calls.map(({ kernel }) => kernel)).size,
    arena: arenaBytes,
    flops: calls.reduce((sum, { kernel }) => sum + flopsOf.get(kernel)!, 0),
  };
}

const faults: string[] = [];

/** One target's rows, the exponents below them, and below these the laws. */
async function tableOf(name: string, target: Target): Promise<string> {
  const { sizes, net, laws } = TABLES[name]!;
  const rows = await measure(sizes.map(net), target);
  process.stderr.write(`${name}, ${target}: ${rows.map(({ step }) => digits(step)).join(" ")} ms\n`);
  const exponents = (from: number): number[] =>
    COLUMNS.map(({ of }) => Math.log(of(rows.at(-1)!) / of(rows.at(from)!)) / Math.log(sizes.at(-1)! / sizes.at(from)!));
  const found = exponents(0);
  const work = found[COLUMNS.findIndex(({ law }) => law === "work")]!;
  const most = COLUMNS.map(({ law }) => (law === undefined ? undefined : law === "step" ? work + SLACK : laws[law]));
  found.forEach((e, n) => {
    const law = most[n];
    if (law !== undefined && e > law + 0.005)
      faults.push(`${name}, ${target}: ${COLUMNS[n]!.head} grows with exponent ${e.toFixed(2)}, more than ${law.toFixed(2)}`);
  });
  const shown = (all: readonly (number | undefined)[]): string[] => all.map((e) => e?.toFixed(2).replace("-0.00", "0.00") ?? "");
  return markdown(
    [name, ...COLUMNS.map(({ head }) => head)],
    [
      ...sizes.map((size, n) => [String(size), ...COLUMNS.map(({ of, show = digits }) => show(of(rows[n]!)))]),
      ["exponent", ...shown(found)],
      ["last two", ...shown(exponents(-2))],
      ["at most", ...shown(most)],
    ],
  );
}

async function sectionOf(name: string): Promise<string> {
  const { what, why } = TABLES[name]!;
  const tables: string[] = [];
  for (const target of TARGETS) tables.push(`For ${target}:\n\n${await tableOf(name, target)}`);
  return `## ${name}\n\n${what}. Node ${process.versions.node}.\n\n${tables.join("\n\n")}\n\n${why}\n`;
}

/** The sections that a file has, by name. */
function sectionsIn(path: string): Map<string, string> {
  if (!existsSync(path)) return new Map();
  const [, ...sections] = readFileSync(path, "utf8").split(/^(?=## )/m);
  return new Map(sections.map((text) => [/^## (\w+)/.exec(text)![1]!, `${text.trimEnd()}\n`]));
}

const path = join(root, "bench", "scaling.md");
const sections = sectionsIn(path);
for (const name of given.length > 0 ? given : Object.keys(TABLES)) sections.set(name, await sectionOf(name));
const head = `# What grows with a model's size

npx tsx bench/scaling.ts: processor time, medians; compiling without the numeric check, layout is prettier's; calls and kernels of a training step, the file and
the arena of all entry points. An exponent e says that the column grows like sizeᵉ from the first row to the last; near-linear is at most the law below it.
Below it stands that of the last two rows, where constant parts weigh least and noise most.
`;
const ordered = Object.keys(TABLES).flatMap((name) => sections.get(name) ?? []);
writeFileSync(path, [head, ...ordered].join("\n"));
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
