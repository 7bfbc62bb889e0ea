/** Guarantees that cotangents are appended to a graph by each op's own rule; the one op this file names is `add`, which sums them. */

import type { Builder } from "../graph/build.ts";
import { continued } from "../graph/continued.ts";
import { placeOf, type Graph, type Node, type Origin, type Value } from "../graph/graph.ts";
import { isFloat } from "../graph/type.ts";
import { dependents, reachableFrom } from "../graph/walk.ts";
import { callsOn, opOf } from "../ops/index.ts";
import { partName, type ScanAttrs } from "../ops/scan-attrs.ts";
import { lawOf, number, type Derived, type Op, type PullScope } from "../ops/op.ts";

/**
 * Appends d(loss)/d(value) for each of `wrt` and returns them in that order; undefined where the loss does not depend on the value.
 * Reverse accumulation: nodes from last to first, each pulling its cotangent back to its operands.
 */
export function reverse(builder: Builder, loss: Value, wrt: readonly Value[]): readonly (Value | undefined)[] {
  const one = callsOn(builder).literal(1, builder.typeOf(loss).dtype);
  return accumulate(builder, new Map([[loss, [{ value: one, origin: seedOf(builder, loss) }]]]), wrt);
}

/** The same from several values at once, whose own cotangents are given. */
function accumulate(builder: Builder, seeds: ReadonlyMap<Value, Contribution[]>, wrt: readonly Value[]): readonly (Value | undefined)[] {
  const g = callsOn(builder);
  const before = builder.origin;
  const roots = [...seeds.keys()];
  const relevant = between(builder, roots, wrt);
  const contributions = new Map<Value, Contribution[]>(seeds);
  /** Of the results of nodes that have several. */
  const parts = new Map<Value, Contribution[][]>();
  const cotangents = new Map<Value, Value>();
  const contribute = (to: Value, contribution: Contribution): void => {
    const known = contributions.get(to);
    if (known === undefined) contributions.set(to, [contribution]);
    else known.push(contribution);
  };

  for (let at = Math.max(...roots) as Value; at >= 0; at = (at - 1) as Value) {
    if (parts.has(at)) {
      for (const [to, contribution] of pulled(builder, at, parts.get(at)!, relevant)) contribute(to, contribution);
      continue;
    }
    const found = contributions.get(at);
    if (found === undefined || !relevant[at]) continue;
    const cotangent = sumOf(builder, at, found);
    cotangents.set(at, cotangent);
    const node = builder.node(at);
    const op = opOf(node.op);
    if (op.selects === true) {
      const of = parts.get(node.inputs[0]!) ?? [];
      parts.set(node.inputs[0]!, of);
      const origin: Origin = { role: "cotangent", of: node.name, op: node.op, rule: op.laws[0]!, ...placeOf(node.origin) };
      (of[number(node.attrs, "n")] ??= []).push({ value: cotangent, origin });
      continue;
    }
    node.inputs.forEach((input, operand) => {
      const rule = lawOf(op, operand, node.attrs);
      if (!relevant[input] || rule === null || rule === undefined) return;
      builder.origin = {
        role: "cotangent",
        of: node.name,
        op: node.op,
        rule,
        ...placeOf(node.origin),
      };
      const scope = { g, node: unmarked(node), inputs: node.inputs, output: at, cotangent };
      const mark = builder.nodes.length;
      const value = op.vjp({ ...scope, replay: (...cone) => replay(builder, ...cone) }, operand);
      nameSteps(builder, mark, value, `d_${builder.node(input).name}`);
      contribute(input, { value, origin: builder.origin });
    });
  }
  builder.origin = before;
  return wrt.map((value) => cotangents.get(value));
}

/** What a node with several results pulls back to each of its operands. */
function pulled(builder: Builder, at: Value, parts: readonly Contribution[][], relevant: readonly boolean[]): [Value, Contribution][] {
  const g = callsOn(builder);
  const node = builder.node(at);
  const op: Op = opOf(node.op);
  const cotangents = Array.from(parts, (found) => found?.map(({ value }) => value).reduce((sum, value) => g.add(sum, value))); // holes are undefined
  builder.origin = { role: "cotangent", of: node.name, op: node.op, rule: op.laws[0]!, ...placeOf(node.origin) };
  const mark = builder.nodes.length;
  const scope: PullScope = {
    g,
    node: unmarked(node),
    inputs: node.inputs,
    wanted: node.inputs.map((input) => relevant[input]!),
    output: at,
    cotangents,
    derive,
    extend: (attrs) => builder.extend(op, at, { ...builder.node(at).attrs, ...attrs }),
  };
  const values = op.pull!(scope);
  const names = new Map(values.flatMap((value, n) => (value === undefined ? [] : [[value, `d_${builder.node(node.inputs[n]!).name}`]])));
  for (let made = mark as Value; made < builder.nodes.length; made++) {
    const { op, inputs, attrs } = builder.node(made);
    const isPart = opOf(op).selects === true;
    // a result that the node has from now on is called after what the body calls it
    const own = isPart ? partName(builder.node(inputs[0]!).attrs as unknown as ScanAttrs, attrs["n"] as number) : `d_${node.name}_${op}`;
    if (op !== "literal") builder.rename(made, names.get(made) ?? own);
  }
  return values.flatMap((value, n): [Value, Contribution][] =>
    value === undefined ? [] : [[node.inputs[n]!, { value, origin: builder.origin }]],
  );
}

