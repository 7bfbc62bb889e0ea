/**
 * Low-rank adapters as a rewrite of a declared model (Hu et al. 2021): beside each matched product x·W, W frozen, stands (α / rank)·(x·A)·B, and
 * only A and B train. B begins as zeros, so that the model begins as it is.
 *   y = dot x W   →   y = add (dot x W) (mul (dot (dot x A) B) loraScale)
 */

import { listOf, numbers, optionsOf, required, TEXT, whole } from "../graph/arguments.ts";
import { Builder } from "../graph/build.ts";
import { ModelError } from "../graph/error.ts";
import type { Attr, Graph, Node, Value } from "../graph/graph.ts";
import type { Shape } from "../graph/type.ts";
import { convAttrs, type ConvAttrs } from "../ops/conv.ts";
import { dotAttrs, type DotAttrs } from "../ops/dot.ts";
import { callsOn, opOf } from "../ops/index.ts";
import { check } from "./arguments.ts";
import type { Model, Traced } from "./declaration.ts";
import { MODEL } from "./declared.ts";
import { matches } from "./trainable.ts";

/** What `lora` is told. */
export interface LoraOptions {
  /** Columns of A, rows of B. */
  readonly rank: number;
  /** The adapters' product is scaled by alpha / rank. Default: the rank. */
  readonly alpha?: number;
  /** Patterns of the kernels that are adapted, names of parameters or layers, in which * stands for any letters. */
  readonly targets: readonly string[];
  /** Patterns of parameters that train besides, such as a new head. Default: none. */
  readonly trainable?: readonly string[];
}

/** The live scalar alpha / rank: `trainer.hyper.loraScale`. */
export const LORA_SCALE = "loraScale";

const OPTIONS = optionsOf<LoraOptions>({
  rank: required(whole("a whole number above 0", 1)),
  alpha: numbers("a finite number above 0", (alpha) => alpha > 0),
  targets: required(listOf('a list of patterns, such as ["layer4.*"]', TEXT)),
  trainable: listOf('a list of patterns, such as ["fc"]', TEXT),
});

/**
 * A model with adapters: `lora({ rank: 4, alpha: 8, targets: ["*"] })(model)`. `mergeAdapters` of adjoint/runtime adds them to the kernels,
 * `saveAdapters` writes them alone. Throws a ModelError for a target that is no kernel of a product or of a convolution of one group.
 */
export function lora(options: LoraOptions): (model: Model) => Model {
  check("lora", { options }, { options: OPTIONS });
  return (model) => {
    check("lora", { model }, { model: MODEL });
    return { ...model, trace: (request) => adapted(model.name, model.trace(request), options) };
  };
}

/** A product that is adapted, and its kernel. */
interface Target {
  readonly kernel: Node;
  readonly isConvolution: boolean;
}

/** The kernel of x·W, or of a convolution of one group, at the place of the second operand. */
function targetOf(nodes: readonly Node[], { op, inputs, attrs }: Node): Target | undefined {
  const kernel = nodes[inputs[1] ?? -1];
  if (kernel?.op !== "param") return undefined;
  if (op === "conv")
    return (attrs as unknown as ConvAttrs).featureGroups === 1 && attrs["batchGroups"] === 1 ? { kernel, isConvolution: true } : undefined;
  if (op !== "dot" || kernel.type.shape.length !== 2) return undefined;
  const { aBatch, aContract, bContract } = attrs as unknown as DotAttrs;
  const last = nodes[inputs[0]!]!.type.shape.length - 1;
  return aBatch.length === 0 && String(aContract) === String(last) && String(bContract) === "0"
    ? { kernel, isConvolution: false }
    : undefined;
}

/** The stem of an adapter's names: its layer's, or the parameter's own. */
const stemOf = (kernel: string): string => kernel.replace(/\.kernel$/, "");

function adapted(name: string, traced: Traced, { rank, alpha = rank, targets, trainable = [] }: LoraOptions): Traced {
  const { graph, phases } = traced;
  if (phases.length > 1)
    throw new ModelError({
      code: "lora/phases",
      site: name,
      law: `lora needs a model of one phase, but ${JSON.stringify(name)} has ${phases.length}`,
      operands: [],
      remedy: "Adapt a model of one loss.",
    });
  const { nodes } = graph;
  const found = nodes.flatMap((node) => targetOf(nodes, node)?.kernel.name ?? []);
  const unmatched = targets.find((pattern) => !found.some((kernel) => matches(pattern, kernel)));
  if (unmatched !== undefined)
    throw new ModelError({
      code: "lora/targets",
      site: name,
      law: `lora targets ${JSON.stringify(unmatched)}, but no product or convolution of one group has a kernel of that name`,
      operands: [],
      remedy: `The kernels are ${[...new Set(found)].join(", ")}.`,
    });
  const isTarget = (kernel: string): boolean => targets.some((pattern) => matches(pattern, kernel));
  const isTrained = (parameter: string): boolean => trainable.some((pattern) => matches(pattern, parameter));
  const kinds = new Map(traced.kinds);
  const rewritten = rebuilt(graph, { rank, scale: alpha / rank, isTarget, isTrained, kinds });
  return { ...traced, graph: rewritten, kinds, phases: phases.map(({ parameters: _, ...phase }) => phase) };
}

