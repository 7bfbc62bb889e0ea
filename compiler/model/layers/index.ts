/** Guarantees one door to the layers. */

export { activation } from "./activation.ts";
export {
  conv1d,
  conv2d,
  conv3d,
  depthwiseConv1d,
  depthwiseConv2d,
  type Convolution1dLayer,
  type Convolution2dLayer,
  type Convolution3dLayer,
  type ConvolutionOptions,
  type DepthwiseOptions,
} from "./convolution.ts";
export { separableConv1d, separableConv2d, type SeparableOptions } from "./separable.ts";
export { convLstm1d, convLstm2d, convLstm3d, type ConvLstmOptions } from "./conv-lstm.ts";
export { conv1dTranspose, conv2dTranspose, conv3dTranspose, type TransposedOptions } from "./transposed-convolution.ts";
export {
  multiHeadAttention,
  type MultiHeadAttentionCall,
  type MultiHeadAttentionLayer,
  type MultiHeadAttentionOptions,
} from "./attention.ts";
export {
  additiveAttention,
  attention,
  type AdditiveAttentionOptions,
  type DotAttentionOptions,
  type SoftAttentionCall,
  type SoftAttentionLayer,
} from "./soft-attention.ts";
export { embedding, positionalEncoding, type EmbeddingOptions, type PositionalEncodingOptions } from "./embedding.ts";
export { reversibleEmbedding, type ReversibleEmbedding } from "./reversible-embedding.ts";
export {
  bidirectional,
  gru,
  lstm,
  simpleRnn,
  type BidirectionalLayer,
  type BidirectionalOptions,
  type RecurrentLayer,
  type SimpleRnnOptions,
} from "./recurrent.ts";
export type { RecurrentCall, RecurrentOptions } from "./recurrence.ts";
export { stacked } from "./stacked.ts";
export { residual } from "./residual.ts";
export { einsumDense, type EinsumDenseOptions } from "./einsum-dense.ts";
export { average, dot, type DotOptions } from "./merge.ts";
export { spectralNormalization, unitNormalization, type SpectralNormOptions, type UnitNormOptions } from "./unit-norm.ts";
export {
  categoryEncoding,
  centerCrop,
  discretization,
  integerLookup,
  normalization,
  rescaling,
  resizing,
  type CategoryOptions,
  type NormalizationOptions,
  type ResizingOptions,
} from "./preprocess.ts";
export {
  autoContrast,
  equalization,
  randomBrightness,
  randomColorDegeneration,
  randomColorJitter,
  randomContrast,
  randomGaussianBlur,
  randomGrayscale,
  randomHue,
  randomInvert,
  randomPosterization,
  randomSaturation,
  randomSharpness,
  solarization,
  type EqualizationOptions,
  type JitterOptions,
} from "./augment/color.ts";
export {
  randomCrop,
  randomElasticTransform,
  randomFlip,
  randomRotation,
  randomShear,
  randomTranslation,
  randomZoom,
  type ElasticOptions,
  type WarpOptions,
} from "./augment/geometry.ts";
export { cutMix, mixUp, pipeline, randomErasing, type ErasingOptions, type Mixed } from "./augment/mixing.ts";
export type { ColorOptions, Factor } from "./augment/augmenting.ts";
export { dense, type DenseLayer, type DenseOptions } from "./dense.ts";
export {
  alphaDropout,
  dropout,
  gaussianDropout,
  gaussianNoise,
  spatialDropout1d,
  spatialDropout2d,
  spatialDropout3d,
  stochasticDepth,
} from "./dropout.ts";
export type { Holds, LastAxisLayer, Layer, LayerOptions, SameShapeLayer } from "./layer.ts";
export {
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
  type BatchNormLayer,
  type BatchNormOptions,
  type LayerNormOptions,
  type NormLayer,
  type NormOptions,
  type RmsNormOptions,
} from "./norm.ts";
export {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  globalAveragePool1d,
  globalAveragePool2d,
  globalAveragePool3d,
  globalMaxPool1d,
  globalMaxPool2d,
  globalMaxPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type AveragePoolOptions,
  type PoolOptions,
} from "./pool.ts";
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from "./adaptive-pool.ts";
export {
  cropping1d,
  cropping2d,
  cropping3d,
  identity,
  masking,
  permute,
  repeatVector,
  timeDistributed,
  zeroPadding1d,
  zeroPadding2d,
  zeroPadding3d,
  type Ends,
} from "./arrange.ts";
export { flatten, reshape, upsampling1d, upsampling2d, upsampling3d, type UpsamplingOptions } from "./shape.ts";
