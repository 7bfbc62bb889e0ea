/** What is true of a memory budget: no choice of what is computed again changes a bit, less memory is never less work, and a refusal says what binds. */

import { DEFAULT, targetOf } from "../../compiler/targets/index.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, glorot, input, matmul, model, mse, param, sgd, sigmoid, tanh, type FloatTensor } from "adjoint";
import { BudgetError } from "../../compiler/driver/budget.ts";
import { compile } from "../../compiler/compile.ts";
import { asBudget, parseBytes } from "../../compiler/graph/bytes.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { createMemory, interpretEntry, type Memory } from "../../compiler/loop/interpret/index.ts";
import { entriesOf } from "../../compiler/driver/entries.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { fitting, memoryPlans, type MemoryPlan } from "../../compiler/driver/memory.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { checkPlan } from "../../compiler/passes/placement/check-plan.ts";
import { pipeline, place, toRounded, type Purpose } from "../../compiler/passes/index.ts";
import { opOf } from "../../compiler/ops/index.ts";
import { recompute, type Recomputed } from "../../compiler/passes/graph/recompute.ts";
import { lenet, transformer } from "../support/networks.ts";
import { anyGraph, feedOf } from "../support/random-graph.ts";
import { batchOf, loadTrainer } from "../support/trainer.ts";
import { memoryOf } from "../support/models.ts";

type Wide = FloatTensor<readonly [number, number]>;

/** Layers of tanh with a gate: each keeps several values for its gradient. */
const chain = (layers: number, width = 8, rows = 16, memory?: string): Model =>
  model("chain", { batch: { train: rows, evaluate: 2, predict: 1 }, ...(memory === undefined ? {} : { memory }) }, ({ batch }) => {
    const x = input("x", [batch, width]);
    let h = x as Wide;
    for (let n = 1; n <= layers; n++) {
      const W = param(`W${n}`, [width, width], glorot());
      h = add(tanh(matmul(h, W) as Wide), sigmoid(h)) as Wide;
    }
    return { loss: mse(h, x), outputs: { h }, optimizer: sgd({ learningRate: 0.3 }) };
  });

const SILENT = { after: () => undefined };
const plansOf = (of: Model, target: "typescript" | "wasm" = "typescript"): readonly MemoryPlan[] => {
  const [train] = entriesOf(of, {}, "trainer");
  return memoryPlans(toRounded(train!.purpose, DEFAULT).run(train!.traced.graph, SILENT), targetOf(target), "search");
};

