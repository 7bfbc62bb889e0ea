/** The elementwise functions of the layer language, broadcasting as NumPy does by explicit broadcast nodes. */

import type { Value } from "../graph/graph.ts";
import { sameShape, type Shape } from "../graph/type.ts";
import type { ElementwiseName } from "../ops/scalar.ts";
import { adviseSpread } from "./advice.ts";
import { called } from "./arguments.ts";
import type { Context } from "./context.ts";
import { FLOATS, FLOATS_OR_NUMBER } from "./kinds.ts";
import type { Broadcast, Broadcastable, FloatTensor, Tensor } from "./tensor.ts";

/** Spreads a value to a shape: size-1 axes are dropped and broadcast again. */
export function spread(c: Context, value: Value, to: Shape): Value {
  const { shape } = c.typeOf(value);
  if (sameShape(shape, to)) return value;
  const lead = to.length - shape.length;
  const keep = shape.flatMap((extent, axis) => (extent === to[axis + lead] ? [axis] : []));
  const kept = keep.length === shape.length ? value : c.g.reshape(value, { shape: keep.map((axis) => shape[axis]!) });
  const axes = to.flatMap((_, axis) => (keep.includes(axis - lead) ? [] : [axis]));
  return c.g.broadcast(kept, { axes, size: axes.map((axis) => to[axis]!) });
}

/** The shape two tensors broadcast to. Throws a ModelError where they do not. */
export function broadcastShape(c: Context, op: string, a: Tensor, b: Tensor): Shape {
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape = Array.from({ length: rank }, (_, axis) => {
    const m = a.shape[axis - rank + a.shape.length] ?? 1;
    const n = b.shape[axis - rank + b.shape.length] ?? 1;
    if (m === n || n === 1) return m;
    if (m === 1) return n;
    return c.fail(
      `shape/${op}`,
      `${op} needs shapes that broadcast, but [${a.shape.join(",")}] and [${b.shape.join(",")}] do not`,
      "Change one of the shapes: aligned at the last axis, extents must be equal or 1.",
      [c.operand("a", a.value), c.operand("b", b.value)],
    );
  });
  adviseSpread(c, op, a, b, shape);
  return shape;
}

/** A tensor, or a number that becomes a literal of the other operand's dtype. */
type Operand = FloatTensor | number;

function binary(name: string, op: ElementwiseName, a: Operand, b: Operand): Tensor {
  const c = called(name, { a, b }, { a: FLOATS_OR_NUMBER, b: FLOATS_OR_NUMBER });
  return c.run(() => {
    const finite = (n: number): Value => {
      if (!Number.isFinite(n)) c.fail("value/finite", `${name} needs finite numbers, but got ${n}`, "Use a finite constant.");
      return c.g.literal(n, c.float);
    };
    if (typeof a === "number" || typeof b === "number") {
      const left = typeof a === "number" ? finite(a) : a.value;
      const right = typeof b === "number" ? finite(b) : b.value;
      return c.tensor(c.g.elementwise(op, [left, right]));
    }
    const shape = broadcastShape(c, op, a, b);
    return c.tensor(c.g.elementwise(op, [spread(c, a.value, shape), spread(c, b.value, shape)]));
  });
}

export interface Binary<Op extends string> {
  <A extends FloatTensor, B extends FloatTensor>(a: A, b: Broadcastable<Op, A["shape"], B>): FloatTensor<Broadcast<A["shape"], B["shape"]>>;
  <A extends FloatTensor>(a: A, b: number): FloatTensor<A["shape"]>;
  <B extends FloatTensor>(a: number, b: B): FloatTensor<B["shape"]>;
}

// The overloads state what `binary` does; the broadcast type is the type-level twin of broadcastShape.
const binaryNamed = <Op extends ElementwiseName>(op: Op, name: string = op): Binary<Op> =>
  ((a: Operand, b: Operand) => binary(name, op, a, b)) as unknown as Binary<Op>;

/** a + b, shapes broadcast as in NumPy. */
export const add = binaryNamed("add");
/** a − b, shapes broadcast as in NumPy. */
export const sub = binaryNamed("sub");
/** a ⊙ b, element by element, shapes broadcast as in NumPy. */
export const mul = binaryNamed("mul");
/** a / b, shapes broadcast as in NumPy. */
export const div = binaryNamed("div");
/** The larger of a and b, element by element; equals take half of the gradient each. */
export const maximum = binaryNamed("max", "maximum");
/** The smaller of a and b, element by element; equals take half of the gradient each. */
export const minimum = binaryNamed("min", "minimum");
/** aᵇ; x⁰ is 1 everywhere, 0 included. */
export const pow = binaryNamed("pow");
/** log(eᵃ + eᵇ), without the exponentials that would overflow. */
export const logAddExp: Binary<"logAddExp"> = binaryNamed("logAddExp");
/** What is left of a after taking away b as often as it goes, with a's sign. Where a / b rounds to a whole number the rest is about 0. */
export const fmod: Binary<"fmod"> = binaryNamed("fmod");
/** The angle of the point (b, a), from −π to π; −0 counts as 0. */
export const atan2: Binary<"atan2"> = binaryNamed("atan2");

