/** The public face of `adjoint/runtime`: what a user of a generated trainer may add. Runs in a browser. */

export { DataError, DivergenceError } from "./error.ts";
export { evaluate } from "./evaluate.ts";
export { fit } from "./fit.ts";
export type { Callbacks, EpochEntry, FitOptions, History, StepEvent } from "./history.ts";
export type { EvaluationData, Generation, Loss, Means, Trainer, TrainingData, Values } from "./trainer.ts";
export { readIdx, type Idx } from "./data/idx.ts";
export { mnist, type Digits } from "./data/mnist.ts";
export { earlyStopping, type EarlyStopping, type EarlyStoppingOptions } from "./early-stopping.ts";
export { predictAll, type PredictionData, type Predictions } from "./predict.ts";
export { generate, type GenerateOptions, type Generator } from "./generate.ts";
export { split, type SplitOptions } from "./split.ts";
export { classReport, confusionMatrix, topK, type ClassMeasures, type ClassReport } from "./metrics.ts";
export {
  meanAveragePrecision,
  nonMaxSuppression,
  type Boxes,
  type Detections,
  type NonMaxOptions,
  type PrecisionOptions,
} from "./detection.ts";
export { curvesOf, curvesRaster, curvesSvg, curvesText, type Curve, type EpochHistory, type Panel, type TextOptions } from "./curves.ts";
export { confusionPicture, filterPicture, imageShape, matrixPicture, templatePicture, type ImageShape } from "./pictures.ts";
export { png } from "./drawing/png.ts";
export type { Raster } from "./drawing/raster.ts";
export { CIFAR10_CLASSES, readCifar10, type Pictures } from "./data/cifar.ts";
export { readImages, type ImageOptions, type LabelledPictures, type PictureFile } from "./data/images.ts";
export { readCsv, type CsvTable, type LabelledTable, type LabelOptions } from "./data/csv.ts";
export { readTable, type CategoricalCode, type EncodedTable, type TableEncoding, type TableOptions } from "./data/table.ts";
export type { MissingRule } from "./data/missing.ts";
export { readNpy, toFloats, toIntegers, type NpyArray, type NpyDtype } from "./data/npy.ts";
export { readNpz } from "./data/npz.ts";
export { readText, windows, type Characters } from "./data/text.ts";
export { crop, flip, type Augment, type AugmentAt, type PictureShape } from "./augment.ts";
export { loadCheckpoint, restoreCheckpoint, saveCheckpoint, type Checkpoint, type Kept, type Tables } from "./checkpoint.ts";
export type { CheckpointOptions, CheckpointStore } from "./checkpoint-options.ts";
export type { RunState } from "./run-state.ts";
export { readSafetensors, writeSafetensors, type Safetensors, type Tensor } from "./safetensors.ts";
export { loadWeights, readWeights, saveWeights } from "./weights/weights.ts";
export type { LoadedWeights, LoadOptions, WeightedTrainer, WeightOptions, Weights } from "./weights/weights.ts";
export { loadAdapters, mergeAdapters, saveAdapters, type AdaptedTrainer, type AdapterOptions } from "./weights/adapters.ts";
export { saveOnnx, type SavedTrainer } from "./weights/onnx.ts";
export { rangeScale, rescale, standardScale, type Columns, type Scale } from "./scale.ts";
