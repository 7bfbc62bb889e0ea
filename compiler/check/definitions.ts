/** Guarantees the definitions of a module's statements as functions of an element's position and of the arena, in double: what its kernels are held to. */

import { CompilerFault } from "../graph/error.ts";
import { sizeOf, type Shape } from "../graph/type.ts";
import type { Axis, Buffer, Call, Definition, Module, Scalar } from "../loop/loop.ts";
import type { Precision } from "../loop/interpret.ts";
import { importText } from "../strip.ts";
import type { Numbers } from "./emitted.ts";
import { Memo } from "./memo.ts";
import { FN, flatText, loops, Writer, type Load } from "./scalar-text.ts";

/** An element of a stage of the same statement, by its row-major position. */
export type Element = (at: number) => number;
type Locals = Readonly<Record<string, number>>;
type Text = (x: readonly Numbers[], own: readonly Element[], locals: Locals, fn: typeof FN, doubt: () => void, at: number) => number; // prettier-ignore

/** A stage and its elements; in "single", whether one that was evaluated hangs on a sum that is zero up to what float32 rounds off. */
interface Evaluated {
  readonly definition: Definition;
  readonly element: Element;
  vanishes(at: number): boolean;
}

/** What a definition reads: buffers, and stages of its own statement. */
interface Made {
  readonly name: string;
  readonly buffers: readonly string[];
  readonly own: readonly string[];
}

/** Stages of a statement in order; a scalar statement is one stage of one element. */
export const stagesOf = (call: Call): readonly Definition[] =>
  call.kind === "call" ? call.group.stages.map(({ definition }) => definition) : [scalarOf(call)];

const scalarOf = (call: Exclude<Call, { kind: "call" }>): Definition =>
  call.kind === "store"
    ? { ...call.definition, axes: [], shape: [], value: call.value }
    : { name: call.name, dtype: call.dtype, axes: [], shape: [], value: call.value, op: "", doc: [] }; // prettier-ignore

/** Times the root of how many terms there are: a sum that is less of its terms' magnitudes may be all rounding, of the terms too. */
const VANISHING = 64 * 2 ** -24;

/** All definitions of a module, compiled once; equal texts share a function. */
export class DefinitionTable {
  readonly #made = new Map<Definition, Made>();
  readonly #calls = new Map<Call, readonly Definition[]>();
  readonly #functions: Readonly<Record<string, Text>>;

  private constructor(made: Map<Definition, Made>, calls: Map<Call, readonly Definition[]>, functions: Readonly<Record<string, Text>>) {
    this.#made = made;
    this.#calls = calls;
    this.#functions = functions;
  } // prettier-ignore

  /** `precision`: in which the statements compute; a whole number that becomes a float is rounded in "single". */
  static async of(
    { entries, buffers }: Module,
    precision: Precision = "double",
  ): Promise<DefinitionTable> {
    const shapes = new Map(buffers.map((buffer: Buffer) => [buffer.name, buffer.shape]));
    const texts = new Map<string, string>();
    const made = new Map<Definition, Made>();
    const calls = new Map<Call, readonly Definition[]>();
    for (const call of entries.flatMap((entry) => entry.calls)) {
      const stages = stagesOf(call);
      calls.set(call, stages);
      const own = call.kind === "call" ? new Map(stages.map(({ name, shape }) => [name, shape])) : new Map<string, Shape>(); // prettier-ignore
      for (const stage of stages) {
        const { text, ...reads } = definitionText(stage, shapes, own, precision);
        const name = texts.get(text) ?? `f${texts.size}`;
        texts.set(text, name);
        made.set(stage, { name, ...reads });
      }
    }
    const code = [...texts].map(([text, name]) => `export const ${name} = ${text};`).join("\n");
    return new DefinitionTable(made, calls, await importText<Readonly<Record<string, Text>>>(code));
  }

