/** Guarantees the names of an emitted file: every buffer, local and kernel gets an identifier that nothing else in the file has. */

import { Names } from "../../loop/identifier.ts";
import { constant, scale, shift, type Atom, type Index } from "../../loop/index-expression.ts";
import type { Axis, Buffer, Module, Slot } from "../../loop/loop.ts";
import { bytesOf, sizeOf } from "../../graph/type.ts";
import { printIndex } from "./expression.ts";
import { arrayOf } from "./statement.ts";
import { printable } from "../../graph/printable.ts";
import type { Facts } from "../target.ts";
import type { Checks } from "./checking.ts";
import { blockComment, line, WIDTH } from "./comment.ts";

/** Identifiers that the file's own frame uses. */
const FRAME = (
  "readModule team run work alone gather Team Thread ThreadedTrainer Setup THREADS CALL TURN DONE SLEEPING WAITING FAILED MESSAGE possible compiled sharedMemory meet pause Worker warned SPINS PATIENCE REST LONGEST IN_TIME control port console performance navigator Atomics SharedArrayBuffer createThreadedTrainer serve " +
  "slices stepInSlices stepping checkIdle guarded inParts whole Slices share claim fail checkThreaded ThreadedOptions OVER OFFERS SHARE PATIENT " +
  "fround Floats Ints Doubles arena kernels instantiate WebAssembly atob KERNELS exp32 log32 tanh32 bitsOf floatOf batch count options seed step evaluate predict gradients inputs parameters state hyper bytes restore given slot rows name view at packed outputs ofParameters ofInputs " +
  "Shape DType StateRow ParameterRow stateRow parameterRow StepOptions Evaluation Prediction Found Numbers packedViews isFloat width viewsOf " +
  "createTrainer createGradients Trainer Gradients Batch TrainBatch EvaluateBatch PredictBatch ARENA_BYTES PARAMETERS STATE MODEL GRAPH feed checkCount checkFull isFiniteAsked stepOptions checkBatch checkRecord checkLabels checkArray checkNumbers checkLoss checkHyper checkSeed checkModule shown finite JSON Symbol fillUniform fillNormal fillTable randomBits " +
  "floats doubles ints eachTurn powersOfTwo rootsOfTwo doubleBits doubleHalves highHalf notANumber minusInfinity turnsPerRadian wrapAngle quarterRemainder sinOfRemainder cosOfRemainder polynomial productError powerOfPositive reduceAngle " +
  "expCoefficients logCoefficients tanhCoefficients sinCoefficients cosCoefficients atanhCoefficients erfCoefficients erfcCoefficients atanCoefficients erfcTail expm1Coefficients"
).split(" ");

export interface Scope {
  readonly names: Names;
  readonly view: (buffer: string) => string;
  /** The text that holds a buffer's first contents, where they are too many to list. */
  readonly table: (buffer: string) => string;
  /** The array that a statement reads or writes: the view itself, or, of a window that is another at each turn, that of the turn. */
  readonly array: (buffer: string) => string;
  /** The loop that a window is another at each turn of. */
  readonly turnOf: (buffer: string) => Axis | undefined;
  readonly local: (entry: string, name: string) => string;
  readonly kernel: (name: string) => string;
  /** A statement of the step. */
  readonly call: (kernel: string, args: readonly string[], trains: boolean) => string;
}

/** What differs between targets whose step is TypeScript: where kernels live, and whose memory is the arena. */
export interface Kernels {
  /** Statements that make `arena`. */
  readonly arena: string;
  /** What the constructor's options have besides the seed: names, and type members. */
  readonly options: readonly { readonly name: string; readonly member: string }[];
  /** `trains`: in a step. */
  call(kernel: string, args: readonly string[], scope: Omit<Scope, "call">, trains: boolean): string;
  /** What in the text is there for engines and not for readers, in lines of the header. */
  idioms(text: string): readonly string[];
  /** Whether the contents say of each part what it holds. */
  readonly contents: "told" | "named";
  /** Statements that make what the calls so far go to, out of the views. */
  bound(): readonly string[];
  /** What is looked at of what is passed in. */
  checks(module: Module, facts: Facts, scope: Scope): Checks;
  /** The text of `randomBits`. */
  readonly randomBits: string;
  /** The functions themselves; adds the mathematics that they need. */
  print(scope: Scope, needs: Set<string>): readonly string[];
}

export function scopeOf(module: Module, kernelsOf: Pick<Kernels, "call">): Scope {
  const names = new Names(FRAME);
  for (const { loops = [] } of module.entries) for (const { turn } of loops) names.reserve(turn.name);
  const kernels = new Map(module.kernels.map(({ name }) => [name, names.take(name)]));
  const views = new Map(module.buffers.map(({ name }) => [name, names.take(name)]));
  const locals = new Map<string, string>();
  for (const entry of module.entries) {
    const inside = names.nested();
    for (const call of entry.calls) if (call.kind === "let") locals.set(`${entry.name} ${call.name}`, inside.take(call.name));
  }
  const found = (map: ReadonlyMap<string, string>, key: string): string => {
    const name = map.get(key);
    if (name === undefined) throw new RangeError(`nothing is called ${JSON.stringify(key)}`);
    return name;
  };
  const tables = new Map<string, string>();
  const turning = new Map(module.buffers.flatMap((buffer) => (turnOf(buffer) === undefined ? [] : [[buffer.name, turnOf(buffer)!]])));
  const view = (buffer: string): string => found(views, buffer);
  const scope = {
    names,
    view,
    table: (buffer: string) => {
      const name = tables.get(buffer) ?? names.take(`TABLE_${buffer}`);
      tables.set(buffer, name);
      return name;
    },
    array: (buffer: string) => (turning.has(buffer) ? `${view(buffer)}[${turning.get(buffer)!.name}]!` : view(buffer)),
    turnOf: (buffer: string) => turning.get(buffer),
    local: (entry: string, name: string) => found(locals, `${entry} ${name}`),
    kernel: (name: string) => found(kernels, name),
  };
  return { ...scope, call: (kernel, args, trains) => kernelsOf.call(kernel, args, scope, trains) };
}

