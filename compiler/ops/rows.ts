/**
 * Where the rows of a batch lie in an op's value, read off its definition, so that no op needs a law of its own:
 *   h[i,j] = relu(z[i,j])            rows along axis 0
 *   f[i,j] = x[⌊i/6⌋, i mod 6, j]    rows along axis 0, six positions each
 *   b[i,j] = bias[j]                 the same for all rows
 *   g[i,j] = Σ k<8: x[i,k]·x[j,k]    rows that meet
 * A value is right for a short batch where each of its real rows is what a batch of exactly those would have made it; what says "rows",
 * "even" or "none" here is right by induction, and what is not says "met". The batch must be prime to all other extents.
 */

import type { Node, Value } from "../graph/graph.ts";
import type { TensorType } from "../graph/type.ts";
import { literal, load, walkScalar } from "../loop/build.ts";
import { equal, index, namesIn, quotient, remainder, type Index } from "../loop/index-expression.ts";
import type { Axis, Scalar } from "../loop/loop.ts";
import { opOf } from "./index.ts";
import { number } from "./op.ts";
import { rowsOfShape, type Rows } from "./row-kinds.ts";
import { scanRows } from "./scan-rows.ts";

export type { Rows } from "./row-kinds.ts";

interface Operand {
  readonly rows: Rows;
  readonly type: TensorType;
  /** What a literal stands for. */
  readonly constant?: number;
}

/** Output axes have names that no reduction has. */
const own = (axis: number): string => `at${axis}`;

/** Where the rows lie in node number `at`, from where they lie in those before it. */
export function rowsIn(nodes: readonly Node[], at: number, before: (value: Value) => Rows, batch: number): Rows {
  const node = nodes[at]!;
  const operands = node.inputs.map((input): Operand => {
    const { op, attrs, type } = nodes[input]!;
    const known = { rows: before(input), type };
    return op === "literal" ? { ...known, constant: attrs["value"] as number } : known;
  });
  const met = (why: string): Rows => ({ kind: "met", node: at, why });
  const { shape } = node.type;
  const long = shape.flatMap((extent, axis) => (extent % batch === 0 ? [axis] : []));
  const op = opOf(node.op);
  const found = operands.find(({ rows }) => rows.kind === "met");
  if (found !== undefined) return found.rows;
  if (node.op === "scan") return { kind: "none", vanishes: false }; // its results have rows, see there
  if (op.selects === true) return scanRows(nodes[node.inputs[0]!]!, node.inputs[0]!, before, batch, rowsIn)[number(node.attrs, "n")]!;
  if (op.leaf === true && op.view !== true) return rowsOfShape(shape, batch, at);
  if (node.op === "turn") return operands[0]!.rows.kind === "rows" ? operands[0]!.rows : rowsOfShape(shape, batch, at);
  const over: Axis[] = [];
  const scalar = op.define({
    at: shape.map((extent, axis) => index(own(axis), extent)),
    read: operands.map(
      ({ type, constant }, n) =>
        (...where) =>
          constant === undefined ? load(String(n), type.dtype, ...where) : literal(constant, type.dtype),
    ),
    types: operands.map(({ type }) => type),
    type: node.type,
    attrs: node.attrs,
    axis: (extent) => {
      over.push({ name: `over${over.length}`, extent });
      return over.at(-1)!;
    },
  });
  const steep = steepAtZero(scalar, operands);
  if (steep !== undefined) return met(`${steep} has no finite slope at 0, which rows that are not real have there`);
  const summed = over.filter(({ extent }) => extent % batch === 0).map(({ name }) => name);
  const isSum = summed.length > 0;
  if (isSum && !sumsOfNothing(scalar, operands, summed)) return met("it combines the rows");
  const vanishes = !isSum && (isMask(nodes, node) || vanishing(scalar, operands));
  const rows = distinct(rowIndices(scalar, operands, batch));
  const [row, another] = rows;
  if (another !== undefined) return met("it reads one row beside another");
  if (row !== undefined && row.terms.length === 0 && row.offset > 0) return met(`it reads row ${row.offset}`);
  const names = row === undefined ? new Set<string>() : namesIn(row);
  const ofSum = [...names].filter((name) => summed.includes(name));
  if (ofSum.length > 0 && ofSum.length < names.size) return met("it reads rows other than its own");
  if (long.length === 0) {
    if (names.size > 0 && ofSum.length === 0) return met("it reads rows other than its own");
    return { kind: "none", vanishes };
  }
  if (names.size > 0 && ofSum.length === 0) {
    const [axis, other] = long;
    const per = axis === undefined ? undefined : perOf(row!, axis, shape[axis]!, batch);
    if (per === undefined) return met("it reads rows other than its own");
    if (other !== undefined) return met("two of its axes are as long as the batch");
    return { kind: "rows", axis: axis!, per, vanishes };
  }
  const varied = variedIn(scalar, operands);
  const [axis, other] = long.filter((one) => varied.has(own(one)));
  if (axis === undefined) return { kind: "even", axes: long, vanishes };
  if (other !== undefined || long.length > 1) return met("two of its axes are as long as the batch");
  return { kind: "rows", axis, per: shape[axis]! / batch, vanishes };
}

