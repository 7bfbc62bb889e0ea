/** The public face of `adjoint/runtime`: what a user of a generated trainer may add. Runs in a browser. */

export { DataError, DivergenceError } from "./error.ts";
export { evaluate } from "./evaluate.ts";
export { fit } from "./fit.ts";
export type { Callbacks, EpochEntry, FitOptions, History, StepEvent } from "./history.ts";
export type { EvaluationData, Loss, Means, Trainer, TrainingData, Values } from "./trainer.ts";
export { readIdx, type Idx } from "./data/idx.ts";
export { mnist, type Digits } from "./data/mnist.ts";
export { earlyStopping, type EarlyStopping, type EarlyStoppingOptions } from "./early-stopping.ts";
export { predictAll, type PredictionData, type Predictions } from "./predict.ts";
export { split, type SplitOptions } from "./split.ts";
export { classReport, confusionMatrix, topK, type ClassMeasures, type ClassReport } from "./metrics.ts"; // prettier-ignore
export { curvesOf, curvesRaster, curvesSvg, curvesText, type Curve, type EpochHistory, type Panel, type TextOptions } from "./curves.ts"; // prettier-ignore
export { confusionPicture, filterPicture, imageShape, matrixPicture, templatePicture, type ImageShape } from "./pictures.ts"; // prettier-ignore
export { png } from "./drawing/png.ts";
export type { Raster } from "./drawing/raster.ts";
