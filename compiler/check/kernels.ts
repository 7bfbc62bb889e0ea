/**
 * Guarantees that what ships is what is run: the text itself, at its real shapes, statement by statement. After each statement, sampled
 * elements of what it wrote are compared with their definitions, evaluated in double on the arena as it stood before.
 *   error = |a − n| / max(|n|, 1e-3·the largest sampled |n| of the buffer)
 */

import { bytesOf, sizeOf } from "../graph/type.ts";
import { walkScalar } from "../loop/build.ts";
import { evaluateScalar } from "../loop/interpret.ts";
import type { Buffer, Call, Definition, Entry, Module } from "../loop/loop.ts";
import type { Lowered } from "../lower.ts";
import { touched } from "../passes/place.ts";
import { importText, stripTypes } from "../strip.ts";
import { below, randomOf } from "./draw.ts";
import type { AnyTrainer, Numbers } from "./emitted.ts";
import { fedLeaves, drawLeaf } from "./draw.ts";
import { KERNEL_BOUND, worse, type TensorCheck } from "./result.ts";

type Probe = (functionAt: number, statement: number, arena: ArrayBuffer) => void;
const PROBE = "adjoint probe";

/** The text with a call of the probe before every numbered statement, and before the entry returns. */
export function instrument(text: string): string {
  let [functions, inside] = [-1, false];
  const lines = text.split("\n").flatMap((line) => {
    if (/^ {2}function \w+\(/.test(line)) inside = false;
    const statement = /^ {4}\/\/ (\d+)\.$/.exec(line)?.[1];
    if (statement !== undefined) {
      if (!inside) functions++;
      inside = true;
      return [`    $probe(${functions}, ${statement}, arena);`, line];
    }
    return inside && /^ {4}return\b/.test(line)
      ? [`    $probe(${functions}, 0, arena);`, line]
      : [line];
  });
  return `declare const $probe: (at: number, statement: number, arena: ArrayBuffer) => void;\n${lines.join("\n")}`;
}

/** Runs each entry of the text once and compares `samples` elements of every buffer a statement writes. */
export async function checkKernels({ module, entries }: Pick<Lowered, "module" | "entries">, text: string, samples: number, seed: number): Promise<TensorCheck[]> {
  const watch = new Watch(module, samples, seed);
  const code = await stripTypes(instrument(text));
  const host = globalThis as unknown as Record<string, Probe>; // the one way into a module from text
  host[PROBE] = (at, statement, arena) => watch.probe(at, statement, arena);
  const { createTrainer } = await importText<{ createTrainer(): AnyTrainer }>(`const $probe = globalThis["${PROBE}"];\n${code}`);
  const trainer = createTrainer();
  entries.forEach(({ name, traced }, n) => {
    watch.entry = module.entries[n]!;
    const inputs = fedLeaves(traced.graph).filter(({ op }) => op === "input");
    const batch = Object.fromEntries(inputs.map((node): [string, Numbers] => {
      const values = drawLeaf(node, seed + n, 0);
      return [node.name, node.type.dtype === "i32" ? Int32Array.from(values) : Float32Array.from(values)];
    }));
    if (name === "predict") trainer.predict(batch);
    else if (name === "evaluate") trainer.evaluate(batch);
    else if (trainer.phases === undefined) trainer.step(batch);
    else trainer.phases[name]!(batch);
  });
  Reflect.deleteProperty(host, PROBE);
  return watch.found;
} // prettier-ignore

/** One definition of a statement; a reduction keeps its values, since every element of a later stage may ask for them again. */
interface Stage {
  readonly definition: Definition;
  readonly sums: Map<number, number> | undefined;
}

function reduces(value: Definition["value"]): boolean {
  let found = false;
  walkScalar(value, (part) => (found ||= part.kind === "reduce"));
  return found;
}

/** Contents of buffers before a statement, in double. */
type Snapshot = ReadonlyMap<string, Float64Array>;

class Watch {
  readonly found: TensorCheck[] = [];
  entry: Entry | undefined;
  readonly #buffers: ReadonlyMap<string, Buffer>;
  readonly #offsets: ReadonlyMap<string, number>;
  readonly #samples: number;
  readonly #seed: number;
  #before: Snapshot = new Map();
  #locals = new Map<string, number>();
  #last = 0;

  constructor(module: Module, samples: number, seed: number) {
    this.#buffers = new Map(module.buffers.map((buffer) => [buffer.name, buffer]));
    this.#offsets = new Map(module.slots.map(({ buffer, offset }) => [buffer, offset]));
    this.#samples = samples;
    this.#seed = seed;
  }

  probe(_at: number, statement: number, arena: ArrayBuffer): void {
    const calls = this.entry!.calls;
    if (statement === 1) this.#locals = new Map();
    else this.#compare(calls[this.#last - 1]!, arena);
    this.#last = statement;
    const next = statement === 0 ? undefined : calls[statement - 1];
    if (next === undefined) return;
    this.#before = new Map(touched(next).map((name) => [name, this.#read(name, arena)]));
    if (next.kind === "let")
      this.#locals.set(next.name, this.#evaluate(next.value, new Map(), new Map()));
  }

  #read(name: string, arena: ArrayBuffer): Float64Array {
    const { dtype, shape } = this.#buffers.get(name)!;
    const array = { f32: Float32Array, f64: Float64Array, i32: Int32Array, bool: Int32Array }[
      dtype
    ];
    if (bytesOf(dtype) !== array.BYTES_PER_ELEMENT) throw new TypeError(`no array holds ${dtype}`);
    return Float64Array.from(new array(arena, this.#offsets.get(name)!, sizeOf(shape)));
  }

  #compare(call: Call, arena: ArrayBuffer): void {
    if (call.kind === "let") return;
    const stages = call.kind === "call" ? call.group.stages : [{ definition: call.definition, storage: "buffer" as const }];
    const own = new Map(call.kind === "call" ? stages.map(({ definition }) => [definition.name, { definition, sums: reduces(definition.value) ? new Map<number, number>() : undefined }]) : []);
    for (const { definition, storage } of stages) {
      if (storage === "local") continue;
      const name = definition.target ?? definition.name;
      const values = this.#read(name, arena);
      const random = randomOf(this.#seed, `${this.entry!.name} ${name}`);
      const wanted = Math.min(this.#samples, values.length);
      const pairs = Array.from({ length: wanted }, (_, n) => {
        const flat = wanted === values.length ? n : below(random, values.length);
        const expected = call.kind === "store" ? this.#evaluate(call.value, new Map(), own) : this.#at({ definition, sums: undefined }, flat, own);
        return { flat, found: values[flat]!, expected };
      });
      this.found.push(judged(call.kind === "call" ? call.kernel : name, name, this.entry!.name, pairs));
    }
  } // prettier-ignore

  /** A definition at a row-major position. */
  #at({ definition, sums }: Stage, flat: number, own: ReadonlyMap<string, Stage>): number {
    const known = sums?.get(flat);
    if (known !== undefined) return known;
    const indices = new Map<string, number>();
    let rest = flat;
    for (let axis = definition.shape.length - 1; axis >= 0; axis--) {
      indices.set(definition.axes[axis]!.name, rest % definition.shape[axis]!);
      rest = Math.floor(rest / definition.shape[axis]!);
    }
    const value = this.#evaluate(definition.value, indices, own);
    sums?.set(flat, value);
    return value;
  }

  #evaluate(value: Definition["value"], indices: ReadonlyMap<string, number>, own: ReadonlyMap<string, Stage>): number {
    return evaluateScalar(value, {
      locals: this.#locals,
      indices,
      load: (name, at) => {
        const stage = own.get(name);
        const shape = stage?.definition.shape ?? this.#buffers.get(name)!.shape;
        const flat = at.length === shape.length ? at.reduce((n, i, axis) => n * shape[axis]! + i, 0) : at[0]!;
        return stage === undefined ? this.#before.get(name)![flat]! : this.#at(stage, flat, own);
      },
    });
  } // prettier-ignore
}

function judged(kernel: string, buffer: string, entry: string, pairs: readonly { readonly flat: number; readonly found: number; readonly expected: number }[]): TensorCheck {
  const largest = pairs.reduce((most, { expected }) => Math.max(most, Math.abs(expected)), 0);
  let [worst, at] = [0, ""];
  for (const { flat, found, expected } of pairs) {
    const error = found === expected ? 0 : Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-3 * largest);
    if (worse(error, worst) === worst) continue;
    [worst, at] = [error, `${buffer}[${flat}]`];
  }
  return { name: `${entry}: ${kernel} → ${buffer}`, role: "kernel", method: "sampled elements", coordinates: pairs.length, worst, bound: KERNEL_BOUND, at, kinks: 0 };
} // prettier-ignore