/** Any text as a string literal. */
export const quoted = (text: string): string => printable(JSON.stringify(text));

/** A property name from a model: quoted, and never the one that sets a prototype. */
export const property = (name: string): string => (name === "__proto__" ? `[${quoted(name)}]` : quoted(name));

const lifeOf = ({ live, over }: Slot, scope: Scope): string => {
  if (live === "always") return "always";
  const life = live[0] === live[1] ? `${live[0] + 1}` : `${live[0] + 1}–${live[1] + 1}`;
  return over === undefined ? life : `${life}, over ${scope.view(over)}`;
};

/** A list of what is another at each turn, by the number of the slice. */
export const eachTurn = ({ name, extent }: Axis, made: string): string => `eachTurn(${extent}, (${name}) => ${made})`;

/** What the table is made with: a view of the arena by its first byte and its elements, for each type of them, and what is another at each turn. */
const MAKERS: readonly (readonly [name: string, text: string])[] = [
  ...(["Float32Array", "Float64Array", "Int32Array"] as const).map((array): readonly [string, string] => [
    makerOf(array),
    `const ${makerOf(array)} = (at: number, length: number) => new ${array}(arena, at, length);`,
  ]),
  [
    "eachTurn",
    "const eachTurn = <Made>(turns: number, made: (t: number) => Made): Made[] => Array.from({ length: turns }, (_, t) => made(t));",
  ],
];

function makerOf(array: ReturnType<typeof arrayOf>): string {
  return { Float32Array: "floats", Float64Array: "doubles", Int32Array: "ints" }[array];
}

/** Where a window begins in the arena, in bytes. */
export const bytesAt = ({ window, dtype }: Buffer, whole: Slot): Index =>
  shift(scale(window?.at ?? constant(0), bytesOf(dtype)), whole.offset);

/** The loop whose turns change where a window lies. */
function turnOf({ window }: Buffer): Axis | undefined {
  return window?.at.terms.map(({ atom }) => axisOf(atom)).find((axis) => axis !== undefined);
}

/** The one index in a position. */
function axisOf(atom: Atom): Axis | undefined {
  if (atom.kind === "index") return { name: atom.name, extent: atom.extent };
  return atom.of.terms.map((term) => axisOf(term.atom)).find((axis) => axis !== undefined);
}

/** What the comments of the table say. */
const HEAD = "// each array: shape, role, and the statements from which to which it is there; over: it takes that one's place";

/** The arena table: one view a buffer, with address, shape, role and life. Where the rest of the text reads no view, only the line of the table is printed. */
export function printViews(module: Module, buffers: readonly Buffer[], scope: Scope, rest: string): string {
  const read = new Set(rest.replace(/"(?:[^"\\]|\\.)*"|\/\*[^]*?\*\/|\/\/.*/g, "").match(/[\w$]+/g));
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  const known = new Map<string, string>();
  const rows = buffers.flatMap((buffer) => {
    const slot = slots.get(buffer.name)!;
    const size = sizeOf(buffer.shape);
    const what = buffer.window === undefined ? buffer.role : `of ${scope.view(buffer.window.of)}`;
    const shown = `// ${line(`[${buffer.shape.join(",")}]  ${what}, ${lifeOf(slot, scope)}`)}`;
    const view = scope.view(buffer.name);
    if (!read.has(view)) return [`// ${view}: ${size} elements at ${slot.offset}: ${shown.slice("// ".length)}`];
    const turn = turnOf(buffer);
    const where = turn === undefined ? slot.offset : printIndex(bytesAt(buffer, slots.get(buffer.window!.of)!));
    const array = `${makerOf(arrayOf(buffer.dtype))}(${where}, ${size})`;
    // what one loop stacks another reads as it is
    const list = turn === undefined ? array : eachTurn(turn, array);
    const made = `const ${view} = ${known.get(list) ?? list};`;
    if (turn !== undefined && !known.has(list)) known.set(list, view);
    return made.length + shown.length + INDENTED < WIDTH ? [`${made} ${shown}`] : [shown, made];
  });
  const text = `${rest}\n${rows.join("\n")}`;
  const makers = MAKERS.flatMap(([name, made]) => (new RegExp(`\\b${name}\\(`).test(text) ? [made] : []));
  return [...makers, "", HEAD, ...rows].join("\n");
}

/** Indentation of the table, and of what follows a statement. */
const INDENTED = 3;

/** A doc comment for a property of the public types. */
export const shapeDoc = ({ shape, classes }: Buffer): string =>
  blockComment([`[${shape.join(", ")}]${classes === undefined ? "" : `, labels 0 ≤ y < ${classes}`}`]);
