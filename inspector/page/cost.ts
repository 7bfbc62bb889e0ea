/** What each statement costs at best, by the roofline of the machine that its loops are made for. */

import type { PageStatement } from "../../compiler/inspector/data.ts";
import type { App, Change, Pane } from "./app.ts";
import { bytes, grouped, h, micros, s } from "./dom.ts";

type Order = "statement" | "cost";

export class CostPane implements Pane {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #body = h("tbody");
  readonly #note = h("p", { class: "note" });
  readonly #orders: readonly HTMLElement[];
  #order: Order = "cost";
  #rows = new Map<number, HTMLElement>();
  #lit: Element[] = [];

  constructor(app: App) {
    this.#app = app;
    this.#orders = (["cost", "statement"] as const).map((order) =>
      h(
        "button",
        { type: "button", "aria-pressed": String(order === this.#order), click: () => this.#sort(order) },
        order === "cost" ? "by cost" : "in order",
      ),
    );
    const heads = ["", "kernel", "of the whole", "at best", "FLOPs", "bytes moved", "limited by"];
    this.element = h(
      "section",
      { class: "pane cost", id: "cost", "aria-labelledby": "cost-title" },
      h(
        "h2",
        { id: "cost-title" },
        h("span", {}, "Cost"),
        h("span", { class: "choices", role: "group", "aria-label": "Order" }, ...this.#orders),
      ),
      this.#note,
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "group", "aria-label": "Costs of kernels" },
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ...heads.map((head) => h("th", { scope: "col" }, head === "" ? h("span", { class: "unseen" }, "statement") : head)),
            ),
          ),
          this.#body,
        ),
      ),
    );
  }

  show({ lit, fresh }: Change): void {
    if (fresh) this.#draw();
    for (const row of this.#lit) row.classList.remove("lit");
    this.#lit = [];
    for (const number of lit?.statements ?? []) {
      const row = this.#rows.get(number);
      if (row === undefined) continue;
      row.classList.add("lit");
      this.#lit.push(row);
    }
  }

  #sort(order: Order): void {
    this.#order = order;
    this.#orders.forEach((button, n) => button.setAttribute("aria-pressed", String((["cost", "statement"] as const)[n] === order)));
    this.#draw();
    this.show({
      links: this.#app.links,
      state: this.#app.state,
      lit: this.#app.state.chosen && this.#app.links.litBy(this.#app.state.chosen),
      fresh: false,
    });
  }

  #draw(): void {
    const { run } = this.#app.links;
    const timeOf = ({ atBest, times }: PageStatement): number => (atBest?.seconds ?? 0) * times;
    const kernels = run.statements.filter(({ kind }) => kind === "kernel");
    const whole = kernels.reduce((sum, one) => sum + timeOf(one), 0);
    const shown = this.#order === "cost" ? kernels.toSorted((a, b) => timeOf(b) - timeOf(a)) : kernels;
    const most = Math.max(...kernels.map(timeOf), 1e-12);
    this.#rows = new Map();
    this.#body.replaceChildren(
      ...shown.map((one) => {
        const { number, kernel, flops, bytesMoved, times, atBest } = one;
        const choose = (): void => this.#app.choose({ kind: "statement", number });
        const share = timeOf(one) / most;
        const bar = s(
          "svg",
          { class: `bar ${atBest?.limit ?? ""}`, viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
          s("rect", { width: 100 * share, height: 8 }),
        );
        const row = h(
          "tr",
          {},
          h("td", {}, String(number)),
          h("td", {}, h("button", { type: "button", class: "link", click: choose }, kernel ?? ""), times === 1 ? undefined : ` ×${times}`),
          h("td", { class: "share" }, bar, `${((100 * timeOf(one)) / Math.max(whole, 1e-12)).toFixed(1)} %`),
          h("td", {}, micros(timeOf(one))),
          h("td", {}, grouped(flops * times)),
          h("td", {}, bytes(bytesMoved * times)),
          h(
            "td",
            {},
            atBest === undefined
              ? ""
              : atBest.limit === "arithmetic"
                ? "arithmetic"
                : `memory, ${(100 * atBest.share).toFixed(0)} % of the arithmetic`,
          ),
        );
        this.#rows.set(number, row);
        return row;
      }),
    );
    this.#note.textContent = `${this.#app.links.entry}: ${grouped(run.flops)} FLOPs in ${kernels.length} kernels and ${run.statements.length - kernels.length} scalar statements; ${micros(whole)} at best, by the roofline of one core.`;
  }
}