export type Unary = <S extends Shape>(x: FloatTensor<S>) => FloatTensor<S>;

const unaryNamed =
  (op: ElementwiseName): Unary =>
  (x) => {
    const c = called(op, { x }, { x: FLOATS });
    return c.run(() => c.tensor(c.g.elementwise(op, [x.value]))) as typeof x; // elementwise keeps the shape
  };

/** −x. */
export const neg = unaryNamed("neg");
/** eˣ. */
export const exp = unaryNamed("exp");
/** The natural logarithm. */
export const log = unaryNamed("log");
/** √x. */
export const sqrt = unaryNamed("sqrt");
/** 1 / x. */
export const recip = unaryNamed("recip");
/** (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ). */
export const tanh = unaryNamed("tanh");
/** σ(x) = 1 / (1 + e⁻ˣ). */
export const sigmoid = unaryNamed("sigmoid");
/** max(x, 0); the slope at 0 is 0. */
export const relu = unaryNamed("relu");
/** The error function, 2/√π · ∫₀ˣ e^(−t²) dt. */
export const erf = unaryNamed("erf");
/** sin x, x in radians. */
export const sin = unaryNamed("sin");
/** cos x, x in radians. */
export const cos = unaryNamed("cos");
/** log(1 + x), without the loss of digits near 0. */
export const log1p = unaryNamed("log1p");
/** eˣ − 1, without the loss of digits near 0. */
export const expm1 = unaryNamed("expm1");
/** |x|; the slope at 0 is 0. */
export const abs = unaryNamed("abs");
/** 1 / √x. */
export const rsqrt: Unary = unaryNamed("rsqrt");
/** 1 − erf x, whose tail no difference has. */
export const erfc: Unary = unaryNamed("erfc");
/** 2ˣ. */
export const exp2: Unary = unaryNamed("exp2");
/** log |Γ(x)|; its slope is digamma. */
export const lgamma: Unary = unaryNamed("lgamma");
/** ψ(x) = Γ'(x) / Γ(x), the slope of lgamma. */
export const digamma: Unary = unaryNamed("digamma");
/** The logarithm to the base 2. */
export const log2: Unary = unaryNamed("log2");
/** The logarithm to the base 10. */
export const log10: Unary = unaryNamed("log10");
/** sin x / cos x. */
export const tan: Unary = unaryNamed("tan");
/** The angle from −π/2 to π/2 whose sine is x. */
export const asin: Unary = unaryNamed("asin");
/** The angle from 0 to π whose cosine is x. */
export const acos: Unary = unaryNamed("acos");
/** The angle from −π/2 to π/2 whose tangent is x. */
export const atan: Unary = unaryNamed("atan");
/** (eˣ − e⁻ˣ) / 2. */
export const sinh: Unary = unaryNamed("sinh");
/** (eˣ + e⁻ˣ) / 2. */
export const cosh: Unary = unaryNamed("cosh");
/** What sinh takes to x: log(x + √(x² + 1)). */
export const asinh: Unary = unaryNamed("asinh");
/** What cosh takes to x, from 0 up: log(x + √(x² − 1)). */
export const acosh: Unary = unaryNamed("acosh");
/** What tanh takes to x: ½·log((1 + x) / (1 − x)). */
export const atanh: Unary = unaryNamed("atanh");
/** −1, 0 or 1; no gradient. */
export const sign: Unary = unaryNamed("sign");
/** The next whole number below; no gradient. */
export const floor: Unary = unaryNamed("floor");
/** The next whole number above; no gradient. */
export const ceil: Unary = unaryNamed("ceil");
/** The next whole number toward 0; no gradient. */
export const trunc: Unary = unaryNamed("trunc");
/** The nearest whole number, of two the even one; no gradient. */
export const round: Unary = unaryNamed("round");
/** log σ(x) = min(x, 0) − log1p(e^−|x|). */
export const logSigmoid: Unary = unaryNamed("logSigmoid");
/** x / (1 + |x|). */
export const softsign: Unary = unaryNamed("softsign");

/** A function of the language that is a composition of primitives and keeps the shape. */
export const composed =
  (name: string, body: (c: Context, x: Value) => Value): Unary =>
  (x) => {
    const c = called(name, { x }, { x: FLOATS });
    return c.run(() => c.tensor(body(c, x.value))) as typeof x; // `body` keeps the shape
  };

/** x². */
export const square: Unary = composed("square", ({ g }, x) => g.mul(x, x));
