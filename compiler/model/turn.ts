/** Guarantees that the step of a loop is declared once, and cut out of the graph being declared: it becomes the body of a node. */

import { Builder } from "../graph/build.ts";
import { ModelError } from "../graph/error.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { dependents, reachableFrom } from "../graph/walk.ts";
import { opOf } from "../ops/index.ts";
import { partName } from "../ops/scan-attrs.ts";
import type { Context } from "./context.ts";

interface Loop {
  readonly initial: readonly Value[];
  /** [steps, …] each. */
  readonly xs: readonly Value[];
  readonly steps: number;
  readonly reverse: boolean;
  /** What each carry is called where a model generates and carries it from step to step. */
  readonly names: readonly string[];
  /** Whether each turn has parameters of its own. Default: no. */
  readonly stacks?: boolean;
}

interface Done {
  readonly carries: readonly Value[];
  readonly ys: readonly Value[];
}

/** The first two axes of a value the other way round; of one that was made so, what it was made of. */
export function swapped(c: Context, value: Value): Value {
  const { shape } = c.typeOf(value);
  const order = shape.map((_, axis) => (axis < 2 ? 1 - axis : axis));
  const { op, inputs, attrs } = c.builder.node(value);
  return op === "transpose" && String(attrs["order"]) === String(order) ? inputs[0]! : c.g.transpose(value, { order });
}

/**
 * Declares a step and appends its loop. The step's nodes stand in the graph until its declaration ends, so that layers, names and rows find them; what
 * depends on no carry and no slice, parameters above all, stays there, as a constant of the loop.
 */
export function declareTurn(c: Context, loop: Loop, step: Step): Declared {
  const { decoding } = c;
  if (decoding === undefined) return declaredTurns(c, loop, step);
  if (loop.steps > 1 || loop.stacks === true) {
    const { length } = decoding.carries;
    const done = declaredTurns(c, loop, step);
    const inside = decoding.carries[length];
    if (inside !== undefined)
      c.fail(
        "generate/loop",
        `generation carries ${JSON.stringify(inside.name)} from one token to the next, but it is inside a loop, where each turn has its own`,
        "Write the layers of stacked one after the other, or leave out generate.",
      );
    return done;
  }
  if (loop.reverse)
    c.fail(
      "generate/reverse",
      "what goes backwards needs all steps, but generation has one at a time",
      "Go forward, or leave out generate.",
    );
  const begun = loop.initial.map((value, n) => decoding.begins(c, loop.names[n]!, value));
  const done = declaredTurns(c, { ...loop, initial: begun.map(({ before }) => before) }, step);
  begun.forEach(({ leaves }, n) => leaves(done.carries[n]!));
  return done;
}

type Step = (carries: readonly Value[], xs: readonly Value[]) => Done;
interface Declared {
  readonly carries: readonly Value[];
  readonly stacked: readonly Value[];
}

function declaredTurns(c: Context, { initial, xs, steps, reverse, stacks = false }: Loop, step: Step): Declared {
  const { builder, g } = c;
  const mark = builder.nodes.length;
  const carries = initial.map((value) => g.turn(value));
  const sequences: Value[] = [];
  const slices: Value[] = [];
  const slice = (sequence: Value): Value => {
    const { shape } = c.typeOf(sequence);
    const first = g.slice(sequence, { start: shape.map(() => 0), limit: shape.with(0, 1), stride: shape.map(() => 1) });
    const whole = g.reshape(first, { shape: shape.slice(1) });
    for (const made of [first, whole]) c.turns.declared.add(made);
    sequences.push(sequence);
    const turn = g.turn(whole);
    slices.push(turn);
    return turn;
  };
  for (const x of xs) slice(x);
  const done = c.turns.within({ steps, stacks, slice }, () => step(carries, [...slices]));
  const { nodes } = builder;
  // the hole of a rule that the step declares (ops/custom.ts) is filled turn by turn
  const holes = nodes.flatMap(({ op }, at) => (at >= mark && op === "hole" ? [at as Value] : []));
  const depends = dependents(nodes, [...carries, ...slices, ...holes]);
  for (const [state, value] of c.assignments)
    if (depends[value])
      c.fail(
        "layer/scan",
        `the step of a scan gives the state ${JSON.stringify(builder.node(state).name)} a new value, which only the model itself may`,
        "Carry it through the scan, or call the layer outside the step.",
      );
  depends.forEach((is, at) => is && c.turns.declared.add(at as Value));
  const results = [...done.carries, ...done.ys];
  carries.forEach((carry, n) => builder.rename(carry, `${builder.node(done.carries[n]!).name}_before`));
  const { body, constants } = cut(c, depends, results, [...carries, ...slices]);
  const attrs = { body, carries: carries.length, sequences: sequences.length, steps, reverse };
  const scanned = g.scan([...initial, ...sequences, ...constants], attrs);
  const parts = results.map((_, n) => {
    const part = g.part(scanned, { n });
    builder.rename(part, partName(attrs, n));
    return part;
  });
  return { carries: parts.slice(0, carries.length), stacked: parts.slice(carries.length) };
}

