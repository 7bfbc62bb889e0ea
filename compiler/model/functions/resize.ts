/** Images of other sizes: each axis by weights of a few neighbours, so that resizing is linear in x and has gradients of any order. */

import { numbers, oneOf, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { sizeOf } from "../../graph/type.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { called } from "../arguments.ts";
import { EXTENT, FLOATS, PER_AXIS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { placeOf, type Place } from "./place.ts";
import { perAxis, type PerAxis } from "./spatial.ts";

type Coordinates = "half_pixel" | "align_corners" | "asymmetric";

/** Options of `resize`. */
export interface ResizeOptions {
  /** Default: `nearest`. */
  readonly mode?: "nearest" | "linear" | "cubic";
  /**
   * Where an output pixel lies in the input, in ONNX's words: `half_pixel` (PyTorch's default for linear and cubic), `align_corners`, or
   * `asymmetric` (PyTorch's nearest). Default: `asymmetric` for nearest, else `half_pixel`.
   */
  readonly coordinates?: Coordinates;
  /** The a of the cubic's weights. Default: −0.75, as in PyTorch and ONNX. */
  readonly cubicCoefficient?: number;
}

const OPTIONS = optionsOf<ResizeOptions>({
  mode: oneOf("nearest", "linear", "cubic"),
  coordinates: oneOf("half_pixel", "align_corners", "asymmetric"),
  cubicCoefficient: numbers("a finite number"),
});

/** Options of `resized`. */
interface ResizedOptions extends ResizeOptions {
  /** Which of two pixels is the nearest where an output pixel lies halfway, of `half_pixel`. Default: lower. */
  readonly ties?: "lower" | "upper";
}

/** Where output position i lies in the input: i·scale + shift. */
function placesOf(input: number, output: number, coordinates: Coordinates): readonly [scale: number, shift: number] {
  if (coordinates === "align_corners") return [output === 1 ? 0 : (input - 1) / (output - 1), 0];
  const scale = input / output;
  return [scale, coordinates === "asymmetric" ? 0 : scale / 2 - 0.5];
}

/** The nearest pixel as ⌊i·scale + shift⌋: numerators are whole numbers and a half, so that no quotient is near the next one. */
function nearestOf(
  input: number,
  output: number,
  coordinates: Coordinates,
  ties: "lower" | "upper",
): readonly [scale: number, shift: number] {
  if (coordinates === "asymmetric") return [input / output, 0.5 / output];
  if (coordinates === "half_pixel") return [input / output, (input + (ties === "lower" ? -0.5 : 0.5)) / (2 * output)];
  return output === 1 ? [0, 0] : [(input - 1) / (output - 1), 0.5 - 0.25 / (output - 1)];
}

/** Weights [output, input]: row i has what output i takes of each input; what lies outside is the edge's. */
function weightsOf({ c }: Place, input: number, output: number, options: ResizedOptions): Value {
  const { g, float } = c;
  const { mode = "nearest", cubicCoefficient: a = -0.75, ties = "lower" } = options;
  const { coordinates = mode === "nearest" ? "asymmetric" : "half_pixel" } = options;
  const literal = (value: number): Value => g.literal(value, float);
  const position = (axis: number): Value => g.cast(g.iota({ dtype: "i32", shape: [output, input] }, { axis }), { to: float });
  const [scale, shift] = (mode === "nearest" ? nearestOf : placesOf)(input, output, coordinates, ties);
  const at = g.add(g.mul(position(0), literal(scale)), literal(shift));
  const below = g.floor(at);
  const part = g.sub(at, below);
  const pixel = position(1);
  // what a neighbour `by` from the one below has, if its pixel is this one
  const taken = (by: number, weight: Value): Value => {
    const own = g.max(literal(0), g.min(literal(input - 1), g.add(below, literal(by))));
    return g.where(g.eq(pixel, own), weight, literal(0));
  };
  const sum = (terms: readonly Value[]): Value => terms.reduce((x, y) => g.add(x, y));
  const weight = (by: number): Value => {
    if (mode === "nearest") return literal(1);
    if (mode === "linear") return by === 0 ? g.sub(literal(1), part) : part;
    return cubic(by < 1 ? g.sub(part, literal(by)) : g.sub(literal(by), part), by === 0 || by === 1);
  };
  // of a distance t below 1, or from 1 to 2 (Keys 1981)
  const cubic = (t: Value, isNear: boolean): Value => {
    const [p3, p2, p1, p0] = isNear ? [a + 2, -(a + 3), 0, 1] : [a, -5 * a, 8 * a, -4 * a];
    const times = (value: Value, by: number): Value => g.add(g.mul(value, t), literal(by));
    return times(times(times(literal(p3), p2), p1), p0);
  };
  const neighbours = mode === "nearest" ? [0] : mode === "linear" ? [0, 1] : [-1, 0, 1, 2];
  return c.named("weights", sum(neighbours.map((by) => taken(by, weight(by)))));
}

/** Where the output positions q·m + r of a phase read: at p·m + below and at what is beside it, part of the way to the next pixel. */
interface Phase {
  readonly below: number;
  readonly part: number;
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

/** The q phases of an axis that grows from p·m to q·m elements, each of which takes the same shares of pixels that lie p apart. */
function phasesOf(input: number, output: number, options: ResizedOptions): readonly [p: number, phases: readonly Phase[]] | undefined {
  const { mode = "nearest", ties = "lower" } = options;
  const { coordinates = mode === "nearest" ? "asymmetric" : "half_pixel" } = options;
  if (coordinates === "align_corners") return undefined;
  const by = commonDivisor(input, output);
  const [p, q] = [input / by, output / by];
  if (q * sharesOf(mode, 0, 0).length > MOST_READS) return undefined;
  const phases = Array.from({ length: q }, (_, r): Phase => {
    if (mode === "nearest") {
      const [scale, shift] = nearestOf(input, output, coordinates, ties);
      return { below: Math.floor(r * scale + shift), part: 0 };
    }
    const [over, under] = coordinates === "asymmetric" ? [r * p, q] : [(2 * r + 1) * p - q, 2 * q]; // whole numbers: nothing is rounded
    const below = Math.floor(over / under);
    return { below, part: (over - below * under) / under };
  });
  return [p, phases];
}

/** Reads of all phases together; of more a product with a table is shorter. */
const MOST_READS = 16;

/** What an output takes of its neighbours, by how far each lies from the one below. */
function sharesOf(mode: "nearest" | "linear" | "cubic", part: number, a: number): readonly (readonly [by: number, share: number])[] {
  if (mode === "nearest") return [[0, 1]];
  if (mode === "linear")
    return [
      [0, 1 - part],
      [1, part],
    ];
  const near = (t: number): number => ((a + 2) * t - (a + 3)) * t * t + 1; // Keys 1981
  const far = (t: number): number => ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  return [
    [-1, far(part + 1)],
    [0, near(part)],
    [1, near(1 - part)],
    [2, far(2 - part)],
  ];
}

/** x with an axis of other extent, phase by phase: sums of strided slices, so that what an output costs does not grow with the axis. */
function byPhases({ c }: Place, x: Value, axis: number, p: number, phases: readonly Phase[], options: ResizedOptions): Value {
  const { g, float } = c;
  const { mode = "nearest", cubicCoefficient = -0.75 } = options;
  const { shape } = c.typeOf(x);
  const count = shape[axis]! / p;
  const extent = shape[axis]!;
  const pixels = (from: number, times: number): Value =>
    g.slice(x, {
      start: shape.map((_, n) => (n === axis ? from : 0)),
      limit: shape.map((size, n) => (n === axis ? from + (times - 1) * p + 1 : size)),
      stride: shape.map((_, n) => (n === axis ? p : 1)),
    });
  const edge = (from: number, times: number): Value =>
    g.broadcast(g.reshape(pixels(from, 1), { shape: shape.toSpliced(axis, 1) }), { axes: [axis], size: [times] });
  // pixels from, from + p, …: those before the first are the first, those behind the last are the last
  const read = (from: number): Value => {
    const before = Math.min(count, Math.max(0, Math.ceil(-from / p)));
    const inside = Math.max(0, Math.min(count, Math.ceil((extent - from) / p)) - before);
    const behind = count - before - inside;
    const parts = [
      ...(before > 0 ? [edge(0, before)] : []),
      ...(inside > 0 ? [pixels(from + before * p, inside)] : []),
      ...(behind > 0 ? [edge(extent - 1, behind)] : []),
    ];
    return parts.length === 1 ? parts[0]! : g.concat(parts, { axis });
  };
  const each = phases.map(({ below, part }) => {
    const shares = sharesOf(mode, part, cubicCoefficient).filter(([, share]) => share !== 0);
    const terms = shares.map(([by, share]) => (share === 1 ? read(below + by) : g.mul(read(below + by), g.literal(share, float))));
    return terms.reduce((sum, one) => g.add(sum, one));
  });
  if (each.length === 1) return each[0]!;
  const raised = each.map((phase) => g.reshape(phase, { shape: c.typeOf(phase).shape.toSpliced(axis + 1, 0, 1) }));
  return g.reshape(g.concat(raised, { axis: axis + 1 }), { shape: shape.with(axis, count * phases.length) });
}

/** x with one axis of another extent. */
function alongAxis(place: Place, x: Value, axis: number, output: number, options: ResizedOptions): Value {
  const { c } = place;
  const { g } = c;
  const { shape } = c.typeOf(x);
  const input = shape[axis]!;
  if (input === output) return x;
  const { mode = "nearest", coordinates = "asymmetric", ties = "lower" } = options;
  // whole repetitions are moves
  if (mode === "nearest" && (coordinates === "asymmetric" || ties === "upper") && output % input === 0) {
    const repeated = g.broadcast(x, { axes: [axis + 1], size: [output / input] });
    return g.reshape(repeated, { shape: shape.with(axis, output) });
  }
  const found = phasesOf(input, output, options);
  if (found !== undefined) return byPhases(place, x, axis, ...found, options);
  const product = g.dot(x, weightsOf(place, input, output, options), dotAttrs([axis], [1])); // the new axis comes last
  const order = shape.map((_, n) => (n < axis ? n : n === axis ? shape.length - 1 : n - 1));
  return axis === shape.length - 1 ? product : g.transpose(product, { order });
}

/** x [n, c, …] with spatial axes of these extents. */
export const resized = (place: Place, x: Value, size: readonly number[], options: ResizedOptions): Value =>
  size.reduce<Value>((value, output, n) => alongAxis(place, value, n + 2, output, options), x);

/** The spatial axes of x [n, c, …], or the error that it has none. */
function spaceOf(place: Place, x: FloatTensor): number {
  const spatial = x.shape.length - 2;
  if (spatial < 1) place.fail(`needs an input [n, c, …], but got [${x.shape.join(",")}]`, "Reshape its input to images.");
  return spatial;
}

/**
 * x [n, c, …] with spatial axes of a given size (torch.nn.functional.interpolate, ONNX's Resize): by the nearest pixel, by two neighbours an
 * axis, or by four. Throws for an input without spatial axes, or a size of another number of axes.
 */
export function resize(x: FloatTensor, size: PerAxis, options: ResizeOptions = {}): FloatTensor {
  const c = called("resize", { x, size, options }, { x: FLOATS, size: PER_AXIS, options: OPTIONS });
  return c.run(() => {
    const place = placeOf(c, "resize", { x });
    const sizes = perAxis(place, "a size", size, spaceOf(place, x), 1);
    return c.tensor(
      resized(
        place,
        x.value,
        sizes.map((extent) => c.extents.of(extent, "space")),
        options,
      ),
    );
  }) as FloatTensor;
}

/** The extents of blocks and of what they are of, or the error that one does not divide the other. */
function blocksOf(
  place: Place,
  x: FloatTensor,
  factor: number,
  of: number,
  what: string,
): readonly [n: number, c: number, h: number, w: number] {
  if (x.shape.length !== 4) place.fail(`needs images [n, c, h, w], but got [${x.shape.join(",")}]`, "Reshape its input to images.");
  if (of % factor !== 0) place.fail(`needs ${what} that ${factor} divides, but got ${of}`, `Change the factor, or the ${what}.`);
  return x.shape as unknown as readonly [number, number, number, number]; // of four axes
}

/** x [n, c·r², h, w] → [n, c, h·r, w·r] (torch.nn.functional.pixel_shuffle, ONNX's DepthToSpace in mode CRD). Throws where r² does not divide the channels. */
export function pixelShuffle(x: FloatTensor, factor: number): FloatTensor {
  const c = called("pixelShuffle", { x, factor }, { x: FLOATS, factor: EXTENT });
  return c.run(() => {
    const r = factor;
    const [n, channels, h, w] = blocksOf(placeOf(c, "pixelShuffle", { x }), x, r * r, x.shape[1] ?? 0, "channels");
    const apart = c.g.reshape(x.value, { shape: [n, channels / (r * r), r, r, h, w] });
    const moved = c.g.transpose(apart, { order: [0, 1, 4, 2, 5, 3] });
    return c.tensor(c.g.reshape(moved, { shape: [n, channels / (r * r), h * r, w * r] }));
  }) as FloatTensor;
}

/** x [n, c, h·r, w·r] → [n, c·r², h, w], the inverse of pixelShuffle (torch.nn.functional.pixel_unshuffle, space to depth). Throws where r does not divide h and w. */
export function pixelUnshuffle(x: FloatTensor, factor: number): FloatTensor {
  const c = called("pixelUnshuffle", { x, factor }, { x: FLOATS, factor: EXTENT });
  return c.run(() => {
    const r = factor;
    const place = placeOf(c, "pixelUnshuffle", { x });
    const [n, channels, h, w] = blocksOf(place, x, r, sizeOf(x.shape.slice(2, 3)), "rows");
    blocksOf(place, x, r, w, "columns");
    const apart = c.g.reshape(x.value, { shape: [n, channels, h / r, r, w / r, r] });
    const moved = c.g.transpose(apart, { order: [0, 1, 3, 5, 2, 4] });
    return c.tensor(c.g.reshape(moved, { shape: [n, channels * r * r, h / r, w / r] }));
  }) as FloatTensor;
}
