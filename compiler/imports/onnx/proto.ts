/** An ONNX file as data: the messages of onnx.proto3 as far as they are read, every name, type and size checked. */

import { sizeOf } from "../../graph/type.ts";
import { halfOf, type Kind } from "../code.ts";
import { ImportError } from "../error.ts";
import { DEEPEST, fieldsOf, numbersIn, type Field } from "./wire.ts";

/** An extent: a number, or the name of one that is open. */
export type FileDim = number | string;

export interface FileTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly kind: Kind;
  readonly data: ArrayLike<number>;
}

export interface FileValue {
  readonly name: string;
  /** `f32`, `i32`, or what ONNX calls another type. */
  readonly type: string;
  readonly dims: readonly FileDim[] | undefined;
}

export type FileAttribute = number | string | readonly number[] | readonly string[] | FileTensor | FileGraph | undefined;

export interface FileNode {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, FileAttribute>;
}

export interface FileGraph {
  readonly name: string;
  /** In an order in which each comes after what it reads. */
  readonly nodes: readonly FileNode[];
  readonly initializers: ReadonlyMap<string, FileTensor>;
  /** Without those that are initializers. */
  readonly inputs: readonly FileValue[];
  readonly outputs: readonly FileValue[];
}

export interface FileModel {
  readonly opset: number;
  readonly producer: string;
  readonly graph: FileGraph;
}

/** Reads so many bytes of a file that the model names, beside it. */
export type ReadExternal = (location: string, offset: number, length: number) => Uint8Array;

const NOWHERE: ReadExternal = (location) => {
  throw new ImportError(
    `its data lie in another file, ${JSON.stringify(location)}; save the model with its data inside (onnx.save_model, save_as_external_data=False)`,
  );
};

/** Where a graph stands: within how many others, and who reads what lies outside. */
interface Place {
  readonly depth: number;
  readonly external: ReadExternal;
}

/** The newest set of operators that is known, and the oldest. */
const NEWEST = 28;
const OLDEST = 9;

const utf8 = new TextDecoder("utf-8", { fatal: true });
function textIn({ bytes, wire }: Field, what: string): string {
  if (wire !== "length") throw new ImportError(`${what} is no text; the file is damaged: fetch it again`);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ImportError(`${what} is no UTF-8 text; the file is damaged: fetch it again`);
  }
}

const messages = (fields: readonly Field[], field: number): readonly Uint8Array[] =>
  fields.flatMap((one) => (one.field === field && one.wire === "length" ? [one.bytes] : []));
const last = (fields: readonly Field[], field: number): Field | undefined => fields.findLast((one) => one.field === field);
const text = (fields: readonly Field[], field: number, what: string): string => {
  const found = last(fields, field);
  return found === undefined ? "" : textIn(found, what);
};
const whole = (fields: readonly Field[], field: number): number => Number(BigInt.asIntN(64, last(fields, field)?.value ?? 0n));

/** The model in a file. Throws an ImportError naming the node or tensor, where there is one. Allocates nothing that the file merely declares. */
export function readModel(bytes: Uint8Array, external: ReadExternal = NOWHERE): FileModel {
  const fields = fieldsOf(bytes);
  const graph = messages(fields, 7)[0];
  if (graph === undefined) throw new ImportError("it holds no graph; name an ONNX model");
  const sets = messages(fields, 8).map((set) => fieldsOf(set));
  const own = sets.find((set) => ["", "ai.onnx"].includes(text(set, 1, "a domain")));
  const opset = own === undefined ? 0 : whole(own, 2);
  if (opset > NEWEST || opset < OLDEST)
    throw new ImportError(
      `it is of opset ${opset}, where ${OLDEST} to ${NEWEST} are known; convert it with onnx.version_converter, or export it with another opset`,
    );
  return { opset, producer: text(fields, 2, "the producer"), graph: readGraph(graph, { depth: 0, external }) };
}

/** A graph; one in a node reads values of those around it too. */
function readGraph(bytes: Uint8Array, at: Place): FileGraph {
  const fields = fieldsOf(bytes);
  const initializers = new Map<string, FileTensor>();
  for (const one of messages(fields, 5)) {
    const tensor = readTensor(one, at.external);
    if (initializers.has(tensor.name))
      throw new ImportError(`two initializers are called ${JSON.stringify(tensor.name)}; the file is damaged`);
    initializers.set(tensor.name, tensor);
  }
  const nodes = messages(fields, 1).map((one) => readNode(one, at));
  const [inputs, outputs] = [11, 12].map((field) => messages(fields, field).map(readValue)) as [FileValue[], FileValue[]];
  for (const [what, values] of Object.entries({ inputs, outputs }))
    values.forEach(({ name }, n) => {
      if (values.findIndex((one) => one.name === name) < n)
        throw new ImportError(`two ${what} are called ${JSON.stringify(name)}; the file is damaged`);
    });
  const graph = {
    name: text(fields, 2, "the graph's name"),
    nodes,
    initializers,
    inputs: inputs.filter(({ name }) => !initializers.has(name)),
    outputs,
  };
  return { ...graph, nodes: ordered(graph, at.depth > 0) };
}