/** [i < count]: what says which rows are real. */
function isMask(nodes: readonly Node[], { op, inputs }: Node): boolean {
  const [position, limit] = inputs.map((input) => nodes[input]!);
  if (op !== "lt" || position!.op !== "iota" || limit!.op !== "broadcast") return false;
  return nodes[limit!.inputs[0]!]!.op === "count";
}

/** The rows that a value reads of its operands, as indices modulo the batch. */
function rowIndices(scalar: Scalar, operands: readonly Operand[], batch: number): Index[] {
  const found: Index[] = [];
  walkScalar(scalar, (part) => {
    if (part.kind !== "load") return;
    const { rows } = operands[Number(part.buffer)]!;
    if (rows.kind === "rows") found.push(remainder(quotient(part.at[rows.axis]!, rows.per), batch));
  });
  return found;
}

const distinct = (all: readonly Index[]): Index[] => all.filter((one, n) => all.findIndex((other) => equal(one, other)) === n);

/** Positions of a row along an axis, where ⌊i / per⌋ mod batch is the row; undefined where it is not. */
function perOf(row: Index, axis: number, extent: number, batch: number): number | undefined {
  const position = index(own(axis), extent);
  const most = extent / batch;
  for (let per = 1; per <= most; per++) if (most % per === 0 && equal(row, remainder(quotient(position, per), batch))) return per;
  return undefined;
}

/** The output axes on which a value depends: by position, or by where it reads what is not the same there. */
function variedIn(scalar: Scalar, operands: readonly Operand[]): ReadonlySet<string> {
  const names = new Set<string>();
  walkScalar(scalar, (part) => {
    if (part.kind === "index") namesIn(part.at, names);
    if (part.kind !== "load") return;
    const { rows } = operands[Number(part.buffer)]!;
    const even = rows.kind === "even" ? rows.axes : [];
    part.at.forEach((one, axis) => {
      if (!even.includes(axis)) namesIn(one, names);
    });
  });
  return names;
}

/** Whether every reduction over rows is a sum of terms that are 0 where no real row is. */
function sumsOfNothing(scalar: Scalar, operands: readonly Operand[], summed: readonly string[]): boolean {
  let all = true;
  walkScalar(scalar, (part) => {
    if (part.kind !== "reduce" || !part.over.some(({ name }) => summed.includes(name))) return;
    if (part.by !== "add" || !vanishing(part.term, operands)) all = false;
  });
  return all;
}

const ODD: ReadonlySet<string> = new Set(["neg", "abs", "sign", "floor", "sqrt", "tanh", "sin", "erf", "atan", "log1p", "expm1", "cast"]);
const ALL: ReadonlySet<string> = new Set(["add", "sub", "max", "min", "or"]);

/** Whether a value is 0 where the operands that vanish are. */
function vanishing(scalar: Scalar, operands: readonly Operand[]): boolean {
  const go = (part: Scalar): boolean => vanishing(part, operands);
  switch (scalar.kind) {
    case "literal":
      return scalar.value === 0;
    case "load": {
      const { rows } = operands[Number(scalar.buffer)]!;
      return rows.kind !== "met" && rows.vanishes;
    }
    case "apply":
      if (scalar.fn === "mul" || scalar.fn === "and") return scalar.args.some(go);
      if (scalar.fn === "div") return go(scalar.args[0]!);
      return (ODD.has(scalar.fn) || ALL.has(scalar.fn)) && scalar.args.every(go);
    case "select":
      return go(scalar.otherwise) && (go(scalar.then) || go(scalar.when));
    case "round":
      return go(scalar.value);
    case "reduce":
      return scalar.by !== "argmax" && go(scalar.term);
    case "index":
    case "local":
      return false;
  }
}

/** The first function without a finite slope at 0 that a value takes there of what vanishes: backward, 0 · ∞ would be no number. */
function steepAtZero(scalar: Scalar, operands: readonly Operand[]): string | undefined {
  let found: string | undefined;
  walkScalar(scalar, (part) => {
    if (part.kind !== "apply") return;
    const at = ["sqrt", "log", "pow"].includes(part.fn) ? part.args[0] : part.fn === "div" ? part.args[1] : undefined;
    if (at !== undefined && at.kind !== "literal" && vanishing(at, operands)) found ??= part.fn;
  });
  return found;
}
