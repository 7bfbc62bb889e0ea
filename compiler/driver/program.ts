/** Guarantees a model differentiated and simplified, entry by entry, with what stands in its checkpoints: all that a printer of another engine's source needs. */

import { placeOf, type Graph, type Node, type Value } from "../graph/graph.ts";
import type { DType, Shape } from "../graph/type.ts";
import { literal } from "../loop/build.ts";
import type { Call, Doc } from "../loop/loop.ts";
import type { Model } from "../model/declaration.ts";
import { opOf } from "../ops/index.ts";
import { docsOf, roleOf } from "../passes/definitions/define.ts";
import { toSimplified } from "../passes/index.ts";
import { choiceOf, OPTIONAL } from "../passes/selection.ts";
import { wrapped } from "../targets/typescript/comment.ts";
import { tellingOf, type Comments } from "../targets/typescript/telling.ts";
import { VERSION } from "../version.ts";
import { entriesOf, rowsOf } from "./entries.ts";
import { lower } from "./lower.ts";
import { observe } from "./observe.ts";
import { commandOf, type CompileOptions } from "./options.ts";
import { printable } from "../graph/printable.ts";

/** Convolutions over dilated inputs are left as they are: others know them. */
const PASSES = OPTIONAL.filter((pass) => pass !== "phases");
const WIDEST = 100;

const COMMENTS: Comments = {
  begins: "# ",
  lines: (text, indentation) =>
    wrapped(printable(text), WIDEST - indentation, WIDEST - indentation - 4).map((part, n) =>
      `#${n === 0 ? " " : "     "}${part}`.trimEnd(),
    ),
};

/** The program of a model: its entries, of which `gradients` is one where it is asked for, and what it keeps. */
export async function programOf(model: Model, options: Pick<CompileOptions, "source" | "batch" | "entries" | "dtype">) {
  const { module, facts, target } = await lower(model, options);
  const declared = [
    ...entriesOf(model, options, "trainer"),
    ...(options.entries?.includes("gradients") === true ? entriesOf(model, options, "gradients") : []),
  ];
  const choice = choiceOf(PASSES);
  const graphs = new Map<string, Graph>();
  const entries = declared.map(({ name, purpose, traced }) => {
    const watch = observe(name, { timings: [], stages: [] }, () => false, commandOf(options));
    const graph = toSimplified(purpose, { machine: target.machine, choice }).run(traced.graph, watch);
    graphs.set(name, graph);
    const kind =
      purpose.kind === "train" ? "step" : purpose.kind === "gradients" ? "gradients" : name === "evaluate" ? "evaluate" : "predict";
    return {
      name,
      kind: kind as "step" | "evaluate" | "predict" | "gradients",
      graph,
      batch: rowsOf(model, options, name),
      meets: traced.meeting !== undefined,
      tell: (of: Graph, statements: readonly Told[], inStep: boolean, indentation: number) => tell(of, statements, inStep, indentation),
    };
  });
  const nodes = new Map<string, Node>(
    [...graphs.values()].flatMap((graph) => graph.nodes.map((node) => [`${node.op} ${node.name}`, node] as const)),
  );
  const kept = (role: "parameter" | "state") =>
    module.buffers.flatMap((buffer): Kept[] => {
      if (buffer.role !== role) return [];
      const node = nodes.get(`${role === "parameter" ? "param" : "state"} ${buffer.name}`);
      const initial = (node?.attrs["initial"] ?? ["constant", 0]) as unknown as Kept["initial"]; // written by model/initializers
      return [{ name: buffer.name, dtype: buffer.dtype, shape: buffer.shape, initial }];
    });
  return {
    name: model.name,
    version: VERSION,
    dtype: options.dtype ?? "f32",
    ...(facts.source === undefined ? {} : { source: facts.source }),
    hash: facts.graph,
    entries,
    parameters: kept("parameter"),
    state: kept("state"),
  };
}

interface Kept {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly initial: readonly [kind: string, ...numbers: number[]];
}

/** A statement, and the nodes that it computes. */
interface Told {
  readonly name: string;
  readonly nodes: readonly Value[];
}

const docs = new WeakMap<Graph, readonly (readonly Doc[])[]>();

/** What is said above statements: as above those of the emitted trainer. */
function tell(graph: Graph, statements: readonly Told[], inStep: boolean, indentation: number) {
  const known = docs.get(graph) ?? docsOf(graph);
  docs.set(graph, known);
  const calls = statements.map(({ name, nodes }): Call => {
    const own = nodes.flatMap((value) => known[value]!);
    const doc = own.length > 0 ? own : nodes.map((value) => docOf(graph, value));
    return { kind: "let", name, dtype: "f32", value: literal(0, "f32"), doc };
  });
  const told = tellingOf({ calls }, inStep, undefined, { ...COMMENTS, lines: (text) => COMMENTS.lines(text, indentation) });
  return told;
}

/** Of a movement or a loop, which stand in their readers' lines elsewhere. */
function docOf(graph: Graph, value: Value): Doc {
  const node = graph.nodes[value]!;
  const names = node.inputs.map((input) => graph.nodes[input]!.name);
  const types = node.inputs.map((input) => graph.nodes[input]!.type);
  const maths = `${node.name} = ${opOf(node.op).maths(names, node.attrs, types)}`;
  const said = { maths, node: node.name, role: roleOf(node), ...placeOf(node.origin) };
  const { origin } = node;
  return origin.role === "cotangent" ? { ...said, adjoint: { of: origin.of, law: origin.rule } } : said;
}
