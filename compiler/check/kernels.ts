/**
 * Guarantees that what ships is what is run: the text itself, at its real shapes, statement by statement. After each statement, sampled
 * elements of what it wrote are compared with their definitions, evaluated in double on the arena as it stood before.
 *   error = |a − n| / max(|n|, 1e-3·the largest sampled |n| of the buffer); of kernels that compute in float32, an eighth of the largest
 */

import { CompilerFault } from "../graph/error.ts";
import { bytesOf, sizeOf } from "../graph/type.ts";
import { walkScalar } from "../loop/build.ts";
import { evaluateScalar } from "../loop/interpret.ts";
import type { Buffer, Call, Definition, Entry, Module } from "../loop/loop.ts";
import type { Lowered } from "../lower.ts";
import { touched } from "../passes/place.ts";
import { importText, stripTypes } from "../strip.ts";
import { below, randomOf } from "./draw.ts";
import { moduleFor, type Numbers, type TrainerText } from "./emitted.ts";
import { fedLeaves, drawLeaf } from "./draw.ts";
import { KERNEL_BOUND, singleBound, worse, type TensorCheck } from "./result.ts";

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
export async function checkKernels({ module, entries, facts, target }: Pick<Lowered, "module" | "entries" | "facts" | "target">, text: string, samples: number, seed: number): Promise<TensorCheck[]> {
  const watch = new Watch(module, samples, seed, target === "typescript" ? "double" : "single");
  const code = await stripTypes(instrument(text));
  const host = globalThis as unknown as Record<string, Probe>; // the one way into a module from text
  host[PROBE] = (at, statement, arena) => watch.probe(at, statement, arena);
  const { createTrainer } = await importText<TrainerText>(`const $probe = (...seen) => globalThis["${PROBE}"](...seen);\n${code}`);
  const trainer = createTrainer(await moduleFor({ module, facts, target }));
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
  const stored = module.entries.flatMap(({ calls }) => calls).reduce((n, call) => n + storesOf(call), 0);
  if (watch.found.length !== stored) throw new CompilerFault("print", `the kernel check saw ${watch.found.length} of ${stored} stores: the text's numbered statements are not the plan's`);
  return watch.found;
} // prettier-ignore

/** Buffers that a statement writes. */
const storesOf = (call: Call): number =>
  call.kind === "call" ? call.group.stages.filter(({ storage }) => storage !== "local").length : call.kind === "store" ? 1 : 0; // prettier-ignore

/** A sampled element of what the next statement writes, and what its definition gives on the arena as it stands. */
interface Expected {
  readonly kernel: string;
  /** How many terms its values are sums of. */
  readonly terms: number;
  readonly buffer: string;
  readonly elements: readonly { readonly flat: number; readonly value: number }[];
}

class Watch {
  readonly found: TensorCheck[] = [];
  entry: Entry | undefined;
  readonly #buffers: ReadonlyMap<string, Buffer>;
  readonly #offsets: ReadonlyMap<string, number>;
  readonly #samples: number;
  readonly #seed: number;
  #expected: readonly Expected[] = [];
  #locals = new Map<string, number>();
  #views = new Map<string, Numbers>();
  /** Elements of the statement's own stages, evaluated once: a softmax reads its row's largest at every point. */
  #memo = new Map<string, number>();

  /** What statements compute in between stores. */
  readonly #precision: "single" | "double";

  constructor(module: Module, samples: number, seed: number, precision: "single" | "double") {
    this.#precision = precision;
    this.#buffers = new Map(module.buffers.map((buffer) => [buffer.name, buffer]));
    this.#offsets = new Map(module.slots.map(({ buffer, offset }) => [buffer, offset]));
    this.#samples = samples;
    this.#seed = seed;
  }

  probe(_at: number, statement: number, arena: ArrayBuffer): void {
    this.#compare(arena);
    this.#expected = [];
    const next = statement === 0 ? undefined : this.entry!.calls[statement - 1];
    if (statement === 1) this.#locals = new Map();
    if (next === undefined) return;
    this.#views = new Map(touched(next).map((name) => [name, this.#view(name, arena)]));
    this.#memo = new Map();
    if (next.kind === "let") this.#locals.set(next.name, this.#evaluate(next.value, new Map(), new Map()));
    else this.#expected = this.#expect(next);
  } // prettier-ignore

