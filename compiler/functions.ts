/** The functions under the layers, on tensors that are given: `import { conv2d } from "adjoint/functions"`. */

export { conv1d, conv2d, conv3d, depthwiseConv2d, type ConvolutionOptions } from "./model/functions/convolution.ts";
export { conv1dTranspose, conv2dTranspose, conv3dTranspose, type TransposedOptions } from "./model/functions/transposed-convolution.ts";
export { dense, type AffineOptions } from "./model/functions/dense.ts";
export { alphaDropout, dropout } from "./model/functions/dropout.ts";
export { embedding } from "./model/functions/embedding.ts";
export {
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
  type BatchNormOptions,
  type LayerNormOptions,
  type ScaleOptions,
} from "./model/functions/norm.ts";
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type AverageOptions,
  type MaxOptions,
  type WindowOptions,
} from "./model/functions/pool.ts";
export { gruCell, lstmCell, type CellOptions } from "./model/functions/recurrent.ts";