describe("computing again changes no bit", () => {
  const purpose: Purpose = { kind: "train", phase: { name: "train", rule: sgd({ learningRate: 0.1 }) }, counts: true };
  const trained = (graph: Graph, feed: ReadonlyMap<string, Float64Array>, chosen?: Recomputed): Memory => {
    const module = place("random", DEFAULT).run([pipeline(purpose, { ...DEFAULT, recomputed: chosen }).run(graph, SILENT)]);
    checkPlan(module);
    const memory = createMemory(module);
    for (const [name, values] of feed) memory.set(name, Float64Array.from(values, Math.fround));
    const results = interpretEntry(module, module.entries[0]!, memory, { precision: "single", poison: true });
    return new Map([...results, ...[...feed.keys()].map((name) => [name, memory.get(name)!] as const)]);
  };

  test("whatever is chosen, on random graphs", () => {
    let copies = 0;
    fc.assert(
      fc.property(anyGraph("loss"), fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), fc.nat(999), ({ graph }, coins, seed) => {
        const rounded = toRounded(purpose, DEFAULT).run(graph, SILENT);
        const forward = rounded.nodes.filter(({ op, origin }) => origin.role === "primal" && !opOf(op).leaf).map(({ name }) => name);
        const again = new Set(forward.filter((_, n) => coins[n % coins.length]));
        const { buffers } = pipeline(purpose, DEFAULT).run(graph, SILENT);
        const residuals = buffers.filter(({ role }) => role === "residual").map(({ name }) => name);
        const chosen = { again, kept: new Set(residuals.filter((name) => !again.has(name))) };
        copies += recompute(chosen)
          .run(rounded)
          .nodes.filter(({ attrs }) => attrs["again"] !== undefined).length;
        const feed = feedOf(graph, seed);
        expect(trained(graph, feed, chosen)).toEqual(trained(graph, feed));
      }),
      { numRuns: 30 },
    );
    expect(copies).toBeGreaterThan(10);
  }, 60_000);

  const both = [chain(9), transformer({ batch: 2, length: 4, width: 8, blocks: 1 })].flatMap((of) =>
    (["typescript", "wasm"] as const).map((target) => ({ name: of.name, of, target })),
  );
  test.each(both)(
    "$name trains as $target to the same weights in the least memory found",
    async ({ of, target }) => {
      const free = await lower(of, { target });
      const least = Math.min(...plansOf(of, target).map(({ bytes }) => bytes));
      const pinned = free.module.slots.find(({ live }) => live !== "always")!.offset;
      const tight = await lower(of, { target, memory: `${pinned + least}B` });
      expect(tight.module.arenaBytes).toBeLessThan(free.module.arenaBytes);
      expect(tight.chosen.get("train")!.recomputed.again.size).toBeGreaterThan(0);
      const [a, b] = [(await loadTrainer(free)).createTrainer({ seed: 1 }), (await loadTrainer(tight)).createTrainer({ seed: 1 })];
      const batch = batchOf(free.module, "train", memoryOf(free.module, 5));
      for (let n = 0; n < 20; n++) expect(b.step(batch)).toBe(a.step(batch));
      expect(b.bytes()).toEqual(a.bytes());
    },
    60_000,
  );
});

describe("budgets of a transformer", () => {
  const plans = plansOf(transformer({ width: 8 }));
  const [first] = plans;
  const sizes = [...new Set(plans.map(({ bytes }) => bytes))].sort((a, b) => b - a);

  test("are monotone: less memory is never a larger arena or less work", () => {
    const budgets = [...sizes, ...sizes.map((bytes) => bytes + 1000)].sort((a, b) => b - a);
    const chosen = budgets.map((bytes) => fitting(plans, bytes)!);
    chosen.forEach((plan, n) => {
      expect(plan.bytes).toBeLessThanOrEqual(budgets[n]!);
      if (n === 0) return;
      expect(plan.bytes).toBeLessThanOrEqual(chosen[n - 1]!.bytes);
      expect(plan.flops).toBeGreaterThanOrEqual(chosen[n - 1]!.flops);
    });
    expect(new Set(chosen).size).toBeGreaterThan(5);
    expect(fitting(plans, sizes.at(-1)! - 1)).toBeUndefined();
  });

  test("take what keeps everything where it fits, and reach two thirds of it for a tenth more work", () => {
    expect(fitting(plans, first!.bytes)!.flops).toBe(first!.flops);
    const cheap = fitting(plans, (2 / 3) * first!.bytes)!;
    expect(cheap.flops).toBeLessThan(1.1 * first!.flops);
  });
});

