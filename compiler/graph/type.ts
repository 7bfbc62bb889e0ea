/** Guarantees that a tensor's type is a dtype and a static shape, written `f32[32,784]`; of several tensors it is `(f32[32,8],f32[5,32,8])`. */

export type DType = "f32" | "f64" | "i32" | "bool";
export type Float = "f32" | "f64";
export type Shape = readonly number[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Of a node with several results: theirs, in order. Its elements are theirs, one result after the other. */
  readonly parts?: readonly TensorType[];
}

export const type = (dtype: DType, shape: Shape): TensorType => ({ dtype, shape });
export const f32 = (...shape: number[]): TensorType => type("f32", shape);
export const i32 = (...shape: number[]): TensorType => type("i32", shape);
export const bool = (...shape: number[]): TensorType => type("bool", shape);

/** The type of a node with these results: a float where one of them is. */
export const together = (parts: readonly TensorType[]): TensorType => ({
  dtype: (parts.find(({ dtype }) => isFloat(dtype)) ?? parts[0]!).dtype,
  shape: [parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0)],
  parts,
});

/** Number of elements. */
export const sizeOf = (shape: Shape): number => shape.reduce((n, extent) => n * extent, 1);

/** Bytes of one stored element; a bool is stored as an i32. */
export const bytesOf = (dtype: DType): number => (dtype === "f64" ? 8 : 4);

export const isFloat = (dtype: DType): dtype is Float => dtype === "f32" || dtype === "f64";

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((extent, axis) => extent === b[axis]);

export const sameType = (a: TensorType, b: TensorType): boolean =>
  a.dtype === b.dtype &&
  sameShape(a.shape, b.shape) &&
  a.parts?.length === b.parts?.length &&
  (a.parts ?? []).every((part, n) => sameType(part, b.parts![n]!));

export const printType = ({ dtype, shape, parts }: TensorType): string =>
  parts === undefined ? `${dtype}[${shape.join(",")}]` : `(${parts.map(printType).join(",")})`;

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Storage of a tensor's elements, row-major, for the float64 reference. */
export interface Tensor {
  readonly type: TensorType;
  readonly data: Float64Array;
}

export const tensor = (of: TensorType, data?: ArrayLike<number>): Tensor => ({
  type: of,
  data: data === undefined ? new Float64Array(sizeOf(of.shape)) : Float64Array.from(data),
});
