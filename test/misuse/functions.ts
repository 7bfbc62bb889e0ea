/** Guarantees a valid call of every function under a layer, and of which kind each of its arguments is. */

import * as functions from "adjoint/functions";
import { b, f, list, row, y, type Row } from "./row.ts";

const bias = { bias: "floats?" } as const;
const strides = { strides: "a number or numbers?", padding: "padding?" } as const;
const convolution = { ...bias, ...strides, dilation: "a number or numbers?", groups: "count?" } as const;
const windows = { ...strides, ceilMode: "flag?" } as const;
const scale = { gamma: "floats?", beta: "floats?", epsilon: "not negative?" } as const;
const cell = { kernel: "floats", recurrentKernel: "floats", options: { ...bias, recurrentBias: "floats?" } } as const;
const SPACE = { 1: [4], 2: [4, 4], 3: [4, 4, 4] } as const;

const over = (spatial: 1 | 2 | 3): Readonly<Record<string, Row>> => {
  const [name, space] = [(stem: string, end = ""): string => `${stem}${spatial}d${end}`, SPACE[spatial]];
  const call = (of: string): Row["call"] => (functions as unknown as Record<string, Row["call"]>)[of]!;
  const [x, kernel] = [f(1, 2, ...space), f(2, 2, ...space.map(() => 2))];
  const pool = { x: "floats", size: "a number or numbers" } as const;
  const rows: Record<string, Row> = {
    [name("conv")]: row(call(name("conv")), { x: "floats", kernel: "floats", options: convolution }, x, kernel, {}),
    [name("conv", "Transpose")]: row(
      call(name("conv", "Transpose")),
      { x: "floats", kernel: "floats", options: { ...convolution, outputPadding: "a number or numbers?" } },
      x,
      kernel,
      {},
    ),
    [name("maxPool")]: row(call(name("maxPool")), { ...pool, options: { ...windows, dilation: "a number or numbers?" } }, x, 2, {}),
    [name("avgPool")]: row(call(name("avgPool")), { ...pool, options: { ...windows, paddedZeros: "text?" } }, x, 2, {}),
    [name("adaptiveAvgPool")]: row(call(name("adaptiveAvgPool")), pool, x, 3),
    [name("adaptiveMaxPool")]: row(call(name("adaptiveMaxPool")), pool, x, 3),
  };
  return rows;
};

export const functionCalls: Readonly<Record<string, Row>> = {
  ...over(1),
  ...over(2),
  ...over(3),
  alphaDropout: row(functions.alphaDropout, { x: "floats", kept: "truths", rate: "share" }, f(2, 3), b(2, 3), 0.5),
  batchNorm: row(
    functions.batchNorm,
    { x: "floats", options: { ...scale, mean: "floats?", variance: "floats?", axis: "axis?" } },
    f(2, 3),
    {},
  ),
  dense: row(functions.dense, { x: "floats", kernel: "floats", options: bias }, f(2, 3), f(3, 4), {}),
  depthwiseConv2d: row(
    functions.depthwiseConv2d,
    { x: "floats", kernel: "floats", options: { ...bias, ...strides, dilation: "a number or numbers?" } },
    f(1, 2, 4, 4),
    f(2, 1, 2, 2),
    {},
  ),
  dropout: row(functions.dropout, { x: "floats", kept: "truths", rate: "share" }, f(2, 3), b(2, 3), 0.5),
  embedding: row(functions.embedding, { x: "integers", table: "floats" }, y(2), f(3, 4)),
  gruCell: row(functions.gruCell, { x: "floats", h: "floats", ...cell }, f(2, 3), f(2, 2), f(3, 6), f(2, 6), {}),
  groupNorm: row(functions.groupNorm, { x: "floats", groups: "count", options: scale }, f(1, 4), 2, {}),
  instanceNorm: row(functions.instanceNorm, { x: "floats", options: scale }, f(1, 2, 3), {}),
  layerNorm: row(functions.layerNorm, { x: "floats", options: scale }, f(2, 3), {}),
  lstmCell: row(functions.lstmCell, { x: "floats", states: "tensors", ...cell }, f(2, 3), list(f(2, 2), f(2, 2)), f(3, 8), f(2, 8), {}),
  rmsNorm: row(functions.rmsNorm, { x: "floats", options: { gamma: "floats?", epsilon: "not negative?" } }, f(2, 3), {}),
};
