/** The graph in rows that open, a layer each: forward, backward and update side by side. */

import { BOX, labelOf } from "../../compiler/inspector/boxes.ts";
import type { Cell, Row } from "../../compiler/inspector/layout.ts";
import type { PageEntry } from "../../compiler/inspector/data.ts";
import type { App, Change, Pane } from "./app.ts";
import { h, pressed, reveal, s } from "./dom.ts";

const PARTS = ["forward", "backward", "update"] as const;
/** Nodes of a graph that is shown whole at first. */
const FEW = 90;
const MOST_LETTERS = 27;
/** Boxes are drawn smaller where there is no room, but not so that nobody reads them. */
const LEAST_SCALE = 0.7;

const shortened = (text: string): string => (text.length <= MOST_LETTERS ? text : `${text.slice(0, MOST_LETTERS - 1)}…`);

interface Drawn {
  readonly element: HTMLElement;
  readonly head: HTMLElement;
  readonly row: Row;
  cells: HTMLElement | undefined;
}

export class GraphPane implements Pane {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #scroll = h("div", { class: "rows", tabindex: 0, role: "group", "aria-label": "Layers" });
  #rows: Drawn[] = [];
  #entry: PageEntry;
  /** By node: its row, and its box once that is open. */
  #rowOf = new Map<string, number>();
  #boxes = new Map<string, SVGGElement>();
  #edges: { readonly from: string; readonly to: string; readonly path: SVGElement }[] = [];
  #lit: Element[] = [];
  #shown: number | undefined;

  constructor(app: App) {
    this.#app = app;
    this.#entry = app.data.entries[0]!;
    const all = (open: boolean) => (): void => this.#rows.forEach((_, n) => this.#open(n, open));
    this.element = h(
      "section",
      { class: "pane graph", id: "graph", "aria-labelledby": "graph-title" },
      h(
        "h2",
        { id: "graph-title" },
        h("span", {}, "Graph"),
        h(
          "span",
          { class: "choices" },
          h("button", { type: "button", click: all(true) }, "open all"),
          h("button", { type: "button", click: all(false) }, "fold"),
        ),
      ),
      h(
        "div",
        { class: "lanes", "aria-hidden": "true" },
        h("span", { class: "forward" }, "forward ↓"),
        h("span", { class: "backward" }, "backward ↑"),
      ),
      this.#scroll,
    );
  }

