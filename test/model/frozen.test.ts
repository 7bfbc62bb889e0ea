/** What is true of a frozen parameter: nothing is computed, kept or stored for its gradient. */

import { adam, add, input, matmul, model, mse, normal, param, tanh, zeros } from "adjoint";
import { describe, expect, test } from "vitest";
import type { Node } from "../../compiler/graph/graph.ts";
import { lower } from "../../compiler/driver/lower.ts";

describe("a frozen parameter", () => {
  /** Two linear maps after each other: the first one's output is read backward only for the second one's gradient. */
  const chain = (trainable: boolean) =>
    model("chain", { batch: 8 }, ({ batch }) => {
      const x = input("x", [batch, 6]);
      const y = input("y", [batch, 3]);
      const W1 = param("W1", [6, 5], normal());
      const b1 = param("b1", [5], zeros());
      const W2 = param("W2", [5, 3], normal(), { trainable });
      const b2 = param("b2", [3], zeros(), { trainable });
      const W3 = param("W3", [6, 3], normal(), { trainable });
      const branch = tanh(matmul(x, W3));
      const hidden = add(matmul(x, W1), b1);
      return { loss: mse(add(add(matmul(hidden, W2), b2), branch), y), optimizer: adam() };
    });

  test("has no gradient, moment or update in the graph, and its branch no cotangent", async () => {
    const nodesOf = async (trainable: boolean) => (await lower(chain(trainable))).entries[0]!.graph.nodes;
    const serving = (nodes: readonly Node[], of: string) =>
      nodes.map(({ name }) => name).filter((name) => new RegExp(`^(d_)?${of}([._]|$)`).test(name));
    /** The op whose gradient a node is part of. */
    const adjointOf = (nodes: readonly Node[]) => nodes.map(({ origin }) => (origin.role === "cotangent" ? origin.op : ""));
    const trained = await nodesOf(true);
    const frozen = await nodesOf(false);
    for (const of of ["W2", "b2", "W3"]) {
      expect(serving(trained, of).length).toBeGreaterThan(3);
      expect(serving(frozen, of)).toEqual([of]);
    }
    expect(serving(frozen, "W1")).toEqual(expect.arrayContaining(["d_W1", "W1.m", "W1_next"]));
    expect(adjointOf(trained)).toContain("tanh");
    expect(adjointOf(frozen)).not.toContain("tanh");
  });

  test("lets go of the activations that were kept for its gradient alone", async () => {
    const planOf = async (trainable: boolean) => {
      const { module } = await lower(chain(trainable));
      const kept = module.buffers.filter(({ role }) => role === "residual").map(({ name }) => name);
      return { kept, bytes: module.arenaBytes };
    };
    const trained = await planOf(true);
    const frozen = await planOf(false);
    expect(trained.kept).toEqual(expect.arrayContaining(["tanh", "add"]));
    expect(frozen.kept).not.toContain("tanh");
    expect(frozen.kept).not.toContain("add");
    expect(frozen.bytes).toBeLessThan(trained.bytes);
  });
});
