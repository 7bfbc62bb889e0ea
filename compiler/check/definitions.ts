/**
 * The definitions of a module's statements as functions of an element's position and of the arena, in double: what its kernels are held to.
 * A table with sizes gives the magnitudes of an element's terms beside it (sized.ts).
 */

import { CompilerFault } from "../graph/error.ts";
import { sizeOf, type Shape } from "../graph/type.ts";
import { walkScalar } from "../loop/build.ts";
import { namesIn } from "../loop/index-expression.ts";
import type { Buffer, Call, Definition, Module, Scalar } from "../loop/loop.ts";
import type { Precision } from "../loop/interpret/index.ts";
import type { Numbers } from "./emitted.ts";
import { FunctionTexts, type FunctionOf } from "./function-texts.ts";
import { Memo } from "./memo.ts";
import { FN, flatText, type Load, type Reduce } from "./scalar-text.ts";
import { ROUNDED } from "./result.ts";
import { SizedWriter, type Sized } from "./sized.ts";

/** An element of a stage of the same statement, by its row-major position. */
export type Element = (at: number) => number;
type Locals = Readonly<Record<string, number>>;
type Text = (
  x: readonly Numbers[],
  own: readonly Element[],
  sizes: readonly Element[],
  locals: Locals,
  fn: typeof FN,
  sized: (size: number) => void,
  at: number,
) => number;

/** A stage and its elements, each with the magnitudes of its terms: 0 in a table without sizes. */
interface Evaluated {
  readonly definition: Definition;
  readonly element: Element;
  readonly size: Element;
}

/** A definition's function, and what it reads: buffers, and stages of its own statement. */
interface Made {
  readonly of: FunctionOf;
  readonly buffers: readonly string[];
  readonly own: readonly string[];
}

/** Stages of a statement in order; a scalar statement is one stage of one element. */
export const stagesOf = (call: Call): readonly Definition[] =>
  call.kind === "call" ? call.group.stages.map(({ definition }) => definition) : [scalarOf(call)];

const scalarOf = (call: Exclude<Call, { kind: "call" }>): Definition =>
  call.kind === "store"
    ? { ...call.definition, axes: [], shape: [], value: call.value }
    : { name: call.name, dtype: call.dtype, axes: [], shape: [], value: call.value, op: "", doc: [] };

/** All definitions of a module, compiled once; those of one form share a text. */
export class DefinitionTable {
  readonly #made: ReadonlyMap<Definition, Made>;
  readonly #calls: ReadonlyMap<Call, readonly Definition[]>;
  readonly #function: (of: FunctionOf) => Text;

  private constructor(made: Map<Definition, Made>, calls: Map<Call, readonly Definition[]>, of: (of: FunctionOf) => Text) {
    this.#made = made;
    this.#calls = calls;
    this.#function = of;
  }

  /**
   * `precision`: in which the statements compute; a whole number that becomes a float is rounded in "single". `calls`: of which statements, where
   * not of all; `sized`: with the magnitudes of terms.
   */
  static async of(
    { entries, buffers }: Module,
    precision: Precision = "double",
    { calls: wanted, sized = false }: { readonly calls?: readonly Call[]; readonly sized?: boolean } = {},
  ): Promise<DefinitionTable> {
    const shapes = new Map(buffers.map((buffer: Buffer) => [buffer.name, buffer.shape]));
    const texts = new FunctionTexts();
    const made = new Map<Definition, Made>();
    const calls = new Map<Call, readonly Definition[]>();
    for (const call of wanted ?? entries.flatMap((entry) => entry.calls)) {
      const stages = stagesOf(call);
      calls.set(call, stages);
      const own = call.kind === "call" ? new Map(stages.map(({ name, shape }) => [name, shape])) : new Map<string, Shape>();
      for (const stage of stages) {
        const { text, axes, ...reads } = definitionText(stage, shapes, own, precision, sized);
        made.set(stage, { of: texts.add(text, axes), ...reads });
      }
    }
    return new DefinitionTable(made, calls, await texts.load<Text>());
  }

  /** The buffers that a statement's definitions read. */
  reads(call: Call): ReadonlySet<string> {
    return new Set(this.#calls.get(call)!.flatMap((definition) => this.#made.get(definition)!.buffers));
  }

  /** The stages of a statement, each with its elements on the arena as it stands; no element is evaluated twice. */
  of(
    call: Call,
    view: (buffer: string) => Numbers,
    locals: Locals,
    /** Elements of stages that others read as they were stored. */
    given: ReadonlyMap<string, (at: number) => number | undefined> = new Map(),
  ): readonly Evaluated[] {
    const elements = new Map<string, Element>();
    const sizes = new Map<string, Element>();
    return this.#calls.get(call)!.map((definition) => {
      const { of, buffers, own } = this.#made.get(definition)!;
      const [x, text] = [buffers.map(view), this.#function(of)];
      const known = new Memo(sizeOf(definition.shape));
      const knownSizes = new Memo(sizeOf(definition.shape));
      // a stage may read one that comes after it in the order of the loops
      const [others, theirs] = [elements, sizes].map((all) =>
        own.map((other): Element => {
          let found: Element | undefined;
          return (at) => (found ??= all.get(other)!)(at);
        }),
      ) as [Element[], Element[]];
      const element: Element = (at) => {
        const before = known.get(at);
        if (before !== undefined) return before;
        const value = text(x, others, theirs, locals, FN, (found) => void knownSizes.set(at, found), at);
        known.set(at, value);
        return value;
      };
      // what lies in memory was rounded when it was stored
      const size: Element = (at) => Math.abs(element(at)) + (knownSizes.get(at) ?? 0);
      const stored = given.get(definition.name);
      elements.set(definition.name, (at) => stored?.(at) ?? element(at));
      sizes.set(definition.name, (at) => Math.abs(stored?.(at) ?? size(at)));
      return { definition, element, size };
    });
  }
}