  show({ lit, state }: Change): void {
    if (this.#shown !== state.entry) this.#draw(state.entry);
    for (const element of this.#lit) element.classList.remove("lit", "chained");
    this.#lit = [];
    if (lit === undefined) return;
    const light = (element: Element | undefined, name: string): void => {
      if (element === undefined) return;
      element.classList.add(name);
      this.#lit.push(element);
    };
    const rows = new Set([...lit.nodes].flatMap((id) => this.#rowOf.get(id) ?? []));
    // one row is opened; of many it is enough to see which
    if (rows.size <= 2) for (const row of rows) this.#open(row, true);
    for (const row of rows) light(this.#rows[row]!.element, "lit");
    for (const id of lit.chain) {
      light(this.#rows[this.#rowOf.get(id) ?? -1]?.element, "chained");
      if (!lit.nodes.has(id)) light(this.#boxes.get(id), "chained");
    }
    for (const id of lit.nodes) light(this.#boxes.get(id), "lit");
    const chain = new Set([...lit.chain, ...lit.nodes]);
    for (const { from, to, path } of this.#edges) {
      if (lit.nodes.has(from) || lit.nodes.has(to)) light(path, "lit");
      else if (chain.has(from) && chain.has(to)) light(path, "chained");
    }
    const [first] = lit.nodes;
    const box = first === undefined ? undefined : this.#boxes.get(first);
    const folded = box?.closest("details");
    if (folded) folded.open = true;
    const row = first === undefined ? undefined : this.#rows[this.#rowOf.get(first) ?? -1];
    const target = box ?? row?.element;
    if (box !== undefined) reveal(box.closest(".cell")!, box);
    if (target !== undefined) reveal(this.#scroll, target);
  }

  #draw(entry: number): void {
    this.#shown = entry;
    this.#entry = this.#app.data.entries[entry]!;
    this.#rowOf = new Map();
    this.#boxes = new Map();
    this.#edges = [];
    const { rows, nodes } = this.#entry;
    this.#rows = rows.map((row, n) => this.#rowFor(row, n));
    rows.forEach((row, n) => {
      for (const part of PARTS) for (const [node] of row.cells[part]?.nodes ?? []) this.#rowOf.set(nodes[node]!.id, n);
    });
    this.#scroll.replaceChildren(...this.#rows.map(({ element }) => element));
    if (nodes.length <= FEW) this.#rows.forEach((_, n) => this.#open(n, true));
  }

  #rowFor(row: Row, n: number): Drawn {
    const counts = PARTS.map((part) => {
      const many = row.cells[part]?.nodes.length ?? 0;
      return h("span", { class: `count ${part}`, title: `${many} ${part}` }, many === 0 ? "" : String(many));
    });
    const head = h(
      "button",
      { type: "button", class: "head", "aria-expanded": "false", click: () => this.#open(n, this.#rows[n]!.cells === undefined) },
      h("span", { class: "name" }, row.title),
      row.words === undefined ? undefined : h("span", { class: row.kind === "line" ? "words mono" : "words" }, row.words),
      h("span", { class: "counts" }, ...counts),
    );
    return { element: h("div", { class: "row" }, head), head, row, cells: undefined };
  }

  #open(n: number, open: boolean): void {
    const drawn = this.#rows[n]!;
    if (open === (drawn.cells !== undefined)) return;
    drawn.head.setAttribute("aria-expanded", String(open));
    if (!open) {
      for (const part of PARTS) for (const [node] of drawn.row.cells[part]?.nodes ?? []) this.#boxes.delete(this.#entry.nodes[node]!.id);
      drawn.cells!.remove();
      drawn.cells = undefined;
      return;
    }
    drawn.cells = h("div", { class: "cells" }, ...PARTS.map((part) => this.#cellFor(drawn.row.cells[part], part)));
    drawn.element.append(drawn.cells);
  }

  #cellFor(cell: Cell | undefined, part: string): HTMLElement {
    const element = h("div", { class: `cell ${part}${cell === undefined ? " none" : ""}` });
    if (cell === undefined) return element;
    if (part === "update") {
      // of every weight the same: it opens by itself
      const inside = h("div", { class: "cell update" }, this.#drawing(cell, part));
      return h("details", { class: "updates update" }, h("summary", {}, `update, ${cell.nodes.length} nodes`), inside);
    }
    element.append(this.#drawing(cell, part));
    return element;
  }

  #drawing(cell: Cell, part: string): SVGSVGElement {
    const { nodes } = this.#entry;
    const svg = s("svg", {
      width: cell.width,
      height: cell.height,
      viewBox: `0 0 ${cell.width} ${cell.height}`,
      role: "group",
      "aria-label": part,
    });
    for (const [from, to, ...points] of cell.edges) {
      const path = s("path", { class: "edge", d: pathOf(points) });
      this.#edges.push({ from: nodes[from!]!.id, to: nodes[to!]!.id, path });
      svg.append(path);
    }
    for (const [node, x, y, width] of cell.nodes) {
      const { id, maths = id } = nodes[node]!;
      const choose = (): void => this.#app.choose({ kind: "node", id });
      const box = s(
        "g",
        {
          class: `box ${nodes[node]!.inputs.length === 0 ? "given" : ""}`,
          transform: `translate(${x - width / 2} ${y - BOX / 2})`,
          tabindex: 0,
          role: "button",
          click: choose,
          keydown: pressed(choose),
        },
        s("rect", { width, height: BOX, rx: 6 }, s("title", {}, maths)),
        s("text", { x: width / 2, y: 15, class: "id" }, shortened(id)),
        s("text", { x: width / 2, y: 28, class: "op" }, shortened(labelOf(nodes[node]!))),
      );
      this.#boxes.set(id, box);
      svg.append(box);
    }
    svg.style.setProperty("min-width", `${Math.round(LEAST_SCALE * cell.width)}px`);
    return svg;
  }
}

/** Through the points, straight with soft turns. */
function pathOf(points: readonly number[]): string {
  let path = `M${points[0]} ${points[1]}`;
  for (let n = 2; n < points.length - 2; n += 2) {
    const [x, y, nextX, nextY] = points.slice(n, n + 4) as [number, number, number, number];
    path += n === points.length - 4 ? `Q${x} ${y} ${nextX} ${nextY}` : `Q${x} ${y} ${(x + nextX) / 2} ${(y + nextY) / 2}`;
  }
  return path;
}
