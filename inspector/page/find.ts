/** Finds nodes, buffers, kernels and statements by name. */

import type { App, Change, Pane } from "./app.ts";
import { h } from "./dom.ts";
import type { Thing } from "./links.ts";

const MOST = 12;

export class Find implements Pane {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #input: HTMLInputElement;
  readonly #list = h("ul", { class: "found", hidden: true });
  #all: readonly { readonly name: string; readonly thing: Thing; readonly what: string }[] = [];

  constructor(app: App) {
    this.#app = app;
    this.#input = h("input", {
      type: "search",
      placeholder: "find a name",
      "aria-label": "Find a node, buffer, kernel or statement",
      autocomplete: "off",
      spellcheck: "false",
      input: () => this.#show(),
      keydown: (event) => {
        const { key } = event as KeyboardEvent;
        const [first] = this.#list.querySelectorAll("button");
        if (key === "Enter") first?.click();
        else if (key === "ArrowDown") first?.focus();
        else if (key === "Escape") this.#close();
      },
    });
    this.element = h("div", { class: "find" }, this.#input, this.#list);
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node) || !this.element.contains(relatedTarget)) this.#list.hidden = true;
    });
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  show({ links, fresh }: Change): void {
    if (!fresh) return;
    this.#all = [
      ...[...links.nodes.values()].map(({ id, op }) => ({ name: id, thing: { kind: "node", id } as const, what: op })),
      ...links.run.statements.map(({ number, kernel }) => ({
        name: String(number),
        thing: { kind: "statement", number } as const,
        what: kernel ?? "scalar statement",
      })),
      ...[...links.kernels.keys()].map((id) => ({ name: id, thing: { kind: "kernel", id } as const, what: "kernel" })),
      ...[...links.buffers.values()].map(({ id, role }) => ({ name: id, thing: { kind: "buffer", id } as const, what: role })),
    ];
  }

  #show(): void {
    const asked = this.#input.value.trim().toLowerCase();
    const rank = (name: string): number => (name === asked ? 0 : name.startsWith(asked) ? 1 : name.includes(asked) ? 2 : 3);
    const found = asked === "" ? [] : this.#all.map((one) => ({ one, rank: rank(one.name.toLowerCase()) })).filter((each) => each.rank < 3);
    const shown = found.toSorted((a, b) => a.rank - b.rank || a.one.name.length - b.one.name.length).slice(0, MOST);
    this.#list.hidden = asked === "";
    this.#list.replaceChildren(
      ...(shown.length === 0 ? [h("li", { class: "note" }, "nothing of that name")] : []),
      ...shown.map(({ one: { name, thing, what } }) =>
        h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              click: () => {
                this.#app.choose(thing);
                this.#close();
              },
            },
            name,
            h("span", { class: "what" }, thing.kind === "node" ? what : thing.kind === "buffer" ? `${what} buffer` : what),
          ),
        ),
      ),
    );
  }

  #close(): void {
    this.#input.value = "";
    this.#input.blur();
    this.#list.hidden = true;
  }
}