function definitionText(
  definition: Definition,
  shapes: ReadonlyMap<string, Shape>,
  own: ReadonlyMap<string, Shape>,
  precision: Precision,
  sized: boolean,
): { text: string; axes: string[]; buffers: string[]; own: string[] } {
  const { axes, shape, value } = definition;
  const writer = new DefinitionWriter(shapes, own, precision, sized);
  const { value: result, size } = sized ? writer.sized(value) : { value: writer.value(value), size: undefined };
  const position: string[] = [];
  for (let axis = axes.length - 1, inner = 1; axis >= 0; axis--) {
    position.push(`const ${axes[axis]!.name} = Math.floor(at / ${inner}) % ${shape[axis]!};`);
    inner *= shape[axis]!;
  }
  const reads = writer.buffers.map((_, n) => `const x${n} = x[${n}];`);
  const rho = `const rho = ${ROUNDED[precision]};`;
  const text = `(x, own, sizes, locals, fn, sized, at) => {\n${[...(sized ? [rho] : []), ...position, ...reads, ...writer.lines, ...(size === undefined ? [] : [`sized(${size});`])].join("\n")}\nreturn ${result};\n}`;
  return { text, axes: axesIn(definition), buffers: writer.buffers, own: writer.own };
}

/** The names of a definition's axes, those of its sums among them. */
function axesIn({ axes, value }: Definition): string[] {
  const names = new Set(axes.map(({ name }) => name));
  walkScalar(value, (part) => {
    if (part.kind === "reduce") for (const { name } of part.over) names.add(name);
  });
  return [...names];
}

class DefinitionWriter extends SizedWriter {
  readonly buffers: string[] = [];
  readonly own: string[] = [];
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #stages: ReadonlyMap<string, Shape>;
  readonly #single: boolean;
  readonly #isSized: boolean;
  /** What was read before the loops around, by its text. */
  readonly #before = new Map<string, string>();

  constructor(shapes: ReadonlyMap<string, Shape>, stages: ReadonlyMap<string, Shape>, precision: Precision, sized: boolean) {
    super();
    this.#isSized = sized;
    this.#single = precision === "single";
    this.#shapes = shapes;
    this.#stages = stages;
  }

  protected override load(s: Load): string {
    const [own] = this.#stageTexts(s);
    if (own !== undefined) return this.#read(own);
    const shape = this.#shapes.get(s.buffer);
    if (shape === undefined) throw new CompilerFault("place", `a definition reads ${s.buffer}, which is no buffer of the module`);
    return this.let(`x${placeIn(this.buffers, s.buffer)}[${flatText(s, shape)}]`);
  }

  protected override applied(s: Extract<Scalar, { kind: "apply" }>, args: readonly string[]): string {
    const rounds = this.#single && s.fn === "cast" && s.dtype === "f32" && s.args[0]!.dtype === "i32";
    return rounds ? this.let(`Math.fround(${args[0]})`) : super.applied(s, args);
  }

  protected override sizedLoad(s: Load): Sized {
    const value = this.load(s);
    const [, size] = this.#stageTexts(s);
    return { value, size: size === undefined ? "0" : this.#read(size) };
  }

  /** Elements of stages that a sum reads again at each of its points are read before it; those of a branch may lie outside, and stay. */
  protected override beforeLoops({ over, term }: Reduce): () => void {
    const added: string[] = [];
    const look = (s: Scalar, axes: ReadonlySet<string>): void => {
      if (s.kind === "apply") for (const arg of s.args) look(arg, axes);
      if (s.kind === "round") look(s.value, axes);
      if (s.kind === "reduce") look(s.term, new Set([...axes, ...s.over.map(({ name }) => name)]));
      if (s.kind !== "load" || s.at.some((at) => [...namesIn(at)].some((name) => axes.has(name)))) return;
      for (const text of this.#stageTexts(s)) {
        if (this.#before.has(text)) continue;
        this.#before.set(text, this.let(text));
        added.push(text);
      }
    };
    look(term, new Set(over.map(({ name }) => name)));
    return () => {
      for (const text of added) this.#before.delete(text);
    };
  }

  /** What reads an element of a stage, and in a table with sizes its size. */
  #stageTexts(s: Load): readonly string[] {
    const stage = this.#stages.get(s.buffer);
    if (stage === undefined) return [];
    const place = `[${placeIn(this.own, s.buffer)}](${flatText(s, stage)})`;
    return this.#isSized ? [`own${place}`, `sizes${place}`] : [`own${place}`];
  }

  #read(text: string): string {
    return this.#before.get(text) ?? this.let(text);
  }

  protected override local(name: string): string {
    return `locals[${JSON.stringify(name)}]`;
  }
}

function placeIn(list: string[], name: string): number {
  if (!list.includes(name)) list.push(name);
  return list.indexOf(name);
}
