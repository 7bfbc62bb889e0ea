/** The circuit as a drawing: a node an operation, a wire a value, above it the value and below it the gradient. */

import { shown, svg } from "../dom.ts";
import { formula, type Circuit, type Evaluated } from "./circuit.ts";
import { layout } from "./layout.ts";
import { OPERATIONS } from "./operations.ts";
import { knownAfter, type Step } from "./steps.ts";

const RADIUS = 22;

/** The drawing after the first `done` of the steps. */
export function draw(circuit: Circuit, found: Evaluated, steps: readonly Step[], done: number): SVGSVGElement {
  const { nodes } = circuit;
  const { width, height, at } = layout(circuit);
  const known = knownAfter(circuit, steps, done);
  const current = done === steps.length ? undefined : steps[done - 1];
  const top = nodes.length - 1;
  const root = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    class: "circuit",
    role: "img",
    "aria-label": `Circuit of ${formula(nodes, top, true)}`,
    style: `max-width:${width * 1.35}px;min-width:${Math.round(width * 0.76)}px`,
  });
  const wires = svg("g", { class: "wires" });
  const labels = svg("g", { class: "labels" });
  nodes.forEach((node, n) => {
    if (node.kind !== "apply") return;
    node.of.forEach((operand, which) => {
      const [from, to] = [at[operand]!, at[n]!];
      const same = node.of.length === 2 && node.of[0] === node.of[1];
      const bend = same ? (which === 0 ? -18 : 18) : 0;
      const [x1, y1, x2, y2] = [from.x + RADIUS, from.y, to.x - RADIUS, to.y + (node.of.length === 2 ? (which === 0 ? -7 : 7) : 0)];
      const middle = (x1 + x2) / 2;
      const isNow = current !== undefined && current.node === n;
      wires.append(
        svg("path", {
          d: `M ${x1} ${y1} C ${middle} ${y1 + bend}, ${middle} ${y2 + bend}, ${x2} ${y2}`,
          class: `wire${isNow ? ` now ${current.direction}` : ""}`,
        }),
      );
      const slope = found.slopes[n]![which]!;
      const went = known.gradients[n] && steps.slice(0, done).some((step) => step.direction === "backward" && step.node === n);
      if (went && nodes[operand]!.kind !== "number")
        labels.append(
          svg("text", { x: x2 - 3, y: y2 + (which === 0 ? -7 : 17), class: "slope", "text-anchor": "end" }, `×${shown(slope, 3)}`),
        );
    });
  });
  const drawn = nodes.map((node, n) => {
    const { x, y } = at[n]!;
    const isNow = current?.node === n;
    const group = svg(
      "g",
      {
        class: `node ${node.kind}${isNow ? ` now ${current.direction}` : ""}`,
        "data-node": node.name,
        "data-value": String(found.values[n]),
        "data-gradient": String(found.gradients[n]),
      },
      svg("title", {}, node.kind === "apply" ? `${node.name} = ${formula(nodes, n, false)}` : node.name),
      svg("circle", { cx: x, cy: y, r: node.kind === "number" ? 17 : RADIUS }),
      svg("text", { x, y: y + 5, class: "sign", "text-anchor": "middle" }, node.kind === "apply" ? OPERATIONS[node.op].sign : node.name),
    );
    if (node.kind === "apply") group.append(svg("text", { x, y: y - RADIUS - 7, class: "name", "text-anchor": "middle" }, node.name));
    if (n === top) wires.append(svg("path", { d: `M ${x + RADIUS} ${y} H ${x + RADIUS + 54}`, class: "wire" }));
    if (node.kind !== "number" && known.values[n])
      group.append(svg("text", { x: x + RADIUS + 4, y: y - 6, class: "value" }, shown(found.values[n]!)));
    if (known.gradients[n]) group.append(svg("text", { x: x + RADIUS + 4, y: y + 17, class: "gradient" }, shown(found.gradients[n]!)));
    return group;
  });
  root.append(wires, ...drawn, labels);
  return root;
}
