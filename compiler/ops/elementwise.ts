/** An op of a row of formulas (scalar.ts): typing law, gradient, reference and definition all read the one text. */

import { ShapeError } from "../graph/error.ts";
import type { Value } from "../graph/graph.ts";
import { bool, f32, isFloat, sameShape, tensor, type DType, type Tensor, type TensorType } from "../graph/type.ts";
import { compileFormula, derive, formulaToGraph, formulaToScalar, MEANING, parseFormula, printFormula, type Formula } from "./formula.ts";
import type { Op, Sample, VjpScope } from "./op.ts";
import { SWEEPS } from "./sweeps.ts";

/** One function of the table. */
export interface Row {
  readonly name: string;
  readonly args: readonly string[];
  /** y = … */
  readonly y: string;
  /** ∂y/∂arg, in the arguments and y: "derived" by mathjs, stated where mathjs has none, null where nothing flows. */
  readonly slopes: readonly ("derived" | (string & {}) | null)[];
  readonly dtypes: "arithmetic" | "float" | "compare" | "logic" | "where";
  /** How `y = …` reads; `{0}` is the first operand. Default: the function's call. */
  readonly reads?: string;
  readonly within?: readonly [number, number];
  readonly exact?: true;
  readonly kinks?: true;
}

/** One shape for all operands; a rank-0 operand stands for every element (only literals may, see graph/verify). */
function elementShape(op: string, args: readonly string[], inputs: readonly TensorType[]): readonly number[] {
  const full = inputs.find((input) => input.shape.length > 0);
  if (full === undefined) return [];
  if (inputs.some((input) => input.shape.length > 0 && !sameShape(input.shape, full.shape)))
    throw new ShapeError(
      op,
      `needs operands of one shape, but ${inputs.map((i) => `[${i.shape.join(",")}]`).join(" ≠ ")}`,
      inputs.map((type, n) => ({ label: args[n]!, type })),
    );
  return full.shape;
}

function resultDtype(row: Row, inputs: readonly TensorType[]): DType {
  const operands = inputs.map((input, n) => ({ label: row.args[n]!, type: input }));
  const values = row.dtypes === "where" ? inputs.slice(1) : inputs;
  const dtype = values[0]!.dtype;
  const fail = (law: string): never => {
    throw new ShapeError(row.name, law, operands, "Cast one of them first.");
  };
  if (values.some((value) => value.dtype !== dtype)) fail("needs operands of one dtype");
  if (row.dtypes === "where" && inputs[0]!.dtype !== "bool") fail("needs a bool condition");
  if (row.dtypes === "logic" && dtype !== "bool") fail("needs bool operands");
  if (row.dtypes === "float" && !isFloat(dtype)) fail("needs float operands");
  if (row.dtypes === "arithmetic" && dtype === "bool") fail("needs numbers");
  return row.dtypes === "compare" ? "bool" : dtype;
}

function samplesOf(row: Row): Sample[] {
  const operand = (dims: number[]): TensorType => (row.dtypes === "logic" ? bool(...dims) : f32(...dims));
  return [[3, 4], [1], [], [2, 1, 3]].map((dims) => ({
    inputs: row.args.map((_, n) => (row.dtypes === "where" && n === 0 ? bool(...dims) : operand(dims))),
    attrs: {},
    ...(row.within === undefined ? {} : { within: row.within }),
  }));
}

/** The op of another row. */
type OpNamed = (name: string) => Op;

/** A function of literals as the literal it gives; undefined where an argument is none. */
function constantCall(g: VjpScope["g"], fn: string, args: readonly Value[], opNamed: OpNamed): Value | undefined {
  const constants = args.map((arg) => g.constantOf(arg));
  if (!constants.every((constant) => constant !== undefined)) return undefined;
  const op = opNamed(fn);
  const operands = constants.map((constant, n) => tensor(g.typeOf(args[n]!), [constant]));
  const y = tensor(
    op.infer(
      operands.map(({ type }) => type),
      {},
    ),
  );
  op.evaluate(operands, {}, y);
  return g.literal(y.data[0]!, y.type.dtype);
}

/** What is left of a condition, or of a choice, of which one operand is known; undefined where none is. */
function settled(g: VjpScope["g"], fn: string, args: readonly Value[]): Value | undefined {
  const [a, b] = args.map((arg) => g.constantOf(arg));
  if (fn === "where" && a !== undefined) return a !== 0 ? args[1] : args[2];
  if (fn !== "and" && fn !== "or") return undefined;
  const [known, other] = a === undefined ? [b, args[0]] : [a, args[1]];
  if (known === undefined) return undefined;
  return (known !== 0) === (fn === "and") ? other : g.literal(known, "bool");
}

