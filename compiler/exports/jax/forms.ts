/** The form that each primitive has in JAX, one row an op: a missing one is a type error here. */

import type { Node, Value } from "../../graph/graph.ts";
import type { ConvAttrs } from "../../ops/conv.ts";
import type { DotAttrs } from "../../ops/dot.ts";
import type { OpName } from "../../ops/index.ts";
import { number, numbers } from "../../ops/op.ts";
import type { WindowAttrs } from "../../ops/window.ts";
import { dtypeOf, literal, type Emission, type Held, type Made } from "./emission.ts";
import { loop } from "./loop.ts";
import { atom, axes, binary, call, method, named, shape, suffix, text, tuple, whole, type BinaryOp, type Expr } from "./python.ts";

/** What a node is, its operands being there. */
export type Form = (e: Emission, value: Value, node: Node) => Made;

/** Axes are spread by NumPy's rules: as large as the largest of the operands. */
function joint(operands: readonly Held[]): Pick<Held, "dims" | "rank"> {
  const rank = Math.max(...operands.map((one) => one.rank));
  const most = operands.reduce<readonly number[]>((all, { dims }) => (dims.length > all.length ? dims : all), []);
  const dims = most.map((_, axis) => operands.reduce((extent, one) => Math.max(extent, one.dims[axis] ?? 1), 1));
  return { dims, rank };
}

/** An elementwise function over operands that spread by themselves. */
const spreading =
  (make: (...operands: readonly Expr[]) => Expr): Form =>
  (e, _, node) => {
    const operands = node.inputs.map((input) => e.loose(input));
    return { expr: make(...operands.map(({ expr }) => expr)), ...joint(operands) };
  };

const fn = (name: string): Form => spreading((...operands) => call(name, ...operands));
const infix = (op: BinaryOp): Form => spreading((a, b) => binary(op, a!, b!));

/** A whole value, which is spread by nobody else. */
const complete =
  (make: (e: Emission, node: Node, ...operands: readonly Expr[]) => Expr): Form =>
  (e, _, node) => ({
    expr: make(e, node, ...node.inputs.map((input) => e.full(input))),
    dims: node.type.shape,
    rank: node.type.shape.length,
  });

const alias: Form = (e, _, node) => e.loose(node.inputs[0]!);
const isLeaf: Form = (_, __, node) => {
  throw new RangeError(`%${node.name} is storage, and stands before all statements`);
};

const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];

/** `x @ w` where NumPy means the same, else the letters of an einsum. */
const dot: Form = complete((e, node, x, y) => {
  const { aBatch, aContract, bBatch, bContract } = node.attrs as DotAttrs;
  const [rankA, rankB] = node.inputs.map((input) => e.node(input).type.shape.length) as [number, number];
  const leading = (all: readonly number[], n: number): boolean => all.length === n && all.every((axis, at) => axis === at);
  const matrices = rankA === rankB && rankA >= 2 && leading(aBatch, rankA - 2) && leading(bBatch, rankA - 2) && aContract.length === 1;
  const turned = (matrix: Expr): Expr => (rankA === 2 ? suffix(matrix, ".T") : call("jnp.swapaxes", matrix, whole(-1), whole(-2)));
  if (matrices) {
    const a = aContract[0] === rankA - 1 ? x! : turned(x!);
    return binary("@", a, bContract[0] === rankA - 2 ? y! : turned(y!));
  }
  const last = aContract.length === 1 && aContract[0] === rankA - 1;
  if (last && rankB === 2 && aBatch.length === 0) return binary("@", x!, bContract[0] === 0 ? y! : suffix(y!, ".T"));
  if (rankA === 1 && rankB === 1 && last) return binary("@", x!, y!);
  const letters = [...LETTERS];
  const ofA = Array.from({ length: rankA }, () => letters.shift()!);
  const ofB = Array.from({ length: rankB }, (_, axis) => {
    if (bBatch.includes(axis)) return ofA[aBatch[bBatch.indexOf(axis)]!]!;
    return bContract.includes(axis) ? ofA[aContract[bContract.indexOf(axis)]!]! : letters.shift()!;
  });
  const free = (own: readonly string[], ...not: readonly (readonly number[])[]) =>
    own.filter((_, axis) => !not.some((all) => all.includes(axis)));
  const out = [...aBatch.map((axis) => ofA[axis]!), ...free(ofA, aBatch, aContract), ...free(ofB, bBatch, bContract)];
  return call("jnp.einsum", atom(text(`${ofA.join("")},${ofB.join("")}->${out.join("")}`)), x!, y!);
});

