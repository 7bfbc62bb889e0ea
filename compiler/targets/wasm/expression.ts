/** Guarantees that a scalar prints as folded WebAssembly text: once as one value, once as four lanes. */

import { apply, keyOf, literal, select, walkScalar } from "../../loop/build.ts";
import { strideOf, type Index } from "../../loop/index-expression.ts";
import { distancesIn, LANES, PAIR, varies, type Lanes } from "../../loop/lanes.ts";
import type { Scalar, ScalarFn } from "../../loop/loop.ts";
import type { DType } from "../../graph/type.ts";

/** What names and addresses mean at one place of a kernel. */
export interface Place {
  readonly lanes: Lanes | undefined;
  /** An i32 expression, in one lane. */
  index(at: Index, lane?: number): string;
  /** Where an access goes, `further` elements on; the instruction's immediates stand between the two parts. */
  address(buffer: string, at: Index, further?: number): Address;
  /** The same, computed anew for one lane. */
  addressIn(lane: number, buffer: string, at: Index): Address;
  /** a·b + c of lanes may be rounded once. */
  readonly relaxed: boolean;
  /** A constant in lanes: itself, or read from where it is kept. */
  constant(vector: string): string;
  /** Functions that the module must import or carry; of lanes with the suffix x4. */
  readonly needs: Set<string>;
}

export interface Address {
  /** `offset=…` or nothing. */
  readonly offset: string;
  readonly base: string;
}

/** `(f32.load offset=8 (local.get $p))`. */
export const access = (instruction: string, { offset, base }: Address, ...rest: string[]): string =>
  `(${[instruction, offset, base, ...rest].filter((part) => part !== "").join(" ")})`;

type Apply = Extract<Scalar, { kind: "apply" }>;

export const typeOf = (dtype: DType): "f32" | "i32" => (dtype === "f32" ? "f32" : "i32");

/** A float32 as the assembler reads it. */
export function floatText(value: number): string {
  const single = Math.fround(value);
  if (Number.isNaN(single)) return "nan";
  if (!Number.isFinite(single)) return single > 0 ? "inf" : "-inf";
  return Object.is(single, -0) ? "-0" : String(single);
}

const BINARY: Partial<Record<ScalarFn, string>> = { add: "add", sub: "sub", mul: "mul", shl: "shl" };
const FLOAT: Partial<Record<ScalarFn, string>> = {
  ...BINARY,
  div: "div",
  max: "max",
  min: "min",
  neg: "neg",
  abs: "abs",
  sqrt: "sqrt",
  floor: "floor",
  lt: "lt",
  le: "le",
  eq: "eq",
};
const WHOLE: Partial<Record<ScalarFn, string>> = {
  ...BINARY,
  shr: "shr_s",
  lt: "lt_s",
  le: "le_s",
  eq: "eq",
  max: "max_s",
  min: "min_s",
  neg: "neg",
  abs: "abs",
};
/** Integers as one value have fewer instructions than lanes. */
const LANES_ONLY: ReadonlySet<ScalarFn> = new Set(["max", "min", "neg", "abs"]);

const zero = (dtype: DType): Scalar => literal(0, dtype);
const less = (a: Scalar, b: Scalar): Scalar => apply("lt", "bool", a, b);

/** What no instruction computes, in terms of what some do. */
function composed(s: Apply, inLanes: boolean): Scalar | undefined {
  const [a, b] = s.args as [Scalar, Scalar];
  if (s.fn === "sign") {
    const negative = select(less(a, zero(a.dtype)), literal(-1, a.dtype), a); // ±0 and NaN stay
    return select(less(zero(a.dtype), a), literal(1, a.dtype), negative);
  }
  if (a.dtype !== "i32" || inLanes || !LANES_ONLY.has(s.fn)) return undefined;
  if (s.fn === "neg") return apply("sub", "i32", zero("i32"), a);
  if (s.fn === "abs") return select(less(a, zero("i32")), apply("sub", "i32", zero("i32"), a), a);
  return s.fn === "max" ? select(less(a, b), b, a) : select(less(b, a), b, a);
}

function fail(s: Apply): never {
  throw new TypeError(`WebAssembly text has no ${s.fn} of ${s.args.map(({ dtype }) => dtype).join(", ")}`);
}

/** One value; a bool is 0 or 1. */
export function printOne(s: Scalar, p: Place): string {
  switch (s.kind) {
    case "literal":
      return s.dtype === "f32" ? `(f32.const ${floatText(s.value)})` : `(i32.const ${s.value})`;
    case "local":
      return `(local.get $${s.name})`;
    case "index":
      return p.index(s.at);
    case "load":
      return access(`${typeOf(s.dtype)}.load`, p.address(s.buffer, s.at[0]!));
    case "round":
      return printOne(s.value, p);
    case "select": {
      const [when, then, otherwise] = [s.when, s.then, s.otherwise].map((part) => printOne(part, p));
      return isCheap(s.then) && isCheap(s.otherwise)
        ? `(select ${then} ${otherwise} ${when})`
        : `(if (result ${typeOf(s.dtype)}) ${when} (then ${then}) (else ${otherwise}))`;
    }
    case "apply":
      return printApply(s, p);
    case "reduce":
      throw new TypeError("a reduction has become loops before it is printed");
  }
}

