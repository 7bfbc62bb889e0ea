/** What is chosen, and who hears of it. */

import type { PageData } from "../../compiler/inspector/data.ts";
import { Links, type Lit, type Thing } from "./links.ts";

export interface State {
  readonly view: number;
  readonly entry: number;
  readonly chosen: Thing | undefined;
}

/** What changed since a pane was told last. */
export interface Change {
  readonly links: Links;
  readonly lit: Lit | undefined;
  readonly state: State;
  /** Another view or entry: all is to be drawn again. */
  readonly fresh: boolean;
}

/** A part of the page. */
export interface Pane {
  readonly element: HTMLElement;
  show(change: Change): void;
}

export class App {
  readonly data: PageData;
  readonly panes: Pane[] = [];
  #links: Links;
  #state: State = { view: 0, entry: 0, chosen: undefined };

  constructor(data: PageData) {
    this.data = data;
    this.#links = new Links(data, 0, 0);
  }

  get links(): Links {
    return this.#links;
  }

  get state(): State {
    return this.#state;
  }

  choose = (chosen: Thing | undefined): void => this.go({ chosen });

  /** Goes to another view or entry, or chooses there; what is chosen stays so where it is known there. */
  go(to: Partial<State>, first = false): void {
    const before = this.#state;
    this.#state = { ...before, ...to };
    const { view, entry } = this.#state;
    const fresh = first || view !== before.view || entry !== before.entry;
    if (fresh) this.#links = new Links(this.data, view, entry);
    if (!("chosen" in to) && !this.#isKnown(before.chosen, view !== before.view || entry !== before.entry))
      this.#state = { ...this.#state, chosen: undefined };
    const { chosen } = this.#state;
    const lit = chosen && this.#links.litBy(chosen);
    for (const pane of this.panes) pane.show({ links: this.#links, lit, state: this.#state, fresh });
  }

  /** Statements and kernels of one view are not those of another. */
  #isKnown(thing: Thing | undefined, moved: boolean): boolean {
    if (thing === undefined || !moved) return true;
    if (thing.kind === "node") return this.#links.nodes.has(thing.id);
    return thing.kind === "line" || (thing.kind === "buffer" && this.#links.buffers.has(thing.id));
  }
}
