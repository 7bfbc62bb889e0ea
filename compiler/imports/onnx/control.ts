/** Graphs inside nodes: an If whose condition is known is one of its branches, a Scan over one sequence is a scan. */

import type { Importer } from "./elementwise.ts";
import type { FileGraph, FileNode } from "./proto.ts";
import { isOpen, type Dim } from "../code.ts";
import type { Computed } from "../source.ts";
import type { Translation } from "./translation.ts";

const graphOf = (t: Translation, node: FileNode, attribute: string): FileGraph => {
  const given = node.attributes.get(attribute);
  return typeof given === "object" && "nodes" in given ? given : t.fail(node, `lacks its graph ${attribute}`, "the file is damaged");
};

export const chosen: Importer = (t, node, read) => {
  const condition = t.input(node, 0);
  if (condition.kind !== "held")
    return t.fail(
      node,
      "chooses by what is computed",
      "fix what its condition depends on with --batch, --size or --value, or fold it away with onnxsim",
    );
  const branch = graphOf(t, node, condition.tensor.data[0] ? "then_branch" : "else_branch");
  read(branch);
  branch.outputs.forEach(({ name }, n) => {
    const known = t.values.get(name);
    if (known === undefined) t.fail(node, `lacks its result ${JSON.stringify(name)}`, "the file is damaged");
    else t.values.set(node.outputs[n]!, known);
  });
};

const listOf = (node: FileNode, attribute: string): readonly number[] => {
  const given = node.attributes.get(attribute);
  return Array.isArray(given) ? (given as readonly number[]) : [];
};

/** States, and slices of one sequence along its first axis. */
export const folded: Importer = (t, node, read) => {
  const body = graphOf(t, node, "body");
  const sequences = t.number(node, "num_scan_inputs", 1);
  const states = node.inputs.length - sequences;
  const stacked = body.outputs.length - states;
  if (
    sequences !== 1 ||
    stacked > 1 ||
    [...listOf(node, "scan_input_axes"), ...listOf(node, "scan_output_axes")].some((axis) => axis !== 0)
  )
    t.fail(node, `goes through ${sequences} sequences and gives ${stacked}`, "one of each, along the first axis, is read: join them");
  const backwards = listOf(node, "scan_input_directions")[0] === 1;
  if (stacked === 1 && (listOf(node, "scan_output_directions")[0] === 1) !== backwards)
    t.fail(node, "reads forwards and writes backwards", "reverse its result after it");
  const xs = t.tensor(node, states);
  const [steps, rows, ...rest] = xs.dims;
  if (isOpen(steps) || steps === undefined || rows === undefined) return t.fail(node, "runs along the batch", "put time first");
  const order = xs.dims.map((_, axis) => (axis < 2 ? 1 - axis : axis));
  const turned = t.call("transpose", xs.code, `[${order.join(", ")}]`);
  const initial = Array.from({ length: states }, (_, n) => t.tensor(node, n));
  const names = initial.map((_, n) => `s${n}`);
  body.inputs.forEach(({ name }, n) => {
    const value: Computed =
      n < states ? { ...initial[n]!, code: `carry.${names[n]}` } : { kind: "tensor", code: "x", dims: [rows, ...rest], of: "float" };
    t.values.set(name, value);
  });
  let results: readonly Computed[] = [];
  const lines = t.inside(() => {
    read(body);
    results = body.outputs.map((_, n) => t.any({ ...node, inputs: body.outputs.map((one) => one.name) }, n));
  });
  const own = t.identifier(node.name === "" ? "scanned" : node.name);
  const carry = names.map((name, n) => `${name}: ${results[n]!.code}`).join(", ");
  const y = results[states]?.code ?? results[0]!.code;
  const step = `(carry, x) => {\n${[...lines, `return { carry: { ${carry} }, y: ${y} };`].join("\n")}\n}`;
  const start = `{ ${names.map((name, n) => `${name}: ${initial[n]!.code}`).join(", ")} }`;
  t.statement(
    [own],
    `const ${own} = ${t.typed("scan", `{ ${names.map((name) => `${name}: FloatTensor`).join("; ")} }`, step, start, turned, ...(backwards ? ["{ reverse: true }"] : []))};`,
  );
  node.outputs.forEach((output, n) => {
    if (output === "") return;
    if (n < states) return void t.values.set(output, { ...initial[n]!, code: `${own}.carry.${names[n]}` });
    const inner = results[n]!.dims;
    const dims: readonly Dim[] = [steps, ...inner];
    t.make(node, t.call("transpose", `${own}.ys`, `[${dims.map((_, axis) => (axis < 2 ? 1 - axis : axis)).join(", ")}]`), dims, output);
  });
};
