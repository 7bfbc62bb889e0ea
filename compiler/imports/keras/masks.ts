/** Masks of steps, which Keras hands on beside values: which layers make them, hand them on, and read them. */

import type { Call, KerasLayer } from "./calls.ts";
import { own } from "./file.ts";
import { jointDims, type Placed, type Translation, type Value } from "./translation.ts";

/** Layers that hand on the mask of what they are given first. */
const KEEPS: ReadonlySet<string> = new Set([
  ..."Activation ReLU Softmax LeakyReLU ELU PReLU Dense Identity Rescaling Normalization TimeDistributed MultiHeadAttention".split(" "),
  ..."Attention AdditiveAttention BatchNormalization LayerNormalization GroupNormalization UnitNormalization".split(" "),
  ..."Dropout AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D".split(" "),
]);
/** Layers whose result is masked where all that they merge is. */
const MERGES: ReadonlySet<string> = new Set(["Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average"]);
/** Layers over steps: their sequences are masked, and nothing else that they give. */
const RECURRENT: ReadonlySet<string> = new Set(["LSTM", "GRU", "SimpleRNN", "Bidirectional"]);

/** A mask [n, t] in a line of its own. */
const masked = (t: Translation, l: Pick<KerasLayer, "name">, code: string, [rows, steps]: Value["dims"]): string =>
  t.named(`${l.name}_mask`, code, [rows!, steps!], "truth", "the steps that are real").code;

/** A layer's results with the masks that Keras gives them; a layer that knows of none destroys them. */
export function handedOn(t: Translation, l: Placed, xs: readonly Value[], made: readonly Value[]): readonly Value[] {
  const masks = xs.map(({ mask }) => mask);
  const mask = maskOf(t, l, xs, masks);
  return mask === undefined ? made : made.map((value, n) => (n === 0 && value.mask === undefined ? { ...value, mask } : value));
}

function maskOf(t: Translation, l: Placed, xs: readonly Value[], masks: readonly (string | undefined)[]): string | undefined {
  if (masks.every((mask) => mask === undefined)) return undefined;
  if (KEEPS.has(l.kind)) return masks[0];
  if (RECURRENT.has(l.kind)) return isSequence(t, l) ? masks[0] : undefined;
  const isJoin = l.kind === "Concatenate";
  if ((!MERGES.has(l.kind) && !isJoin) || masks.includes(undefined)) return undefined;
  const axis = t.number(l, "axis", -1);
  if (isJoin && axis !== -1 && axis !== xs[0]!.dims.length - 1)
    t.fail(l, "joins masked values along another axis than the last", "import the model without masks, and write them in the source");
  const all = [...new Set(masks as readonly string[])];
  return all.length === 1
    ? all[0]!
    : masked(
        t,
        l,
        all.reduce((a, b) => t.call("logicalOr", a, b)),
        xs[0]!.dims,
      );
}

const isSequence = (t: Translation, l: Placed): boolean => {
  const inner = l.kind === "Bidirectional" ? (own(l.config, "layer") as { readonly config: KerasLayer["config"] }).config : l.config;
  return t.flag({ config: inner }, "return_sequences", false);
};

/** Of an embedding whose 0 is no word. */
export const zerosMasked = (t: Translation, l: KerasLayer, { code, dims }: Value): string => {
  if (dims.length !== 2) t.fail(l, `masks its zeros in [${dims.join(",")}]`, "sequences of numbers are read");
  return masked(t, l, t.call("notEqual", code, "0"), dims);
};

/** What Masking makes of x [n, t, f]: steps whose features are all that number are zeros, and no steps. */
export function masking(t: Translation, l: Placed, x: Value): Value {
  const given = t.keras(x);
  if (given.dims.length !== 3) t.fail(l, `masks steps of [${given.dims.join(",")}]`, "sequences of features [n, t, f] are read");
  const { code, dims } = given;
  const differs = t.call("cast", t.call("notEqual", code, String(t.number(l, "mask_value", 0))), '"float"');
  const mask = masked(t, l, t.call("greater", t.call("sum", differs, "[2]"), "0"), dims);
  return { ...t.make(l, t.call("where", t.call("expandDims", mask, "2"), code, "0"), dims), mask };
}

