/** An ONNX model as data, and its bytes: the messages and field numbers of onnx.proto3, as far as they are written. */

import type { DType } from "../../graph/type.ts";
import { Message } from "./wire.ts";

/** An extent; what is no number is a multiple of the batch. */
export type Dim = number | { readonly batch: number };

export interface OnnxTensor {
  readonly name: string;
  readonly dtype: DType | "i64";
  readonly dims: readonly number[];
  readonly values: ArrayLike<number>;
}

export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly Dim[];
}

export type Attribute = number | string | readonly number[] | OnnxGraph | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  /** `""` where an optional one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

export interface OnnxModel {
  readonly graph: OnnxGraph;
  readonly producer: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The version of the operators. Default: OPSET. */
  readonly opset?: number;
}

/** Whether an attribute is a body. */
export const isGraph = (value: Attribute): value is OnnxGraph => typeof value === "object" && "nodes" in value;

/** Every name that a node reads, those that its body reads from outside included. */
export const readBy = ({ inputs, attributes }: OnnxNode): readonly string[] => [
  ...inputs,
  ...Object.values(attributes).flatMap((value) => (isGraph(value) ? value.nodes.flatMap(readBy) : [])),
];

/** The first version with LayerNormalization. */
export const OPSET = 17;
/** The version of the format that goes with it. */
const IR = 8;

/** TensorProto.DataType. */
const TYPES: Readonly<Record<OnnxTensor["dtype"], number>> = { f32: 1, i32: 6, i64: 7, bool: 9, f64: 11 };

/** The name of the batch's extent. */
export const BATCH = "batch";

export const bytesOfModel = ({ graph, producer, version, metadata, opset = OPSET }: OnnxModel): Uint8Array => {
  const message = new Message()
    .int(1, IR)
    .text(2, producer)
    .text(3, version)
    .message(7, graphMessage(graph))
    .message(8, new Message().text(1, "").int(2, opset));
  for (const [key, value] of Object.entries(metadata)) message.message(14, new Message().text(1, key).text(2, value));
  return message.done();
};

function graphMessage({ name, nodes, initializers, inputs, outputs }: OnnxGraph): Message {
  const message = new Message();
  for (const node of nodes) message.message(1, nodeMessage(node));
  message.text(2, name);
  for (const one of initializers) message.message(5, tensorMessage(one));
  for (const one of inputs) message.message(11, valueMessage(one));
  for (const one of outputs) message.message(12, valueMessage(one));
  return message;
}

function nodeMessage({ op, name, inputs, outputs, attributes }: OnnxNode): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, op);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attributeMessage(key, value));
  return message;
}

function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === "number") return message.int(3, value).int(20, 2);
  if (typeof value === "string") return message.text(4, value).int(20, 3);
  if ("float" in value) return message.float(2, value.float).int(20, 1);
  if ("nodes" in value) return message.message(6, graphMessage(value)).int(20, 5);
  return message.ints(8, value).int(20, 7);
}

function tensorMessage({ name, dtype, dims, values }: OnnxTensor): Message {
  return new Message().ints(1, dims).int(2, TYPES[dtype]).text(8, name).bytes(9, dataOf(dtype, values));
}

function dataOf(dtype: OnnxTensor["dtype"], values: ArrayLike<number>): Uint8Array {
  const width = { f32: 4, i32: 4, i64: 8, bool: 1, f64: 8 }[dtype];
  const bytes = new Uint8Array(width * values.length);
  const view = new DataView(bytes.buffer);
  for (let n = 0; n < values.length; n++) {
    const [at, value] = [width * n, values[n]!];
    if (dtype === "f32") view.setFloat32(at, value, true);
    else if (dtype === "f64") view.setFloat64(at, value, true);
    else if (dtype === "i32") view.setInt32(at, value, true);
    else if (dtype === "i64") view.setBigInt64(at, BigInt(value), true);
    else view.setUint8(at, value);
  }
  return bytes;
}

function valueMessage({ name, dtype, dims }: OnnxValue): Message {
  const shape = new Message();
  for (const dim of dims) shape.message(1, dimMessage(dim));
  return new Message().text(1, name).message(2, new Message().message(1, new Message().int(1, TYPES[dtype]).message(2, shape)));
}

function dimMessage(dim: Dim): Message {
  if (typeof dim === "number") return new Message().int(1, dim);
  return new Message().text(2, dim.batch === 1 ? BATCH : `${dim.batch}*${BATCH}`);
}
