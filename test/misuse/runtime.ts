/** Guarantees a valid call of every public function of the runtime and of the compiler's driver, and of which kind each of its arguments is. */

import { compile, dense, input, inspect, load, lora, model, param, sgd, sum, zeros } from "adjoint";
import * as runtime from "../../runtime/index.ts";
import type { Trainer } from "../../runtime/index.ts";
import { row, type Row } from "./row.ts";

const trainer: Trainer = {
  step: () => 1,
  evaluate: (_, count = 2) => ({ loss: count, count }),
  predict: () => ({ y: new Float32Array(2) }),
  batch: { train: 2, evaluate: 2, predict: 2 },
  inputs: { x: new Float32Array(2) },
  parameters: { w: new Float32Array(1) },
  state: {},
  hyper: {},
  stepCount: 0,
  bytes: () => new Uint8Array(4),
  restore: () => undefined,
};
/** ONNX's ModelProto of metadata alone: graph = g. */
const template = new Uint8Array([0x72, 10, 0x0a, 5, ...new TextEncoder().encode("graph"), 0x12, 1, ...new TextEncoder().encode("g")]);
const tables = { PARAMETERS: [{ name: "w", shape: [], dtype: "f32" }], STATE: [] } as const;
const weighted = { ...trainer, tables };
const data = { x: new Float32Array([1, 2, 3, 4]) };
const tiny = model("tiny", {}, () => ({ loss: sum(param("w", [1], zeros())), optimizer: sgd() }));
const compiled = await compile(tiny, { effort: "none" });
const dense1 = model("dense1", {}, () => ({ loss: sum(dense(1, { name: "d" })(input("x", [1, 1]))), optimizer: sgd() }));
const adapted = (await load(await compile(lora({ rank: 1, targets: ["d"] })(dense1), { effort: "none" }))).createTrainer();
const saved = runtime.saveCheckpoint(tables, trainer);
const history = {
  epochs: [
    { epoch: 1, loss: 1 },
    { epoch: 2, loss: 2 },
  ],
};
const raster = { width: 1, height: 1, data: new Uint8Array(4) };
const text = new TextEncoder().encode("a,b\n1,2\n");
const npy = { name: "a.npy", dtype: "int32", shape: [2], data: new Int32Array(2) } as const;
const digits = { name: "t", shape: [1, 28, 28], data: new Uint8Array(784) };
const labels = { name: "l", shape: [1], data: new Uint8Array(1) };
const idx = new Uint8Array([0, 0, 8, 1, 0, 0, 0, 1, 7]);
const scale = runtime.standardScale(new Float32Array([1, 2]), { columns: 1 });
const at = { epoch: 1, seed: 1, rows: new Uint32Array(1), count: 1 };
const picture = new Float32Array(4);
const fake = async (): Promise<readonly string[]> => [];
const store = { read: fake, write: fake, list: fake, remove: fake };
const named = { bytes: "bytes", name: "text" } as const;
const header = `{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }`.padEnd(60) + "\n";
const one = new Uint8Array([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, 61, 0, ...new TextEncoder().encode(header), 1, 0, 0, 0]);
const zip = new Uint8Array([80, 75, 5, 6, ...new Array<number>(18).fill(0)]);

