/** What is true of the compiler's own mistakes: one planted in any pass, in the loops or in the plan ends the compile, and is named. */

import { DEFAULT } from "../compiler/targets/index.ts";
import { afterEach, expect, test, vi } from "vitest";
import { compile } from "../compiler/compile.ts";
import { opOf } from "../compiler/ops/index.ts";
import type { Graph, Node, Value } from "../compiler/graph/graph.ts";
import type { Definitions, Module, Program, Scalar, Stmt } from "../compiler/loop/loop.ts";
import { mapScalar } from "../compiler/loop/build.ts";
import { algebra } from "../compiler/passes/graph/algebra.ts";
import { define, type Defined } from "../compiler/passes/definitions/define.ts";
import { fold } from "../compiler/passes/graph/fold.ts";
import { fuse } from "../compiler/passes/definitions/fuse.ts";
import { movement } from "../compiler/passes/graph/movement.ts";
import { numerics } from "../compiler/passes/graph/numerics.ts";
import * as ordering from "../compiler/passes/definitions/order.ts";
import * as placing from "../compiler/passes/placement/place.ts";
import { prune } from "../compiler/passes/graph/prune.ts";
import * as recomputing from "../compiler/passes/graph/recompute.ts";
import * as scheduling from "../compiler/passes/loops/schedule.ts";
import { share } from "../compiler/passes/graph/share.ts";
import * as splitting from "../compiler/passes/definitions/split.ts";
import { lower } from "../compiler/driver/lower.ts";
import type { Choices } from "../compiler/driver/options.ts";
import { modelOf } from "./support/models.ts";

afterEach(() => void vi.restoreAllMocks());

/** The first node of an op becomes another. */
const instead =
  (op: string, by: (node: Node) => Node) =>
  (graph: Graph): Graph => {
    const at = graph.nodes.findIndex((node) => node.op === op);
    return at < 0 ? graph : { ...graph, nodes: graph.nodes.map((node, n) => (n === at ? by(node) : node)) };
  };

const wrongSign = instead("sub", (node) => ({ ...node, op: "add" }));
const swapped = instead("sub", (node) => ({ ...node, inputs: [...node.inputs].reverse() }));

/** Two different values taken for one. */
function confused(graph: Graph): Graph {
  const nodes = [...graph.nodes];
  for (let at = nodes.length - 1; at > 0; at--) {
    const node = nodes[at]!;
    if (opOf(node.op).elementwise !== true || node.inputs.length !== 2) continue;
    const [a, b] = node.inputs as [Value, Value];
    if (a === b || String(nodes[a]!.type.shape) !== String(nodes[b]!.type.shape) || nodes[a]!.type.dtype !== nodes[b]!.type.dtype) continue;
    nodes[at] = { ...node, inputs: [a, a] };
    return { ...graph, nodes };
  }
  throw new Error("nothing to confuse");
}

test.each([
  ["prune", prune, swapped],
  ["fold", fold, swapped],
  ["algebra", algebra, wrongSign],
  ["share", share, confused],
  ["movement", movement, swapped],
  ["numerics", numerics, confused],
] as const)("a bug in %s is caught and named", async (name, pass, tamper) => {
  const run = pass.run.bind(pass);
  vi.spyOn(pass, "run").mockImplementation((graph: Graph) => tamper(run(graph)));
  await expect(compile(await modelOf("mnist-mlp"))).rejects.toThrow(`pass "${name}" changed what`);
});

/** The first product of a value becomes a sum. */
function sumForProduct(value: Scalar): Scalar {
  let done = false;
  return mapScalar(value, (part) => {
    if (done || part.kind !== "apply" || part.fn !== "mul") return part;
    done = true;
    return { ...part, fn: "add" };
  });
}

test("a bug in define is caught by the loops that come of it", async () => {
  const run = define.run.bind(define);
  vi.spyOn(define, "run").mockImplementation((graph) => {
    const defined: Defined = run(graph);
    const at = defined.definitions.findIndex(({ contracts }) => contracts);
    return {
      ...defined,
      definitions: defined.definitions.map((term, n) =>
        n === at ? { ...term, definition: { ...term.definition, value: sumForProduct(term.definition.value) } } : term,
      ),
    };
  });
  await expect(compile(await modelOf("linear-svm"))).rejects.toThrow("changed what");
});

