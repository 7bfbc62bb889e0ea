/**
 * A trained model as ONNX without the compiler: a template, which `adjoint export --to onnx --template` writes, is the file of prediction without
 * its weights; here they are filled in.
 */

import { DataError } from "../error.ts";
import { BYTES, hold, WEIGHTED } from "../kinds.ts";
import type { Trainer } from "../trainer.ts";
import { bytesOf, type Numbers } from "./convert.ts";
import type { WeightedTrainer } from "./weights.ts";

/** What saving needs of a trainer. */
export type SavedTrainer = WeightedTrainer & Pick<Trainer, "parameters" | "state">;

/** Fields of onnx.proto3. */
const [GRAPH, METADATA, INITIALIZER, KEY, VALUE, NAME, RAW] = [7, 14, 5, 1, 2, 8, 9] as const;
const damaged = (): DataError => new DataError("the template is damaged; write it anew with adjoint export --to onnx --template");

interface Field {
  readonly field: number;
  /** With what says which field it is. */
  readonly all: Uint8Array;
  /** Of a text, a message or bytes. */
  readonly content: Uint8Array | undefined;
}

/** The fields of a message of protocol buffers, as views. */
function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 63) throw damaged();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const begin = at;
    const tag = varint();
    const wire = tag % 8;
    const length = wire === 2 ? varint() : { 1: 8, 5: 4 }[wire];
    if (wire === 0) varint();
    else if (length === undefined || at + length > bytes.length) throw damaged();
    const start = at;
    at += length ?? 0;
    fields.push({
      field: Math.floor(tag / 8),
      all: bytes.subarray(begin, at),
      content: wire === 2 ? bytes.subarray(start, at) : undefined,
    });
  }
  return fields;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A field with its content, which has a length. */
function field(number: number, content: Uint8Array): readonly Uint8Array[] {
  const head = [number * 8 + 2];
  let rest = content.length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
  return [Uint8Array.from([...head, rest]), content];
}

const textOf = (fields: readonly Field[], number: number): string =>
  new TextDecoder().decode(fields.find((one) => one.field === number)?.content);

/** A file with other initializers: `change` gives what stands in the place of one, or undefined to keep it. */
function withInitializers(
  file: Uint8Array,
  change: (fields: readonly Field[], name: string) => readonly Uint8Array[] | undefined,
): Uint8Array {
  const parts = fieldsOf(file).flatMap((top): readonly Uint8Array[] => {
    if (top.field !== GRAPH || top.content === undefined) return [top.all];
    const inner = fieldsOf(top.content).flatMap((one): readonly Uint8Array[] => {
      if (one.field !== INITIALIZER || one.content === undefined) return [one.all];
      const fields = fieldsOf(one.content);
      const changed = change(fields, textOf(fields, NAME));
      return changed === undefined ? [one.all] : field(INITIALIZER, joined(changed));
    });
    return field(GRAPH, joined(inner));
  });
  return joined(parts);
}

/** An exported file without the numbers of these initializers. */
export const onnxTemplate = (file: Uint8Array, names: ReadonlySet<string>): Uint8Array =>
  withInitializers(file, (fields, name) => (names.has(name) ? fields.filter((one) => one.field !== RAW).map(({ all }) => all) : undefined));

/**
 * The model with the trainer's weights as the bytes of an ONNX file, what `adjoint export --to onnx` would write.
 *
 * @throws DataError for a template of another graph, or a damaged one
 */
export function saveOnnx(trainer: SavedTrainer, template: Uint8Array): Uint8Array {
  hold("saveOnnx", { trainer, template }, { trainer: WEIGHTED, template: BYTES });
  const metadata = new Map(
    fieldsOf(template).flatMap(({ field: number, content }): readonly (readonly [string, string])[] => {
      if (number !== METADATA || content === undefined) return [];
      const own = fieldsOf(content);
      return [[textOf(own, KEY), textOf(own, VALUE)]];
    }),
  );
  const { GRAPH: graph } = trainer.tables;
  if (metadata.get("graph") !== graph)
    throw new DataError(
      `the template is of the graph ${metadata.get("graph") ?? "that it does not name"}, and the trainer of ${graph}; write it anew with adjoint export --to onnx --template`,
    );
  const arrays = { ...trainer.parameters, ...trainer.state } as Readonly<Record<string, Numbers>>;
  return withInitializers(template, (fields, name) => {
    if (fields.some((one) => one.field === RAW)) return undefined;
    const values = Object.hasOwn(arrays, name) ? arrays[name] : undefined;
    if (values === undefined) throw damaged();
    return [...fields.map(({ all }) => all), ...field(RAW, bytesOf(values))];
  });
}