/** One number where all are the same, as many functions of lax take it as well. */
const pairs = (low: readonly number[], high: readonly number[]): Expr => tuple(...low.map((n, axis) => shape([n, high[axis]!])));
const areAll = (values: readonly number[], n: number): boolean => values.every((value) => value === n);

const conv: Form = complete((_, node, x, w) => {
  const a = node.attrs as ConvAttrs;
  const keys: Record<string, Expr> = {};
  if (!areAll(a.lhsDilation, 1)) keys["lhs_dilation"] = shape(a.lhsDilation);
  if (!areAll(a.rhsDilation, 1)) keys["rhs_dilation"] = shape(a.rhsDilation);
  if (a.featureGroups !== 1) keys["feature_group_count"] = whole(a.featureGroups);
  if (a.batchGroups !== 1) keys["batch_group_count"] = whole(a.batchGroups);
  return named("lax.conv_general_dilated", [x!, w!, shape(a.stride), pairs(a.low, a.high)], keys);
});

/** Windows and steps of an axis-by-axis window; dilation where there is one. */
const windowOf = ({ window, stride, low, high, dilation }: WindowAttrs): readonly Expr[] => [
  shape(window),
  shape(stride),
  pairs(low, high),
  ...(dilation === undefined || areAll(dilation, 1) ? [] : [shape(dilation)]),
];

const reduceWindow = (initial: Expr, by: string): Form =>
  complete((_, node, x) => {
    const [window, stride, padding, dilation] = windowOf(node.attrs as WindowAttrs);
    const keys: Record<string, Expr> = dilation === undefined ? {} : { window_dilation: dilation };
    return named("lax.reduce_window", [x!, initial, atom(by), window!, stride!, padding!], keys);
  });

const helper =
  (name: string, ...of: readonly string[]) =>
  (e: Emission): string => {
    for (const one of [name, ...of]) e.shared.helpers.add(one);
    return name;
  };
const windowed = (name: string, ofShape?: true): Form => {
  const known = helper(name, "windows", "window_gather");
  return complete((e, node, ...operands) => {
    const own = ofShape === true ? [shape(numbers(node.attrs, "shape"))] : [];
    return call(known(e), ...operands, ...own, ...windowOf(node.attrs as WindowAttrs));
  });
};

const broadcast: Form = (e, value, node) => {
  const { expr, dims, rank } = e.loose(node.inputs[0]!);
  const added = numbers(node.attrs, "axes");
  let n = 0;
  const spread = e.node(value).type.shape.map((_, axis) => (added.includes(axis) ? 1 : dims[n++]!));
  const kept = spread.flatMap((_, axis) => (added.includes(axis) ? [] : [axis]));
  const first = kept[dims.length - rank] ?? spread.length; // those in front are missing, and spread already
  // new axes in front of all others are spread by whoever reads it
  const inside = spread.map((_, axis) => axis).filter((axis) => axis >= first);
  if (!inside.some((axis) => added.includes(axis))) return { expr, dims: spread, rank };
  const letters = inside.map((axis) => (added.includes(axis) ? "None" : ":")).join(", ");
  return { expr: suffix(expr, `[${letters}]`), dims: spread, rank: inside.length };
};