/** Each node after what it reads. Throws for a value that two make, that nobody makes, or that needs itself. */
function ordered({ nodes, inputs, initializers, outputs }: FileGraph, isInner: boolean): readonly FileNode[] {
  const known = new Set([...inputs.map(({ name }) => name), ...initializers.keys()]);
  const maker = new Map<string, FileNode>();
  for (const node of nodes)
    for (const output of node.outputs) {
      if (output === "") continue;
      if (known.has(output) || maker.has(output))
        throw new ImportError(`${where(node)} makes ${JSON.stringify(output)}, which is there already; the file is damaged`);
      maker.set(output, node);
    }
  const done: FileNode[] = [];
  const state = new Map<FileNode, "open" | "done">();
  for (const root of nodes) {
    const stack: FileNode[] = [root];
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      if (state.get(node) === "done") {
        stack.pop();
        continue;
      }
      state.set(node, "open");
      const waiting = node.inputs.flatMap((input) => {
        if (input === "" || known.has(input)) return [];
        const made = maker.get(input);
        if (made === undefined && isInner) return [];
        if (made === undefined)
          throw new ImportError(`${where(node)} reads ${JSON.stringify(input)}, which nothing makes: an initializer is missing`);
        return state.get(made) === "done" ? [] : [made];
      });
      const next = waiting[0];
      if (next === undefined) {
        state.set(node, "done");
        done.push(stack.pop()!);
      } else if (state.get(next) === "open") throw new ImportError(`${where(next)} needs its own result; the file is damaged`);
      else stack.push(next);
    }
  }
  for (const { name } of outputs)
    if (!known.has(name) && !maker.has(name) && !isInner)
      throw new ImportError(`the output ${JSON.stringify(name)} is made by no node; the file is damaged`);
  return done;
}

/** A node as messages name it. */
export const where = ({ op, name, outputs }: Pick<FileNode, "op" | "name" | "outputs">): string =>
  `${op} ${JSON.stringify(name === "" ? (outputs[0] ?? "") : name)}`;

function readNode(bytes: Uint8Array, at: Place): FileNode {
  const fields = fieldsOf(bytes);
  const all = (field: number, what: string) => fields.flatMap((one) => (one.field === field ? [textIn(one, what)] : []));
  const attributes = messages(fields, 5).map((one) => readAttribute(one, at));
  return {
    inputs: all(1, "the name of an input"),
    outputs: all(2, "the name of an output"),
    name: text(fields, 3, "a node's name"),
    op: text(fields, 4, "an operator"),
    domain: text(fields, 7, "a domain"),
    attributes: new Map(attributes),
  };
}

function readAttribute(bytes: Uint8Array, at: Place): readonly [string, FileAttribute] {
  const fields = fieldsOf(bytes);
  const name = text(fields, 1, "an attribute's name");
  const of = (field: number) => fields.filter((one) => one.field === field);
  const float = ({ bytes: own }: Field): number => (own.length === 4 ? new DataView(own.buffer, own.byteOffset).getFloat32(0, true) : 0);
  switch (whole(fields, 20)) {
    case 1:
      return [name, of(2).map(float).at(-1) ?? 0];
    case 2:
      return [name, whole(fields, 3)];
    case 3:
      return [name, text(fields, 4, `the attribute ${name}`)];
    case 4: {
      const tensor = messages(fields, 5)[0];
      return [name, tensor === undefined ? 0 : readTensor(tensor, at.external)];
    }
    case 5: {
      if (at.depth >= DEEPEST) throw new ImportError(`graphs nest more than ${DEEPEST} deep; the file is damaged`);
      const graph = messages(fields, 6)[0];
      return [name, graph === undefined ? undefined : readGraph(graph, { ...at, depth: at.depth + 1 })];
    }
    case 6:
      return [name, of(7).flatMap((one) => floatsIn(one.bytes))];
    case 7:
      return [name, of(8).flatMap((one) => numbersIn(one).map(Number))];
    case 8:
      return [name, of(9).map((one) => textIn(one, `the attribute ${name}`))];
    default:
      return [name, undefined];
  }
}

const floatsIn = (bytes: Uint8Array): readonly number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, n) => view.getFloat32(4 * n, true));
};

