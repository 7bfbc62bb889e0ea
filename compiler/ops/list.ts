/** The vocabulary: one line for each op. What is derived of it, names, calls and tests, is derived of this list alone. */

export { input, param, state, constant, hyper, count, literal, iota, table } from "./leaf.ts";
export { transpose, reshape, broadcast, slice, pad, reverse, stopGradient } from "./move.ts";
export { sum, reduceMax, argmax } from "./reduce.ts";
export { dot } from "./dot.ts";
export { conv } from "./conv.ts";
export { windowSum, windowMax, windowArgmax, windowGather, windowScatter } from "./window.ts";
export { concat, cumsum, gather, scatterAdd, randomBits } from "./sequence.ts";
export { scan, turn, part } from "./scan.ts";
export { customVjp, hole } from "./custom.ts";
export { cast, identity } from "./convert.ts";
