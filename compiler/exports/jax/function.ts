/** Guarantees the text of one entry point: storage under its names, the statements under their comments, what it gives back. */

import type { Graph, Value } from "../../graph/graph.ts";
import { isFloat } from "../../graph/type.ts";
import { number } from "../../ops/op.ts";
import type { ProgramEntry } from "../engine.ts";
import { Emission, type Shared, type Together } from "./emission.ts";
import { FORMS } from "./forms.ts";
import { alone, updatesIn, type Update } from "./updates.ts";
import type { OpName } from "../../ops/index.ts";
import { assignment, atom, binary, call, dict, namesOf, returned, text, tuple, WIDTH, type Expr } from "./python.ts";

const INDENTED = 4;

/** What is collected of a file while its functions are printed. */
export type File = Pick<Shared, "helpers" | "numbers" | "rules">;

const sharedBy = (entry: ProgramEntry, file: File): Shared => ({
  ...file,
  emit: (e, value, node) => FORMS[node.op as OpName](e, value, node),
  told: (e, inStep, together) => told(e, entry, inStep, together),
});

/** Statements with what is said above them. */
function told(e: Emission, entry: ProgramEntry, inStep: boolean, together: readonly Together[] = []): string[] {
  const pad = " ".repeat(e.indentation);
  const { statements, after } = entry.tell(e.graph, e.statements, inStep, e.indentation);
  const crossing = e.crossing(together);
  let changed = crossing.length === 0;
  const lines = e.statements.flatMap(({ name, value, lines: own, part }, n) => {
    const { above, comment } = statements[n]!;
    const before: string[] = [];
    if (part === "update" && inStep && !changed) {
      changed = true;
      before.push(...changing(crossing, e.indentation));
    }
    return [
      ...(own !== undefined && n > 0 ? [""] : []), // a function stands apart
      ...above.map((line) => `${pad}${line}`),
      ...before,
      ...comment.map((line) => `${pad}${line}`),
      ...(own ?? assignment(name, value!, e.indentation)),
    ];
  });
  return [...lines, ...after.map((line) => `${pad}${line}`)];
}

/** Gradients in the precision that is kept. */
function changing(names: readonly string[], indentation: number): string[] {
  const pad = " ".repeat(indentation);
  return [
    `${pad}# gradients in the precision of what they update`,
    ...names.flatMap((name) => assignment(name, call("master", atom(name)), indentation)),
  ];
}

/** A leaf as an expression, and the statements that stand before. */
function leaves(e: Emission, graph: Graph): string[] {
  const lines: string[] = [];
  const name = (value: Value, from: Expr): Expr => {
    const own = e.names.take(graph.nodes[value]!.name);
    lines.push(...assignment(own, from, INDENTED));
    return atom(own);
  };
  graph.nodes.forEach((node, at) => {
    const value = at as Value; // every index is one
    const { op } = node;
    if (op === "hole") return e.leaf(value, () => atom("0.0"));
    if (!["input", "param", "state", "hyper", "count", "constant"].includes(op)) return;
    if (!e.isRead(value)) return e.leaf(value, () => atom("None"));
    const narrowed = (from: string): Expr => (isFloat(node.type.dtype) ? call("compute", atom(from)) : atom(from));
    if (op === "count") {
      const live = name(value, call("jnp.asarray", atom("count"), atom("jnp.int32")));
      return e.leaf(value, () => live);
    }
    if (op === "constant") {
      const own = `CONSTANT_${node.name.replace(/[^A-Za-z0-9_]/g, "_")}`;
      e.shared.numbers.set(own, (node.attrs["initial"] as readonly [string, ...number[]]).slice(1) as number[]);
      const shaped = call(
        "jnp.reshape",
        call("jnp.asarray", atom(own), atom("FLOAT")),
        tuple(...node.type.shape.map((n) => atom(String(n)))),
      );
      const held = name(value, shaped);
      return e.leaf(value, () => held);
    }
    const key = op === "input" ? `batch[${text(node.name)}]` : `state[${text(op === "hyper" ? `hyper.${node.name}` : node.name)}]`;
    const kept = e.isReadIn(value, "update") ? atom(key) : undefined;
    const used = e.isReadIn(value, "forward") || e.isReadIn(value, "backward") ? name(value, narrowed(key)) : kept!;
    e.leaf(value, (part) => (part === "update" && kept !== undefined ? kept : used));
  });
  return lines;
}

function start(entry: ProgramEntry, graph: Graph, shared: Shared): { readonly e: Emission; readonly lines: readonly string[] } {
  const together = entry.kind === "step" ? updatesIn(graph).map((update) => ruleOf(graph, update, shared)) : [];
  const e = new Emission(graph, namesOf([...shared.rules.values()].map(({ name }) => name)), shared, INDENTED);
  const lines = leaves(e, graph);
  e.run(together);
  return { e, lines: [...lines, ...shared.told(e, entry.kind === "step", together)] };
}

/** A rule as a function of a parameter, its gradient and its states, and the call of it. */
function ruleOf(graph: Graph, update: Update, shared: Shared): Together {
  const { key, nodes, given, results } = update;
  const values = given.map(({ value }) => value);
  const known = shared.rules.get(key) ?? { name: freeName(update.rule, shared), lines: [] };
  if (!shared.rules.has(key)) shared.rules.set(key, { ...known, lines: printRule(known.name, update, alone(graph, update), shared) });
  return { nodes, given: values, results, make: (all) => call(known.name, ...all) };
}