/** By TensorProto.DataType: its name, bytes an element, and an element. */
const TYPES: Readonly<Record<number, { readonly type: string; readonly size: number; read(view: DataView, at: number): number }>> = {
  1: { type: "f32", size: 4, read: (view, at) => view.getFloat32(at, true) },
  2: { type: "uint8", size: 1, read: (view, at) => view.getUint8(at) },
  3: { type: "int8", size: 1, read: (view, at) => view.getInt8(at) },
  4: { type: "uint16", size: 2, read: (view, at) => view.getUint16(at, true) },
  5: { type: "int16", size: 2, read: (view, at) => view.getInt16(at, true) },
  6: { type: "i32", size: 4, read: (view, at) => view.getInt32(at, true) },
  7: { type: "i64", size: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  9: { type: "bool", size: 1, read: (view, at) => view.getUint8(at) },
  10: { type: "f16", size: 2, read: (view, at) => halfOf(view.getUint16(at, true)) },
  11: { type: "f64", size: 8, read: (view, at) => view.getFloat64(at, true) },
  12: { type: "uint32", size: 4, read: (view, at) => view.getUint32(at, true) },
  13: { type: "uint64", size: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  16: { type: "bf16", size: 2, read: (view, at) => brainOf(view.getUint16(at, true)) },
};

const FLOATS: ReadonlySet<string> = new Set(["f32", "f16", "f64", "bf16"]);
/** What elements of a type are, by TensorProto.DataType; undefined of those that are not read. */
export const kindOf = (type: number): Kind | undefined => {
  const known = TYPES[type]?.type;
  return known === undefined ? undefined : FLOATS.has(known) ? "float" : known === "bool" ? "truth" : "integer";
};

const word = new DataView(new ArrayBuffer(4));
function brainOf(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

/** Where the bytes of a tensor lie, if it is in another file. */
function outsideOf(fields: readonly Field[], what: string, length: number): readonly [location: string, offset: number] {
  const entries = new Map(
    messages(fields, 13).map((entry) => {
      const pair = fieldsOf(entry);
      return [text(pair, 1, "a key"), text(pair, 2, "a value")] as const;
    }),
  );
  const [location, offset, said] = [entries.get("location"), Number(entries.get("offset") ?? 0), Number(entries.get("length") ?? length)];
  if (location === undefined || !Number.isSafeInteger(offset) || offset < 0)
    throw new ImportError(`${what} lies in another file, but does not say where; the file is damaged`);
  if (said !== length)
    throw new ImportError(`${what} needs ${length} bytes, but ${JSON.stringify(location)} has ${said} of it; the file is damaged`);
  return [location, offset];
}

function readTensor(bytes: Uint8Array, external: ReadExternal): FileTensor {
  const fields = fieldsOf(bytes);
  const name = text(fields, 8, "a tensor's name");
  const what = `the tensor ${JSON.stringify(name)}`;
  const dims = fields.flatMap((one) => (one.field === 1 ? numbersIn(one).map(Number) : []));
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
    throw new ImportError(`${what} has the shape [${dims.join(",")}]; the file is damaged`);
  const known = TYPES[whole(fields, 2)];
  if (known === undefined) throw new ImportError(`${what} is of the type ${whole(fields, 2)}, which is not read; convert it to float32`);
  const length = sizeOf(dims);
  const isOutside = whole(fields, 14) === 1;
  const raw = isOutside ? external(...outsideOf(fields, what, length * known.size), length * known.size) : last(fields, 9)?.bytes;
  const found = raw === undefined ? listed(fields, known.type) : undefined;
  const count = raw === undefined ? found!.length : raw.length / known.size;
  if (count !== length)
    throw new ImportError(`${what} [${dims.join(",")}] needs ${length} elements, but holds ${count}; the file is damaged`);
  const kind = kindOf(whole(fields, 2))!;
  // as it lies there, where it can be: large files are held once
  if (raw !== undefined && known.type === "f32" && raw.byteOffset % 4 === 0)
    return { name, dims, kind, data: new Float32Array(raw.buffer, raw.byteOffset, length) };
  const data = kind === "float" && known.type !== "f64" ? new Float32Array(length) : new Float64Array(length);
  if (raw === undefined) data.set(found!);
  else {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
    for (let n = 0; n < length; n++) data[n] = known.read(view, n * known.size);
  }
  return { name, dims, kind, data };
}

/** Elements that stand in a field of their own type. */
function listed(fields: readonly Field[], type: string): readonly number[] {
  const of = (field: number) => fields.filter((one) => one.field === field);
  if (type === "f32") return of(4).flatMap((one) => floatsIn(one.bytes));
  if (type === "f64")
    return of(10).flatMap(({ bytes }) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      return Array.from({ length: Math.floor(bytes.length / 8) }, (_, n) => view.getFloat64(8 * n, true));
    });
  const field = type === "i64" ? 7 : type.startsWith("uint") && type !== "uint8" && type !== "uint16" ? 11 : 5;
  const numbers = of(field).flatMap((one) => numbersIn(one).map(Number));
  return type === "f16" ? numbers.map(halfOf) : type === "bf16" ? numbers.map(brainOf) : numbers;
}

function readValue(bytes: Uint8Array): FileValue {
  const fields = fieldsOf(bytes);
  const name = text(fields, 1, "a value's name");
  const type = messages(fields, 2)[0];
  const tensor = type === undefined ? undefined : messages(fieldsOf(type), 1)[0];
  if (tensor === undefined) return { name, type: "unknown", dims: undefined };
  const own = fieldsOf(tensor);
  const shape = messages(own, 2)[0];
  const dims =
    shape === undefined
      ? undefined
      : messages(fieldsOf(shape), 1).map((dim, n): FileDim => {
          const parts = fieldsOf(dim);
          const value = last(parts, 1);
          return value === undefined ? text(parts, 2, "the name of an extent") || `?${n}` : Number(value.value);
        });
  return { name, type: TYPES[whole(own, 1)]?.type ?? "unknown", dims };
}
