/** The model's source: a line lights what it declared, and what becomes of it. */

import type { App, Change, Pane } from "./app.ts";
import { h } from "./dom.ts";
import { TextPane } from "./text.ts";

export class SourcePane implements Pane {
  readonly element: HTMLElement;
  readonly #text: TextPane;
  #shown = false;
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
    this.#text = new TextPane({ label: "The model's source", choose: (line) => app.choose({ kind: "line", line }) });
    const { source } = app.data;
    this.element = h(
      "section",
      { class: "pane source", id: "source", "aria-labelledby": "source-title" },
      h("h2", { id: "source-title" }, source?.name ?? "Model"),
      source === undefined
        ? h("p", { class: "empty" }, "This model was declared in a program, and not in a file of its own.")
        : this.#text.element,
    );
  }

  show({ lit, links }: Change): void {
    const { source } = this.#app.data;
    if (source === undefined) return;
    if (!this.#shown) this.#text.show(source);
    this.#shown = true;
    const weak = (lit?.chain ?? []).flatMap((id) => links.nodes.get(id)?.line ?? []);
    this.#text.light(
      [...(lit?.lines ?? [])].sort((a, b) => a - b),
      weak,
    );
  }
}
