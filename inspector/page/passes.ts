/** The passes of the compiler, step by step: what each was for, changed and saved. */

import type { PagePass } from "../../compiler/inspector/data.ts";
import type { App, Change, Pane } from "./app.ts";
import { bytes, grouped, h } from "./dom.ts";

const COUNTS = [
  ["size", "nodes, definitions, statements", grouped],
  ["kernels", "kernels", grouped],
  ["flops", "FLOPs", grouped],
  ["bytesMoved", "moved", bytes],
  ["bytesStored", "stored", bytes],
] as const;

const changed = ({ before, after, changes }: PagePass): boolean => changes.length > 0 || COUNTS.some(([of]) => before[of] !== after[of]);

export class PassesPane implements Pane {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #list = h("ol", { class: "list" });
  readonly #shown = h("div", { class: "told", "aria-live": "polite" });
  #at = 0;
  #buttons: HTMLElement[] = [];

  constructor(app: App) {
    this.#app = app;
    const go = (step: number) => (): void => this.#go(this.#at + step);
    this.element = h(
      "section",
      { class: "pane passes", id: "passes", "aria-labelledby": "passes-title" },
      h(
        "h2",
        { id: "passes-title" },
        h("span", {}, "Passes"),
        h(
          "span",
          { class: "choices" },
          h("button", { type: "button", click: go(-1) }, "← before"),
          h("button", { type: "button", click: go(1) }, "next →"),
        ),
      ),
      h(
        "div",
        { class: "two" },
        h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Passes in order" }, this.#list),
        this.#shown,
      ),
    );
  }

  get #passes(): readonly PagePass[] {
    return this.#app.data.entries[this.#app.state.entry]!.passes;
  }

  show({ fresh }: Change): void {
    if (!fresh) return;
    this.#buttons = this.#passes.map((pass, n) =>
      h("button", { type: "button", class: changed(pass) ? "pass" : "pass none", click: () => this.#go(n) }, pass.pass),
    );
    this.#list.replaceChildren(...this.#buttons.map((button) => h("li", {}, button)));
    this.#go(this.#at);
  }

  #go(to: number): void {
    const passes = this.#passes;
    this.#at = Math.min(Math.max(0, to), passes.length - 1);
    this.#buttons.forEach((button, n) =>
      n === this.#at ? button.setAttribute("aria-current", "step") : button.removeAttribute("aria-current"),
    );
    const pass = passes[this.#at];
    if (pass === undefined) return;
    const rows = COUNTS.map(([of, name, text]) => {
      const [before, after] = [pass.before[of], pass.after[of]];
      const share =
        before === after || before === 0
          ? ""
          : `${after < before ? "−" : "+"}${Math.abs((100 * (after - before)) / before).toPrecision(2)} %`;
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, name),
        h("td", {}, text(before)),
        h("td", {}, before === after ? "" : text(after)),
        h("td", { class: after < before ? "less" : "more" }, share),
      );
    });
    this.#shown.replaceChildren(
      h("p", { class: "why" }, h("strong", {}, pass.pass), ` ${pass.why}`),
      h(
        "table",
        { class: "saved" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...["", "before", "after", "change"].map((head) =>
              h("th", { scope: "col" }, head === "" ? h("span", { class: "unseen" }, "count") : head),
            ),
          ),
        ),
        h("tbody", {}, ...rows),
      ),
      pass.changes.length === 0
        ? h(
            "p",
            { class: "note" },
            changed(pass)
              ? "The level before and after are of different forms: only what they cost can be compared."
              : "Nothing was changed.",
          )
        : h("ul", { class: "changes" }, ...pass.changes.map((one) => this.#changeOf(one))),
    );
  }

  #changeOf({ name, before, after }: PagePass["changes"][number]): HTMLElement {
    const { links, choose } = this.#app;
    const title = links.nodes.has(name)
      ? h("button", { type: "button", class: "link", click: () => choose({ kind: "node", id: name }) }, name)
      : h("span", {}, name);
    return h(
      "li",
      {},
      title,
      before === undefined ? undefined : h("del", {}, before),
      after === undefined ? undefined : h("ins", {}, after),
    );
  }
}
