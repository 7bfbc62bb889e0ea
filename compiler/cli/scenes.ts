/** Pictures of figures that lie apart, and what is where: the class and the box of each, in the cell of a grid that its centre is in. */

import { below, type Random } from "../check/draw.ts";
import type { Draw } from "./draw.ts";
import { FORMS, type Form } from "./figures.ts";
import type { InputFacts } from "./inputs.ts";

/** A form that is stretched to a box [left, top, right, bottom], in pixels. */
export interface Placed {
  readonly form: Form;
  readonly box: readonly [number, number, number, number];
  /** Of each channel. */
  readonly color: readonly number[];
}

/** A placed figure of a class, 1 or more, and the cell of its centre. */
interface Found extends Placed {
  readonly class: number;
  readonly cell: number;
}

const MOST_FIGURES = 3;
/** Halves of the sides of a box, of the picture's shorter side: from, and how much more. */
const [LEAST_HALF, MORE] = [0.08, 0.08];
/** Pixels between two boxes. */
const GAP = 2;
const TRIALS = 20;
const GROUND = 0.2;
const NOISE = 0.2;

/** One to three figures in a picture, no two of which touch or have their centres in one cell of the grid. */
function sceneOf(
  random: Random,
  classes: number,
  [channels, height, width]: readonly [number, number, number],
  [rows, columns]: readonly [number, number],
): readonly Found[] {
  const shorter = Math.min(height, width);
  const figures: Found[] = [];
  const count = classes < 2 ? 0 : 1 + below(random, MOST_FIGURES);
  for (let trial = 0; figures.length < count && trial < TRIALS; trial++) {
    const of = 1 + below(random, classes - 1);
    const [down, across] = [shorter * (LEAST_HALF + MORE * random()), shorter * (LEAST_HALF + MORE * random())];
    const [y, x] = [down + (height - 2 * down) * random(), across + (width - 2 * across) * random()];
    const color = Array.from({ length: channels }, () => 0.5 + 0.5 * random());
    const box = [x - across, y - down, x + across, y + down] as const;
    const cell = Math.floor((y / height) * rows) * columns + Math.floor((x / width) * columns);
    if (figures.some((other) => other.cell === cell || !areApart(other.box, box))) continue;
    figures.push({ form: FORMS[(of - 1) % FORMS.length]!, class: of, box, color, cell });
  }
  return figures;
}

const areApart = ([l, t, r, b]: Placed["box"], [left, top, right, bottom]: Placed["box"]): boolean =>
  left > r + GAP || right < l - GAP || top > b + GAP || bottom < t - GAP;

/** The figures on a noisy ground, later ones above earlier ones: [channels, height, width], 0 to 1. */
export function painted(
  figures: readonly Placed[],
  [channels, height, width]: readonly [number, number, number],
  random: Random,
): Float32Array {
  const picture = new Float32Array(channels * height * width).fill(GROUND);
  for (const { form, box, color } of figures) {
    const [left, top, right, bottom] = box;
    for (let row = Math.max(0, Math.floor(top)); row < Math.min(height, bottom); row++)
      for (let column = Math.max(0, Math.floor(left)); column < Math.min(width, right); column++) {
        // of a pixel its centre
        const [y, x] = [(2 * (row + 0.5) - top - bottom) / (bottom - top), (2 * (column + 0.5) - left - right) / (right - left)];
        if (form(y, x)) color.forEach((light, c) => (picture[(c * height + row) * width + column] = light));
      }
  }
  return picture.map((light) => Math.min(1, Math.max(0, light + NOISE * (2 * random() - 1))));
}

/** A picture [channels, height, width] of figures, and of each cell the class of its figure, 0 where there is none, and its box, there zeros. */
export function boxDraws(inputs: readonly InputFacts[]): ReadonlyMap<string, Draw> | undefined {
  const picture = inputs.find(({ role, dtype, row }) => role === "feature" && dtype === "f32" && row.length === 3);
  const kind = inputs.find(({ role, dtype, row }) => role === "target" && dtype === "i32" && row.length === 2);
  const box = inputs.find(
    ({ role, dtype, row }) => role === "target" && dtype === "f32" && String(row) === String([...(kind?.row ?? []), 4]),
  );
  if (picture === undefined || kind === undefined || box === undefined || inputs.length > 3) return undefined;
  const extents = picture.row as readonly [number, number, number]; // as found
  const [rows, columns] = kind.row as readonly [number, number];
  const scene = (random: Random): readonly Found[] => sceneOf(random, kind.classes ?? 2, extents, [rows, columns]);
  return new Map<string, Draw>([
    [picture.name, ({ shared, random }) => painted(scene(shared()), extents, random)],
    [
      kind.name,
      ({ shared }) => {
        const classes = new Int32Array(rows * columns);
        for (const { cell, class: of } of scene(shared())) classes[cell] = of;
        return classes;
      },
    ],
    [
      box.name,
      ({ shared }) => {
        const boxes = new Float32Array(rows * columns * 4);
        for (const { cell, box: sides } of scene(shared())) boxes.set(sides, 4 * cell);
        return boxes;
      },
    ],
  ]);
}
