/** Pictures show the numbers they are made of, dot by dot, and are the same bytes each time. */

import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import {
  confusionPicture,
  curvesOf,
  curvesRaster,
  curvesSvg,
  curvesText,
  DataError,
  filterPicture,
  imageShape,
  matrixPicture,
  png,
  templatePicture,
  type Raster,
} from "../../runtime/index.ts";
import { glyph } from "../../runtime/drawing/font.ts";
import { ticksOver, wholeTicks } from "../../runtime/drawing/ticks.ts";

const colorAt = ({ width, data }: Raster, x: number, y: number): number[] => [
  ...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3),
];
/** Equality of millions of bytes, which a matcher would compare one by one. */
const same = (a: ArrayLike<number>, b: Uint8Array): boolean => Buffer.from(a).equals(b);
const hex = (text: string): number[] => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));
const [RED, BLUE, NEUTRAL, GROUND] = ["#9e1327", "#123c7c", "#f6f6f4", "#1f2430"].map(hex);

/** Runs of one colour along the row: `[length, colour]`. */
function runs(raster: Raster, y: number): [number, number[]][] {
  const found: [number, number[]][] = [];
  for (let x = 0; x < raster.width; x++) {
    const color = colorAt(raster, x, y);
    const last = found.at(-1);
    if (last !== undefined && String(last[1]) === String(color)) last[0]++;
    else found.push([1, color]);
  }
  return found;
}

