/**
 * What the peers' packages are asked for, and no more: they are installed in bench/ alone, so that the project's type check finds none of them.
 * Tensors are what each library makes of them.
 */

declare module "@jax-js/jax" {
  export interface NdArray {
    /** The same array, counted once more: operations consume what they take. */
    readonly ref: NdArray;
    readonly ndim: number;
    add(other: NdArray | number): NdArray;
    sub(other: NdArray | number): NdArray;
    mul(other: NdArray | number): NdArray;
    div(other: NdArray | number): NdArray;
    neg(): NdArray;
    reshape(shape: readonly number[]): NdArray;
    item(): number;
  }
  export type Tree = NdArray | readonly Tree[];
  export const init: (backend: string) => Promise<unknown>;
  export const defaultDevice: (backend: string) => void;
  export const jit: <Args extends readonly Tree[], Out>(compiled: (...args: Args) => Out) => (...args: Args) => Out;
  export const valueAndGrad: <Args extends readonly Tree[]>(
    loss: (params: readonly NdArray[], ...args: Args) => NdArray,
  ) => (params: readonly NdArray[], ...args: Args) => readonly [loss: NdArray, gradients: readonly NdArray[]];
  export const tree: { dispose(of: Tree): void };
  export const nn: { relu(x: NdArray): NdArray; logSoftmax(x: NdArray): NdArray };
  export const lax: {
    reduceWindow(x: NdArray, by: unknown, window: readonly number[], strides: readonly number[]): NdArray;
    convGeneralDilated(x: NdArray, w: NdArray, strides: readonly number[], padding: readonly (readonly number[])[]): NdArray;
  };
  export const numpy: {
    readonly max: unknown;
    array(values: Float32Array | Int32Array | number): NdArray;
    zeros(shape: readonly number[]): NdArray;
    dot(a: NdArray, b: NdArray): NdArray;
    tanh(x: NdArray): NdArray;
    exp(x: NdArray): NdArray;
    sqrt(x: NdArray): NdArray;
    square(x: NdArray): NdArray;
    mean(x: NdArray): NdArray;
    sum(x: NdArray, axis?: number, options?: { readonly keepdims: boolean }): NdArray;
    subtract(a: number, b: NdArray): NdArray;
  };
}
