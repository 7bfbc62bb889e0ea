/** What is true of every plan: each load finds its own bytes, dead storage is never read, and a planted overlap is found. */

import { describe, expect, test } from "vitest";
import { VerifyError } from "../../compiler/graph/error.ts";
import { interpretEntry } from "../../compiler/loop/interpret/index.ts";
import type { Module, Slot } from "../../compiler/loop/loop.ts";
import { checkPlan } from "../../compiler/passes/placement/check-plan.ts";
import { ALIGNMENT } from "../../compiler/passes/placement/place.ts";
import { lightModelNames, lowered, memoryOf, modelNames } from "../support/models.ts";

/** The same plan with one buffer's bytes elsewhere. */
const moved = (module: Module, buffer: string, offset: number): Module => ({
  ...module,
  slots: module.slots.map((slot) => (slot.buffer === buffer ? { ...slot, offset } : slot)),
});

const slotOf = (module: Module, buffer: string): Slot => module.slots.find((slot) => slot.buffer === buffer)!;

const complaint = (module: Module): string => {
  try {
    checkPlan(module);
  } catch (error) {
    if (error instanceof VerifyError) return error.message;
    throw error;
  }
  return "accepted";
};

const alive = (a: Slot, b: Slot): boolean =>
  a.live === "always" || b.live === "always" || (a.live[0] <= b.live[1] && b.live[0] <= a.live[1]);
const share = (a: Slot, b: Slot): boolean => a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
/** One is written over the other at the last statement that reads that one. */
const follow = (a: Slot, b: Slot): boolean =>
  (a.over === b.buffer && a.live[0] === b.live[1]) || (b.over === a.buffer && b.live[0] === a.live[1]);
/** Both live at a statement beside the one where the one might be written over the other. */
const together = (a: Slot, b: Slot): boolean =>
  alive(a, b) && (a.bytes !== b.bytes || (a.live[0] !== b.live[1] && b.live[0] !== a.live[1]));

const kinds = ["trainer", "gradients"] as const;
const plans = modelNames.flatMap((name) => kinds.map((kind) => ({ name, kind })));

describe.each(plans)("the $kind of $name", async ({ name, kind }) => {
  const { module } = await lowered(name, {}, kind);

  test("is accepted, and its own tables agree", () => {
    checkPlan(module);
    for (const entry of module.entries) {
      const slots = module.slots.filter(
        ({ buffer, live, of }) => of === undefined && (live === "always" || entry.buffers.includes(buffer)),
      );
      slots.forEach((a, n) =>
        slots.slice(n + 1).forEach((b) => {
          if (alive(a, b)) expect(share(a, b), `${entry.name}: ${a.buffer}, ${b.buffer}`).toBe(follow(a, b));
        }),
      );
    }
  });

  test("needs at least what is live at once, and aligns every slot inside the arena", () => {
    for (const { lowerBound } of module.entries) {
      expect(lowerBound).toBeGreaterThan(0);
      expect(lowerBound).toBeLessThanOrEqual(module.arenaBytes);
    }
    for (const { offset, bytes } of module.slots) {
      expect(offset % ALIGNMENT).toBe(0);
      expect(offset + bytes).toBeLessThanOrEqual(module.arenaBytes);
    }
    expect(new Set(module.slots.map(({ buffer }) => buffer))).toEqual(new Set(module.buffers.map((buffer) => buffer.name)));
  });

  test.runIf(lightModelNames.includes(name))("never reads what is dead: a poisoned run is clean", async () => {
    const { module: small } = await lowered(name, { batch: 3, small: true }, kind);
    for (const entry of small.entries) {
      const results = interpretEntry(small, entry, memoryOf(small, 9), { poison: true });
      for (const values of results.values()) expect([...values].every(Number.isFinite)).toBe(true);
    }
  });
});

describe("a planted overlap in mnist-mlp", async () => {
  const { module } = await lowered("mnist-mlp");
  const [train] = module.entries;
  const own = module.slots.filter(({ buffer }) => train!.buffers.includes(buffer));

  test("is told with the statement, the bytes and who holds them", () => {
    const { offset } = slotOf(module, "hidden");
    expect(complaint(moved(module, "scores", offset))).toMatchInlineSnapshot(
      `"train, statement 2 (dotAdd_32x128x10), after its stores: reads hidden, but its bytes 1321664 .. 1338048 hold scores"`,
    );
    expect(complaint(moved(module, "hidden", slotOf(module, "W1").offset))).toMatchInlineSnapshot(
      `"train, statement 1 (dotRelu_32x784x128), after its stores: reads W1, but its bytes 0 .. 401408 hold hidden"`,
    );
    expect(complaint(moved(module, "W1", slotOf(module, "b1").offset))).toMatchInlineSnapshot(
      `"train: b1 and W1 are both there from the start, but share bytes"`,
    );
    expect(complaint(moved(module, "hidden", 2))).toMatchInlineSnapshot(
      `"slot of hidden: 2 .. 16386 is not a whole number of words inside the arena of 2134336 bytes"`,
    );
  });

  test("is found wherever two buffers live at once, but where one may be written over the other", () => {
    const missed = own.flatMap((a) =>
      own
        .filter((b) => a !== b && together(a, b) && complaint(moved(module, a.buffer, b.offset)) === "accepted")
        .map((b) => `${a.buffer} on ${b.buffer}`),
    );
    expect(missed).toEqual([]);
  });
});