/** Evaluated whatever the condition says: nothing that loads or takes long. */
function isCheap(s: Scalar): boolean {
  let cost = 0;
  walkScalar(s, (part) => {
    cost +=
      part.kind === "load" || part.kind === "select"
        ? 100
        : part.kind !== "apply"
          ? 0
          : ["add", "sub", "mul", "neg"].includes(part.fn)
            ? 1
            : 100;
  });
  return cost < 4;
}

function printApply(s: Apply, p: Place): string {
  const other = composed(s, false);
  if (other !== undefined) return printOne(other, p);
  const args = s.args.map((arg) => printOne(arg, p));
  const list = args.join(" ");
  const from = s.args[0]!.dtype;
  switch (s.fn) {
    case "and":
      return `(i32.and ${list})`;
    case "or":
      return `(i32.or ${list})`;
    case "not":
      return `(i32.eqz ${list})`;
    case "bitsOf":
      return `(i32.reinterpret_f32 ${list})`;
    case "floatOf":
      return `(f32.reinterpret_i32 ${list})`;
    case "cast":
      if (from === s.dtype || (from === "bool" && s.dtype === "i32")) return list;
      if (s.dtype === "f32") return `(f32.convert_i32_s ${list})`;
      if (s.dtype === "i32") return `(i32.trunc_sat_f32_s ${list})`;
      return from === "f32" ? `(f32.ne ${list} (f32.const 0))` : `(i32.ne ${list} (i32.const 0))`;
    default:
  }
  const instruction = (from === "f32" ? FLOAT : WHOLE)[s.fn];
  if (instruction !== undefined) return `(${typeOf(from)}.${instruction} ${list})`;
  if (from === "i32" && s.fn !== "randomBits") return fail(s);
  p.needs.add(s.fn);
  return `(call $${s.fn} ${list})`;
}

/** Four lanes: floats and integers side by side, a bool as all ones or all zeros. Of a pair the other two hold anything. */
export function printLanes(s: Scalar, p: Place): string {
  const { lanes } = p;
  if (lanes === undefined || !varies(s, lanes)) return splat(s, p);
  switch (s.kind) {
    case "local":
      return `(local.get $${s.name}.v)`;
    case "index":
      return ramp(s.at, lanes, p);
    case "load": {
      const text = loadLanes(s, lanes, p);
      return s.dtype === "bool" ? `(i32x4.ne ${text} ${ZERO})` : text;
    }
    case "round":
      return printLanes(s.value, p);
    case "select": {
      const [then, otherwise] = [printLanes(s.then, p), printLanes(s.otherwise, p)];
      const extreme = extremeOf(s);
      if (extreme !== undefined) return `(f32x4.${extreme} ${otherwise} ${then})`;
      if (varies(s.when, lanes)) {
        const when = printLanes(s.when, p);
        if (isNothing(s.otherwise)) return `(v128.and ${then} ${when})`;
        return isNothing(s.then) ? `(v128.andnot ${otherwise} ${when})` : `(v128.bitselect ${then} ${otherwise} ${when})`;
      }
      return `(if (result v128) ${printOne(s.when, p)} (then ${then}) (else ${otherwise}))`;
    }
    case "apply":
      return applyLanes(s, p);
    default:
      throw new TypeError(`${s.kind} does not vary from lane to lane`);
  }
}

/** a < b ? b : a and b < a ? b : a of floats, which are one instruction of a and b, NaN and signed zeros included. */
function extremeOf({ when, then, otherwise }: Extract<Scalar, { kind: "select" }>): "pmax" | "pmin" | undefined {
  if (when.kind !== "apply" || when.fn !== "lt" || when.args[0]!.dtype !== "f32") return undefined;
  const [left, right, a, b] = [...when.args, otherwise, then].map(keyOf);
  if (left === a && right === b) return "pmax";
  return left === b && right === a ? "pmin" : undefined;
}

/** Whether a value has no bit set. */
const isNothing = (s: Scalar): boolean => s.kind === "literal" && s.dtype !== "bool" && Object.is(s.value, 0);

const ZERO = "(v128.const i32x4 0 0 0 0)";
const ONES = (dtype: DType): string => (dtype === "f32" ? "(v128.const f32x4 1 1 1 1)" : "(v128.const i32x4 1 1 1 1)");

function splat(s: Scalar, p: Place): string {
  if (s.kind === "literal" && s.dtype !== "bool") {
    const text = s.dtype === "f32" ? floatText(s.value) : String(s.value);
    const vector = `(v128.const ${typeOf(s.dtype)}x4 ${Array.from({ length: 4 }, () => text).join(" ")})`;
    return p.constant(vector);
  }
  if (s.kind === "load" && s.dtype !== "bool") return access("v128.load32_splat", p.address(s.buffer, s.at[0]!));
  if (s.dtype === "bool") return `(i32x4.ne (i32x4.splat ${printOne(s, p)}) ${ZERO})`;
  return `(${typeOf(s.dtype)}x4.splat ${printOne(s, p)})`;
}

