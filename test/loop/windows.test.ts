/** What is true of windows: those of a compiled recurrence hold their laws, and each way of being wrong breaks one that names it. */

import { describe, expect, test } from "vitest";
import { lower } from "../../compiler/driver/lower.ts";
import { constant, index, scale, shift, type Index } from "../../compiler/loop/index-expression.ts";
import type { Buffer, Module } from "../../compiler/loop/loop.ts";
import { verifyModule } from "../../compiler/loop/verify/index.ts";
import { dense, input, lstm, model, mse, sgd } from "../../compiler/index.ts";

const [STEPS, ROWS, UNITS] = [4, 2, 3];
const SIZE = ROWS * UNITS;
const recurrent = model("recurrent", { batch: ROWS }, ({ batch }) => {
  const out = dense(1)(lstm(UNITS, { returnSequences: true })(input("x", [batch, STEPS, 2])));
  return { loss: mse(out, input("y", [batch, STEPS, 1])), outputs: { out }, optimizer: sgd() };
});
const { module } = await lower(recurrent);

/** The module with one buffer changed. */
function changed(name: string, change: (buffer: Buffer) => Buffer): Module {
  expect(module.buffers.map((buffer) => buffer.name)).toContain(name);
  return { ...module, buffers: module.buffers.map((buffer) => (buffer.name === name ? change(buffer) : buffer)) };
}
const moved = (name: string, at: (before: Index) => Index): Module =>
  changed(name, (buffer) => ({ ...buffer, window: { ...buffer.window!, at: at(buffer.window!.at) } }));
const t = index("t", STEPS);

test("windows of a recurrence hold their laws", () => verifyModule(module));

describe("what breaks one is named", () => {
  test.each<readonly [string, () => Module, string]>([
    [
      "a carry that is read a place too late",
      () => moved("lstm.h_before", (at) => shift(at, SIZE)),
      'a carry is read where it was left before the loop, but at turn 0 "lstm.h_before" is another place',
    ],
    [
      "a carry that stays where it was",
      () => moved("lstm.h_before", () => constant(0)),
      'a carry is read where it was left by the turn before, but at turn 1 "lstm.h_before" is another place',
    ],
    [
      "a first carry at another place",
      () => moved("lstm.h_first", () => constant(SIZE)),
      'a carry is read where it was left before the loop, but at turn 0 "lstm.h_before" is another place',
    ],
    [
      "what is stored at one place for all turns",
      () => moved("lstm.i", () => constant(0)),
      'a turn stores where the turn before did not, but "lstm.i" at turn 1 is its place again',
    ],
    ["a slice of more turns", () => moved("lstm.inputs_slice", (at) => shift(at, 4 * SIZE)), "a window lies in its buffer, but"],
    [
      "a slice between two",
      () => moved("lstm.f", (at) => shift(scale(at, 0.5), 0)),
      'a window is one of equal places, but "lstm.f" at turn 1 begins at 3',
    ],
    ["a turn of no loop", () => moved("lstm.h_first", () => scale(t, SIZE)), "a window moves with the loop around its use, but"],
    ["a part of nothing", () => changed("lstm.i", (b) => ({ ...b, window: { ...b.window!, of: "nothing" } })), "there is no nothing"],
    ["a part of a part", () => changed("lstm.i", (b) => ({ ...b, window: { ...b.window!, of: "lstm.f" } })), "one of another window"],
    [
      "a part of integers",
      () => changed("lstm.i", (b) => ({ ...b, dtype: "i32" })),
      'a window has its buffer\'s dtype, but "lstm.i" is i32',
    ],
  ])("%s", (_, broken, says) => expect(() => verifyModule(broken())).toThrow(says));
});
