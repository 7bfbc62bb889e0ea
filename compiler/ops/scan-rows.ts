/** Where the rows of a batch lie in the results of a scan: by induction over its turns, from where its carries say that they lie. */

import { nodeOf, type Node, type Value } from "../graph/graph.ts";
import { rowsOfShape, type Rows } from "./row-kinds.ts";
import { operandOf, type ScanAttrs } from "./scan-attrs.ts";

/** The same of a node of a body. */
type RowsIn = (nodes: readonly Node[], at: number, before: (value: Value) => Rows, batch: number) => Rows;

/** Of each result of the scan number `at`. */
export function scanRows(node: Node, at: number, before: (value: Value) => Rows, batch: number, rowsIn: RowsIn): readonly Rows[] {
  const { body, carries, sequences } = node.attrs as unknown as ScanAttrs; // of a scan they are
  const met = (why: string): Rows => ({ kind: "met", node: at, why });
  const shapes = body.results.map(({ value }) => nodeOf(body, value).type.shape);
  const given = node.inputs.map((input, n): Rows => {
    const rows = before(input);
    if (n < carries) return rows.kind === "rows" ? rows : rowsOfShape(shapes[n]!, batch, at);
    return n < carries + sequences ? sliceRows(rows, met) : rows;
  });
  const inside: Rows[] = [];
  body.nodes.forEach((one, n) => {
    const rows = one.op === "input" ? given[operandOf(one)]! : rowsIn(body.nodes, n, (value) => inside[value]!, batch);
    inside.push(rows.kind === "met" ? met(rows.why) : rows);
  });
  const results = body.results.map(({ value }) => inside[value]!);
  for (let n = 0; n < carries; n++)
    for (const rows of [before(node.inputs[n]!), results[n]!])
      if (!holds(given[n]!, rows)) {
        const failed = rows.kind === "met" ? met(rows.why) : met("a carry has its rows elsewhere from turn to turn");
        return results.map(() => failed);
      }
  return results.map((rows, n): Rows => (n < carries ? given[n]! : stackRows(rows)));
}

/** Whether what has the second rows may be taken for what has the first. */
function holds(general: Rows, rows: Rows): boolean {
  if (general.kind === "none") return rows.kind === "none";
  if (general.kind !== "rows") return false;
  if (rows.kind === "rows") return rows.axis === general.axis && rows.per === general.per;
  return rows.kind === "even" && String(rows.axes) === String([general.axis]);
}

function sliceRows(rows: Rows, met: (why: string) => Rows): Rows {
  if (rows.kind === "rows") return rows.axis > 0 ? { ...rows, axis: rows.axis - 1 } : met("it goes through the rows one after the other");
  if (rows.kind !== "even") return rows;
  if (rows.axes.includes(0)) return met("it has as many turns as there are rows");
  return { ...rows, axes: rows.axes.map((axis) => axis - 1) };
}

function stackRows(rows: Rows): Rows {
  if (rows.kind === "rows") return { ...rows, axis: rows.axis + 1 };
  return rows.kind === "even" ? { ...rows, axes: rows.axes.map((axis) => axis + 1) } : rows;
}