const slice: Form = complete((e, node, x) => {
  const [start, limit, stride] = [numbers(node.attrs, "start"), numbers(node.attrs, "limit"), numbers(node.attrs, "stride")];
  const extents = e.node(node.inputs[0]!).type.shape;
  const ranges = start.map((from, axis) => {
    const to = limit[axis]! >= extents[axis]! ? "" : String(limit[axis]);
    return `${from === 0 ? "" : from}:${to}${stride[axis] === 1 ? "" : `:${stride[axis]}`}`;
  });
  if (ranges.length === 0) return x!; // one number
  while (ranges.length > 1 && ranges.at(-1) === ":") ranges.pop();
  return suffix(x!, `[${ranges.join(", ")}]`);
});

const pad: Form = complete((_, node, x) => {
  const [low, high, interior] = [numbers(node.attrs, "low"), numbers(node.attrs, "high"), numbers(node.attrs, "interior")];
  if (areAll(interior, 0)) return call("jnp.pad", x!, pairs(low, high));
  const zero = method(x!, "dtype.type", whole(0));
  return call("lax.pad", x!, zero, tuple(...low.map((n, axis) => shape([n, high[axis]!, interior[axis]!]))));
});

const reverse: Form = complete((_, node, x) => call("jnp.flip", x!, axes(numbers(node.attrs, "axes"))));

const sum: Form = complete((_, node, x) => {
  const keys: Record<string, Expr> = { axis: axes(numbers(node.attrs, "axes")) };
  if (node.type.dtype === "i32") keys["dtype"] = atom("jnp.int32");
  return named("jnp.sum", [x!], keys);
});

/** Positions along one axis; the others are spread. */
const iota: Form = (_, __, node) => {
  const axis = number(node.attrs, "axis");
  const { dtype, shape: extents } = node.type;
  const behind = extents.length - axis - 1;
  const positions = named("jnp.arange", [whole(extents[axis]!)], { dtype: dtypeOf(dtype) });
  const expr = behind === 0 ? positions : suffix(positions, `[:${", None".repeat(behind)}]`);
  return { expr, dims: extents.map((extent, n) => (n === axis ? extent : 1)), rank: behind + 1 };
};

/** Numbers that stand in the file by a name. */
const table: Form = (e, _, node) => {
  const name = `TABLE_${node.name.replace(/[^A-Za-z0-9_]/g, "_")}`;
  e.shared.numbers.set(name, numbers(node.attrs, "values"));
  const made = call("jnp.asarray", atom(name), dtypeOf(node.type.dtype));
  const { shape: extents } = node.type;
  return { expr: extents.length === 1 ? made : method(made, "reshape", ...extents.map(whole)), dims: extents, rank: extents.length };
};

const cast: Form = (e, _, node) => {
  const { expr, dims, rank } = e.loose(node.inputs[0]!);
  const { op, attrs } = e.node(node.inputs[0]!);
  const { dtype } = node.type;
  return { expr: op === "literal" ? literal(number(attrs, "value"), dtype) : method(expr, "astype", dtypeOf(dtype)), dims, rank };
};

const bits: Form = (e, _, node) => {
  e.shared.helpers.add("bits");
  const { expr } = e.loose(node.inputs[0]!);
  const extents = node.type.shape;
  return { expr: call("bits", expr, whole(number(node.attrs, "stream")), shape(extents)), dims: extents, rank: extents.length };
};

const gathers = helper("rows_at");
const adds = helper("added_at");