/** The steps of x [n, t, …] that are real, as numbers that multiply it. */
export const realSteps = (t: Translation, mask: string): string => t.call("cast", t.call("expandDims", mask, "2"), '"float"');

/** The mean over the steps that are real. */
export const meanOfSteps = (t: Translation, l: Placed, { code, dims }: Value, mask: string): Value => {
  const real = realSteps(t, mask);
  const total = t.call("sum", t.call("mul", code, real), "[1]");
  return t.make(l, t.call("div", total, t.call("sum", real, "[1]")), [dims[0]!, dims.at(-1)!]);
};

/** Which query may see which key, for heads of attention: [n, s], or [n, 1, t, s] where queries are masked too. */
export function seenBy(t: Translation, query: Value, key: Value): string | undefined {
  if (query.mask === undefined) return key.mask;
  const [rows, queries] = query.dims;
  const [, keys] = key.dims;
  const ofQueries = t.call("reshape", query.mask, `[${rows}, 1, ${queries}, 1]`);
  if (key.mask === undefined) return ofQueries;
  return t.call("logicalAnd", ofQueries, t.call("reshape", key.mask, `[${rows}, 1, 1, ${keys}]`));
}

/** Refuses a layer that computes something else where steps are masked. */
export function requireUnmasked(t: Translation, l: Placed, { mask }: Value, remedy: string): void {
  if (mask !== undefined) t.fail(l, "is given masked steps", remedy);
}

/** An input with the mask that its layer's call is told, else its own. */
export function maskedBy(t: Translation, l: Placed, x: Value | undefined, named: Readonly<Record<string, readonly Value[]>>): Value {
  const given = x ?? t.fail(l, "has no input", "the file is damaged");
  const told = named["mask"]?.[0];
  if (told === undefined) return given;
  if (told.of !== "truth") t.fail(l, "is told a mask that is no truth of steps", "make it of a comparison");
  return { ...given, mask: told.code };
}

type Operation = (t: Translation, l: Placed, xs: readonly Value[], call: Call) => Value;
const truth = (t: Translation, l: Placed, code: string, dims: Value["dims"]): Value => t.make(l, code, dims, "keras", "truth");

/** Operations of which Keras 3 writes masks down, as layers of their own, one row an operation. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  NotEqual: (t, l, [x, y], { numbers }) =>
    x === undefined || (y === undefined && numbers.length !== 1)
      ? t.fail(l, "compares other things than a value and a number, or two values", "write it in the source")
      : truth(t, l, t.call("notEqual", x.code, y?.code ?? String(numbers[0])), x.dims),
  LogicalOr: (t, l, [x, y]) =>
    x?.of !== "truth" || y?.of !== "truth"
      ? t.fail(l, "joins what are no truths", "write it in the source")
      : truth(t, l, t.call("logicalOr", x.code, y.code), jointDims(t, l, x.dims, y.dims)),
  ExpandDims: (t, l, [x]) => {
    if (x?.of !== "truth" || t.number(l, "axis", 0) !== -1) return t.fail(l, "is not of a mask", "write it in the source with expandDims");
    return truth(t, l, t.call("expandDims", x.code, "-1"), [...x.dims, 1]);
  },
  // of masks only: all false
  ZerosLike: (t, l, [x]) => {
    if (x === undefined) return t.fail(l, "has no input", "the file is damaged");
    const given = t.keras(x);
    return truth(t, l, t.call("less", given.code, given.code), given.dims);
  },
  ConvertToTensor: (t, l, [x]) => x ?? t.fail(l, "has no input", "the file is damaged"),
  Any: (t, l, [x]) => {
    if (x?.of !== "truth" || t.number(l, "axis", 0) !== -1 || t.flag(l, "keepdims", false))
      return t.fail(l, "is not along the last axis of a mask", "write it in the source");
    const total = t.call("sum", t.call("cast", x.code, '"float"'), `[${x.dims.length - 1}]`);
    return truth(t, l, t.call("greater", total, "0"), x.dims.slice(0, -1));
  },
};