/** What results are made of that depends on the placeholders, as a graph whose inputs are those, and what it reads besides. */
function cut({ builder }: Context, depends: readonly boolean[], results: readonly Value[], placeholders: readonly Value[]) {
  const { nodes } = builder;
  const read = reachableFrom(nodes, results);
  const body = new Builder("step");
  const moved = new Map<Value, Value>();
  const constants: Value[] = [];
  const input = (value: Value, operand: number): Value => {
    const { name, type, origin } = builder.node(value);
    return body.keep({ op: "input", name, inputs: [], attrs: { operand }, type, origin }, []);
  };
  const to = (value: Value): Value => {
    const known = moved.get(value);
    if (known !== undefined) return known;
    const node = builder.node(value);
    // what only says where to read says so inside, and its cotangent comes out as small as what it reads
    const copied = node.op === "literal" || (opOf(node.op).view === true && node.inputs.length < 2);
    const made = copied ? body.keep(node, node.inputs.map(to)) : input(value, placeholders.length + constants.push(value) - 1);
    moved.set(value, made);
    return made;
  };
  placeholders.forEach((value, n) => moved.set(value, input(value, n)));
  nodes.forEach((node, at) => {
    if (!read[at] || !depends[at] || moved.has(at as Value)) return;
    const inputs = node.inputs.map(to);
    moved.set(at as Value, body.keep(node, inputs));
  });
  results.forEach((value, n) => body.results.push({ kind: "output", name: `result${n}`, value: to(value) }));
  return { body: body.graph(), constants };
}

/** A declared graph without the nodes of steps, which stand in bodies. Throws a ModelError where one is read outside its step. */
export function withoutTurns(c: Context, graph: Graph): Graph {
  const { declared } = c.turns;
  if (declared.size === 0) return graph;
  const moved = new Map<Value, Value>();
  const nodes = graph.nodes.filter((_, at) => !declared.has(at as Value));
  let next = 0;
  graph.nodes.forEach((_, at) => !declared.has(at as Value) && moved.set(at as Value, next++ as Value));
  const to = (value: Value, reader: string, site: string): Value => {
    const known = moved.get(value);
    if (known !== undefined) return known;
    const { name, origin } = graph.nodes[value]!;
    throw new ModelError({
      code: "shape/scan",
      site: site || origin.site || c.place,
      law: `${reader} reads %${name}, which is one at each time of a scan`,
      operands: [],
      remedy: "Return it from the step as y, or in the carry, and use what scan gives back.",
    });
  };
  return {
    ...graph,
    nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map((input) => to(input, `%${node.name}`, node.origin.site)) })),
    results: graph.results.map((result) =>
      result.kind === "write"
        ? { ...result, target: to(result.target, "a state", ""), value: to(result.value, "a state", "") }
        : { ...result, value: to(result.value, `the result ${JSON.stringify(result.name)}`, "") },
    ),
    aliases: graph.aliases.map((alias) => ({ ...alias, value: to(alias.value, `%${alias.name}`, "") })),
  };
}
