/**
 * Data for any model, of its own input shapes: seeded, learnable, the same on every machine.
 *
 * Each row belongs to a hidden class. Its features are the class's prototype and noise; its targets follow from the
 * class or from the features, so that a model that can learn them will.
 */

import { sizeOf } from "../graph/type.ts";
import { below, normalFrom, randomOf, type Random } from "../check/draw.ts";
import { imageShape } from "../../runtime/index.ts";
import { captionDraws } from "./captions.ts";
import type { Draw } from "./draw.ts";
import { mask, pictureOf } from "./figures.ts";
import type { InputFacts } from "./inputs.ts";
import { boxDraws } from "./scenes.ts";

/** Arrays by the names of the model's inputs. */
export type Arrays = Readonly<Record<string, Float32Array | Int32Array>>;

export interface SyntheticOptions {
  /** Rows to train on; a fifth as many, at least one, to test with. */
  readonly rows: number;
  readonly seed: number;
  /** How many of the label's classes occur. Default: all. */
  readonly classes?: number;
  /** What distinguishes classes: prototypes of their own, or how far from the origin they lie; or what a picture's scene is told by. Default: prototypes. */
  readonly kind?: SyntheticKind;
}

/** Scenes that all inputs of a model show together: what it has to take for them, and what each shows, undefined where it takes something else. */
export const SCENES = {
  boxes: {
    takes: "a picture [channels, height, width], labels [rows, columns] of what each cell of a grid holds, and boxes [rows, columns, 4]",
    draws: boxDraws,
  },
  captions: {
    takes: "a picture [3, height, width], the words before [steps] to predict from, and the words [steps] to predict",
    draws: captionDraws,
  },
} as const satisfies Record<string, { takes: string; draws: (inputs: readonly InputFacts[]) => ReadonlyMap<string, Draw> | undefined }>;
export const isScene = (kind: SyntheticKind): kind is keyof typeof SCENES => Object.hasOwn(SCENES, kind);

export const SYNTHETIC_KINDS = ["prototypes", "rings", "boxes", "captions"] as const;
export type SyntheticKind = (typeof SYNTHETIC_KINDS)[number];

/** Hidden classes where no target says how many there are. */
const HIDDEN = 10;
/** Rows of at least so many numbers are taken for pictures: 0 to 1, neighbours alike. */
const PICTURE = 64;
const PICTURE_NOISE = 0.2;
const VECTOR_NOISE = 0.3;
const TARGET_NOISE = 0.05;
/** How thick a ring is; the rest, up to 1, is gap. */
const RING = 0.7;
/** Share of the tokens that follow their predecessor's rule. */
const FOLLOWED = 0.85;

/** A training set and a test set of the same prototypes. */
export function synthetic(
  inputs: readonly InputFacts[],
  { rows, seed, classes, kind = "prototypes" }: SyntheticOptions,
): { readonly train: Arrays; readonly test: Arrays } {
  // prettier-ignore
  const label = inputs.find((input) => input.role === "target" && isLabel(input));
  const hidden = classes ?? label?.classes ?? HIDDEN;
  // features first: targets may follow from them
  const ordered = [...inputs].sort((a, b) => Number(a.role === "target") - Number(b.role === "target"));
  const scene = isScene(kind) ? SCENES[kind].draws(inputs) : undefined;
  const draws = ordered.map((input) => ({
    input,
    draw: scene?.get(input.name) ?? drawOf(input, inputs, hidden, randomOf(seed, `prototypes of ${input.name}`), kind),
  }));
  const set = (name: string, count: number): Arrays => {
    const random = randomOf(seed, name);
    const arrays = ordered.map(({ name: of, row, dtype }) => {
      const length = count * sizeOf(row);
      return [of, dtype === "i32" ? new Int32Array(length) : new Float32Array(length)] as const;
    });
    for (let n = 0; n < count; n++) {
      const drawn = new Map<string, ArrayLike<number>>();
      const shared = (): Random => randomOf(seed, `${name} ${n}`);
      const row = { hidden: below(random, hidden), random, shared, drawn };
      draws.forEach(({ input, draw }, at) => {
        const values = draw(row);
        drawn.set(input.name, values);
        arrays[at]![1].set(values, n * values.length);
      });
    }
    return Object.fromEntries(arrays);
  };
  return { train: set("train", rows), test: set("test", Math.max(1, Math.round(rows / 5))) };
}

