/** Guarantees of a verified graph: (1) operands come before their readers, (2) names are unique, (3) every type is the one its op infers, (4) only literals broadcast by themselves, (5) dims are positive integers, (6) losses are float scalars, (7) writes go to storage of the same type, once each, (8) the graph inside a node is verified, and writes nothing. */

import { VerifyError } from "./error.ts";
import { bodyOf, nodeOf, type Graph, type Node } from "./graph.ts";
import type { TypingLaw } from "./build.ts";
import { isFloat, printType, sameType } from "./type.ts";

/** What the verifier asks of an op. */
export interface VerifiedOp extends TypingLaw {
  readonly arity: number | "many";
  readonly elementwise?: true;
}

/** Throws a VerifyError that names the culprit and the broken guarantee. */
export function verifyGraph(graph: Graph, opOf: (name: string) => VerifiedOp): void {
  const names = new Set<string>();
  graph.nodes.forEach((node, at) => {
    if (node.op === "literal") return;
    const fail = (message: string): never => {
      throw new VerifyError(node.name, `%${node.name} = ${node.op}: ${message}`);
    };
    if (names.has(node.name)) fail("the name is taken");
    names.add(node.name);
    for (const input of node.inputs) if (!(input >= 0 && input < at)) fail(`reads value ${input} before it is defined`);
    if (!node.type.shape.every((extent) => Number.isInteger(extent) && extent > 0))
      fail(`needs dims that are whole numbers above 0, but has ${printType(node.type)}`);
    checkTyping(graph, node, opOf(node.op), fail);
    checkBody(node, opOf, fail);
  });
  for (const alias of graph.aliases) {
    if (names.has(alias.name)) throw new VerifyError(alias.name, `alias %${alias.name}: the name is taken`);
    names.add(alias.name);
  }
  checkResults(graph);
}

function checkBody(node: Node, opOf: (name: string) => VerifiedOp, fail: (message: string) => never): void {
  const body = bodyOf(node);
  if (body === undefined) return;
  verifyGraph(body, opOf);
  if (body.results.some(({ kind }) => kind !== "output")) fail("its body may return outputs only");
}

function checkTyping(graph: Graph, node: Node, op: VerifiedOp, fail: (message: string) => never): void {
  if (op.arity === "many" ? node.inputs.length === 0 : node.inputs.length !== op.arity)
    fail(`takes ${op.arity} operands, but has ${node.inputs.length}`);
  const inputs = node.inputs.map((input) => nodeOf(graph, input));
  const inferred = op.infer(
    inputs.map((input) => input.type),
    node.attrs,
    node.type,
  );
  if (!sameType(inferred, node.type)) fail(`its type is ${printType(inferred)}, not ${printType(node.type)}`);
  if (op.elementwise && node.type.shape.length > 0)
    for (const input of inputs)
      if (input.type.shape.length === 0 && input.op !== "literal") fail(`reads the scalar %${input.name} without a broadcast`);
}

function checkResults(graph: Graph): void {
  const written = new Set<number>();
  for (const result of graph.results) {
    const node = nodeOf(graph, result.value);
    if (result.kind === "loss" && !(node.type.shape.length === 0 && isFloat(node.type.dtype)))
      throw new VerifyError(result.name, `loss ${result.name}: needs a float scalar, but has ${printType(node.type)}`);
    if (result.kind !== "write") continue;
    const target = nodeOf(graph, result.target);
    if (target.op !== "param" && target.op !== "state")
      throw new VerifyError(target.name, `write: %${target.name} is ${target.op}, not storage`);
    if (!sameType(target.type, node.type))
      throw new VerifyError(target.name, `write: %${target.name} is ${printType(target.type)}, its new value ${printType(node.type)}`);
    if (written.has(result.target)) throw new VerifyError(target.name, `write: %${target.name} is written twice`);
    written.add(result.target);
  }
}
