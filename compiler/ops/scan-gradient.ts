/**
 * The gradient of a scan is a scan the other way. Its carries are the cotangents of the forward carries, and the sums of the constants'; its sequences the
 * cotangents of what was stacked, and those forward values that the step's own gradient reads: the forward scan stacks them from now on (decisions/scan.md).
 */

import { Builder } from "../graph/build.ts";
import { nodeOf, type Graph, type Value } from "../graph/graph.ts";
import { isFloat, type TensorType } from "../graph/type.ts";
import { dependents } from "../graph/walk.ts";
import type { Calls, Derived, PullScope } from "./op.ts";
import { operandOf, type ScanAttrs } from "./scan-attrs.ts";

const zeros = (g: Calls, { dtype, shape }: TensorType): Value => {
  const zero = g.literal(0, dtype);
  return shape.length === 0 ? zero : g.broadcast(zero, { axes: shape.map((_, axis) => axis), size: shape });
};

/** Cotangents of the operands; undefined where none is wanted, or none arrives. */
export function pullBack(scope: PullScope<ScanAttrs>): readonly (Value | undefined)[] {
  const { g, node, inputs, wanted, cotangents } = scope;
  const { carries, sequences, steps, reverse, body } = node.attrs;
  const isSequence = (n: number): boolean => n >= carries && n < carries + sequences;
  const { derived, carried } = throughTurns(scope);
  const { builder, holes, gradients } = derived;
  const found = [...gradients.keys()].filter((n) => wanted[n]);
  const summed = found.filter((n) => n >= carries + sequences);
  const sliced = found.filter(isSequence);
  const init = [
    ...carried.map((n) => cotangents[n] ?? zeros(g, g.typeOf(inputs[n]!))),
    ...summed.map((n) => zeros(g, g.typeOf(inputs[n]!))),
  ];
  const sums = summed.map((n) => derived.g.hole(g.typeOf(inputs[n]!)));
  const results = [
    ...carried.map((n) => gradients.get(n) ?? zeros(derived.g, g.typeOf(inputs[n]!))),
    ...summed.map((n, at) => derived.g.add(sums[at]!, gradients.get(n)!)),
    ...sliced.map((n) => gradients.get(n)!),
  ];
  const { read, kept } = readOf(derived, results, carries, sequences);
  const stackedAt = stack(scope, derived, kept);

  const lists = { sequence: [] as Value[], constant: [] as Value[] };
  const places = new Map<Value, () => number>();
  const operand = (kind: keyof typeof lists, value: Value): (() => number) => {
    const list = lists[kind];
    const at = list.includes(value) ? list.indexOf(value) : list.push(value) - 1;
    return () => init.length + (kind === "constant" ? lists.sequence.length : 0) + at;
  };
  carried.forEach((n, at) => places.set(holes.get(n)!, () => at));
  sums.forEach((value, at) => places.set(value, () => carried.length + at));
  for (const [n, hole] of holes) if (n >= carries) places.set(hole, operand("sequence", cotangents[n]!));
  kept.forEach((value, at) => places.set(value, operand("sequence", stackedAt[at]!)));
  builder.nodes.forEach((one, at) => {
    if (one.op !== "input" || !read[at] || places.has(at as Value)) return;
    const n = operandOf(one);
    places.set(at as Value, operand(isSequence(n) ? "sequence" : "constant", inputs[n]!));
  });
  const scanned = g.scan([...init, ...lists.sequence, ...lists.constant], {
    body: cutOf(`${body.name}_gradient`, derived, read, results, (value) => places.get(value)?.()),
    carries: init.length,
    sequences: lists.sequence.length,
    steps,
    reverse: !reverse,
  });
  const placeOf = (n: number): number => {
    if (n < carries) return carried.indexOf(n);
    return isSequence(n) ? init.length + sliced.indexOf(n) : carried.length + summed.indexOf(n);
  };
  return inputs.map((_, n) => (wanted[n] && (carried.includes(n) || found.includes(n)) ? g.part(scanned, { n: placeOf(n) }) : undefined));
}