  /** The stages of a statement, each with its elements on the arena as it stands; no element is evaluated twice. */
  of(call: Call, view: (buffer: string) => Numbers, locals: Locals): readonly Evaluated[] {
    const elements = new Map<string, Element>();
    let doubted = false;
    const doubt = (): void => void (doubted = true);
    return this.#calls.get(call)!.map((definition) => {
      const { name, buffers, own } = this.#made.get(definition)!;
      const [x, text, known] = [buffers.map(view), this.#functions[name]!, new Memo(sizeOf(definition.shape))];
      // a stage may read one that comes after it in the order of the loops
      const others = own.map((other): Element => (at) => elements.get(other)!(at));
      const doubts = new Set<number>();
      const element: Element = (at) => {
        const before = doubted;
        doubted = doubts.size > 0 && doubts.has(at);
        const value = known.get(at) ?? text(x, others, locals, FN, doubt, at);
        known.set(at, value);
        if (doubted) doubts.add(at);
        doubted ||= before;
        return value;
      };
      elements.set(definition.name, element);
      return { definition, element, vanishes: (at: number) => doubts.has(at) };
    });
  } // prettier-ignore
}

function definitionText({ axes, shape, value }: Definition, shapes: ReadonlyMap<string, Shape>, own: ReadonlyMap<string, Shape>, precision: Precision): { text: string; buffers: string[]; own: string[] } {
  const writer = new DefinitionWriter(shapes, own, precision);
  const result = writer.value(value);
  const position: string[] = [];
  for (let axis = axes.length - 1, inner = 1; axis >= 0; axis--) {
    position.push(`const ${axes[axis]!.name} = Math.floor(at / ${inner}) % ${shape[axis]!};`);
    inner *= shape[axis]!;
  }
  const reads = writer.buffers.map((_, n) => `const x${n} = x[${n}];`);
  const text = `(x, own, locals, fn, doubt, at) => {\n${[...position, ...reads, ...writer.lines].join("\n")}\nreturn ${result};\n}`;
  return { text, buffers: writer.buffers, own: writer.own };
} // prettier-ignore

class DefinitionWriter extends Writer {
  readonly buffers: string[] = [];
  readonly own: string[] = [];
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #stages: ReadonlyMap<string, Shape>;

  readonly #single: boolean;

  constructor(
    shapes: ReadonlyMap<string, Shape>,
    stages: ReadonlyMap<string, Shape>,
    precision: Precision,
  ) {
    super();
    this.#single = precision === "single";
    this.#shapes = shapes;
    this.#stages = stages;
  }

  protected override load(s: Load): string {
    const stage = this.#stages.get(s.buffer);
    if (stage !== undefined) return this.let(`own[${placeIn(this.own, s.buffer)}](${flatText(s, stage)})`); // prettier-ignore
    const shape = this.#shapes.get(s.buffer);
    if (shape === undefined) throw new CompilerFault("place", `a definition reads ${s.buffer}, which is no buffer of the module`); // prettier-ignore
    return this.let(`x${placeIn(this.buffers, s.buffer)}[${flatText(s, shape)}]`);
  }

  override value(s: Scalar): string {
    const rounds = this.#single && s.kind === "apply" && s.fn === "cast" && s.dtype === "f32" && s.args[0]!.dtype === "i32"; // prettier-ignore
    return rounds ? this.let(`Math.fround(${super.value(s)})`) : super.value(s);
  }

  protected override summed(over: readonly Axis[], write: () => string): string {
    if (!this.#single) return super.summed(over, write);
    const [total, size] = [this.fresh(), this.fresh()];
    const terms = sizeOf(over.map(({ extent }) => extent));
    this.lines.push(`let ${total} = 0, ${size} = 0;`, ...loops(over));
    const term = write();
    this.lines.push(
      `${total} += ${term};`,
      `${size} += Math.abs(${term});`,
      ...over.map(() => "}"),
    );
    this.lines.push(`if (Math.abs(${total}) < ${VANISHING * Math.sqrt(terms)} * ${size}) doubt();`);
    return total;
  }

  protected override local(name: string): string {
    return `locals[${JSON.stringify(name)}]`;
  }
}

function placeIn(list: string[], name: string): number {
  if (!list.includes(name)) list.push(name);
  return list.indexOf(name);
}