/** An index in lanes: the first lane's, and how far the others are from it. */
function ramp(at: Index, lanes: Lanes, p: Place): string {
  const apart = distancesIn(at, lanes);
  if (apart !== undefined) return `(i32x4.add (i32x4.splat ${p.index(at)}) (v128.const i32x4 ${filled(apart).join(" ")}))`;
  return [1, 2, 3].reduce((vector, n) => `(i32x4.replace_lane ${n} ${vector} ${p.index(at, n)})`, `(i32x4.splat ${p.index(at)})`);
}

/** Numbers for all four lanes; where there are two, the others have the first's. */
const filled = (numbers: readonly number[]): readonly number[] => [0, 1, 2, 3].map((n) => numbers[n] ?? numbers[0]!);

function loadLanes(s: Extract<Scalar, { kind: "load" }>, lanes: Lanes, p: Place): string {
  const at = s.at[0]!;
  const { lane, count } = lanes;
  const stride = strideOf(at, lane);
  if (stride === 1) return access(count === PAIR ? "v128.load64_zero" : "v128.load", p.address(s.buffer, at));
  const apart = distancesIn(at, lanes);
  if (apart?.every((distance) => distance >= 0 && distance < 2 * LANES)) return picked(s, filled(apart), p);
  const addressOf = (n: number): Address => (apart === undefined ? p.addressIn(n, s.buffer, at) : p.address(s.buffer, at, apart[n]));
  return [1, 2, 3].slice(0, count - 1).reduce(
    (vector, n) => {
      const { offset, base } = addressOf(n);
      return access("v128.load32_lane", { offset: `${offset} ${n}`.trim(), base }, vector);
    },
    access("v128.load32_zero", addressOf(0)),
  );
}

/** Lanes that lie within a vector, or two: those are loaded whole, maybe to beyond the buffer, and the lanes picked from them. */
function picked({ buffer, at }: Extract<Scalar, { kind: "load" }>, apart: readonly number[], p: Place): string {
  const vector = (n: number): string => access("v128.load", p.address(buffer, at[0]!, n * LANES));
  const second = apart.some((distance) => distance >= LANES) ? vector(1) : ZERO;
  const bytes = apart.flatMap((distance) => [0, 1, 2, 3].map((n) => 4 * distance + n));
  return `(i8x16.shuffle ${bytes.join(" ")} ${vector(0)} ${second})`;
}

/** c + a·b and c − a·b as one instruction. */
function multiplyAdd(s: Apply): { readonly fn: "madd" | "nmadd"; readonly args: readonly Scalar[] } | undefined {
  const [a, b] = s.args;
  if (s.dtype !== "f32" || (s.fn !== "add" && s.fn !== "sub")) return undefined;
  const isProduct = (one: Scalar | undefined): one is Apply => one?.kind === "apply" && one.fn === "mul";
  if (isProduct(b)) return { fn: s.fn === "add" ? "madd" : "nmadd", args: [...b.args, a!] };
  return isProduct(a) && s.fn === "add" ? { fn: "madd", args: [...a.args, b!] } : undefined;
}

function applyLanes(s: Apply, p: Place): string {
  const other = composed(s, true);
  if (other !== undefined) return printLanes(other, p);
  const once = p.relaxed ? multiplyAdd(s) : undefined;
  if (once !== undefined) return `(f32x4.relaxed_${once.fn} ${once.args.map((arg) => printLanes(arg, p)).join(" ")})`;
  const args = s.args.map((arg) => printLanes(arg, p));
  const list = args.join(" ");
  const from = s.args[0]!.dtype;
  switch (s.fn) {
    case "and":
      return `(v128.and ${list})`;
    case "or":
      return `(v128.or ${list})`;
    case "not":
      return `(v128.not ${list})`;
    case "bitsOf":
    case "floatOf":
      return list;
    case "shl":
    case "shr":
      return `(i32x4.${WHOLE[s.fn]!} ${args[0]!} ${printOne(s.args[1]!, p)})`;
    case "cast":
      if (from === s.dtype) return list;
      if (from === "bool") return `(v128.and ${list} ${ONES(s.dtype)})`;
      if (s.dtype === "f32") return `(f32x4.convert_i32x4_s ${list})`;
      if (s.dtype === "i32") return `(i32x4.trunc_sat_f32x4_s ${list})`;
      return from === "f32" ? `(f32x4.ne ${list} ${ZERO})` : `(i32x4.ne ${list} ${ZERO})`;
    default:
  }
  if (from === "bool" && s.fn === "eq") return `(i32x4.eq ${list})`;
  const instruction = (from === "f32" ? FLOAT : WHOLE)[s.fn];
  if (instruction !== undefined) return `(${typeOf(from)}x4.${instruction} ${list})`;
  if (from === "i32" && s.fn !== "randomBits") return fail(s);
  p.needs.add(`${s.fn}x4`);
  return `(call $${s.fn}x4 ${list})`;
}