interface Rewriting {
  readonly rank: number;
  readonly scale: number;
  isTarget(kernel: string): boolean;
  isTrained(parameter: string): boolean;
  readonly kinds: Map<string, string>;
}

function rebuilt(graph: Graph, { rank, scale, isTarget, isTrained, kinds }: Rewriting): Graph {
  const builder = new Builder(graph.name);
  builder.reserve(graph.nodes.filter(({ op }) => op !== "literal").map((node) => node.name));
  builder.reserve(graph.aliases.map((alias) => alias.name));
  const g = callsOn(builder);
  let stream = streamsIn(graph);
  let live: Value | undefined;
  const pairs = new Map<string, readonly [a: Value, b: Value]>();
  const leaf = (op: "param" | "hyper", own: string, kernel: Node, shape: Shape, attrs: Readonly<Record<string, Attr>>): Value =>
    builder.append(opOf(op), [], attrs, own, { dtype: kernel.type.dtype, shape });
  const pairOf = ({ kernel, isConvolution }: Target): readonly [a: Value, b: Value] => {
    const known = pairs.get(kernel.name);
    if (known !== undefined) return known;
    const { shape } = kernel.type;
    const [inputs, shapeA, shapeB] = isConvolution
      ? [shape.slice(1).reduce((n, extent) => n * extent, 1), [rank, ...shape.slice(1)], [shape[0]!, rank, ...shape.slice(2).map(() => 1)]]
      : [shape[0]!, [shape[0]!, rank], [rank, shape[1]!]];
    // as PEFT begins: uniform within ±1 / √in, and zeros
    const limit = 1 / Math.sqrt(inputs);
    const stem = stemOf(kernel.name);
    const made = [
      leaf("param", `${stem}.loraA`, kernel, shapeA, { initial: ["uniform", -limit, limit, stream++], trainable: true }),
      leaf("param", `${stem}.loraB`, kernel, shapeB, { initial: ["constant", 0], trainable: true }),
    ] as const;
    for (const which of ["A", "B"]) kinds.set(`${stem}.lora${which}`, isConvolution ? "loraConvolution" : "lora");
    pairs.set(kernel.name, made);
    return made;
  };
  const moved: Value[] = [];
  const to = (value: Value): Value => moved[value]!;
  for (const node of graph.nodes) {
    builder.origin = node.origin;
    const frozen = node.op === "param" && node.attrs["trainable"] !== false && !isTrained(node.name);
    const kept = builder.keep(frozen ? { ...node, attrs: { ...node.attrs, trainable: false } } : node, node.inputs.map(to));
    const target = targetOf(graph.nodes, node);
    if (target === undefined || !isTarget(target.kernel.name)) {
      moved.push(kept);
      continue;
    }
    const [a, b] = pairOf(target);
    live ??= leaf("hyper", LORA_SCALE, target.kernel, [], { value: scale });
    const x = to(node.inputs[0]!);
    const product = target.isConvolution
      ? g.conv(g.conv(x, a, node.attrs as unknown as ConvAttrs), b, convAttrs(target.kernel.type.shape.length - 2))
      : g.dot(g.dot(x, a, node.attrs as unknown as DotAttrs), b, dotAttrs([builder.typeOf(x).shape.length - 1], [0]));
    const { shape } = builder.typeOf(product);
    const spread = g.broadcast(live, { axes: shape.map((_, axis) => axis), size: shape });
    moved.push(g.add(kept, g.mul(product, spread)));
  }
  for (const result of graph.results)
    builder.results.push(
      result.kind === "write" ? { ...result, target: to(result.target), value: to(result.value) } : { ...result, value: to(result.value) },
    );
  return { ...builder.graph(), aliases: graph.aliases.map((alias) => ({ ...alias, value: to(alias.value) })) };
}

/** The first number of a generator that no parameter of the graph begins with. */
const streamsIn = ({ nodes }: Graph): number =>
  1 +
  nodes.reduce(
    (most, { attrs }) =>
      Math.max(most, Number(attrs["stream"] ?? 0), Array.isArray(attrs["initial"]) ? Number(attrs["initial"][3] ?? 0) : 0),
    0,
  );