export const FORMS: Readonly<Record<OpName, Form>> = {
  neg: spreading((x) => ({ kind: "unary", op: "-", x: x! })),
  exp: fn("jnp.exp"),
  log: fn("jnp.log"),
  sqrt: fn("jnp.sqrt"),
  recip: spreading((x) => binary("/", atom("1.0"), x!)),
  tanh: fn("jnp.tanh"),
  sigmoid: fn("jax.nn.sigmoid"),
  relu: fn("jax.nn.relu"),
  erf: fn("lax.erf"),
  sin: fn("jnp.sin"),
  cos: fn("jnp.cos"),
  log1p: fn("jnp.log1p"),
  expm1: fn("jnp.expm1"),
  abs: fn("jnp.abs"),
  sign: fn("jnp.sign"),
  floor: fn("jnp.floor"),
  rsqrt: fn("lax.rsqrt"),
  erfc: fn("lax.erfc"),
  exp2: fn("jnp.exp2"),
  lgamma: fn("lax.lgamma"),
  digamma: fn("lax.digamma"),
  log2: fn("jnp.log2"),
  log10: fn("jnp.log10"),
  tan: fn("jnp.tan"),
  asin: fn("jnp.arcsin"),
  acos: fn("jnp.arccos"),
  atan: fn("jnp.arctan"),
  sinh: fn("jnp.sinh"),
  cosh: fn("jnp.cosh"),
  asinh: fn("jnp.arcsinh"),
  acosh: fn("jnp.arccosh"),
  atanh: fn("jnp.arctanh"),
  logSigmoid: fn("jax.nn.log_sigmoid"),
  softsign: fn("jax.nn.soft_sign"),
  ceil: fn("jnp.ceil"),
  trunc: fn("jnp.trunc"),
  round: fn("jnp.round"),
  add: infix("+"),
  sub: infix("-"),
  mul: infix("*"),
  div: infix("/"),
  max: fn("jnp.maximum"),
  min: fn("jnp.minimum"),
  pow: fn("jnp.power"),
  atan2: fn("jnp.arctan2"),
  logAddExp: fn("jnp.logaddexp"),
  fmod: fn("jnp.fmod"),
  lt: infix("<"),
  le: infix("<="),
  eq: infix("=="),
  and: infix("&"),
  or: infix("|"),
  not: spreading((x) => ({ kind: "unary", op: "~", x: x! })),
  where: fn("jnp.where"),
  input: isLeaf,
  param: isLeaf,
  state: isLeaf,
  constant: isLeaf,
  hyper: isLeaf,
  count: isLeaf,
  literal: (_, __, node) => ({ expr: literal(number(node.attrs, "value"), node.type.dtype), dims: [], rank: 0 }),
  iota,
  table,
  transpose: complete((_, node, x) => {
    const order = numbers(node.attrs, "order");
    return order.length === 2 ? suffix(x!, ".T") : call("jnp.transpose", x!, shape(order));
  }),
  reshape: complete((_, node, x) => call("jnp.reshape", x!, shape(node.type.shape))),
  broadcast,
  slice,
  pad,
  reverse,
  stopGradient: (e, _, node) => {
    const { expr, dims, rank } = e.loose(node.inputs[0]!);
    return { expr: call("lax.stop_gradient", expr), dims, rank };
  },
  sum,
  reduceMax: complete((_, node, x) => named("jnp.max", [x!], { axis: axes(numbers(node.attrs, "axes")) })),
  argmax: complete((_, node, x) =>
    method(named("jnp.argmax", [x!], { axis: whole(number(node.attrs, "axis")) }), "astype", atom("jnp.int32")),
  ),
  dot,
  conv,
  windowSum: reduceWindow(atom("0.0"), "lax.add"),
  windowMax: reduceWindow({ kind: "unary", op: "-", x: atom("jnp.inf") }, "lax.max"),
  windowArgmax: windowed("window_argmax"),
  windowGather: windowed("window_gather"),
  windowScatter: windowed("window_scatter", true),
  concat: complete((_, node, ...operands) => named("jnp.concatenate", [tuple(...operands)], { axis: whole(number(node.attrs, "axis")) })),
  cumsum: complete((_, node, x) => named("jnp.cumsum", [x!], { axis: whole(number(node.attrs, "axis")) })),
  gather: complete((e, _, x, at) => call(gathers(e), x!, at!)),
  scatterAdd: complete((e, node, at, d) => call(adds(e), at!, d!, whole(number(node.attrs, "rows")))),
  randomBits: bits,
  scan: loop,
  turn: alias,
  part: (e, _, node) => {
    const { type } = node;
    return { expr: e.part(node.inputs[0]!, number(node.attrs, "n")), dims: type.shape, rank: type.shape.length };
  },
  customVjp: alias,
  hole: isLeaf,
  cast,
  identity: alias,
};
