/** Guarantees that a model is a function of its instance: what is declared twice is the same graph twice, or the first node that differs is named. */

import { scopesOf } from "../autodiff/scopes.ts";
import type { Phase } from "../autodiff/update.ts";
import { continued } from "../graph/continued.ts";
import { ModelError, type Operand } from "../graph/error.ts";
import { nodeOf, type Attr, type Attrs, type Graph, type Node, type Value } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import { sameType } from "../graph/type.ts";
import type { Source } from "./options.ts";
import type { Traced } from "../model/declaration.ts";
import { codeFrame } from "../model/site.ts";

/** Entry points, as they were declared. */
type Declared = readonly { readonly traced: Traced }[];

/** Declares once more; throws a ModelError where the two differ, in what they compute or in how they update. `place` is where no line is. */
export function requireSteady(declared: Declared, declare: () => Declared, place: string, source: Source | undefined): void {
  awaitClock();
  const others = declare();
  declared.forEach(({ traced }, n) => {
    const again = others[n]?.traced ?? traced;
    compare(traced.graph, again.graph, place, source);
    traced.phases.forEach((phase, at) =>
      compare(updatesOf(traced.graph, phase), updatesOf(again.graph, again.phases[at] ?? phase), place, source),
    );
  });
}

/** Waits for the clock, at most a millisecond: what is declared from the time is then declared otherwise. */
function awaitClock(): void {
  const now = Date.now();
  while (Date.now() === now);
}

/** The phase's rule, applied to parameters that stand for their own gradients: all of it but what no rule decides. */
function updatesOf(graph: Graph, phase: Phase): Graph {
  const builder = continued({ ...graph, results: [] });
  const trained = graph.nodes.flatMap((node, at) => {
    const isTrained = node.op === "param" && node.attrs["trainable"] !== false && (phase.parameters?.includes(node.name) ?? true);
    return isTrained ? [{ parameter: at as Value, gradient: at as Value }] : [];
  });
  phase.rule.update(scopesOf(builder, phase, trained));
  return builder.graph();
}

/** A graph, and the node of it that differs; undefined where the other call has more nodes. */
interface Side {
  readonly graph: Graph;
  readonly node: Node | undefined;
}

function compare(first: Graph, again: Graph, place: string, source: Source | undefined): void {
  const at =
    Array.from({ length: Math.max(first.nodes.length, again.nodes.length) }, (_, n) => n).find(
      (n) => !same(first.nodes[n], again.nodes[n]),
    ) ?? returned(first, again);
  if (at === undefined) return;
  const sides = [first, again].map((graph): Side => ({ graph, node: graph.nodes[at] }));
  const { graph, node } = sides.find((side) => side.node !== undefined)!; // at is a place in one of them
  // a number has no line of its own, but its reader has
  const reader = node!.op === "literal" ? graph.nodes.find(({ inputs }) => inputs.includes(at as Value)) : undefined;
  const site = (reader ?? node!).origin.site || place;
  const line = source !== undefined && site.startsWith(`${source.path}:`) ? Number(site.slice(source.path.length + 1)) : undefined;
  throw new ModelError({
    code: "model/unsteady",
    site,
    law: `the declaration differs from call to call: the first node that differs is ${reader === undefined ? `%${node!.name}` : `a number that %${reader.name} reads`}${difference(sides)}`,
    operands:
      reader !== undefined
        ? []
        : sides.flatMap((side, n): Operand[] =>
            side.node === undefined
              ? []
              : [
                  {
                    label: n === 0 ? "one call" : "another",
                    name: `%${side.node.name}`,
                    type: side.node.type,
                    site: `from ${side.node.op}  ${side.node.origin.site}`.trimEnd(),
                  },
                ],
          ),
    remedy:
      "A model is declared anew for each entry point and each check, so its function must make the same of the same instance. Compute once, before model(…), what comes of Math.random, Date or a counter; random weights are the initializers' work.",
    ...(line === undefined ? {} : { frame: codeFrame(source!.text, line) }),
  });
}

const same = (a: Node | undefined, b: Node | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.op === b.op &&
  a.name === b.name &&
  sameType(a.type, b.type) &&
  a.inputs.length === b.inputs.length &&
  a.inputs.every((input, n) => input === b.inputs[n]) &&
  differing(a.attrs, b.attrs) === undefined;

function sameAttr(a: Attr | undefined, b: Attr | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, n) => sameAttr(one as Attr, b[n] as Attr));
  return isBody(a) && isBody(b) ? printGraph(a) === printGraph(b) : Object.is(a, b);
}

const isBody = (attr: Attr | undefined): attr is Graph => typeof attr === "object" && "nodes" in attr;

/** The first attribute in which two nodes differ. */
const differing = (a: Attrs, b: Attrs): string | undefined => Object.keys({ ...a, ...b }).find((name) => !sameAttr(a[name], b[name]));

/** `, whose value is 0.25 in one call and 0.5 in another`, where that is short enough to say. */
function difference(sides: readonly Side[]): string {
  const [a, b] = sides.map(({ graph, node }) => (node === undefined ? undefined : textsOf(graph, node)));
  if (a === undefined || b === undefined) return "";
  const word = [...a.keys()].find((name) => a.get(name) !== b.get(name) && b.has(name));
  return word === undefined ? "" : `, ${word} ${a.get(word)} in one call and ${b.get(word)} in another`;
}

/** What a node says of itself, by the words that lead to it. */
const textsOf = (graph: Graph, { inputs, attrs }: Node): ReadonlyMap<string, string> =>
  new Map([
    ...Object.entries(attrs).flatMap(([name, value]) => (typeof value === "object" ? [] : [[`whose ${name} is`, String(value)] as const])),
    ["which reads", inputs.map((input) => `%${nodeOf(graph, input).name}`).join(", ")],
  ]);

/** The node that one call returns under a name, and the other does not. */
function returned(first: Graph, again: Graph): Value | undefined {
  const texts = [first, again].map(({ results }) => results.map((result) => JSON.stringify(result)));
  const [a = [], b = []] = texts;
  const n = Array.from({ length: Math.max(a.length, b.length) }, (_, at) => at).find((at) => a[at] !== b[at]);
  return n === undefined ? undefined : (first.results[n] ?? again.results[n])!.value;
}
