/** What each statement costs at best, by the roofline of the machine that its loops are made for; beside it what was measured, where it was. */

import type { PageStatement } from "../../compiler/inspector/data.ts";
import type { App, Change, Pane } from "./app.ts";
import { bytes, grouped, h, micros, rates, s } from "./dom.ts";

const ORDERS = { cost: "by cost", statement: "in order", measured: "as measured" } as const;
type Order = keyof typeof ORDERS;

export class CostPane implements Pane {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #body = h("tbody");
  readonly #note = h("p", { class: "note" });
  readonly #orders: ReadonlyMap<Order, HTMLElement>;
  readonly #heads = h("tr");
  #order: Order = "cost";
  #rows = new Map<number, HTMLElement>();
  #lit: Element[] = [];

  constructor(app: App) {
    this.#app = app;
    const orders = Object.keys(ORDERS) as Order[]; // its own keys
    this.#orders = new Map(
      orders.map((order) => [
        order,
        h("button", { type: "button", "aria-pressed": String(order === this.#order), click: () => this.#sort(order) }, ORDERS[order]),
      ]),
    );
    this.element = h(
      "section",
      { class: "pane cost", id: "cost", "aria-labelledby": "cost-title" },
      h(
        "h2",
        { id: "cost-title" },
        h("span", {}, "Cost"),
        h("span", { class: "choices", role: "group", "aria-label": "Order" }, ...this.#orders.values()),
      ),
      this.#note,
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "group", "aria-label": "Costs of kernels" },
        h("table", {}, h("thead", {}, this.#heads), this.#body),
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
    for (const [one, button] of this.#orders) button.setAttribute("aria-pressed", String(one === order));
    this.#draw();
    this.show({
      links: this.#app.links,
      state: this.#app.state,
      lit: this.#app.state.chosen && this.#app.links.litBy(this.#app.state.chosen),
      fresh: false,
    });
  }

  #draw(): void {
    const { run, entry } = this.#app.links;
    const kernels = run.statements.filter(({ kind }) => kind === "kernel");
    const best = ({ atBest, times }: PageStatement): number => (atBest?.seconds ?? 0) * times;
    const whole = kernels.reduce((sum, one) => sum + best(one), 0);
    const most = Math.max(...kernels.map(best), 1e-12);
    const measured = kernels.flatMap((one) => this.#measured(one) ?? []);
    const isMeasured = measured.length > 0;
    if (!isMeasured && this.#order === "measured") this.#order = "cost";
    this.#orders.get("measured")!.hidden = !isMeasured;
    const weight = this.#order === "measured" ? (one: PageStatement) => this.#measured(one) ?? 0 : best;
    const shown = this.#order === "statement" ? kernels : kernels.toSorted((a, b) => weight(b) - weight(a));
    const heads = [
      "",
      "kernel",
      "of the whole",
      "at best",
      ...(isMeasured ? ["measured", "GFLOP/s"] : []),
      "FLOPs",
      "bytes moved",
      "limited by",
    ];
    this.#heads.replaceChildren(
      ...heads.map((head) =>
        h(
          "th",
          { scope: "col", class: head === "limited by" ? "limit" : "" },
          head === "" ? h("span", { class: "unseen" }, "statement") : head,
        ),
      ),
    );
    this.#rows = new Map(
      shown.map((one) => [one.number, this.#rowOf(one, { share: best(one) / most, part: best(one) / Math.max(whole, 1e-12), isMeasured })]),
    );
    this.#body.replaceChildren(...this.#rows.values());
    const inAll = isMeasured ? `; ${micros(measured.reduce((sum, one) => sum + one, 0))} as measured, each kernel alone` : "";
    this.#note.textContent = `${entry}: ${grouped(run.flops)} FLOPs in ${kernels.length} kernels and ${run.statements.length - kernels.length} scalar statements; ${micros(whole)} at best, by the roofline of one core${inAll}.`;
  }

  /** Seconds of a statement in one run, where its kernel was measured. */
  #measured({ kernel, times }: PageStatement): number | undefined {
    const seconds = this.#app.links.kernels.get(kernel ?? "")?.seconds;
    return seconds === undefined ? undefined : seconds * times;
  }

  #rowOf(
    one: PageStatement,
    { share, part, isMeasured }: { readonly share: number; readonly part: number; readonly isMeasured: boolean },
  ): HTMLElement {
    const { number, kernel, flops, bytesMoved, times, atBest } = one;
    const seconds = this.#measured(one);
    const bar = s(
      "svg",
      { class: `bar ${atBest?.limit ?? ""}`, viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      s("rect", { width: 100 * share, height: 8 }),
    );
    const choose = (): void => this.#app.choose({ kind: "statement", number });
    return h(
      "tr",
      {},
      h("td", {}, String(number)),
      h("td", {}, h("button", { type: "button", class: "link", click: choose }, kernel ?? ""), times === 1 ? undefined : ` ×${times}`),
      h("td", { class: "share" }, bar, `${(100 * part).toFixed(1)} %`),
      h("td", {}, micros((atBest?.seconds ?? 0) * times)),
      isMeasured && h("td", { class: "measured" }, seconds === undefined ? "–" : micros(seconds)),
      isMeasured && h("td", {}, rates(flops * times, seconds, (atBest?.seconds ?? 0) * times)),
      h("td", {}, grouped(flops * times)),
      h("td", {}, bytes(bytesMoved * times)),
      h(
        "td",
        { class: "limit" },
        atBest === undefined
          ? ""
          : atBest.limit === "arithmetic"
            ? "arithmetic"
            : `memory, ${(100 * atBest.share).toFixed(0)} % of the arithmetic`,
      ),
    );
  }
}
