/** A scan as lax.scan: its body is a function inside, which reads what is constant by name. */

import type { Node, Value } from "../../graph/graph.ts";
import { operandOf, type ScanAttrs } from "../../ops/scan-attrs.ts";
import { Emission, type Made } from "./emission.ts";
import { assignment, atom, named, returned, suffix, tuple, WIDTH, type Expr } from "./python.ts";

export function loop(e: Emission, value: Value, node: Node): Made {
  const { body, carries, sequences, steps, reverse } = node.attrs as ScanAttrs;
  const own = e.names.take(`${node.name}_turn`);
  const [carried, stacked] = [e.names.take(`${node.name}_carried`), e.names.take(`${node.name}_stacked`)];
  const inner = new Emission(body, e.names.nested(), e.shared, e.indentation + 4);
  const operands = node.inputs.map((input) => e.full(input));
  const slots = operands.map((operand, n): Expr => {
    const at = body.nodes.findIndex((one) => one.op === "input" && operandOf(one) === n);
    // constants are read from outside
    const expr =
      n >= carries + sequences ? operand : atom(at < 0 || !inner.isRead(at as Value) ? "_" : inner.names.take(body.nodes[at]!.name));
    body.nodes.forEach((one, place) => {
      if (one.op === "input" && operandOf(one) === n) inner.leaf(place as Value, () => expr);
    });
    return expr;
  });
  inner.run();
  const results = body.results.map((result) => inner.result(result.value));
  const pad = " ".repeat(e.indentation);
  const read = (from: string, names: readonly Expr[]): string[] =>
    names.length === 0
      ? []
      : unpacking(
          names.map((one) => (one.kind === "atom" ? one.text : "_")),
          from,
          e.indentation + 4,
        );
  const lines = [
    `${pad}def ${own}(carry, xs):`,
    ...read("carry", slots.slice(0, carries)),
    ...read("xs", slots.slice(carries, carries + sequences)),
    ...e.shared.told(inner, false),
    ...returned(tuple(tuple(...results.slice(0, carries)), tuple(...results.slice(carries))), e.indentation + 4),
    "",
    ...assignment(
      `${carried}, ${stacked}`,
      named("lax.scan", [atom(own), tuple(...operands.slice(0, carries)), tuple(...operands.slice(carries, carries + sequences))], {
        length: atom(String(steps)),
        ...(reverse ? { reverse: atom("True") } : {}),
      }),
      e.indentation,
    ),
  ];
  e.lines(own, value, lines);
  e.parts.set(
    value,
    results.map((_, n) => suffix(atom(n < carries ? carried : stacked), `[${n < carries ? n : n - carries}]`)),
  );
  return undefined;
}

/** `a, b = from`, in lines where it does not fit in one. */
function unpacking(names: readonly string[], from: string, indentation: number): string[] {
  const pad = " ".repeat(indentation);
  const line = `${pad}${names.length === 1 ? `(${names[0]!},)` : names.join(", ")} = ${from}`;
  return line.length <= WIDTH ? [line] : [`${pad}(`, ...names.map((name) => `${pad}    ${name},`), `${pad}) = ${from}`];
}
