/** A text with its line numbers and colours, whose lines are lit and chosen; lines that are not seen cost nothing to paint. */

import type { ColouredText } from "../../compiler/inspector/data.ts";
import { h, reveal } from "./dom.ts";

/** Lines that the browser lays out together when they come into sight. */
const CHUNK = 100;
const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => ENTITIES[sign]!);

/** A line as spans: its colours are letters before lengths. */
function coloured(line: string, colours: string): string {
  if (colours === "") return escaped(line);
  let at = 0;
  let out = "";
  for (const [, letter, length] of colours.matchAll(/([a-z.])(\d*)/g)) {
    const end = length === "" ? line.length : at + Number(length);
    const part = escaped(line.slice(at, end));
    out += letter === "." ? part : `<span class="${letter}">${part}</span>`;
    at = end;
  }
  return out + escaped(line.slice(at));
}

export interface TextOptions {
  readonly label: string;
  /** The class of a line, such as the part of the step that it belongs to. */
  readonly mark?: (line: number) => string | undefined;
  /** Hears which line was chosen, from 1. */
  choose(line: number): void;
}

export class TextPane {
  readonly element: HTMLElement;
  readonly #options: TextOptions;
  #lines: HTMLElement[] = [];
  #lit: HTMLElement[] = [];
  #cursor = 1;

  constructor(options: TextOptions) {
    this.#options = options;
    this.element = h("div", {
      class: "text",
      tabindex: 0,
      role: "group",
      "aria-label": `${options.label}: arrow keys move the line, Enter chooses it`,
      click: (event: MouseEvent) => {
        const line = (event.target as Element).closest<HTMLElement>(".l");
        if (line === null || String(getSelection()) !== "") return;
        this.#move(Number(line.dataset["n"]));
        options.choose(this.#cursor);
      },
      keydown: (event) => this.#onKey(event as KeyboardEvent),
    });
  }

  /** Shows another text. */
  show({ text, colours }: ColouredText): void {
    const lines = text.replace(/\n$/, "").split("\n");
    const kinds = colours.split("\n");
    const widest = lines.reduce((most, { length }) => Math.max(most, length), 0);
    const chunks: HTMLElement[] = [];
    for (let from = 0; from < lines.length; from += CHUNK) {
      const part = lines.slice(from, from + CHUNK);
      const chunk = h("div", { class: "chunk" });
      chunk.innerHTML = part
        .map((line, n) => {
          const number = from + n + 1;
          const mark = this.#options.mark?.(number);
          return `<div class="l${mark === undefined ? "" : ` ${mark}`}" data-n="${number}">${coloured(line, kinds[from + n] ?? "") || " "}</div>`;
        })
        .join("");
      chunk.style.setProperty("--lines", String(part.length));
      chunks.push(chunk);
    }
    this.element.style.setProperty("--digits", String(String(lines.length).length));
    this.element.style.setProperty("--widest", String(Math.min(widest, 160)));
    this.element.replaceChildren(...chunks);
    this.#lines = chunks.flatMap((chunk) => [...chunk.children] as HTMLElement[]);
    this.#lit = [];
    this.#cursor = 1;
  }

  /** Lights lines, strongly or weakly, and shows one: the first of those that are strong, or the one that is named. */
  light(strong: Iterable<number>, weak: Iterable<number> = [], shown?: number): void {
    for (const line of this.#lit) line.classList.remove("lit", "dim-lit");
    this.#lit = [];
    const add = (number: number, name: string): HTMLElement | undefined => {
      const line = this.#lines[number - 1];
      if (line === undefined) return undefined;
      line.classList.add(name);
      this.#lit.push(line);
      return line;
    };
    for (const number of weak) add(number, "dim-lit");
    let first = shown === undefined ? undefined : this.#lines[shown - 1];
    for (const number of strong) {
      const line = add(number, "lit");
      first ??= line;
    }
    if (first !== undefined) {
      this.#move(Number(first.dataset["n"]));
      reveal(this.element, first);
      this.element.scrollLeft = 0;
    }
  }

  #move(line: number): void {
    this.#lines[this.#cursor - 1]?.classList.remove("cursor");
    this.#cursor = Math.min(Math.max(1, line), this.#lines.length);
    this.#lines[this.#cursor - 1]?.classList.add("cursor");
  }

  #onKey(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -1e9, End: 1e9 };
    const step = steps[event.key];
    if (event.key === "Enter") this.#options.choose(this.#cursor);
    else if (step === undefined || event.ctrlKey || event.metaKey) return;
    else {
      this.#move(this.#cursor + step);
      const line = this.#lines[this.#cursor - 1];
      if (line !== undefined) reveal(this.element, line);
    }
    event.preventDefault();
  }
}