/** d ⊙ slope, pushed into conditionals, so that an infinite d never meets a zero. */
function times(scope: VjpScope, d: Value, slope: Formula, env: Record<string, Value>, opNamed: OpNamed): Value {
  const { g } = scope;
  const { dtype } = g.typeOf(d);
  const zero = (): Value => g.literal(0, dtype);
  const graph = (f: Formula): Value =>
    formulaToGraph(f, env, {
      literal: (value) => g.literal(value, dtype),
      // b − 1 of a constant b is a constant too: only literals broadcast by themselves
      call: (fn, args) =>
        constantCall(g, fn, args, opNamed) ?? settled(g, fn, args) ?? g.elementwise(fn as Parameters<typeof g.elementwise>[0], args),
    });
  if (slope.kind === "number") {
    if (slope.value === 1) return d;
    if (slope.value === -1) return g.neg(d);
    return slope.value === 0 ? zero() : g.mul(d, g.literal(slope.value, dtype));
  }
  if (slope.kind === "call" && slope.fn === "where") {
    const [c, a, b] = slope.args as [Formula, Formula, Formula];
    const condition = graph(c);
    const known = g.constantOf(condition);
    if (known !== undefined) return times(scope, d, known !== 0 ? a : b, env, opNamed);
    return g.where(condition, times(scope, d, a, env, opNamed), times(scope, d, b, env, opNamed));
  }
  if (slope.kind === "call" && slope.fn === "neg") return g.neg(times(scope, d, slope.args[0]!, env, opNamed));
  if (slope.kind === "call" && slope.fn === "div") return g.div(times(scope, d, slope.args[0]!, env, opNamed), graph(slope.args[1]!));
  return g.mul(d, graph(slope));
}

/** The slope of a row in one argument, as a formula in the arguments and y. */
export function slopeOf(row: Row, at: number): Formula | null {
  const slope = row.slopes[at];
  if (slope === null || slope === undefined) return null;
  return slope === "derived" ? derive(row.y, row.args[at]!) : parseFormula(slope);
}

/** Every element by the formula itself. */
function walk(inputs: readonly Tensor[], data: Float64Array, meaning: (values: readonly number[]) => number): void {
  const values = inputs.map((one) => one.data[0]!);
  for (let n = 0; n < data.length; n++) {
    for (let at = 0; at < values.length; at++) {
      const { data: own } = inputs[at]!;
      if (own.length > 1) values[at] = own[n]!;
    }
    data[n] = meaning(values);
  }
}

/** d_y times a slope, as a law says it. */
function pulledText(slope: Formula): string {
  if (slope.kind === "number" && Math.abs(slope.value) === 1) return slope.value === 1 ? "d_y" : "−d_y";
  if (slope.kind === "call" && slope.fn === "neg") return `−${pulledText(slope.args[0]!)}`;
  if (slope.kind === "call" && slope.fn === "div") return `${pulledText(slope.args[0]!)} / ${printFormula(slope.args[1]!, TIGHTEST)}`;
  return `d_y ⊙ ${printFormula(slope, TIGHTEST)}`;
}

/** Only what is one name or call stands without brackets. */
const TIGHTEST = 9;

/** A row as an op; `opNamed` finds the ops of the others, for slopes that are known numbers. */
export function elementwise(row: Row, opNamed: OpNamed): Op {
  const y = parseFormula(row.y);
  const meaning = compileFormula(y, row.args);
  const slopes = row.slopes.map(() => undefined as Formula | null | undefined);
  const slope = (at: number): Formula | null => (slopes[at] ??= slopeOf(row, at));
  const reads = row.reads ?? `${row.name}(${row.args.map((_, n) => `{${n}}`).join(", ")})`;
  const own = y.kind === "call" && y.fn === row.name;
  const inOrder = own && y.args.every((arg, n) => arg.kind === "variable" && arg.name === row.args[n]);
  const plain = inOrder ? MEANING[row.name] : undefined;
  const sweep = SWEEPS[row.name];
  return {
    name: row.name,
    arity: row.args.length,
    elementwise: true,
    ...(row.exact ? { exact: true } : {}),
    ...(row.kinks ? { kinks: true } : {}),
    maths: (operands) => reads.replace(/\{(\d)\}/g, (_, n: string) => operands[Number(n)]!),
    infer: (inputs) => ({
      dtype: resultDtype(row, inputs),
      shape: elementShape(row.name, row.args, inputs),
    }),
    get laws() {
      return row.slopes.map((_, at) => {
        const s = slope(at);
        if (s === null) return null;
        const pulled = pulledText(s);
        return `d_${row.args[at]} = ${pulled}${own || pulled === "d_y" ? "" : ` for y = ${printFormula(y)}`}`;
      });
    },
    vjp(scope, at) {
      const env: Record<string, Value> = { y: scope.output };
      row.args.forEach((name, n) => (env[name] = scope.inputs[n]!));
      return times(scope, scope.cotangent, slope(at)!, env, opNamed);
    },
    evaluate(inputs, _attrs, output) {
      const { data } = output;
      const [a, b, c] = inputs.map((one) => one.data) as [Float64Array, Float64Array, Float64Array];
      // a literal is one element for all; most rows are one function of one or two arguments
      const [stepA, stepB, stepC] = inputs.map((one) => Number(one.data.length > 1)) as [number, number, number];
      if (sweep !== undefined) sweep(data, a, stepA, b, stepB, c, stepC);
      else if (plain !== undefined && inputs.length === 1) for (let n = 0; n < data.length; n++) data[n] = plain(a[n * stepA]!);
      else if (plain !== undefined && inputs.length === 2)
        for (let n = 0; n < data.length; n++) data[n] = plain(a[n * stepA]!, b[n * stepB]!);
      else walk(inputs, data, meaning);
    },
    define({ at, read, types, type }) {
      const env = Object.fromEntries(row.args.map((name, n) => [name, read[n]!(...(types[n]!.shape.length === 0 ? [] : at))]));
      return formulaToScalar(y, env, type.dtype === "bool" ? types[0]!.dtype : type.dtype);
    },
    samples: samplesOf(row),
  };
}