/** A body continued by its own gradient. */
function derive(body: Graph, of: readonly number[], wanted: ReadonlySet<number>): Derived {
  const builder = continued(body);
  const g = callsOn(builder);
  const primal = builder.nodes.length;
  const holes = new Map<number, Value>();
  const seeds = new Map<Value, Contribution[]>();
  for (const n of of) {
    const { value } = builder.results[n]!;
    const { name, op, type, origin } = builder.node(value);
    builder.origin = { role: "cotangent", of: name, op, rule: "d_y of this turn", ...placeOf(origin) };
    const hole = g.hole(type);
    builder.rename(hole, `d_${name}_in`);
    holes.set(n, hole);
    seeds.set(value, [...(seeds.get(value) ?? []), { value: hole, origin: builder.origin }]);
  }
  const operands = builder.nodes.flatMap(({ op, attrs, type }, at) =>
    op === "input" && isFloat(type.dtype) && wanted.has(number(attrs, "operand")) ? [{ at: at as Value, n: number(attrs, "operand") }] : [],
  );
  const found = seeds.size === 0 ? [] : accumulate(builder, seeds, operands.map(({ at }) => at)); // prettier-ignore
  const gradients = new Map(operands.flatMap(({ n }, k) => (found[k] === undefined ? [] : [[n, found[k]]])));
  return {
    builder,
    g,
    primal,
    holes,
    gradients,
    isView: ({ op }) => opOf(op).view === true,
    selects: ({ op }) => opOf(op).selects === true,
  };
}

/** A node without the mark of its checkpointed region: what its gradient rule appends belongs to none. */
function unmarked(node: Node): Node {
  const { checkpoint, ...attrs } = node.attrs;
  return checkpoint === undefined ? node : { ...node, attrs };
}

/** A value computed again with another value in the place of `hole`. */
function replay(builder: Builder, value: Value, hole: Value, by: Value): Value {
  const depends = dependents(builder.nodes, [hole]);
  const made = new Map<Value, Value>([[hole, by]]);
  const go = (at: Value): Value => {
    if (!depends[at]) return at;
    const known = made.get(at);
    if (known !== undefined) return known;
    const { op, inputs, attrs, name } = builder.node(at);
    const copy = builder.append(opOf(op), inputs.map(go), attrs, name);
    made.set(at, copy);
    return copy;
  };
  return go(value);
}

/** One use's share of a cotangent, and the law it came by. */
interface Contribution {
  readonly value: Value;
  readonly origin: Origin;
}

const seedOf = (builder: Builder, loss: Value): Origin => {
  const { name, op, origin } = builder.node(loss);
  return { role: "cotangent", of: name, op, rule: "d_y = 1", ...placeOf(origin) };
};

/** The float values on a path from `wrt` to the roots. */
function between(builder: Builder, roots: readonly Value[], wrt: readonly Value[]): readonly boolean[] {
  const depends = dependents(builder.nodes, wrt);
  const reaches = reachableFrom(builder.nodes, roots);
  return builder.nodes.map((node, at) => depends[at]! && reaches[at]! && isFloat(node.type.dtype));
}

/** Names what a rule appended: the pulled-back cotangent `d_x`, its intermediate steps after it. */
function nameSteps(builder: Builder, mark: number, value: Value, name: string): void {
  for (let at = mark; at < builder.nodes.length; at++) {
    const node = builder.nodes[at]!;
    if (at === value || node.op === "literal") continue;
    builder.rename(at as Value, `${name}_${node.op}`);
  }
  if (value >= mark && builder.node(value).op !== "literal") builder.rename(value, name);
}

/** d_x as the sum of what its uses pulled back; the sum takes the name `d_x`. */
function sumOf(builder: Builder, of: Value, contributions: readonly Contribution[]): Value {
  const values = contributions.map(({ value }) => value);
  const node = builder.node(of);
  const name = `d_${node.name}`;
  const origin: Origin = { role: "cotangent", of: node.name, op: node.op, rule: "d_x = Σ over the uses of x", ...placeOf(node.origin) };
  const [first, ...rest] = values as [Value, ...Value[]];
  if (rest.length === 0) {
    if (builder.node(first).name !== name) {
      builder.origin = contributions[0]!.origin;
      if (builder.node(first).op !== "literal" && node.type.shape.length === 0) {
        const same = callsOn(builder).identity(first); // scalars are read one by one in the emitted step
        builder.rename(same, name);
        return same;
      }
      const literal = builder.node(first).op === "literal";
      builder.alias(name, first, `${name} = ${literal ? String(builder.node(first).attrs["value"]) : builder.node(first).name}`);
    }
    return first;
  }
  for (const value of values) if (builder.node(value).name === name) builder.rename(value, `${name}_part`);
  builder.origin = origin;
  let total = first;
  rest.forEach((value, n) => {
    const sum = callsOn(builder).add(total, value);
    builder.rename(sum, n === rest.length - 1 ? name : `${name}_partial`);
    total = sum;
  });
  return total;
}
