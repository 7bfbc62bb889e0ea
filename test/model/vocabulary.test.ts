/** What the vocabulary says to what it refuses: the thing by name, the model's line, a remedy. */

import { describe, expect, test } from "vitest";
import {
  broadcastTo,
  clip,
  diagonal,
  einsum,
  gather,
  glu,
  input,
  labels,
  logSumExp,
  nll,
  outer,
  pad,
  prelu,
  reshape,
  roll,
  slice,
  softmaxCrossEntropy,
  std,
  sum,
  takeAlongAxis,
  tile,
  triplet,
  type FloatTensor,
  type Tensor,
} from "../../compiler/index.ts";
import { complaint } from "../support/forward.ts";

let made = 0;
const x = (...shape: readonly number[]): FloatTensor => input(`x${made++}`, shape);
const y = (classes: number, ...shape: readonly number[]): Tensor<readonly number[], "i32"> => labels(`y${made++}`, shape, { classes });

const told = (declare: () => Tensor, says: string): void => {
  const text = complaint(declare);
  expect(text).toMatch(/^vocabulary\.test\.ts:\d+/);
  expect(text).toContain(says);
};

describe("einsum names the character", () => {
  test.each<[string, () => Tensor, string]>([
    ["no letter", () => einsum("i1->i", [x(2, 2)]), 'character 2, "1", is no letter, comma, arrow or ellipsis'],
    ["no arrow", () => einsum("ij-ij", [x(2, 2)]), 'character 3, "-", is no arrow, which is ->'],
    ["two arrows", () => einsum("i->i->i", [x(2)]), 'character 5, "-", begins a second arrow'],
    ["two results", () => einsum("i->i,i", [x(2)]), 'character 5, ",", divides the result, which is one'],
    ["two dots", () => einsum("..i->i", [x(2, 2)]), 'character 1, ".", is no ellipsis, which is three dots'],
    ["two ellipses", () => einsum("...i...->i", [x(2, 2)]), 'character 5, ".", begins a second ellipsis of one operand'],
    ["a letter twice in the result", () => einsum("ij->ii", [x(2, 2)]), 'character 6, "i", stands twice in the result'],
    ["a letter of no operand", () => einsum("ij->ik", [x(2, 2)]), 'character 6, "k", of the result stands in no operand'],
    ["two extents", () => einsum("ij,jk->ik", [x(2, 3), x(4, 5)]), 'character 4, "j", has extent 4 in operand 2, but 3 in operand 1'],
    ["too few letters", () => einsum("i->i", [x(2, 3)]), 'operand 1, "i", names 1 axes, but its tensor [2,3] has 2'],
    ["too few operands", () => einsum("ij,jk->ik", [x(2, 3)]), "it has 2 operands, but 1 given"],
  ])("%s", (_, declare, says) => told(declare, says));
});

describe("what no tensor has", () => {
  test.each<[string, () => Tensor, string]>([
    ["an axis twice", () => sum(x(2, 3), [1, -1]), "sum needs each axis once, but axis 1 is given twice, in [1,-1]"],
    ["an axis beyond", () => logSumExp(x(2, 3), [2]), "logSumExp needs an axis from -2 to 1, but got 2"],
    ["an axis of gather", () => gather(x(2, 3), y(2, 2), 2), "gather needs an axis from -2 to 1, but got 2"],
    ["more correction than elements", () => std(x(2, 1), [1], { correction: 1 }), "of 1 it takes off 1"],
    ["bounds the wrong way", () => clip(x(2), 1, -1), "clip needs min ≤ max, but got 1 and -1"],
    ["half of an odd axis", () => glu(x(2, 3)), "glu needs an axis with two halves, but axis 1 has 3"],
    ["slopes for other channels", () => prelu(x(2, 3), x(2)), "one for each of 3 channels, [3], but got [2]"],
    ["two open extents", () => reshape(x(2, 3), [-1, -1]), "reshape needs at most one −1"],
    ["an extent that leaves no whole", () => reshape(x(2, 3), [4, -1]), "[4,-1] does not divide the 6 elements of [2,3]"],
    ["a shape that does not spread", () => broadcastTo(x(2, 3), [2, 4]), "[2,3] and [2,4] do not align at the last axis"],
    ["a slice of nothing", () => slice(x(5), [3], [3]), "slice needs elements of axis 0, 0 to 4, but 3 .. 3 by 1"],
    ["a slice by 0", () => slice(x(5), [0], [3], [0]), "0 .. 3 by 0"],
    [
      "a mirror beyond",
      () => pad(x(3), [[3, 0]], { mode: "reflect" }),
      "pad with reflect needs whole numbers from 0 to 2 on axis 0 of [3], but got 3",
    ],
    ["a tile by 0", () => tile(x(3), [0]), "tile needs whole numbers above 0, but got [0]"],
    ["shifts for other axes", () => roll(x(3, 2), [1, 2], [0]), "roll needs a shift an axis, but got 2 and 1"],
    ["positions of another rank", () => takeAlongAxis(x(2, 3), y(3, 2)), "needs positions of x's rank"],
    ["a diagonal beyond", () => diagonal(x(2, 3), 3), "diagonal needs an offset from -1 to 2, but got 3"],
    ["a matrix for a vector", () => outer(x(2, 2) as never, x(2) as never), "outer needs two vectors, but a has [2,2]"],
  ])("%s", (_, declare, says) => told(declare, says));
});

describe("losses of classes", () => {
  test.each<[string, () => Tensor, string]>([
    [
      "a class to ignore",
      () => softmaxCrossEntropy(x(2, 3), y(3, 2), { ignoreIndex: 1 }),
      "needs an ignoreIndex that is no class, but 1 is not a whole number outside 0 to 2",
    ],
    [
      "weights for other classes",
      () => nll(x(2, 3), y(3, 2), { classWeights: [1, 2] }),
      "nll needs classWeights, one for each of 3 classes, but got 2",
    ],
    ["labels of too many classes", () => softmaxCrossEntropy(x(2, 3), y(5, 2), { ignoreIndex: 3 }), "there are 3 scores and 5 classes"],
    ["embeddings of other widths", () => triplet(x(2, 3), x(2, 3), x(2, 4)), "but got [2,3], [2,3], [2,4]"],
  ])("%s", (_, declare, says) => told(declare, says));
});
