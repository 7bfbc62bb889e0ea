/** What is true of the training step of every model: its kernels are those on record, none is a bare remainder of the graph, and the arena is as small as its order allows. */

import { describe, expect, test } from "vitest";
import { walkScalar } from "../compiler/loop/build.ts";
import type { Call, Entry, Module } from "../compiler/loop/loop.ts";
import { bytesOf, sizeOf } from "../compiler/graph/type.ts";
import { opOf } from "../compiler/ops/index.ts";
import { aligned } from "../compiler/passes/placement/place.ts";
import { lowered, modelNames } from "./support/models.ts";

type KernelCall = Extract<Call, { kind: "call" }>;
const kernelCalls = ({ calls }: Entry): KernelCall[] => calls.filter((call) => call.kind === "call");

/** One line a kernel of the training steps, in order: name, FLOPs, what it is given. */
function kernelList({ entries, kernels }: Module, phases: readonly string[]): string {
  const lines = entries
    .filter(({ name }) => phases.includes(name))
    .flatMap((entry) => [
      `${entry.name}: ${kernelCalls(entry).length} kernels, ${entry.calls.length} statements`,
      ...kernelCalls(entry).map(({ kernel, args }) => {
        const { flops, params } = kernels.find(({ name }) => name === kernel)!;
        return `  ${kernel}  ${flops.toLocaleString("en-US")} FLOPs  ${args.map((arg, n) => `${params[n]!.access} ${arg}`).join(", ")}`;
      }),
    ]);
  return `${lines.join("\n")}\n`;
}

/** Models whose order does not let every buffer in at the bound, and why. */
const WIDER: Readonly<Record<string, string>> = {};

describe.each(modelNames)("%s", async (name) => {
  const { module, entries, facts } = await lowered(name);

  test("steps by the kernels on record", async () => {
    await expect(kernelList(module, facts.phases)).toMatchFileSnapshot(`kernels/${name}.txt`);
  });

  test("needs no more arena than its lower bound, but for one percent", () => {
    const bound = Math.max(...module.entries.map(({ lowerBound }) => lowerBound));
    expect(module.arenaBytes).toBeGreaterThanOrEqual(bound);
    expect(module.arenaBytes / bound).toBeLessThanOrEqual(name in WIDER ? 1.03 : 1.01);
  });

  test("has a lower bound that is the largest sum of what is alive at once, counted anew", () => {
    for (const entry of module.entries) {
      // a window's bytes are those of what it lies in
      const wholes = module.slots.filter(({ of }) => of === undefined);
      const own = wholes.filter(({ buffer, live }) => live === "always" || entry.buffers.includes(buffer));
      // by address: what is written over another has that one's
      const at = (call: number): number => {
        const held = own.filter(({ live }) => live === "always" || (live[0] <= call && call <= live[1]));
        return [...new Map(held.map(({ offset, bytes }) => [offset, aligned(bytes)])).values()].reduce((n, bytes) => n + bytes, 0);
      };
      const peaks = Array.from({ length: entry.calls.length + 1 }, (_, call) => at(call));
      expect(entry.lowerBound).toBe(Math.max(...peaks));
    }
  });

  const steps = entries.flatMap(({ graph, purpose }, n) =>
    purpose.kind === "train" && graph.nodes.some(({ op }) => op === "conv") ? [{ graph, entry: module.entries[n]! }] : [],
  );
  test.skipIf(steps.length === 0)(
    "takes at most 40 % of what its graph takes with a buffer a tensor, parameters, state and inputs aside",
    () => {
      for (const { graph, entry } of steps) {
        const own = module.slots.filter(({ buffer }) => entry.buffers.includes(buffer));
        const isInput = (name: string): boolean => module.buffers.find((buffer) => buffer.name === name)!.role === "input";
        const inputs = own.reduce((n, { buffer, bytes }) => n + (isInput(buffer) ? aligned(bytes) : 0), 0);
        const start = Math.max(
          0,
          ...module.slots.flatMap(({ live, offset, bytes }) => (live === "always" ? [aligned(offset + bytes)] : [])),
        );
        const end = Math.max(...own.map(({ offset, bytes }) => aligned(offset + bytes)));
        const alive = entry.calls.map((_, call) =>
          own.reduce(
            (n, { buffer, live, bytes }) =>
              n + (live !== "always" && live[0] <= call && call <= live[1] && !isInput(buffer) ? aligned(bytes) : 0),
            0,
          ),
        );
        const apart = graph.nodes.reduce(
          (n, { op, type }) => n + (opOf(op).view || opOf(op).leaf ? 0 : aligned(sizeOf(type.shape) * bytesOf(type.dtype))),
          0,
        );
        expect(Math.max(end - start - inputs, ...alive) / apart).toBeLessThanOrEqual(0.4);
      }
    },
  );
});

describe("mnist-mlp's step", async () => {
  const { module } = await lowered("mnist-mlp");
  const calls = kernelCalls(module.entries[0]!);

  test("takes at most eight kernels", () => expect(calls.length).toBeLessThanOrEqual(8));

  test("has no kernel that only adds a bias, applies or masks a relu, or only updates", () => {
    const bare = calls.filter(({ group }) =>
      group.stages.every(({ definition, storage }) => {
        let reduces = storage === "total";
        walkScalar(definition.value, (part) => (reduces ||= part.kind === "reduce"));
        return !reduces;
      }),
    );
    expect(bare.map(({ kernel }) => kernel)).toEqual([]);
  });

  test("would have them all without fusion: the law above can fail", async () => {
    const without = await lowered("mnist-mlp", { passes: [] });
    const ops = kernelCalls(without.module.entries[0]!).flatMap(({ group }) => group.stages.map(({ definition }) => definition.op));
    expect(ops).toEqual(expect.arrayContaining(["add", "relu", "where", "adam"]));
  });
});
