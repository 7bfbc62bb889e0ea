/** WebAssembly's SIMD128 as a machine for loops: float32 in between, four lanes. */

import type { Machine } from "../../loop/machine.ts";

export const simd: Machine = {
  name: "wasm",
  scheduled: true,
  precision: "single",
  lanes: 4,
  unrolled: 2,
  rates: { flopsPerSecond: 50e9, bytesPerSecond: { near: 50e9, far: 14e9 } },
  called: new Set(),
  binds: false,
};