const isLabel = ({ dtype, row, classes }: InputFacts): boolean => dtype === "i32" && classes !== undefined && sizeOf(row) === 1;

function drawOf(input: InputFacts, inputs: readonly InputFacts[], hidden: number, random: Random, kind: SyntheticKind): Draw {
  // prettier-ignore
  const features = inputs.filter(({ role }) => role === "feature");
  const { row, role, classes = 2 } = input;
  const size = sizeOf(row);
  if (input.dtype === "f32") {
    if (role === "target" && size < PICTURE) return response(size, features, random);
    if (role === "feature" && kind === "rings") return rings(size);
    // a generator predicts from noise what the loss compares with pictures
    const generator =
      row.length === 1 && inputs.some((one) => one.role === "target" && one.dtype === "f32" && sizeOf(one.row) > Math.max(size, PICTURE));
    if (role === "feature" && generator) return ({ random: r }) => Array.from({ length: size }, () => normalFrom(r));
    const masked = inputs.find((one) => masks(one, row));
    if (masked !== undefined) return figures(row, masked.classes ?? 2);
    return size < PICTURE ? vector(size, hidden, random) : picture(row, hidden, random);
  }
  if (isLabel(input)) return (at) => [at.hidden % classes];
  if (role === "feature") return tokens(size, classes, inputs.some((one) => one.role === "target" && isLabel(one)) ? hidden : 1, random);
  const before = features.find((one) => one.dtype === "i32" && sizeOf(one.row) === size);
  if (before !== undefined) return nextTokens(before.name, classes, random);
  const [height, width] = row;
  if (height !== undefined && width !== undefined && features.some((one) => masks(input, one.row)))
    return ({ shared }) => mask(shared(), classes, height, width);
  const under = features.find((one) => one.dtype === "f32" && sizeOf(one.row) % size === 0);
  return under === undefined
    ? (at) => Array.from({ length: size }, (_, n) => (at.hidden + n) % classes)
    : levels(under.name, size, classes);
}

/** Whether a target says of each pixel of a picture [c, h, w] what is there: [h, w]. */
const masks = ({ role, dtype, row }: InputFacts, [, ...space]: readonly number[]): boolean =>
  role === "target" && dtype === "i32" && row.length === 2 && String(row) === String(space);

const figures =
  ([channels = 1, height = 1, width = 1]: readonly number[], classes: number): Draw =>
  ({ shared, random }) =>
    pictureOf(mask(shared(), classes, height, width), channels, random);

/** Prototypes of a few numbers, as far apart as normal numbers are. */
function vector(size: number, hidden: number, random: Random): Draw {
  const prototypes = Array.from({ length: hidden * size }, () => normalFrom(random));
  return (row) => Array.from({ length: size }, (_, n) => prototypes[row.hidden * size + n]! + VECTOR_NOISE * normalFrom(row.random));
}

/** Class k between the distances k and k + 1 from the origin, with a gap to its neighbours, in any direction: no plane parts two classes. */
function rings(size: number): Draw {
  return ({ hidden, random: r }) => {
    const direction = Array.from({ length: size }, () => normalFrom(r));
    const length = Math.sqrt(direction.reduce((sum, v) => sum + v * v, 0)) || 1;
    const radius = hidden + 0.5 + RING * (r() - 0.5);
    return direction.map((v) => (radius * v) / length);
  };
}

