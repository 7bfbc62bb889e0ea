/** The engine of JavaScript as a machine for loops: doubles, no lanes, functions compiled with the arrays that they close over. */

import { MATHEMATICS, type Machine } from "../../loop/machine.ts";

export const scalar: Machine = {
  name: "typescript",
  scheduled: true,
  precision: "double",
  lanes: 1,
  unrolled: 4,
  rates: { flopsPerSecond: 7.7e9, bytesPerSecond: { near: 16e9, far: 8.5e9 } },
  called: MATHEMATICS,
  binds: true,
};
