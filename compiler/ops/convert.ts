/** Elementwise ops that are no formulas: another name of a value, and its number format. */

import type { Value } from "../graph/graph.ts";
import { f32, type DType } from "../graph/type.ts";
import type { Op } from "./op.ts";

/** x under another name: what is left of a scalar cotangent that a pass found equal to something else. */
export const identity: Op<"identity", [x: Value]> = {
  name: "identity",
  arity: 1,
  elementwise: true,
  exact: true,
  maths: ([x]) => x,
  infer: ([x]) => x,
  laws: ["d_x = d_y"],
  vjp: ({ cotangent }) => cotangent,
  evaluate([x], _, y) {
    y.data.set(x.data);
  },
  define: ({ at, read: [x] }) => x(...at),
  samples: [{ inputs: [f32(3, 2)], attrs: {} }],
};

/** Between number formats; to i32 truncates toward zero and saturates (NaN gives 0), to bool asks x ≠ 0. */
export const cast: Op<"cast", [x: Value], { readonly to: DType }> = {
  name: "cast",
  arity: 1,
  elementwise: true,
  exact: true,
  maths: ([x], { to }) => `${to}(${x})`,
  infer: ([x], { to }) => ({ dtype: to, shape: x.shape }),
  laws: ["d_x = d_y, for floats"],
  vjp: ({ g, inputs: [x], cotangent }) => g.cast(cotangent, { to: g.typeOf(x).dtype }),
  evaluate([x], { to }, y) {
    const convert =
      to === "i32"
        ? (v: number) => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, v)) | 0
        : to === "bool"
          ? (v: number) => Number(v !== 0)
          : (v: number) => v;
    x.data.forEach((value, n) => (y.data[n] = convert(value)));
  },
  define: ({ at, read: [x], type }) => ({
    kind: "apply",
    dtype: type.dtype,
    fn: "cast",
    args: [x(...at)],
  }),
  samples: [{ inputs: [f32(3, 2)], attrs: { to: "i32" } }],
};