/** The step's own gradient, and the carries that a cotangent goes back through: each look may find more of them. */
function throughTurns({ node, wanted, cotangents, derive }: PullScope<ScanAttrs>): { derived: Derived; carried: readonly number[] } {
  const { body, carries } = node.attrs;
  const varied = variedBy(body, carries, wanted);
  const carried = new Set(Array.from({ length: carries }, (_, n) => n).filter((n) => cotangents[n] !== undefined && varied.has(n)));
  for (;;) {
    const seeds = body.results.flatMap((_, n) => ((n < carries ? carried.has(n) : cotangents[n] !== undefined) ? [n] : []));
    const derived = derive(body, seeds, varied);
    const more = [...derived.gradients.keys()].filter((n) => n < carries && !carried.has(n));
    if (more.length === 0) return { derived, carried: [...carried].sort((a, b) => a - b) };
    for (const n of more) carried.add(n);
  }
}

/** The operands that what is wanted moves: those, and the carries that depend on them at some turn. */
function variedBy(body: Graph, carries: number, wanted: readonly boolean[]): ReadonlySet<number> {
  const varied = new Set(wanted.flatMap((is, n) => (is ? [n] : [])));
  for (let size = -1; size !== varied.size;) {
    size = varied.size;
    const roots = body.nodes.flatMap((node, at) => (node.op === "input" && varied.has(operandOf(node)) ? [at as Value] : []));
    const moved = dependents(body.nodes, roots);
    body.results.slice(0, carries).forEach(({ value }, n) => {
      if (moved[value] && isFloat(nodeOf(body, value).type.dtype)) varied.add(n);
    });
  }
  return varied;
}

/**
 * What results are made of, down to what is kept of the forward pass: all but operands, views, and what no turn changes, which are cheaper made again.
 */
function readOf({ builder: { nodes }, primal, isView, selects }: Derived, results: readonly Value[], carries: number, sequences: number) {
  const turning = dependents(
    nodes,
    nodes.flatMap((node, at) => (node.op === "input" && operandOf(node) < carries + sequences ? [at as Value] : [])),
  );
  const isKept = (at: number): boolean => {
    const node = nodes[at]!;
    if (!turning[at]) return false;
    // what a loop inside stacks from now on is the forward pass's too
    if (at >= primal) return selects(node) && node.inputs[0]! < primal;
    return node.op === "input" ? operandOf(node) < carries : !isView(node);
  };
  const read = nodes.map(() => false);
  for (const value of results) read[value] = true;
  for (let at = nodes.length - 1; at >= 0; at--) if (read[at] && !isKept(at)) for (const input of nodes[at]!.inputs) read[input] = true;
  return { read, kept: nodes.flatMap((_, at) => (read[at] && isKept(at) ? [at as Value] : [])) };
}

/** Has the forward scan stack these values of its body, and gives the stacks; what it stacks already it does not stack twice. */
function stack({ g, node, output, extend }: PullScope<ScanAttrs>, { builder, primal }: Derived, kept: readonly Value[]): readonly Value[] {
  const { carries } = node.attrs;
  const results = [...builder.results];
  const late = kept.filter((value) => value >= primal);
  const places = kept.map((at) => {
    const value = (at < primal ? at : primal + late.indexOf(at)) as Value;
    const known = results.findIndex((result, n) => n >= carries && result.value === value);
    return known >= 0 ? known : results.push({ kind: "output", name: `kept${results.length}`, value }) - 1;
  });
  const nodes = [...builder.nodes.slice(0, primal), ...late.map((value) => builder.node(value))];
  extend({ ...node.attrs, body: { ...builder.graph(), nodes, results, aliases: node.attrs.body.aliases } });
  return places.map((n) => g.part(output, { n }));
}

/** The part of a derivation that results are made of, as a graph of its own: what has a place among the operands is an input. */
function cutOf(
  name: string,
  { builder: { nodes, aliases } }: Derived,
  read: readonly boolean[],
  results: readonly Value[],
  placeOf: (value: Value) => number | undefined,
): Graph {
  const cut = new Builder(name);
  const moved = new Map<Value, Value>();
  nodes.forEach((node, at) => {
    if (!read[at]) return;
    const operand = placeOf(at as Value);
    const made =
      operand === undefined
        ? cut.keep(node, node.inputs.map((input) => moved.get(input)!))
        : cut.keep({ ...node, op: "input", attrs: { operand } }, []); // prettier-ignore
    moved.set(at as Value, made);
  });
  results.forEach((value, n) => cut.results.push({ kind: "output", name: `result${n}`, value: moved.get(value)! }));
  for (const alias of aliases) if (moved.has(alias.value)) cut.aliases.push({ ...alias, value: moved.get(alias.value)! });
  return cut.graph();
}