const freeName = (rule: string, { rules }: Shared): string =>
  namesOf([...rules.values()].map(({ name }) => name)).take(/[A-Za-z]\w*/.exec(rule)?.[0] ?? "update");

function printRule(name: string, { given, words }: Update, graph: Graph, shared: Shared): string[] {
  const names = namesOf();
  const e = new Emission(graph, names, shared, INDENTED);
  const parameters = given.map((one, n) => {
    const own = names.take(one.name);
    e.leaf(n as Value, () => atom(own)); // leaves come first
    return { own, crosses: one.crosses };
  });
  e.run();
  const made = graph.results.map(({ value }) => e.result(value));
  return [
    `def ${name}(${parameters.map(({ own }) => own).join(", ")}):`,
    ...(words === "" ? [] : docstring(words)),
    ...parameters.flatMap(({ own, crosses }) => (crosses ? assignment(own, call("master", atom(own)), INDENTED) : [])),
    ...e.statements.flatMap((one) => assignment(one.name, one.value!, INDENTED)),
    ...returned(tuple(...made), INDENTED).map(bare),
  ];
}

/** A text in lines that fit. */
function docstring(words: string): string[] {
  const line = `    """${words}"""`;
  if (line.length <= WIDTH) return [line];
  return ['    """', ...words.split("; ").map((part, n, all) => `    ${part}${n < all.length - 1 ? ";" : ""}`), '    """'];
}

/** `return a, b`, without brackets. */
const bare = (line: string): string => line.replace(/^( *return )\((.*[^,])\)$/, "$1$2");

/** The head of a function of state, batch and count. */
export function signature(name: string, { batch }: Pick<ProgramEntry, "batch">, gives: string): string[] {
  const given = `state: State, batch: Batch, count: Count = ${batch}`;
  const line = `def ${name}(${given}) -> ${gives}:`;
  return line.length <= WIDTH ? [line] : [`def ${name}(`, `    ${given}`, `) -> ${gives}:`];
}

/** A phase of a step: its new state, and its loss before the update. */
export function printStep(entry: ProgramEntry, name: string, file: File): string[] {
  const { graph } = entry;
  const { e, lines } = start(entry, graph, sharedBy(entry, file));
  const writes = graph.results.flatMap((result) =>
    result.kind === "write" ? [[graph.nodes[result.target]!.name, e.result(result.value)] as const] : [],
  );
  const loss = graph.results.find((result) => result.kind === "loss")!;
  return [
    ...signature(name, entry, "tuple[State, jax.Array]"),
    `    """One step on a batch whose first \`count\` rows are real: the new state, and the loss before it."""`,
    ...lines,
    ...assignment("new", dict(writes), INDENTED),
    ...returned(tuple(call("stored", atom("state"), atom("new")), e.result(loss.value)), INDENTED).map(bare),
  ];
}

/** Loss and metrics, each times the rows. */
export function printEvaluate(entry: ProgramEntry, file: File): string[] {
  const { graph } = entry;
  const { e, lines } = start(entry, graph, sharedBy(entry, file));
  const means = graph.results.flatMap((result) =>
    result.kind === "loss" ? [[result.name, binary("*", e.result(result.value), atom("count"))] as const] : [],
  );
  return [
    `def evaluate(state: State, batch: Batch, count: Count = ${entry.batch}) -> dict[str, jax.Array]:`,
    `    """Loss and metrics of one batch, each its mean times \`count\`: sums over batches, to be divided."""`,
    ...lines,
    ...returned(dict([...means, ["count", call("jnp.asarray", atom("count"))]]), INDENTED),
  ];
}

/** The model's outputs. */
export function printPredict(entry: ProgramEntry, file: File): string[] {
  const { graph } = entry;
  const { e, lines } = start(entry, graph, sharedBy(entry, file));
  const outputs = graph.results.flatMap((result) => (result.kind === "output" ? [[result.name, e.result(result.value)] as const] : []));
  return [
    "def predict(state: State, batch: Batch) -> dict[str, jax.Array]:",
    `    """The model's outputs for one batch."""`,
    ...lines,
    ...returned(dict(outputs), INDENTED),
  ];
}

/** The loss of a training batch alone, to be differentiated by others, and our gradients. */
export function printGradients(entry: ProgramEntry, file: File): string[] {
  const { graph } = entry;
  const gradients: Graph = { ...graph, results: graph.results.filter(({ kind }) => kind === "output") };
  const { e, lines } = start(entry, gradients, sharedBy(entry, file));
  const all = gradients.results.flatMap((result) => (result.kind === "output" ? [[result.name, e.result(result.value)] as const] : []));
  const loss = graph.results.find((result) => result.kind === "loss")!;
  const alone: Graph = { ...graph, results: [loss] };
  const forward = start(entry, alone, sharedBy(entry, file));
  return [
    `def forward(state: State, batch: Batch, count: Count = ${entry.batch}) -> jax.Array:`,
    `    """The loss of one batch, and nothing else."""`,
    ...forward.lines,
    ...returned(forward.e.result(loss.value), INDENTED),
    "",
    "",
    `def gradients(state: State, batch: Batch, count: Count = ${entry.batch}) -> dict[str, jax.Array]:`,
    `    """The gradients of the loss of one batch, by parameter and input."""`,
    ...lines,
    ...returned(dict(all), INDENTED),
  ];
}

/** Of a hyper its value, by name. */
export const hypersOf = (graph: Graph): readonly (readonly [name: string, value: number])[] =>
  graph.nodes.flatMap(({ op, name, attrs }) => (op === "hyper" ? [[name, number(attrs, "value")] as const] : []));
