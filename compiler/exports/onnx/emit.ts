/** Guarantees that of a graph exactly what the wanted values need is emitted, constants as such, matches for what they stand for. */

import { bodyOf, type Graph, type Node, type Value } from "../../graph/graph.ts";
import { tensor, type Tensor } from "../../graph/type.ts";
import { opOf, type OpName } from "../../ops/index.ts";
import { number } from "../../ops/op.ts";
import { isSmall } from "../twin.ts";
import type { Emission } from "./emission.ts";
import { FORMS, type Form } from "./forms.ts";
import { recognised } from "./recognise.ts";
import type { Match } from "./view.ts";

/** Emits what values of a graph need, in order. Leaves that hold data are there already. */
export const emitAll = (e: Emission, wanted: readonly Value[]): void => emitBy(FORMS, recognised(e.twins.graph), e, wanted);

/** The same in other forms, with what is matched. */
export function emitBy(
  forms: Readonly<Record<OpName, Form>>,
  matches: ReadonlyMap<Value, Match>,
  e: Emission,
  wanted: readonly Value[],
): void {
  const { graph } = e.twins;
  const constants = constantsOf(e, graph);
  const needed = graph.nodes.map(() => false);
  for (const value of wanted) needed[value] = true;
  for (let at = graph.nodes.length - 1; at >= 0; at--) {
    const value = at as Value; // every index is one
    if (!needed[at] || e.has(value) || constants[at] !== undefined) continue;
    for (const input of matches.get(value)?.inputs ?? readBy(graph.nodes[at]!)) needed[input] = true;
  }
  graph.nodes.forEach((node, at) => {
    const value = at as Value;
    if (!needed[at] || e.has(value)) return;
    const constant = constants[at];
    const { dtype, shape } = node.type;
    if (constant !== undefined) {
      const name =
        node.op === "literal" ? e.scalar(number(node.attrs, "value"), dtype) : e.constant(dtype, shape, [...constant.data], node.name);
      e.set(value, name, shape);
    } else if (node.op === "part") e.set(value, e.parts.get(node.inputs[0]!)![number(node.attrs, "n")]!);
    else {
      const match = matches.get(value);
      if (match === undefined) forms[node.op as OpName](e, value, node);
      else match.emit(e, value);
    }
  });
}

/** What a node reads: a rule of the model's own is applied already. */
const readBy = ({ op, inputs }: Node): readonly Value[] => (op === "customVjp" ? inputs.slice(0, 1) : inputs);

/** What is computed of known numbers alone and does not grow with the batch; a spread value is none, since whoever reads it spreads it. */
function constantsOf(e: Emission, graph: Graph): readonly (Tensor | undefined)[] {
  const known: (Tensor | undefined)[] = [];
  graph.nodes.forEach((node, at) => {
    const op = opOf(node.op);
    const operands = node.inputs.map((input) => known[input]);
    const foldable =
      !e.has(at as Value) &&
      bodyOf(node) === undefined &&
      node.op !== "broadcast" &&
      (op.leaf === true ? op.view === true : node.inputs.length > 0 && operands.every((one) => one !== undefined)) &&
      isSmall(node.type.shape) &&
      !e.grows(at as Value);
    if (!foldable) return void known.push(undefined);
    const y = tensor(node.type);
    op.evaluate(operands as Tensor[], node.attrs, y); // all are known, as said above
    known.push(y);
  });
  return known;
}
