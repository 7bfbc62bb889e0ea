/** What train draws: the first weights as the images they look for, and the confusions of what was tested. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, describe, expect, test } from "vitest";
import { InputError } from "../../compiler/cli/errors.ts";
import type { InputFacts } from "../../compiler/cli/inputs.ts";
import { curvesFile, writeCurves, writePictures } from "../../compiler/cli/train-pictures.ts";
import type { LoadedTrainer } from "../../compiler/compile.ts";
import { confusionPicture, curvesSvg, filterPicture, matrixPicture, png, templatePicture } from "../../runtime/index.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A trainer with one weight W of this shape, that gives each row's two numbers as its scores. */
function trained(shape: readonly number[], row: readonly number[]) {
  const size = row.reduce((a, b) => a * b, 1);
  const W = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, n) => Math.sin(n));
  const b = new Float32Array(2);
  const trainer: LoadedTrainer = {
    step: () => 0,
    evaluate: () => ({ loss: 0, count: 1 }),
    predict: ({ x }) => ({ scores: Float32Array.from(x!.subarray(0, 2)) }),
    batch: { train: 1, evaluate: 1, predict: 1 },
    inputs: { x: new Float32Array(size), y: new Int32Array(1) },
    parameters: { b, W },
    state: {},
    hyper: {},
    stepCount: 0,
    bytes: () => new Uint8Array(0),
    restore: () => undefined,
    tables: { MODEL: "one", GRAPH: "", PARAMETERS: [], STATE: [] },
  };
  const inputs: readonly InputFacts[] = [
    { name: "x", dtype: "f32", row, role: "feature" },
    { name: "y", dtype: "i32", row: [], classes: 2, role: "target" },
  ];
  const parameters = [
    { name: "b", shape: [2], dtype: "f32" as const, offset: 0 },
    { name: "W", shape, dtype: "f32" as const, offset: 8 },
  ];
  // rows 0 and 1 of class 0 score for 0 and 1, row 2 of class 1 for 1
  const x = new Float32Array(3 * size);
  [0, size + 1, 2 * size + 1].forEach((at) => (x[at] = 1));
  return { W, trained: { trainer, inputs, parameters, test: { x, y: Int32Array.of(0, 0, 1) } } };
}

const read = (name: string): Buffer => readFileSync(join(folder, name));

describe("pictures", { timeout: 30_000 }, () => {
  test("a matrix over an image is its templates, by the input's own shape or a square", () => {
    for (const row of [[1, 4, 4], [16]]) {
      const { W, trained: of } = trained([16, 3], row);
      const written = writePictures(folder, of);
      expect(written).toEqual([join(folder, "weights.png"), join(folder, "confusion.png")]);
      expect(read("weights.png").equals(png(templatePicture(W, [1, 4, 4])))).toBe(true);
    }
    const { W, trained: of } = trained([24, 3], [3, 2, 4]);
    writePictures(folder, of);
    expect(read("weights.png").equals(png(templatePicture(W, [3, 2, 4])))).toBe(true);
  });

  test("other matrices are one tile; filters are a grid", () => {
    const matrix = trained([7, 3], [7]);
    writePictures(folder, matrix.trained);
    expect(read("weights.png").equals(png(matrixPicture(matrix.W, 7, 3)))).toBe(true);
    const filters = trained([6, 3, 5, 5], [3, 8, 8]);
    writePictures(folder, filters.trained);
    expect(read("weights.png").equals(png(filterPicture(filters.W, [3, 5, 5])))).toBe(true);
  });

  test("confusions are counted over the test set", () => {
    writePictures(folder, trained([7, 3], [7]).trained);
    expect(read("confusion.png").equals(png(confusionPicture([1, 1, 0, 1])))).toBe(true);
    expect(decode(read("confusion.png")).channels).toBe(4);
  });

  test("what is not there is not drawn: no label, no matrix", () => {
    const { trained: of } = trained([7], [7]);
    const bare = join(folder, "bare");
    expect(writePictures(bare, { ...of, inputs: of.inputs.slice(0, 1) })).toEqual([]);
    expect(existsSync(bare)).toBe(false);
  });
});

test("curves are drawn as the file's ending says, in a folder made for them", () => {
  const history = {
    epochs: [
      { epoch: 1, loss: 2 },
      { epoch: 2, loss: 1 },
    ],
  };
  const svg = join(folder, "new", "curves.svg");
  expect(writeCurves(svg, history)).toBe(svg);
  expect(read("new/curves.svg").toString()).toBe(curvesSvg(history));
  writeCurves(join(folder, "curves.png"), history);
  expect(decode(read("curves.png")).width).toBe(1280);
  expect(() => curvesFile("curves.gif")).toThrowError(
    new InputError('--curves needs a file that ends in .svg or .png, but got "curves.gif"'),
  );
});