  #view(name: string, arena: ArrayBuffer): Numbers {
    const { dtype, shape } = this.#buffers.get(name)!;
    const array = { f32: Float32Array, f64: Float64Array, i32: Int32Array, bool: Int32Array }[
      dtype
    ];
    if (bytesOf(dtype) !== array.BYTES_PER_ELEMENT) throw new TypeError(`no array holds ${dtype}`);
    return new array(arena, this.#offsets.get(name)!, sizeOf(shape));
  }

  #expect(call: Exclude<Call, { kind: "let" }>): Expected[] {
    const stages = call.kind === "call" ? call.group.stages : [{ definition: call.definition, storage: "buffer" as const }];
    const own = new Map(call.kind === "call" ? stages.map(({ definition }) => [definition.name, definition]) : []);
    return stages.filter(({ storage }) => storage !== "local").map(({ definition }): Expected => {
      const buffer = definition.target ?? definition.name;
      const { length } = this.#views.get(buffer)!;
      const random = randomOf(this.#seed, `${this.entry!.name} ${buffer}`);
      const wanted = Math.min(this.#samples, length);
      const elements = Array.from({ length: wanted }, (_, n) => {
        const flat = wanted === length ? n : below(random, length);
        const value = call.kind === "store" ? this.#evaluate(call.value, new Map(), own) : this.#at(definition, flat, own);
        return { flat, value };
      });
      return { kernel: call.kind === "call" ? call.kernel : buffer, buffer, elements, terms: termsOf([...own.values(), definition]) };
    });
  } // prettier-ignore

  #compare(arena: ArrayBuffer): void {
    for (const { kernel, buffer, elements, terms } of this.#expected) {
      const view = this.#view(buffer, arena);
      const pairs = elements.map(({ flat, value }) => ({ flat, found: view[flat]!, expected: value })); // prettier-ignore
      this.found.push(judged(kernel, buffer, this.entry!.name, pairs, this.#precision === "double" ? { floor: 1e-3, bound: KERNEL_BOUND } : { floor: 1 / 8, bound: singleBound(terms) })); // prettier-ignore
    }
  }

  /** A definition at a row-major position. */
  #at(definition: Definition, flat: number, own: ReadonlyMap<string, Definition>): number {
    const key = `${definition.name} ${flat}`;
    const known = this.#memo.get(key);
    if (known !== undefined) return known;
    const indices = new Map<string, number>();
    let rest = flat;
    for (let axis = definition.shape.length - 1; axis >= 0; axis--) {
      indices.set(definition.axes[axis]!.name, rest % definition.shape[axis]!);
      rest = Math.floor(rest / definition.shape[axis]!);
    }
    const value = this.#evaluate(definition.value, indices, own);
    this.#memo.set(key, value);
    return value;
  }

  #evaluate(value: Definition["value"], indices: ReadonlyMap<string, number>, own: ReadonlyMap<string, Definition>): number {
    return evaluateScalar(value, {
      locals: this.#locals,
      indices,
      load: (name, at) => {
        const stage = own.get(name);
        const shape = stage?.shape ?? this.#buffers.get(name)!.shape;
        const flat = at.length === shape.length ? at.reduce((n, i, axis) => n * shape[axis]! + i, 0) : at[0]!;
        return stage === undefined ? this.#views.get(name)![flat]! : this.#at(stage, flat, own);
      },
    });
  } // prettier-ignore
}

/** How many terms are summed, one sum after another, at most. */
const termsOf = (definitions: readonly Definition[]): number =>
  definitions.reduce((total, { value }) => {
    let terms = 0;
    walkScalar(value, (part) => {
      if (part.kind === "reduce" && part.by === "add") terms += sizeOf(part.over.map(({ extent }) => extent)); // prettier-ignore
    });
    return total + terms;
  }, 0);

function judged(kernel: string, buffer: string, entry: string, pairs: readonly { readonly flat: number; readonly found: number; readonly expected: number }[], { floor, bound }: { readonly floor: number; readonly bound: number }): TensorCheck {
  const largest = pairs.reduce((most, { expected }) => Math.max(most, Math.abs(expected)), 0);
  let [worst, at] = [0, ""];
  for (const { flat, found, expected } of pairs) {
    const error = found === expected ? 0 : Math.abs(found - expected) / Math.max(Math.abs(expected), floor * largest);
    if (worse(error, worst) === worst) continue;
    [worst, at] = [error, `${buffer}[${flat}]`];
  }
  return { name: `${entry}: ${kernel} → ${buffer}`, role: "kernel", method: "sampled elements", coordinates: pairs.length, worst, bound, at, kinks: 0 };
} // prettier-ignore