export const runtimeCalls: Readonly<Record<string, Row>> = {
  compile: row(
    compile,
    {
      model: "model",
      options: {
        target: "text?",
        effort: "text?",
        batch: "count?",
        memory: "text?",
        threads: "count?",
        relaxed: "flag?",
        winograd: "flag?",
        features: "text?",
        small: "flag?",
        dtype: "text?",
        passes: "texts?",
        entries: "texts?",
        source: "object?",
        progress: "function?",
        keep: "function?",
        chosen: "map?",
        schedules: "object?",
      },
    },
    tiny,
    { effort: "none" },
  ),
  inspect: row(inspect, { compiled: "object" }, compiled),
  load: row(load, { compiled: "object", file: "text?" }, compiled, "trainer.ts"),
  generate: row(
    runtime.generate,
    { trainer: "trainer", options: { length: "count", temperature: "positive?", topK: "count?", seed: "seed?" } },
    { ...trainer, generation: { tokens: "x", scores: "y", position: false, carries: {} } },
    { prompt: new Int32Array(1), length: 1 },
  ),
  fit: row(
    runtime.fit,
    {
      trainer: "trainer",
      data: "data",
      options: {
        epochs: "count",
        batchSize: "count?",
        shuffle: "object?",
        validation: "data?",
        callbacks: "callbacks?",
        augment: "function?",
        checkpoint: "object?",
        signal: "signal?",
      },
    },
    trainer,
    data,
    { epochs: 1 },
  ),
  "fit, shuffle": row((seed: unknown) => runtime.fit(trainer, data, { epochs: 1, shuffle: { seed: seed as number } }), { seed: "seed" }, 1),
  "fit, checkpoint": row(
    (a: unknown, b: unknown, c: unknown, keep: unknown) =>
      runtime.fit(trainer, data, { epochs: 1, checkpoint: { store: a, tables: b, every: c, keep } as never }),
    { store: "store", tables: "tables", every: "every?", keep: "count?" },
    store,
    tables,
    { epochs: 1 },
    3,
  ),
  evaluate: row(runtime.evaluate, { trainer: "trainer", data: "data" }, trainer, data),
  predictAll: row(runtime.predictAll, { trainer: "trainer", data: "data" }, trainer, data),
  split: row(runtime.split, { trainer: "trainer", data: "data", options: { validation: "share", seed: "seed" } }, trainer, data, {
    validation: 0.5,
    seed: 1,
  }),
  earlyStopping: row(
    runtime.earlyStopping,
    { options: { monitor: "text?", patience: "count", minDelta: "not negative?", mode: "text?", restoreBest: "flag?" } },
    { monitor: "loss", patience: 2 },
  ),
  flip: row(runtime.flip, { pictures: "float array", shape: "picture", at: "object" }, picture, [1, 2, 2], at),
  crop: row(runtime.crop, { pictures: "float array", shape: "picture", padding: "count from 0", at: "object" }, picture, [1, 2, 2], 1, at),
  topK: row(runtime.topK, { scores: "numeric", labels: "numeric", k: "count" }, [1, 2], [0], 1),
  nonMaxSuppression: row(
    runtime.nonMaxSuppression,
    { boxes: "numeric", scores: "numeric", options: { classes: "numeric?", scoreThreshold: "finite?", maxOutputSize: "count?" } },
    [0, 0, 1, 1],
    [1],
    {},
  ),
  meanAveragePrecision: row(
    runtime.meanAveragePrecision,
    { found: "pictures", truth: "pictures", options: { iouThreshold: "share or all?" } },
    [{ boxes: [0, 0, 1, 1], classes: [1], scores: [1] }],
    [{ boxes: [0, 0, 1, 1], classes: [1] }],
    {},
  ),
  confusionMatrix: row(runtime.confusionMatrix, { scores: "numeric", labels: "numeric" }, [1, 2], [0]),
  classReport: row(runtime.classReport, { confusion: "numeric" }, [1, 0, 0, 1]),
  saveCheckpoint: row(runtime.saveCheckpoint, { tables: "tables", trainer: "trainer", run: "record?", kept: "map?" }, tables, trainer),
  loadCheckpoint: row(runtime.loadCheckpoint, { file: "bytes", name: "text" }, saved, "c"),
  restoreCheckpoint: row(
    runtime.restoreCheckpoint,
    { tables: "tables", trainer: "trainer", checkpoint: "object" },
    tables,
    trainer,
    runtime.loadCheckpoint(saved, "c"),
  ),
  readWeights: row(runtime.readWeights, { bytes: "bytes", name: "text?" }, saved, "w"),
  loadWeights: row(
    runtime.loadWeights,
    { trainer: "trainer", weights: "object", options: { rename: "record?", layout: "text?", strict: "flag?" } },
    weighted,
    runtime.readWeights(saved),
    { strict: false },
  ),
  saveWeights: row(runtime.saveWeights, { trainer: "trainer", options: { rename: "record?", layout: "text?" } }, weighted, {}),
  mergeAdapters: row(runtime.mergeAdapters, { trainer: "trainer" }, adapted),
  saveAdapters: row(runtime.saveAdapters, { trainer: "trainer", options: { rename: "record?" } }, adapted, {}),
  loadAdapters: row(
    runtime.loadAdapters,
    { trainer: "trainer", weights: "object", options: { rename: "record?" } },
    adapted,
    runtime.readWeights(runtime.saveAdapters(adapted as never)),
    {},
  ),
  saveOnnx: row(runtime.saveOnnx, { trainer: "trainer", template: "bytes" }, { ...trainer, tables: { ...tables, GRAPH: "g" } }, template),
  readSafetensors: row(runtime.readSafetensors, { file: "bytes", name: "text" }, saved, "c"),
  writeSafetensors: row(runtime.writeSafetensors, { options: { tensors: "texts", metadata: "record" } }, { tensors: [], metadata: {} }),
  curvesOf: row(runtime.curvesOf, { history: "object" }, history),
  curvesSvg: row(runtime.curvesSvg, { history: "object" }, history),
  curvesRaster: row(runtime.curvesRaster, { history: "object" }, history),
  curvesText: row(runtime.curvesText, { history: "object", options: { width: "count?", height: "count?", color: "flag" } }, history, {
    color: false,
  }),
  png: row(runtime.png, { raster: "object" }, raster),
  imageShape: row(runtime.imageShape, { size: "number" }, 784),
  templatePicture: row(runtime.templatePicture, { weights: "float array", shape: "picture" }, picture, [1, 2, 2]),
  filterPicture: row(runtime.filterPicture, { weights: "float array", shape: "picture" }, picture, [1, 2, 2]),
  matrixPicture: row(runtime.matrixPicture, { values: "float array", rows: "count", columns: "count" }, picture, 2, 2),
  confusionPicture: row(runtime.confusionPicture, { confusion: "numeric", labels: "texts?" }, [1, 0, 0, 1], ["a", "b"]),
  readIdx: row(runtime.readIdx, named, idx, "i"),
  mnist: row(runtime.mnist, { images: "object", labels: "object" }, digits, labels),
  readCifar10: row(runtime.readCifar10, { files: "texts" }, []),
  readImages: row(
    runtime.readImages,
    { files: "texts", options: { height: "count", width: "count", classes: "texts?" } },
    [{ name: "a/1.png", bytes: runtime.png(raster) }],
    { height: 1, width: 1 },
  ),
  readCsv: row(runtime.readCsv, { ...named, options: { label: "text", classes: "texts?" } }, text, "c", { label: "b" }),
  readTable: row(
    runtime.readTable,
    { ...named, options: { features: "texts?", label: "text?", target: "text?", missing: "text?" } },
    text,
    "c",
    { label: "b" },
  ),
  readNpy: row(runtime.readNpy, named, one, "n"),
  readNpz: row(runtime.readNpz, named, zip, "z"),
  toFloats: row(runtime.toFloats, { array: "object" }, npy),
  toIntegers: row(runtime.toIntegers, { array: "object" }, npy),
  readText: row(runtime.readText, { ...named, vocabulary: "texts?" }, text, "t"),
  windows: row(runtime.windows, { ids: "id array", length: "count" }, new Int32Array(4), 2),
  rescale: row(runtime.rescale, { values: "float array", scale: "object" }, new Float32Array(2), scale),
  standardScale: row(
    runtime.standardScale,
    { values: "float array", options: { columns: "count", plane: "count?" } },
    new Float32Array(2),
    { columns: 1 },
  ),
  rangeScale: row(runtime.rangeScale, { values: "float array", options: { columns: "count", plane: "count?" } }, new Float32Array(2), {
    columns: 1,
  }),
};