describe("PNG", () => {
  test("decodes to the very dots, and is the same bytes each time", () => {
    const raster = filterPicture(Float32Array.of(1, -1, 0.5, 0), [1, 2, 2]);
    const bytes = png(raster);
    const { width, height, channels, depth, data } = decode(bytes);
    expect({ width, height, channels, depth }).toEqual({ width: raster.width, height: raster.height, channels: 4, depth: 8 });
    expect(same(data, raster.data)).toBe(true);
    expect(raster.data.filter((_, at) => at % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
    expect(png(filterPicture(Float32Array.of(1, -1, 0.5, 0), [1, 2, 2]))).toEqual(bytes);
  });
});

describe("weights", () => {
  test("a matrix is one tile: red above 0, blue below, near white at 0, enlarged by a whole number", () => {
    const raster = matrixPicture(Float32Array.of(3, -3, 0), 1, 3);
    const [edge, ...cells] = runs(raster, Math.floor(raster.height / 2));
    expect(edge![1]).toEqual(GROUND);
    expect(cells.map(([, color]) => color)).toEqual([RED, BLUE, NEUTRAL, GROUND]);
    expect(cells.slice(0, 3).map(([length]) => length)).toEqual([32, 32, 32]);
  });

  test("templates are the columns of the matrix, each in its own range", () => {
    // [4, 2]: unit 0 looks for the first of four dots, unit 1, a hundred times weaker, for the last
    const raster = templatePicture(Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0.01), [1, 2, 2]);
    const gap = runs(raster, raster.height >> 1)[0]![0];
    const dot = 32;
    const at = (tile: number, x: number, y: number) => colorAt(raster, gap + tile * (2 * dot + gap) + x * dot, gap + y * dot);
    expect([at(0, 0, 0), at(0, 1, 0), at(0, 0, 1), at(0, 1, 1)]).toEqual([RED, NEUTRAL, NEUTRAL, NEUTRAL]);
    expect([at(1, 0, 0), at(1, 1, 0), at(1, 0, 1), at(1, 1, 1)]).toEqual([NEUTRAL, NEUTRAL, NEUTRAL, RED]);
    expect(raster.width).toBe(3 * gap + 4 * dot);
    expect(raster.height).toBe(2 * gap + 2 * dot);
  });

  test("filters of three channels are in colour, from their smallest value to their largest", () => {
    const raster = filterPicture(Float32Array.of(-1, 0, 1), [3, 1, 1]);
    expect(runs(raster, raster.height >> 1).map(([, color]) => color)).toEqual([GROUND, [0, 128, 255], GROUND]);
  });

  test("filters of other channels are a row each, a tile a channel, scaled together", () => {
    const raster = filterPicture(Float32Array.of(2, -2, 0, 0, 4, 0), [2, 1, 1]);
    const gap = runs(raster, 5)[0]![0];
    const rows = [0, 1, 2].map((n) => runs(raster, gap + n * (32 + gap)).map(([, color]) => color));
    expect(rows).toEqual([
      [GROUND, RED, GROUND, BLUE, GROUND],
      [GROUND, NEUTRAL, GROUND, NEUTRAL, GROUND],
      [GROUND, RED, GROUND, NEUTRAL, GROUND],
    ]);
  });

  test("the image of a row is square, of one channel or of three", () => {
    expect(imageShape(784)).toEqual([1, 28, 28]);
    expect(imageShape(3072)).toEqual([3, 32, 32]);
    expect(imageShape(10)).toBeUndefined();
    expect(imageShape(4)).toBeUndefined();
  });

  test("weights that are no images say so", () => {
    expect(() => templatePicture(new Float32Array(10), [1, 2, 2])).toThrowError(
      new RangeError(
        "10 weights are no whole number of images of 1×2×2; give the weights as [1·2·2, units] and the image's [channels, height, width]",
      ),
    );
    expect(() => filterPicture(new Float32Array(10), [3, 2, 2])).toThrowError(
      new RangeError(
        "10 weights are no whole number of filters of 3×2×2; give the weights as [filters, channels, height, width] and a filter's [channels, height, width]",
      ),
    );
  });
});

/** The text in dots of one colour, read by the typeface: the glyph at each place where one begins to fit. */
function reads(raster: Raster, characters: string, scale: number, color: number[]): string {
  const dot = (x: number, y: number) => String(colorAt(raster, x, y)) === String(color);
  const fits = (character: string, x: number, y: number) =>
    glyph(character)!
      .slice(0, 7)
      .every((row, j) => [...row].every((sign, i) => dot(x + i * scale, y + j * scale) === (sign === "#")));
  let text = "";
  for (let y = 0; y + 7 * scale < raster.height; y++)
    for (let x = 0; x + 5 * scale < raster.width; x++)
      for (const one of characters) if (fits(one, x, y) && !fits(one, x - 1, y) && !fits(one, x, y - 1)) text += one;
  return text;
}

describe("confusion matrix", { timeout: 30_000 }, () => {
  const raster = confusionPicture(Int32Array.of(75, 25, 0, 64));

  test("prints the counts of its cells, and leaves out zeros", () => {
    expect(reads(raster, "0123456789", 2, hex("#374151"))).toBe("010251");
    expect(reads(raster, "0123456789", 2, [255, 255, 255])).toBe("7564");
  });

  test("is as dark as a row's share", () => {
    const colors = new Set(runs(raster, raster.height - 20).map(([, color]) => String(color)));
    // second row: nothing, everything
    expect(colors).toContain(String(hex("#f7f9fc")));
    expect(colors).toContain(String(hex("#0d3a75")));
  });

  test("many classes are drawn without counts; names are one a class", () => {
    const many = confusionPicture(new Int32Array(10_000));
    expect(many.width).toBeLessThan(1400);
    expect(() => confusionPicture(new Int32Array(4), ["cat"])).toThrowError(
      new RangeError("1 labels do not name 2 classes; give one name a class, or leave them out"),
    );
  });
});

const history = {
  epochs: [
    { epoch: 1, loss: 2, val_loss: 1.5, val_accuracy: 0.25 },
    { epoch: 2, loss: 1, val_loss: 1.25, val_accuracy: 0.75 },
    { epoch: 3, loss: 0.5, val_loss: 1.5, val_accuracy: 0.5 },
  ],
};

describe("curves", { timeout: 30_000 }, () => {
  test("a measure's training and validation share a panel", () => {
    expect(curvesOf(history)).toEqual([
      {
        name: "loss",
        curves: [
          { of: "training", values: [2, 1, 0.5] },
          { of: "validation", values: [1.5, 1.25, 1.5] },
        ],
      },
      { name: "accuracy", curves: [{ of: "validation", values: [0.25, 0.75, 0.5] }] },
    ]);
  });

  test("SVG: the points lie where the axes say", () => {
    const svg = curvesSvg(history);
    expect(curvesSvg(structuredClone(history))).toBe(svg);
    const texts = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</g)].map(([, x, y, text]) => ({
      x: Number(x),
      y: Number(y),
      text,
    }));
    const tick = (text: string) => texts.find((one) => one.text === text && one.x < 64)!.y - 4;
    const epoch = (text: string) => texts.findLast((one) => one.text === text && one.y < 280)!.x;
    const [line] = [...svg.matchAll(/<polyline points="([^"]*)" stroke="#2563eb"/g)]
      .map(([, points]) => points!.split(" ").map((point) => point.split(",").map(Number)))
      .filter((points) => points.length === 3);
    const value = (y: number) => 2 - (y - tick("2")) / (tick("1") - tick("2"));
    expect(line!.map(([x]) => Math.round(x!))).toEqual(["1", "2", "3"].map(epoch));
    line!.forEach(([, y], n) => expect(value(y!)).toBeCloseTo(history.epochs[n]!.loss, 1));
    expect(texts.map(({ text }) => text)).toEqual(expect.arrayContaining(["loss", "training", "validation", "accuracy", "epoch"]));
  });

  test("SVG: a measure's name is data", () => {
    const svg = curvesSvg({ epochs: [{ epoch: 1, '<b>&"': 1 } as { epoch: number }] });
    expect(svg).toContain(">&lt;b&gt;&amp;&quot;</text>");
    expect(svg).not.toContain("<b>");
  });

  test("PNG: the curve's colour is at its points, and of equal histories the bytes are equal", () => {
    const raster = curvesRaster(history);
    const { data, width, height } = decode(png(raster));
    expect([width, height]).toEqual([1280, 1120]);
    expect(same(data, raster.data)).toBe(true);
    const points = [...curvesSvg(history).matchAll(/points="([\d.]+),([\d.]+) \1,\2" stroke="(#\w+)"/g)];
    expect(points).toHaveLength(9);
    for (const [, x, y, ink] of points) expect(colorAt(raster, Math.floor(2 * Number(x)), Math.floor(2 * Number(y)))).toEqual(hex(ink!));
    expect(same(png(curvesRaster(structuredClone(history))), png(raster))).toBe(true);
  });

  test("text: of what training measures, coloured together or apart", () => {
    const colored = curvesText(history, { color: true });
    expect(colored.split("\n")[0]).toBe("loss  \x1b[34m─ training\x1b[0m  \x1b[33m─ validation\x1b[0m");
    const plain = curvesText({ epochs: history.epochs }, { color: false, width: 9, height: 3 });
    expect(plain.split("\n").slice(0, 8)).toEqual([
      "loss  training",
      "     2.000 ┼─╮",
      "     1.500 ┤ ╰─╮",
      "     1.000 ┤   ╰──╮",
      "    0.5000 ┤      ╰─",
      "     epoch  1       3",
      "",
      "loss  validation",
    ]);
  });

  test("a value that is not finite leaves a gap; a history without any has no curve", () => {
    const broken = { epochs: [1, NaN, 3, 4].map((loss, n) => ({ epoch: n + 1, loss })) };
    const lines = [...curvesSvg(broken).matchAll(/points="([^"]*)" stroke="#2563eb" stroke-width="2"/g)];
    // the legend, one value, two values
    expect(lines.map(([, points]) => points!.split(" ").length)).toEqual([2, 1, 2]);
    const message = "the history holds no finite value, so there is no curve to draw; train for at least one epoch";
    expect(() => curvesSvg({ epochs: [] })).toThrowError(new DataError(message));
    expect(() => curvesText({ epochs: [{ epoch: 1, loss: NaN } as { epoch: number }] }, { color: false })).toThrowError(
      new DataError(message),
    );
  });

  test("ticks are round and cover the values", () => {
    expect(ticksOver(0.07, 0.31, 5)).toEqual([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35]);
    expect(ticksOver(-3, 12, 5)).toEqual([-4, -2, 0, 2, 4, 6, 8, 10, 12]);
    expect(ticksOver(2, 2, 5)).toEqual([2, 4]);
    expect(ticksOver(0, 0, 5)).toEqual([0, 1]);
    expect(wholeTicks(3, 10)).toEqual([1, 2, 3]);
    expect(wholeTicks(50, 10)).toEqual([1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50]);
  });
});
