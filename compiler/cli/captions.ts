/** Pictures of two groups of figures, and the words that say them: "two red squares above a circle". */

import { below, type Random } from "../check/draw.ts";
import type { Draw } from "./draw.ts";
import { FORMS, type Form } from "./figures.ts";
import type { InputFacts } from "./inputs.ts";
import { painted, type Placed } from "./scenes.ts";

/** A circle, a square, or a triangle that stands on its base. */
const SHAPES: readonly (readonly [name: string, form: Form])[] = [
  ["circle", FORMS[0]!],
  ["square", FORMS[1]!],
  ["triangle", (y, x) => Math.abs(x) <= (y + 1) / 2],
];
/** Of white figures no color is said. */
const COLORS: readonly (readonly [name: string, color: readonly [number, number, number]])[] = [
  ["", [1, 1, 1]],
  ["red", [1, 0, 0]],
  ["green", [0, 1, 0]],
  ["blue", [0, 0, 1]],
];

const END = 0;
/** Every word by its number; END is what a caption begins and ends with. */
export const WORDS: readonly string[] = [
  ...[".", "a", "two", "above", "left", "of"],
  ...COLORS.flatMap(([name]) => name || []),
  ...SHAPES.flatMap(([name]) => [name, `${name}s`]),
];
/** Words of the longest caption and its end: "two red squares left of two blue circles." */
const LONGEST = 9;

/** A picture's figures, and its caption without its end. */
interface Captioned {
  readonly figures: readonly Placed[];
  readonly words: readonly number[];
}

/** Halves of a figure's sides, of the place that it has. */
const [LEAST_HALF, MORE] = [0.28, 0.12];

/** Two groups of one or two figures, one above the other or left of it, in a picture of height × width. */
function captioned(random: Random, height: number, width: number): Captioned {
  const isAbove = below(random, 2) === 0;
  const groups = [0, 1].map(() => ({
    count: 1 + below(random, 2),
    color: COLORS[below(random, COLORS.length)]!,
    shape: SHAPES[below(random, SHAPES.length)]!,
  }));
  const figures = groups.flatMap(({ count, color: [, color], shape: [, form] }, half) =>
    Array.from({ length: count }, (_, n): Placed => {
      // a half of the picture for each group, and a quarter for each of two
      const [top, left] = isAbove ? [half / 2, n / count] : [n / count, half / 2];
      const [down, across] = isAbove ? [1 / 2, 1 / count] : [1 / count, 1 / 2];
      return { form, color, box: within(random, [left * width, top * height, across * width, down * height]) };
    }),
  );
  const said = groups.map(({ count, color: [color], shape: [shape] }) => (count === 1 ? ["a", color, shape] : ["two", color, `${shape}s`]));
  const text = [...said[0]!, ...(isAbove ? ["above"] : ["left", "of"]), ...said[1]!];
  return { figures, words: text.filter((word) => word !== "").map((word) => WORDS.indexOf(word)) };
}

/** A square somewhere in a place. */
function within(random: Random, [left, top, width, height]: readonly [number, number, number, number]): Placed["box"] {
  const half = Math.min(width, height) * (LEAST_HALF + MORE * random());
  const [x, y] = [left + half + (width - 2 * half) * random(), top + half + (height - 2 * half) * random()];
  return [x - half, y - half, x + half, y + half];
}

/** A picture [3, height, width], its caption from its end on, and the same a word later: [steps] each. */
export function captionDraws(inputs: readonly InputFacts[]): ReadonlyMap<string, Draw> | undefined {
  const picture = inputs.find(({ dtype, row }) => dtype === "f32" && row.length === 3 && row[0] === 3);
  const sequences = inputs.filter(
    ({ dtype, row, classes = 0 }) => dtype === "i32" && row.length === 1 && row[0]! >= LONGEST && classes >= WORDS.length,
  );
  const [before, after] = (["feature", "target"] as const).map((role) => sequences.find((one) => one.role === role));
  if (picture === undefined || before === undefined || after === undefined || inputs.length > 3) return undefined;
  if (before.row[0] !== after.row[0]) return undefined;
  const extents = picture.row as readonly [number, number, number]; // as found
  const of = (random: Random): Captioned => captioned(random, extents[1], extents[2]);
  const words =
    (first: readonly number[]): Draw =>
    ({ shared }) => {
      const said = [...first, ...of(shared()).words];
      return Int32Array.from({ length: before.row[0]! }, (_, n) => said[n] ?? END);
    };
  return new Map<string, Draw>([
    [picture.name, ({ shared, random }) => painted(of(shared()).figures, extents, random)],
    [before.name, words([END])],
    [after.name, words([])],
  ]);
}
