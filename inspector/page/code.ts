/** The emitted file, fast or for readers: statements, kernels and buffers are lit where they stand. */

import type { PageStatement } from "../../compiler/inspector/data.ts";
import type { App, Change, Pane } from "./app.ts";
import { h } from "./dom.ts";
import type { Thing } from "./links.ts";
import { TextPane } from "./text.ts";

type Range = { readonly first: number; readonly last: number } | undefined;

const linesOf = (range: Range): number[] =>
  range === undefined ? [] : Array.from({ length: range.last - range.first + 1 }, (_, n) => range.first + n);

/** What views are called for people. */
const NAMES: Readonly<Record<string, string>> = {
  typescript: "fast",
  wasm: "WebAssembly",
  "wasm-external": "WebAssembly",
  plain: "plain",
  twin: "twin",
};

export class CodePane implements Pane {
  readonly element: HTMLElement;
  readonly #text: TextPane;
  readonly #app: App;
  readonly #views: HTMLElement[];
  /** By line: what stands there, and in which entry. */
  #at = new Map<number, { readonly thing: Thing; readonly entry?: number }>();
  #part = new Map<number, string>();
  #shown: number | undefined;

  constructor(app: App) {
    this.#app = app;
    this.#text = new TextPane({
      label: "Emitted code",
      mark: (line) => this.#part.get(line),
      choose: (line) => {
        const found = this.#at.get(line);
        if (found === undefined) return;
        app.go({ ...(found.entry === undefined ? {} : { entry: found.entry }), chosen: found.thing });
      },
    });
    this.#views = app.data.views.map(({ target }, view) =>
      h("button", { type: "button", click: () => app.go({ view }) }, NAMES[target] ?? target),
    );
    this.element = h(
      "section",
      { class: "pane code", id: "code", "aria-labelledby": "code-title" },
      h(
        "h2",
        { id: "code-title" },
        h("span", {}, "Emitted code"),
        h("span", { class: "choices", role: "group", "aria-label": "Which file" }, ...this.#views),
      ),
      this.#text.element,
    );
  }

  show({ links, lit, state }: Change): void {
    if (this.#shown !== state.view) this.#draw(state.view);
    this.#views.forEach((button, n) => button.setAttribute("aria-pressed", String(n === state.view)));
    const { statements } = links.run;
    const place = (number: number): number[] => linesOf(statements[number - 1]?.lines);
    const strong: number[] = [];
    const weak: number[] = [];
    if (lit !== undefined) {
      const { chosen } = state;
      if (chosen?.kind === "kernel") strong.push(...linesOf(links.kernels.get(chosen.id)?.lines));
      for (const number of lit.statements) strong.push(...place(number));
      for (const id of lit.chain) for (const number of links.statementsOf(id)) if (!lit.statements.has(number)) weak.push(...place(number));
      if (chosen?.kind === "buffer") weak.push(...linesOf(links.buffers.get(chosen.id)?.lines));
      if (chosen?.kind === "statement") for (const kernel of lit.kernels) weak.push(...linesOf(links.kernels.get(kernel)?.lines));
    }
    // of what is in no statement, as a weight, the statement that ends its derivation is shown
    const last = lit?.chain.flatMap((id) => links.statementsOf(id)).at(-1);
    this.#text.light(strong, weak, strong.length > 0 || last === undefined ? undefined : place(last)[0]);
  }

  #draw(view: number): void {
    this.#shown = view;
    const { file, entries, kernels, buffers } = this.#app.data.views[view]!;
    this.#at = new Map();
    this.#part = new Map();
    const stand = (range: Range, thing: Thing, entry?: number): void => {
      for (const line of linesOf(range)) this.#at.set(line, entry === undefined ? { thing } : { thing, entry });
    };
    for (const { id, lines } of kernels) stand(lines, { kind: "kernel", id });
    for (const { id, lines } of buffers) stand(lines, { kind: "buffer", id });
    entries.forEach(({ statements }, entry) => {
      for (const { number, lines, part } of statements) {
        stand(lines, { kind: "statement", number }, entry);
        for (const line of linesOf(lines)) this.#part.set(line, `of-${(part satisfies PageStatement["part"]) ?? "forward"}`);
      }
    });
    this.#text.show(file);
  }
}
