/** A word of advice where a model compiles but will not learn as its author expects; each names the model line. */

import type { Diagnostic } from "../graph/error.ts";
import type { Node, Value } from "../graph/graph.ts";
import { sameShape, type Shape } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import type { Context } from "./context.ts";
import type { Tensor } from "./tensor.ts";

/** Two products with parameters and nothing but sums and movements between them: W2·(W1·x) is a linear map again. */
export function adviseLinear(c: Context): Diagnostic[] {
  const { nodes } = c.builder;
  const weight = (node: Node): boolean =>
    (node.op === "dot" || node.op === "conv") && node.inputs.some((input) => leafOf(nodes, input)?.op === "param");
  const found: Diagnostic[] = [];
  nodes.forEach((node) => {
    if (!weight(node)) return;
    const before = node.inputs.map((input) => linearSource(nodes, input)).find((source) => source !== undefined && weight(source));
    if (before === undefined || isBottleneck(nodes, before, node)) return;
    found.push({
      code: "advice/linear",
      severity: "warning",
      site: node.origin.site || c.place,
      law: `two linear layers with nothing between them are one linear layer: %${node.name} follows %${before.name}, ${before.origin.site}`,
      operands: [],
      remedy: "Put an activation between them (relu is a good default), or leave one of them out.",
    });
  });
  return found;
}

/** A middle narrower than both sides makes a map of low rank, which one layer would not be. */
function isBottleneck(nodes: readonly Node[], first: Node, second: Node): boolean {
  const shapeOf = (node: Node): readonly number[] =>
    node.inputs.map((input) => leafOf(nodes, input)).find((leaf) => leaf?.op === "param")?.type.shape ?? [];
  const [a, b] = [shapeOf(first), shapeOf(second)];
  if (a.length !== 2 || b.length !== 2) return false;
  return a[1]! < Math.min(a[0]!, b[1]!);
}

/** A loss that takes raw scores is given what an activation has already made of them, or what dropout changed last. */
export function adviseLogits(c: Context, loss: string, scores: Value, instead: string): void {
  const mark = c.markOf(scores);
  if (mark === "probabilities")
    c.advise(
      "advice/logits",
      `${loss} takes raw scores, but %${c.builder.node(scores).name} holds probabilities already: they would be squashed twice, and the model learns slowly`,
      `Leave out the activation before it, or use ${instead}, which takes probabilities.`,
    );
  if (mark === "logarithms")
    c.advise(
      "advice/logits",
      `${loss} takes raw scores, but %${c.builder.node(scores).name} holds logarithms of probabilities already`,
      "Leave out the logSoftmax before it: the loss takes the logarithm itself.",
    );
  adviseDropped(c, loss, scores);
}

/** A loss that takes probabilities is given what cannot be some: a layer's raw scores, or logarithms; or what dropout changed last. */
export function adviseProbabilities(c: Context, loss: string, given: Value, activation: string, instead: string): void {
  const mark = c.markOf(given);
  if (mark === "probabilities" || mark === "dropped") return;
  const { nodes } = c.builder;
  const raw = linearSource(nodes, given) !== undefined || ["relu", "tanh"].includes(nodes[given]!.op);
  if (mark === undefined && !raw) return;
  const holds = mark === "logarithms" ? "logarithms of probabilities" : "raw scores";
  c.advise(
    "advice/probabilities",
    `${loss} takes probabilities, but %${nodes[given]!.name} holds ${holds}: the logarithm of a negative number is not a number`,
    `Put a ${activation} before it, or use ${instead}, which takes raw scores.`,
  );
  adviseDropped(c, loss, given);
}

/** What the model answers with is answered at random: dropout belongs between layers. */
export function adviseDropped(c: Context, reader: string, value: Value): void {
  if (c.markOf(value) !== "dropped") return;
  c.advise(
    "advice/dropped",
    `${reader} reads %${c.builder.node(value).name}, which dropout has zeroed at random in training, with no layer after it`,
    "Put the dropout before the last layer.",
  );
}

/** A column and a row of the same things, [32,1] and [32], are spread against each other: 32·32 pairs, where 32 differences were meant. */
export function adviseSpread(c: Context, op: string, a: Tensor, b: Tensor, to: Shape): void {
  const found = (
    [
      [a, b],
      [b, a],
    ] as const
  ).find(([column, row]) => isColumnOf(column.shape, row.shape));
  if (found === undefined || !found.every(({ value }) => isComputed(c.builder.nodes, value))) return;
  const [column, row] = found.map(({ value, shape }) => `%${c.builder.node(value).name} [${shape.join(",")}]`);
  const axis = found[1].shape.length;
  c.advise(
    "advice/spread",
    `${op} spreads both of its operands: ${column} and ${row} make [${to.join(",")}], every element of the one with every element of the other`,
    `Where they are the same ${found[1].shape.at(-1)!} things, give them one shape: squeeze the first with squeeze(…, ${axis}), or make the second a column with expandDims(…, ${axis}). Where all pairs are meant, say so with expandDims(…, ${axis - 1}) of the second.`,
  );
}

/** [32,1] beside [32], [4,32,1] beside [32] or beside [4,32]. */
function isColumnOf(column: Shape, row: Shape): boolean {
  const things = column.slice(0, -1);
  if (column.at(-1) !== 1 || (row.at(-1) ?? 1) === 1 || things.at(-1) !== row.at(-1)) return false;
  return row.length === 1 || sameShape(things, row);
}

/** Whether a value depends on what is fed or trained: positions and masks made of constants are spread on purpose. */
function isComputed(nodes: readonly Node[], value: Value, seen = new Set<Value>()): boolean {
  if (seen.has(value)) return false;
  seen.add(value);
  const { op, inputs } = nodes[value]!;
  return op === "input" || op === "param" || op === "state" || inputs.some((input) => isComputed(nodes, input, seen));
}

/** The leaf that a value is a movement of. */
function leafOf(nodes: readonly Node[], value: Value): Node | undefined {
  const node = nodes[value]!;
  if (opOf(node.op).leaf === true) return node;
  return opOf(node.op).view === true && node.inputs.length === 1 ? leafOf(nodes, node.inputs[0]!) : undefined;
}

/** The product that a value is, movements and added biases looked through. */
function linearSource(nodes: readonly Node[], value: Value): Node | undefined {
  const node = nodes[value]!;
  if (node.op === "dot" || node.op === "conv") return node;
  if (opOf(node.op).view === true && node.inputs.length === 1) return linearSource(nodes, node.inputs[0]!);
  if (node.op !== "add" && node.op !== "sub") return undefined;
  const [bias, rest] =
    [1, 0].map((at) => [leafOf(nodes, node.inputs[at]!), node.inputs[1 - at]!] as const).find(([leaf]) => leaf?.op === "param") ?? [];
  return bias === undefined || rest === undefined ? undefined : linearSource(nodes, rest);
}
