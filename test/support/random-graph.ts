/** Guarantees small random graphs for property tests: always well typed, printed when a property fails. */

import fc from "fast-check";
import { Builder } from "../../compiler/graph/build.ts";
import type { Graph, Value } from "../../compiler/graph/graph.ts";
import { printGraph } from "../../compiler/graph/print.ts";
import { f32, sameShape, sizeOf, type Shape } from "../../compiler/graph/type.ts";
import { dotAttrs } from "../../compiler/ops/dot.ts";
import { callsOn, opOf } from "../../compiler/ops/index.ts";
import { randomFrom, sampleTensor } from "./sample.ts";

/** One random decision: what to append, to which earlier values, with which numbers. */
type Step = readonly [op: number, a: number, b: number, n: number];

const UNARY = ["neg", "tanh", "sigmoid", "relu", "abs", "sin", "identity", "stopGradient"] as const;
const BINARY = ["add", "sub", "mul", "max", "min"] as const;
const LITERALS = [0, 1, -1, 2, 0.5];
const LARGEST = 60;

/** Appends what a step says, or nothing where the operands do not allow it. */
function append(builder: Builder, [op, a, b, n]: Step, values: readonly Value[]): Value {
  const g = callsOn(builder);
  const x = values[a % values.length]!;
  const { shape } = builder.typeOf(x);
  const alike = values.filter((v) => sameShape(builder.typeOf(v).shape, shape));
  const y = alike[b % alike.length]!;
  const axes = shape.map((_, axis) => axis);
  const some = axes.filter((axis) => ((n >> axis) & 1) === 1);
  const literal = g.literal(LITERALS[n % LITERALS.length]!, "f32");
  switch (op) {
    case 0:
      return g.elementwise(UNARY[n % UNARY.length]! as "neg", [x]);
    case 1:
      return g.elementwise(BINARY[n % BINARY.length]!, [x, y]);
    case 2:
      return g.elementwise(BINARY[b % BINARY.length]!, n % 2 === 0 ? [x, literal] : [literal, x]);
    case 3:
      return g.where(g.lt(x, y), y, n % 2 === 0 ? x : literal);
    case 4:
      return g.sum(x, { axes: some });
    case 5:
      return shape.length === 0 ? x : g.reduceMax(x, { axes: some.length === 0 ? axes : some });
    case 6:
      return g.transpose(x, { order: n % 2 === 0 ? [...axes].reverse() : [...axes.slice(1), ...axes.slice(0, 1)] });
    case 7: {
      const size = sizeOf(shape);
      const first = [1, 2, 3].filter((extent) => size % extent === 0);
      const split = first[n % first.length]!;
      return g.reshape(x, { shape: n % 4 === 0 ? [size] : [split, size / split] });
    }
    case 8: {
      const size = 1 + (n % 3);
      return sizeOf(shape) * size > LARGEST || shape.length > 2 ? x : g.broadcast(x, { axes: [n % (shape.length + 1)], size: [size] });
    }
    case 9: {
      const start = shape.map((extent) => n % extent);
      return g.slice(x, { start, limit: shape, stride: shape.map(() => 1 + (b % 2)) });
    }
    case 10:
      if (sizeOf(shape) * 4 ** shape.length > LARGEST) return x;
      return g.pad(x, { low: shape.map(() => n % 2), high: shape.map(() => b % 2), interior: shape.map(() => n % 2) });
    default: {
      const matrices = values.filter((v) => builder.typeOf(v).shape.length === 2);
      if (shape.length !== 2) return x;
      const contract = n % 2;
      const fits = matrices.filter((v) => builder.typeOf(v).shape[b % 2] === shape[contract]);
      const other = fits[n % Math.max(1, fits.length)];
      return other === undefined ? x : g.dot(x, other, dotAttrs([contract], [b % 2]));
    }
  }
}

const LEAVES: readonly Shape[] = [[2, 3], [3, 2], [3], []];

/** A graph of the given decisions over four parameters; returns its last values, and the loss Σ of the last. */
export function graphOf(steps: readonly Step[], results: "outputs" | "loss"): Graph {
  const builder = new Builder("random");
  const g = callsOn(builder);
  builder.origin = { role: "primal", site: "random.ts:1" };
  const values: Value[] = LEAVES.map((shape, n) =>
    builder.append(opOf("param"), [], { initial: ["constant", 0], trainable: true }, `p${n}`, f32(...shape)),
  );
  for (const step of steps) {
    const value = append(builder, step, values);
    if (!values.includes(value)) values.push(value);
  }
  const last = values.at(-1)!;
  if (results === "outputs") values.slice(-3).forEach((value, n) => builder.results.push({ kind: "output", name: `out${n}`, value }));
  else {
    const loss = g.sum(g.mul(last, g.sin(last)), { axes: builder.typeOf(last).shape.map((_, axis) => axis) });
    builder.results.push({ kind: "loss", name: "train", value: loss });
  }
  return builder.graph();
}

/** Random graphs; a counterexample shows as the text of the graph. */
export const anyGraph = (results: "outputs" | "loss"): fc.Arbitrary<{ graph: Graph }> =>
  fc.array(fc.tuple(fc.nat(11), fc.nat(20), fc.nat(20), fc.nat(7)), { minLength: 1, maxLength: 9 }).map((steps) => {
    const graph = graphOf(steps, results);
    return { graph, [fc.toStringMethod]: () => `\n${printGraph(graph)}` };
  });

/** Values for every leaf of a graph. */
export function feedOf(graph: Graph, seed: number): Map<string, Float64Array> {
  const random = randomFrom(seed);
  const leaves = graph.nodes.filter(({ op }) => op !== "literal" && op !== "iota" && opOf(op).leaf);
  return new Map(leaves.map(({ name, type }) => [name, sampleTensor(type, random)]));
}
