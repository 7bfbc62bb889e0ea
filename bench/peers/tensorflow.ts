/** The form of TensorFlow.js, as far as the peers ask for it: its Node build is CommonJS, and installed in bench/ alone. */

export interface Tensor {
  readonly rank: number;
  dataSync(): ArrayLike<number>;
  dispose(): void;
}

export interface Optimizer {
  minimize(loss: () => Tensor, returnCost: true, variables: readonly Tensor[]): Tensor;
}

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor | number, b: Tensor | number) => Tensor;

export interface TensorFlow {
  readonly version: { readonly tfjs: string };
  enableProdMode(): void;
  setBackend(name: string): Promise<unknown>;
  ready(): Promise<unknown>;
  tidy<T extends Tensor>(make: () => T): T;
  tensor(values: Float32Array | Int32Array, shape: readonly number[]): Tensor;
  tensor1d(values: Int32Array, dtype: "int32"): Tensor;
  tensor2d(values: Float32Array | Int32Array, shape: readonly [number, number]): Tensor;
  variable(of: Tensor): Tensor;
  readonly relu: Unary;
  readonly tanh: Unary;
  readonly square: Unary;
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  matMul(a: Tensor, b: Tensor): Tensor;
  mean(x: Tensor): Tensor;
  sum(x: Tensor, axis?: number, keepDims?: boolean): Tensor;
  cast(x: Tensor, dtype: "float32"): Tensor;
  oneHot(labels: Tensor, classes: number): Tensor;
  transpose(x: Tensor, permutation?: readonly number[]): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  maxPool(x: Tensor, size: number, strides: number, padding: "valid"): Tensor;
  conv2d(x: Tensor, filter: Tensor, strides: number, padding: number): Tensor;
  readonly losses: {
    softmaxCrossEntropy(onehot: Tensor, scores: Tensor): Tensor;
    meanSquaredError(target: Tensor, x: Tensor): Tensor;
  };
  readonly train: {
    sgd(rate: number): Optimizer;
    momentum(rate: number, momentum: number): Optimizer;
    adam(rate: number, beta1: number, beta2: number, epsilon: number): Optimizer;
  };
}
