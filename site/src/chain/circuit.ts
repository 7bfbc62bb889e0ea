/** A formula as a circuit: its nodes in the order in which they are computed, and the model texts by which the compiler computes and differentiates them. */

import { OPERATIONS, type Operation, type OperationName } from "./operations.ts";
import type { Expression } from "./parse.ts";

export type CircuitNode =
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "number"; readonly name: string; readonly value: number }
  | { readonly kind: "apply"; readonly name: string; readonly op: OperationName; readonly of: readonly number[] };

/** The last node is the formula itself; operands come before what they are used by. */
export interface Circuit {
  readonly nodes: readonly CircuitNode[];
  readonly variables: readonly string[];
}

/** Values and gradients of a circuit at one point: all of them by the compiler's own code. */
export interface Evaluated {
  readonly values: readonly number[];
  /** ∂f of each node, summed over its uses. */
  readonly gradients: readonly number[];
  /** Of each node for each of its operands: its own slope there. */
  readonly slopes: readonly (readonly number[])[];
}

const LETTERS = [..."qrstuvwpghklmnabcde"];

/** Names that neither the formula nor the language has. */
function* freshNames(taken: ReadonlySet<string>): Generator<string> {
  for (let round = 0; ; round++)
    for (const letter of LETTERS)
      if (!taken.has(round === 0 ? letter : `${letter}${round}`)) yield round === 0 ? letter : `${letter}${round}`;
}

export function circuitOf(expression: Expression): Circuit {
  const variables: string[] = [];
  const collect = (one: Expression): void => {
    if (one.kind === "variable" && !variables.includes(one.name)) variables.push(one.name);
    if (one.kind === "apply") one.of.forEach(collect);
  };
  collect(expression);
  const fresh = freshNames(new Set(variables));
  const top = variables.includes("f") ? "result" : "f";
  const nodes: CircuitNode[] = variables.map((name) => ({ kind: "variable", name }));
  const place = (one: Expression, isTop: boolean): number => {
    if (one.kind === "variable") return variables.indexOf(one.name);
    if (one.kind === "number") return nodes.push({ kind: "number", name: shownNumber(one.value), value: one.value }) - 1;
    const of = one.of.map((operand) => place(operand, false));
    return nodes.push({ kind: "apply", name: isTop ? top : fresh.next().value!, op: one.op, of }) - 1;
  };
  place(expression, true);
  return { nodes, variables };
}

const shownNumber = (value: number): string => String(Number(value.toPrecision(6)));

const operationOf = (node: Extract<CircuitNode, { kind: "apply" }>): Operation => OPERATIONS[node.op];

/** `add(x, y)`, as the model's text has it; `names` are those of the operands. */
const callOf = (node: Extract<CircuitNode, { kind: "apply" }>, names: readonly string[]): string =>
  `${operationOf(node).call}(${names.join(", ")})`;

const operandText = (node: CircuitNode): string => (node.kind === "number" ? String(node.value) : node.name);

function textWith(
  { nodes, variables }: Circuit,
  values: Readonly<Record<string, number>>,
  name: string,
  extra: { readonly imports: readonly string[]; readonly lines: readonly string[]; readonly outputs: readonly string[] },
): string {
  const applied = nodes.filter((node) => node.kind === "apply");
  const imports = [
    ...new Set(["constant", "model", "param", "sgd", ...applied.map((node) => operationOf(node).call), ...extra.imports]),
  ].sort();
  return [
    `import { ${imports.join(", ")} } from "adjoint";`,
    "",
    `export default model("${name}", {}, () => {`,
    ...variables.map((one) => `  const ${one} = param("${one}", [], constant(${values[one] ?? 0}));`),
    ...applied.map(
      (node) =>
        `  const ${node.name} = ${callOf(
          node,
          node.of.map((at) => operandText(nodes[at]!)),
        )};`,
    ),
    ...extra.lines,
    `  return { loss: ${nodes.at(-1)!.name}, outputs: { ${extra.outputs.join(", ")} }, optimizer: sgd({ learningRate: 1 }) };`,
    "});",
    "",
  ].join("\n");
}

/** The model that a reader would write: what is shown, and whose emitted code is. */
export const modelText = (circuit: Circuit, values: Readonly<Record<string, number>>): string =>
  textWith(circuit, values, "circuit", { imports: [], lines: [], outputs: [circuit.nodes.at(-1)!.name] });

/** Names of the probe's outputs, by node and operand. */
const output = {
  value: (node: number) => `value$${node}`, // a sign that no variable of a formula has
  gradient: (node: number) => `gradient$${node}`,
  slope: (node: number, operand: number) => `slope$${node}_${operand}`,
};

