/** The arena over a run: a rectangle a buffer, from the statement that needs it first to the last; what is kept from step to step lies beside, in little. */

import type { App, Change, Pane } from "./app.ts";
import { bytes, h, pressed, s } from "./dom.ts";
import type { Buffer } from "./links.ts";

const WIDTH = 900;
const HEIGHT = 250;
const LEFT = 2;
const TOP = 8;
/** What is always held gets this much of the height, whatever its bytes. */
const KEPT = 44;
const GAP = 8;

export class ArenaPane implements Pane {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #title = h("p", { class: "note" });
  readonly #plot = h("div", { class: "plot" });
  #rects = new Map<string, SVGElement>();
  #cursor: SVGElement | undefined;
  #xOf: (statement: number) => number = () => 0;
  #lit: Element[] = [];

  constructor(app: App) {
    this.#app = app;
    this.element = h(
      "section",
      { class: "pane arena", id: "memory", "aria-labelledby": "memory-title" },
      h("h2", { id: "memory-title" }, "Arena over time"),
      this.#title,
      this.#plot,
    );
  }

  show({ links, lit, state, fresh }: Change): void {
    if (fresh) this.#draw();
    for (const one of this.#lit) one.classList.remove("lit", "reads", "writes", "beside");
    this.#lit = [];
    const { chosen } = state;
    const light = (id: string, name: string): void => {
      const rect = this.#rects.get(id);
      if (rect === undefined) return;
      rect.classList.add(name);
      this.#lit.push(rect);
    };
    for (const id of lit?.buffers ?? []) light(links.buffers.get(id)?.of ?? id, "lit");
    const one = chosen?.kind === "statement" ? links.statement(chosen.number) : undefined;
    const [only] = lit?.statements.size === 1 ? lit.statements : [];
    const at = one?.number ?? only;
    this.#cursor?.setAttribute("visibility", at === undefined ? "hidden" : "visible");
    if (at !== undefined) this.#cursor?.setAttribute("x", String(this.#xOf(at)));
    if (one !== undefined)
      for (const buffer of links.view.buffers)
        if (links.isHeldAt(buffer, one.number) && lit?.buffers.has(buffer.id) !== true) light(buffer.id, "beside");
  }

  #draw(): void {
    const { links } = this.#app;
    const { statements, arenaBytes, lowerBound } = links.run;
    const columns = statements.length + 1; // one more, where the caller reads what is shown
    const all = links.view.buffers.filter(({ of, life }) => of === undefined && (life === "always" || life.entry === links.entry));
    const kept = all.filter(({ life }) => life === "always");
    const keptEnd = kept.reduce((end, { offset, bytes: size }) => Math.max(end, offset + size), 0);
    const keptHeight = kept.length === 0 ? 0 : KEPT;
    const step = (WIDTH - LEFT) / columns;
    const xOf = (statement: number): number => LEFT + (statement - 1) * step;
    const from = TOP + keptHeight + (keptHeight === 0 ? 0 : GAP);
    const span = Math.max(1, arenaBytes - keptEnd);
    const yOf = (at: number): number =>
      at < keptEnd ? TOP + (at / Math.max(1, keptEnd)) * keptHeight : from + ((at - keptEnd) / span) * (HEIGHT - from - 18);
    this.#xOf = xOf;
    this.#rects = new Map();
    const svg = s("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "group",
      "aria-label": "Buffers by address and time",
    });
    this.#cursor = s("rect", { class: "now", x: 0, y: TOP, width: Math.max(step, 1), height: HEIGHT - TOP - 18, visibility: "hidden" });
    svg.append(this.#cursor);
    for (const buffer of all) svg.append(this.#rectOf(buffer, xOf, step, yOf, columns));
    this.#plot.replaceChildren(svg, h("div", { class: "axis" }, h("span", {}, "statement 1"), h("span", {}, `${statements.length}`)));
    const held = `${bytes(arenaBytes)}, of which ${bytes(keptEnd)} are kept from step to step (the band above, not to scale)`;
    this.#title.textContent = `${links.entry}: ${held}; no placing could do with less than ${bytes(lowerBound)}.`;
  }

  #rectOf(buffer: Buffer, xOf: (statement: number) => number, step: number, yOf: (at: number) => number, columns: number): SVGElement {
    const { id, role, offset, bytes: size, life, over } = buffer;
    const [first, last] = life === "always" ? [1, columns] : [life.first, life.last];
    const choose = (): void => this.#app.choose({ kind: "buffer", id });
    const [top, bottom] = [yOf(offset), yOf(offset + size)];
    // a result lies over its operand where both are held
    const x = xOf(first) + (over === undefined ? 0 : step / 2);
    const when = life === "always" ? "always" : `statements ${first} to ${last}`;
    const rect = s(
      "rect",
      {
        class: `buffer ${role}`,
        x,
        y: top,
        width: Math.max(1.5, xOf(last + 1) - x),
        height: Math.max(1.5, bottom - top),
        tabindex: 0,
        role: "button",
        "aria-label": `${id}, ${role}, ${bytes(size)} at ${offset}, ${when}`,
        click: choose,
        keydown: pressed(choose),
      },
      s("title", {}, `${id}: ${role}, ${bytes(size)} at ${offset}, ${when}`),
    );
    this.#rects.set(id, rect);
    return rect;
  }
}
