/**
 * A loop as one node, in the words of JAX's lax.scan: its body, a graph, takes carries, one slice of each sequence and constants, and gives the next carries
 * and one slice of each stacked output. The gradient is a scan the other way over what the forward one stacked (decisions/scan.md).
 */

import { ShapeError } from "../graph/error.ts";
import { nodeOf, type Value } from "../graph/graph.ts";
import { f32, printType, sameType, sizeOf, tensor, together, type Tensor, type TensorType } from "../graph/type.ts";
import type { Op } from "./op.ts";
import { operandOf, sliceOf, stepsOf, type ScanAttrs } from "./scan-attrs.ts";
import { pullBack } from "./scan-gradient.ts";

const stacked = ({ dtype, shape }: TensorType, steps: number): TensorType => ({ dtype, shape: [steps, ...shape] });

const fail = (law: string, label: string, type: TensorType, remedy = "Give back a carry of the type that the step was given."): never => {
  throw new ShapeError("scan", law, [{ label, type }], remedy);
};

export const scan: Op<"scan", readonly Value[], ScanAttrs> = {
  name: "scan",
  arity: "many",
  maths: (operands, { carries, steps, body }) => `${body.name} over ${steps} steps from (${operands.slice(0, carries).join(", ")})`,
  infer(operands, { body, carries, sequences, steps }) {
    if (!(Number.isInteger(steps) && steps > 0)) fail(`needs at least one step, but got ${steps}`, "xs", operands[carries] ?? f32());
    operands.slice(carries, carries + sequences).forEach((type, n) => {
      if (type.shape[0] !== steps)
        fail(
          `goes over ${steps} steps, but xs${n} has ${type.shape[0] ?? "no axis of them"}`,
          `xs${n}`,
          type,
          "Give sequences of one length.",
        );
    });
    for (const node of body.nodes) {
      if (node.op !== "input") continue;
      const n = operandOf(node);
      const given = operands[n];
      if (given === undefined) return fail(`its body reads operand ${n}, of ${operands.length}`, node.name, node.type);
      const wanted = n >= carries && n < carries + sequences ? sliceOf(given) : given;
      if (!sameType(wanted, node.type)) fail(`its body takes ${printType(node.type)} for ${printType(wanted)}`, node.name, wanted);
    }
    const results = body.results.map(({ value }) => nodeOf(body, value).type);
    results.slice(0, carries).forEach((type, n) => {
      if (!sameType(type, operands[n]!))
        fail(
          `carry ${n} goes in as ${printType(operands[n]!)}, but the step gives it back as ${printType(type)}`,
          `carry ${n}`,
          operands[n]!,
        );
    });
    return together(results.map((type, n) => (n < carries ? type : stacked(type, steps))));
  },
  laws: ["d_x = by the step's own rules, from its last turn to its first"],
  vjp: () => {
    throw new TypeError("the results of a scan are pulled back together");
  },
  pull: pullBack,
  evaluate(operands, attrs, output, run) {
    const { carries, sequences, body } = attrs;
    const parts = partsOf(output);
    let carry = operands.slice(0, carries);
    for (const step of stepsOf(attrs)) {
      const slices = operands.slice(carries, carries + sequences).map((xs) => cut(xs, step));
      const given = [...carry, ...slices, ...operands.slice(carries + sequences)];
      const results = run!(body, (input) => given[operandOf(input)]!);
      carry = results.slice(0, carries);
      results.slice(carries).forEach(({ data }, n) => parts[carries + n]!.data.set(data, step * data.length));
    }
    carry.forEach(({ data }, n) => parts[n]!.data.set(data));
  },
  define: () => {
    throw new TypeError("a scan is a loop around definitions, and has none itself");
  },
  samples: [],
};

/** The results of a node, in its own storage. */
export function partsOf({ type, data }: Tensor): readonly Tensor[] {
  let at = 0;
  return type.parts!.map((part): Tensor => {
    const begin = at;
    at += sizeOf(part.shape);
    return { type: part, data: data.subarray(begin, at) };
  });
}

function cut({ type, data }: Tensor, step: number): Tensor {
  const of = sliceOf(type);
  const size = sizeOf(of.shape);
  return tensor(of, data.subarray(step * size, (step + 1) * size));
}

/**
 * What a carry is at any turn, while a step is declared: its operand is what it is at the first. The declaration is cut out of the graph, as the body of its
 * scan (model/scan.ts).
 */
export const turn: Op<"turn", [first: Value]> = {
  name: "turn",
  arity: 1,
  exact: true,
  maths: ([first]) => first,
  infer: ([first]) => first,
  laws: [null],
  vjp: ({ cotangent }) => cotangent,
  evaluate([first], _, y) {
    y.data.set(first.data);
  },
  define: ({ at, read }) => read[0](...at),
  samples: [],
};

/** One result of a node that has several. */
export const part: Op<"part", [of: Value], { readonly n: number }> = {
  name: "part",
  arity: 1,
  selects: true,
  exact: true,
  maths: ([of], { n }) => `result ${n} of ${of}`,
  infer([of], { n }) {
    const found = of.parts?.[n];
    return found ?? fail(`result ${n} is read, of ${of.parts?.length ?? 1}`, "of", of, "");
  },
  laws: ["d_y is that result's"],
  vjp: ({ cotangent }) => cotangent,
  evaluate([of], { n }, y) {
    y.data.set(partsOf(of)[n]!.data);
  },
  define: () => {
    throw new TypeError("a result of a loop is storage that the loop fills");
  },
  samples: [],
};
