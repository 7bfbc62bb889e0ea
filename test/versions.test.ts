/** What is true of parameters and state inside a step: each load sees the old or the new value, as the graph says, and a plan where one would not is refused by name. */

import { ema, glorot, input, matmul, model, mse, mul, param, sgd, slice, square, sum, transpose, type Model } from "adjoint";
import { describe, expect, test } from "vitest";
import { compile } from "../compiler/compile.ts";
import { loadsOf, mapScalar } from "../compiler/loop/build.ts";
import type { Call, Module, Scalar } from "../compiler/loop/loop.ts";
import { parseModule, printModule } from "../compiler/loop/text/index.ts";
import { lower } from "../compiler/driver/lower.ts";
import { checkPlan } from "../compiler/passes/placement/check-plan.ts";
import { lowered, modelNames } from "./support/models.ts";
import { globalRules, rules, dense } from "./support/rules.ts";

const complaint = (module: Module): string => {
  try {
    checkPlan(module);
    return "accepted";
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
};

/** The module with the calls of its training step changed. */
const withCalls = (module: Module, change: (calls: readonly Call[]) => readonly Call[]): Module => ({
  ...module,
  entries: module.entries.map((entry, n) => (n === 0 ? { ...entry, calls: change(entry.calls) } : entry)),
});

const swapped = <T>(items: readonly T[], a: number, b: number): T[] =>
  items.map((item, n) => (n === a ? items[b]! : n === b ? items[a]! : item));

/** A call whose loads of one buffer ask for the other version. */
function otherVersion(call: Call, buffer: string): Call {
  const flip = (value: Scalar): Scalar =>
    mapScalar(value, (part) => {
      if (part.kind !== "load" || part.buffer !== buffer) return part;
      const { updated, ...old } = part;
      return updated === true ? old : { ...old, updated: true };
    });
  if (call.kind !== "call") return { ...call, value: flip(call.value) };
  const stages = call.group.stages.map((stage) => ({ ...stage, definition: { ...stage.definition, value: flip(stage.definition.value) } }));
  return { ...call, group: { ...call.group, stages } };
}

const valuesOf = (call: Call): readonly Scalar[] =>
  call.kind === "call" ? call.group.stages.map(({ definition }) => definition.value) : [call.value];
const reads = (call: Call, buffer: string): boolean =>
  valuesOf(call).some((value) => loadsOf(value).some((load) => load.buffer === buffer));

test.each(modelNames)("%s keeps them apart", async (name) => {
  const { module } = await lowered(name);
  expect(complaint(module)).toBe("accepted");
});

test.each(Object.entries({ ...rules, ...globalRules }))("so does a layer trained by %s, with passes and without", async (_, rule) => {
  const of: Model = dense(rule);
  for (const options of [{}, { passes: [] }]) expect(complaint((await lower(of, options)).module)).toBe("accepted");
});

describe("mnist-mlp", async () => {
  const { module } = await lowered("mnist-mlp");
  const { calls } = module.entries[0]!;
  const at = (name: string): number =>
    calls.findIndex((call) => (call.kind === "call" ? call.kernel : call.kind === "store" ? call.buffer : call.name) === name);

  test("reads what it updates by name, in its text too", () => {
    const text = printModule(module);
    expect(text).toContain('"adam.1-beta1^t"′[0]');
    expect(parseModule(text)).toEqual(module);
  });

  test("with an update before the last reader of the old value is refused", () => {
    const [reader, update] = [at("dotWhere_32x10x128"), at("dotAdam_128x32x10")];
    expect([reader, update]).toEqual([12, 13]);
    const late = (all: readonly Call[]): Call[] => [
      ...all.slice(0, reader),
      ...all.slice(reader + 1, update + 1),
      all[reader]!,
      ...all.slice(update + 1),
    ];
    expect(complaint(withCalls(module, late))).toMatchInlineSnapshot(
      `"VerifyError: train, statement 14 (dotWhere_32x10x128): reads the old W2, but statement 13 (dotAdam_128x32x10) has overwritten it"`,
    );
  });

  test("with two statements that only the version orders is refused", () => {
    const store = at("adam.1-beta1^t");
    const reader = calls.findIndex((call, n) => n > store && reads(call, "adam.1-beta1^t"));
    expect(complaint(withCalls(module, (all) => swapped(all, store, reader)))).toMatchInlineSnapshot(
      `"VerifyError: train, statement 7 (rate): reads the new adam.1-beta1^t, but statement 8 (adam.1-beta1^t) stores it only later"`,
    );
  });

  test("with an old and a new read exchanged is refused, wherever it is", () => {
    const reader = calls.findIndex((call, n) => n > at("adam.1-beta1^t") && reads(call, "adam.1-beta1^t"));
    expect(
      complaint(withCalls(module, (all) => all.map((call, n) => (n === reader ? otherVersion(call, "adam.1-beta1^t") : call)))),
    ).toMatchInlineSnapshot(
      `"VerifyError: train, statement 8 (rate): reads the old adam.1-beta1^t, but statement 7 (adam.1-beta1^t) has overwritten it"`,
    );
    expect(
      complaint(withCalls(module, (all) => all.map((call, n) => (n === at("dotRelu_32x784x128") ? otherVersion(call, "W1") : call)))),
    ).toMatchInlineSnapshot(
      `"VerifyError: train, statement 1 (dotRelu_32x784x128): reads the new W1, but statement 16 (dotAdam_784x32x128) stores it only later"`,
    );
    const kept = module.buffers.filter(({ role }) => role === "parameter" || role === "state").map(({ name }) => name);
    const tried = kept.flatMap((buffer) => calls.flatMap((call, n) => (reads(call, buffer) ? [{ buffer, n }] : [])));
    expect(tried.length).toBeGreaterThan(15);
    for (const { buffer, n } of tried)
      expect(
        complaint(withCalls(module, (all) => all.map((call, k) => (k === n ? otherVersion(call, buffer) : call)))),
        `${buffer} in ${n + 1}`,
      ).toMatch(/^VerifyError: train, statement \d+ \(.+\): reads the (old|new) /);
  });

  test("that updates twice is refused", () => {
    expect(complaint(withCalls(module, (all) => [...all, all[at("sumAdam_32x10")]!]))).toMatchInlineSnapshot(
      `"VerifyError: train, statement 17 (sumAdam_32x10): stores b2.m, which statement 12 (sumAdam_32x10) has stored already in this step"`,
    );
  });

  test("that overwrites what it still reads elsewhere is refused", () => {
    const update = at("dotAdam_128x32x10");
    const moved = withCalls(module, (all) => all.map((call, n) => (n === update ? elsewhere(call, "W2") : call)));
    expect(complaint(moved)).toMatchInlineSnapshot(
      `"VerifyError: train, statement 14 (dotAdam_128x32x10): reads the old W2 elsewhere than where it overwrites it"`,
    );
  });
});

/** The call whose loads of a buffer have their first two positions exchanged. */
function elsewhere(call: Call, buffer: string): Call {
  if (call.kind !== "call") return call;
  const stages = call.group.stages.map((stage) => ({
    ...stage,
    definition: {
      ...stage.definition,
      value: mapScalar(stage.definition.value, (part) =>
        part.kind === "load" && part.buffer === buffer ? { ...part, at: [...part.at].reverse() } : part,
      ),
    },
  }));
  return { ...call, group: { ...call.group, stages } };
}

test("a loss that reads a weight beside its update, and a mean of weights after it, say which", async () => {
  const of = model("mean", { batch: 2 }, ({ batch }) => {
    const W = param("W", [3, 4], glorot());
    return { loss: mse(matmul(input("x", [batch, 3]), W), input("y", [batch, 4])), optimizer: ema(sgd(), 0.9) };
  });
  const { module } = await lower(of, { passes: [] });
  const text = printModule(module);
  expect(text).toMatch(/W′\[i, j\]/); // the mean is taken of the weight that was just stored
  expect(text).toMatch(/mul\(x\[i, k\d*\], W\[k\d*, j\]\)/);
  expect(parseModule(text)).toEqual(module);
});

test("an update that reads its own weight elsewhere is computed whole before it overwrites", async () => {
  const of = model("symmetric", {}, () => {
    const W = param("W", [4, 4], glorot());
    return { loss: sum(mul(W, transpose(W, [1, 0]))), optimizer: sgd() };
  });
  const { lowered: made, check } = await compile(of);
  expect(check).toMatchObject({ holds: true });
  const kernels = made.module.entries[0]!.calls.flatMap((call) => (call.kind === "call" ? [call.kernel] : []));
  expect(kernels).toEqual(["sum_4x4", "sgd_4x4", "copy_4x4"]);
});

test("an update that reads its own weight through a window, at its own point alone, stays in place", async () => {
  const of = model("window", {}, () => {
    const W = param("W", [2, 3], glorot());
    return { loss: sum(square(slice(W, [1, 1], [2, 3]))), optimizer: sgd() };
  });
  const { lowered: made, check } = await compile(of);
  expect(check).toMatchObject({ holds: true });
  expect(made.module.buffers.filter(({ role }) => role === "scratch")).toEqual([]);
});