/**
 * The same circuit, asked for everything that a drawing shows: the value of every node, the gradient of the formula by it, and the slope of
 * every node by each of its operands alone, which is its gradient where the operands are cut off from all that is before them.
 */
export function probeText(circuit: Circuit, values: Readonly<Record<string, number>>): string {
  const { nodes } = circuit;
  const top = nodes.length - 1;
  const inner = nodes.flatMap((node, at) => (node.kind === "number" || at === top ? [] : [at]));
  const lines = [
    `  const [${inner.map(output.gradient).join(", ")}] = grad(${nodes[top]!.name}, [${inner.map((at) => nodes[at]!.name).join(", ")}]);`,
  ];
  const outputs = inner.map(output.gradient);
  nodes.forEach((node, at) => {
    if (node.kind !== "apply") return;
    const cut = node.of.map((operand, n) => (nodes[operand]!.kind === "number" ? operandText(nodes[operand]!) : `cut$${at}_${n}`));
    const open = node.of.flatMap((operand, n) => (nodes[operand]!.kind === "number" ? [] : [n]));
    for (const n of open) lines.push(`  const cut$${at}_${n} = stopGradient(${nodes[node.of[n]!]!.name});`);
    lines.push(
      `  const [${open.map((n) => output.slope(at, n)).join(", ")}] = grad(${callOf(node, cut)}, [${open.map((n) => cut[n]!).join(", ")}]);`,
    );
    outputs.push(...open.map((n) => output.slope(at, n)), `${output.value(at)}: ${node.name}`);
  });
  return textWith(circuit, values, "probe", { imports: ["grad", "stopGradient"], lines, outputs });
}

/** What the probe said, by node. */
export function evaluated(
  { nodes }: Circuit,
  values: Readonly<Record<string, number>>,
  outputs: Readonly<Record<string, ArrayLike<number>>>,
): Evaluated {
  const one = (name: string): number => outputs[name]?.[0] ?? NaN;
  return {
    values: nodes.map((node, at) =>
      node.kind === "variable" ? values[node.name]! : node.kind === "number" ? node.value : one(output.value(at)),
    ),
    gradients: nodes.map((node, at) => (at === nodes.length - 1 ? 1 : node.kind === "number" ? NaN : one(output.gradient(at)))),
    slopes: nodes.map((node, at) =>
      node.kind === "apply" ? node.of.map((operand, n) => (nodes[operand]!.kind === "number" ? NaN : one(output.slope(at, n)))) : [],
    ),
  };
}

/** Why the formula has no value at this point, in one sentence; undefined where it has one. */
export function refusal({ nodes, variables }: Circuit, values: Readonly<Record<string, number>>): string | undefined {
  const found: number[] = [];
  for (const node of nodes) {
    if (node.kind !== "apply") {
      found.push(node.kind === "number" ? node.value : values[node.name]!);
      continue;
    }
    const [a = 0, b = 0] = node.of.map((at) => found[at]!);
    const { refuses, of } = operationOf(node);
    const where = `${node.name} = ${formula(nodes, nodes.indexOf(node), false)}`;
    const at = variables.map((name) => `${name} = ${values[name]}`).join(", ");
    const why = refuses?.(a, b);
    if (why !== undefined) return `${where} has no value at ${at}, because ${why}.`;
    const value = of(a, b);
    if (!Number.isFinite(value)) return `${where} has no value at ${at}, because it is too large for a number.`;
    found.push(value);
  }
  return undefined;
}

/** A node as a formula of the names of its operands, or, `whole`, of the variables. */
export function formula(nodes: readonly CircuitNode[], at: number, whole: boolean): string {
  const node = nodes[at]!;
  if (node.kind !== "apply") return node.name;
  const operands = node.of.map((operand) => (whole ? formula(nodes, operand, true) : nodes[operand]!.name));
  const wrap = (text: string): string => (/[\s]/.test(text) && !/^\w+\([^()]*\)$/.test(text) ? `(${text})` : text);
  const { sign } = operationOf(node);
  if (["+", "−", "×", "÷", "^"].includes(sign)) return operands.map(wrap).join(` ${sign === "×" ? "·" : sign === "÷" ? "/" : sign} `);
  if (node.op === "neg") return `−${wrap(operands[0]!)}`;
  return `${node.op}(${operands.join(", ")})`;
}

/** The slope of a node by one of its operands, as a formula of their names. */
export function slopeText(nodes: readonly CircuitNode[], at: number, operand: number): string {
  const node = nodes[at]!;
  if (node.kind !== "apply") return "";
  const [a = "", b = ""] = node.of.map((of) => nodes[of]!.name);
  return operationOf(node).slopes[operand]!(a, b);
}