test("a bug in fuse is caught: an update that comes before the last reader of the old value", async () => {
  const run = fuse.run.bind(fuse);
  vi.spyOn(fuse, "run").mockImplementation((defined) => {
    const fused: Definitions = run(defined);
    return { ...fused, work: [...fused.work].sort((a, b) => Number(updates(b)) - Number(updates(a))) };
  });
  await expect(compile(await modelOf("mnist-mlp"))).rejects.toThrow();
});

const updates = (work: Definitions["work"][number]): boolean =>
  work.kind === "group" && work.group.stages.some(({ definition }) => definition.target !== undefined);

const chosen = (parts: number): Choices =>
  new Map([["train", { parts, recomputed: { again: new Set(["relu"]), kept: new Set<string>() } }]]);

test("a bug in recompute is caught and named: a copy of another value", async () => {
  const { recompute } = recomputing;
  vi.spyOn(recomputing, "recompute").mockImplementation((of) => ({
    ...recompute(of),
    run(graph) {
      const now = recompute(of).run(graph);
      const at = now.nodes.findIndex(({ op, attrs }) => attrs["again"] !== undefined && op === "add");
      return at < 0 ? now : { ...now, nodes: now.nodes.map((node, n) => (n === at ? { ...node, op: "sub" } : node)) };
    },
  }));
  await expect(compile(await modelOf("mnist-mlp"), { chosen: chosen(1) })).rejects.toThrow('pass "recompute" changed what');
});

test("a bug in order is caught: the updates before everything else", async () => {
  const { inOrder } = ordering;
  vi.spyOn(ordering, "inOrder").mockImplementation((items, dependence) => {
    const ordered = inOrder(items, dependence);
    const isUpdate = ({ terms }: (typeof ordered)[number]): boolean => terms.some(({ definition }) => definition.target !== undefined);
    return [...ordered].sort((a, b) => Number(isUpdate(b)) - Number(isUpdate(a)));
  });
  await expect(lower(await modelOf("two-layer-net"))).rejects.toThrow(/reads \S+, /);
});

test("a bug in split is caught: a part that reads the rows of another", async () => {
  const { split } = splitting;
  vi.spyOn(splitting, "split").mockImplementation((into) => ({
    ...split(into),
    run(defined) {
      const now = split(into).run(defined);
      const at = now.definitions.findIndex(({ definition }) => definition.name === "x.part2");
      const first = now.definitions.find(({ definition }) => definition.name === "x.part1");
      return at < 0
        ? now
        : {
            ...now,
            definitions: now.definitions.map((term, n) =>
              n === at ? { ...term, definition: { ...term.definition, value: first!.definition.value } } : term,
            ),
          };
    },
  }));
  await expect(compile(await modelOf("mnist-mlp"), { chosen: chosen(2) })).rejects.toThrow("changed what");
});

/** One more than the first loop's start. */
function late(body: readonly Stmt[]): readonly Stmt[] {
  const at = body.findIndex(({ kind }) => kind === "for");
  return body.map((stmt, n) =>
    n === at && stmt.kind === "for" ? { ...stmt, from: { ...stmt.from, offset: stmt.from.offset + stmt.step } } : stmt,
  );
}

test("a bug in schedule is caught: a loop that starts late", async () => {
  const { schedule } = scheduling;
  vi.spyOn(scheduling, "schedule").mockImplementation((machine) => ({
    ...schedule(machine),
    run(definitions) {
      const program: Program = schedule(machine).run(definitions);
      return { ...program, kernels: program.kernels.map((kernel, n) => (n === 0 ? { ...kernel, body: late(kernel.body) } : kernel)) };
    },
  }));
  await expect(compile(await modelOf("mnist-mlp"))).rejects.toThrow('pass "schedule" changed what');
});

test("a bug in place is caught before anything is printed: two live buffers on the same bytes", async () => {
  const { place } = placing;
  vi.spyOn(placing, "place").mockImplementation((name) => ({
    ...place(name, DEFAULT),
    run(programs) {
      const module: Module = place(name, DEFAULT).run(programs);
      const scratch = module.slots.filter(({ buffer }) => module.entries[0]!.buffers.includes(buffer));
      return { ...module, slots: module.slots.map((slot) => (scratch.includes(slot) ? { ...slot, offset: scratch[0]!.offset } : slot)) };
    },
  }));
  await expect(lower(await modelOf("mnist-mlp"))).rejects.toThrow(/reads \w+, but its bytes|share bytes/);
});