describe("a compiled budget", () => {
  const source = { path: "models/chain.ts", text: "" };

  test("stands in the header, the command and the report", async () => {
    const of = chain(6);
    const { module } = await lower(of);
    const memory = asBudget(module.arenaBytes - 1024);
    const { files } = await compile(of, { source, memory, effort: "none" });
    const head = files.get("trainer.ts")!.split("\n").slice(2, 9);
    expect(head).toMatchInlineSnapshot(`
      [
        "// Regenerate: adjoint compile models/chain.ts --memory 8240B",
        "//",
        "//   parameters 384   arena 8,240 bytes, nothing else is ever allocated   55,075 FLOPs a step",
        "//   approximate rewrites: none",
        "//   memory budget 8240B, 8,240 bytes",
        "//   train computes again: tanh_2, sigmoid_3; 768 FLOPs a step more, with the same bits",
        "//",
      ]
    `);
    expect(/## Memory budget[^#]*/.exec(files.get("report.md")!)?.[0]).toMatchInlineSnapshot(`
      "## Memory budget: 8240B, 8,240 bytes

      train: 7,712 bytes beside what lives from step to step become 6,688; 54,307 FLOPs a step become 55,075, 1.4 % more. The weights are the same to the bit.

      | computed again in the backward pass | bytes not kept |
      | --- | --- |
      | tanh_2 | 512 |
      | sigmoid_3 | 512 |

      "
    `);
  });

  test("of the model's own is kept, and a flag goes before it", async () => {
    const { module } = await lower(chain(6));
    const own = chain(6, 8, 16, asBudget(module.arenaBytes - 1024));
    const tight = await lower(own);
    expect(tight.module.arenaBytes).toBeLessThanOrEqual(module.arenaBytes - 1024);
    expect(tight.facts.command).toBe("compile(model) in the program that declared it");
    const wide = await lower(own, { source, memory: "1 MB" });
    expect(wide.module.arenaBytes).toBe(module.arenaBytes);
    expect(wide.facts.command).toBe("adjoint compile models/chain.ts --memory 1MB");
    expect(wide.facts.memory).toEqual({ budget: "1MB", bytes: 1_000_000, entries: [] });
  });

  test("that nothing fits is refused with what binds and what is possible", async () => {
    const refusal = await lower(lenet(2), { memory: "550KB" }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(BudgetError);
    expect((refusal as BudgetError).message).toMatchInlineSnapshot(`
      "the trainer of "lenet" does not fit 550KB: the smallest arena found has 589,200 bytes, and 550KB are 550,000. Its entry train binds; most is alive at statement 31, maxPool2d_again = max c1_again over windows [1,1,2,2]:

          f1.kernel    122,880 bytes  parameter, there from step to step
          f1.kernel.m  122,880 bytes  state, there from step to step
          f1.kernel.v  122,880 bytes  state, there from step to step
          f2.kernel     40,320 bytes  parameter, there from step to step
          f2.kernel.m   40,320 bytes  state, there from step to step
          f2.kernel.v   40,320 bytes  state, there from step to step
          c1_again      27,648 bytes  scratch, made by statement 30, read until 33
          c2.kernel      9,600 bytes  parameter, there from step to step
          32 more       62,352 bytes

      The nearest budget that is possible is 590KB: ask for that with --memory 590KB, declare fewer rows a batch, or a smaller model. No trainer was written"
    `);
    const nearest = /--memory (\w+)/.exec((refusal as BudgetError).message)![1]!;
    expect((await lower(lenet(2), { memory: nearest })).module.arenaBytes).toBeLessThanOrEqual(parseBytes(nearest)!);
  });

  test("is a number and a unit", async () => {
    expect(["512KB", "512KiB", "2MB", "1.5 MiB", "4096B", "1GB"].map(parseBytes)).toEqual([
      512_000, 524_288, 2_000_000, 1_572_864, 4096, 1e9,
    ]);
    for (const bad of ["12", "abc", "", "-1KB", "1kb", "1 TB", "0KB", "1e3KB", "KB"]) expect(parseBytes(bad), bad).toBeUndefined();
    expect(() => chain(1, 2, 2, "12")).toThrowErrorMatchingInlineSnapshot(`
      [ModelError: chain

        memory needs a number and a unit, such as 512KB or 1.5MiB: B, KB, MB, GB, KiB, MiB, GiB (KB is 1000 bytes, KiB 1024); but got "12"

        Give the most bytes that the trainer's one arena may take.]
    `);
    await expect(lower(chain(1), { memory: "lots" })).rejects.toThrow('but got "lots"');
  });
});