/** Prototypes of light and dark patches, straight between a few knots, dark in half of the area; another class's shines through by up to a half. */
function picture(row: readonly number[], hidden: number, random: Random): Draw {
  const size = sizeOf(row);
  const [channels, height, width] = asImage(row);
  const knots = 5;
  const prototypes = Array.from({ length: hidden }, () => {
    const grid = Array.from({ length: channels * knots * knots }, () => 2 * random() - 1);
    return Float32Array.from({ length: size }, (_, at) => {
      const c = Math.floor(at / (height * width));
      const y = Math.floor(at / width) % height;
      return Math.max(0, patch(grid.slice(c * knots * knots), knots, y / Math.max(1, height - 1), (at % width) / Math.max(1, width - 1)));
    });
  });
  return ({ hidden: own, random: r }) => {
    const other = prototypes[below(r, hidden)]!;
    const mixed = r() / 2;
    return prototypes[own]!.map((value, at) => {
      const noisy = value + mixed * (other[at]! - value) + PICTURE_NOISE * (2 * r() - 1);
      return Math.min(1, Math.max(0, noisy));
    });
  };
}

function asImage(row: readonly number[]): readonly [number, number, number] {
  const [a = 1, b = 1, ...rest] = row;
  if (row.length >= 3) return [a, b, sizeOf(rest)];
  if (row.length === 2) return [1, a, b];
  return imageShape(a) ?? [1, 1, a];
}

/** Between the four nearest knots; `down` and `across` from 0 to 1. */
function patch(grid: readonly number[], knots: number, down: number, across: number): number {
  const [y, x] = [down * (knots - 1), across * (knots - 1)];
  const [top, left] = [Math.min(knots - 2, Math.floor(y)), Math.min(knots - 2, Math.floor(x))];
  const between = (a: number, b: number, t: number): number => a + (b - a) * t;
  const along = (line: number): number => between(grid[line * knots + left]!, grid[line * knots + left + 1]!, x - left);
  return between(along(top), along(top + 1), y - top);
}

/** Linear in the features, with a little noise; of integers, in their values. */
function response(size: number, features: readonly InputFacts[], random: Random): Draw {
  const total = features.reduce((n, { row }) => n + sizeOf(row), 0);
  const slopes = Array.from({ length: size * total }, () => normalFrom(random) / Math.sqrt(total || 1));
  return (row) => {
    const all = features.flatMap(({ name }) => Array.from(row.drawn.get(name)!));
    return Array.from({ length: size }, (_, j) =>
      all.reduce((y, x, i) => y + slopes[j * total + i]! * x, TARGET_NOISE * normalFrom(row.random)),
    );
  };
}

/** What follows what, one table a hidden class; nearly always followed. */
function tokens(size: number, classes: number, hidden: number, random: Random): Draw {
  const tables = Array.from({ length: hidden }, () => Array.from({ length: classes }, () => below(random, classes)));
  return (row) => {
    let token = below(row.random, classes);
    return Array.from({ length: size }, () => {
      const now = token;
      token = row.random() < FOLLOWED ? tables[row.hidden % hidden]![now]! : below(row.random, classes);
      return now;
    });
  };
}

/** The feature's tokens one place earlier; after the last comes a random one. */
function nextTokens(feature: string, classes: number, random: Random): Draw {
  const last = below(random, classes);
  return ({ drawn }) => {
    const before = drawn.get(feature)!;
    return Array.from(before, (_, at) => (before[at + 1] ?? last) % classes);
  };
}

/** How bright each place is, in as many steps as there are classes. */
function levels(feature: string, size: number, classes: number): Draw {
  return ({ drawn }) => {
    const values = drawn.get(feature)!;
    const channels = values.length / size;
    return Array.from({ length: size }, (_, at) => {
      let mean = 0;
      for (let c = 0; c < channels; c++) mean += values[c * size + at]! / channels;
      return Math.min(classes - 1, Math.max(0, Math.floor(mean * classes)));
    });
  };
}
