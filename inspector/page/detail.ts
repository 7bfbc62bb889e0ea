/** What is known of the chosen thing: its mathematics, its law and the chain back to the loss, its place in memory and in the code, each a link to the next. */

import type { App, Change, Pane } from "./app.ts";
import { bytes, given, grouped, h, micros, rates, type Child } from "./dom.ts";
import type { Buffer, Links, Thing } from "./links.ts";

/** Buffers that are named beside a statement; of a larger arena the rest is counted. */
const MOST_HELD = 12;

export class DetailPane implements Pane {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #body = h("div", { class: "body", tabindex: 0, role: "group", "aria-label": "What is chosen" });

  constructor(app: App) {
    this.#app = app;
    this.element = h(
      "section",
      { class: "pane detail", id: "detail", "aria-labelledby": "detail-title" },
      h("h2", { id: "detail-title" }, "Chosen"),
      this.#body,
    );
  }

  show({ links, state: { chosen } }: Change): void {
    const shown = chosen === undefined ? this.#nothing() : this.#of(chosen, links);
    this.#body.replaceChildren(...given(shown));
    this.#body.scrollTop = 0;
  }

  #of(thing: Thing, links: Links): Child[] {
    switch (thing.kind) {
      case "node":
        return this.#node(thing.id, links);
      case "statement":
        return this.#statement(thing.number, links);
      case "kernel":
        return this.#kernel(thing.id, links);
      case "buffer":
        return this.#buffer(thing.id, links);
      case "line":
        return this.#line(thing.line, links);
    }
  }

  #nothing(): Child[] {
    const weights = [...this.#app.links.nodes.values()].filter(({ op, gradient }) => op === "param" && gradient !== undefined);
    return [
      h(
        "p",
        {},
        "Choose anything: a line of the model, a box of the graph, a line of the code, a rectangle of the arena, a row of the costs. The same thing lights up in the other panes.",
      ),
      ...(weights.length === 0
        ? []
        : [
            h(
              "p",
              {},
              "A weight shows how its gradient came about: ",
              ...spaced(weights.slice(0, 8).map(({ id }) => this.#link({ kind: "node", id }, id))),
            ),
            h("p", { class: "note" }, "/ finds by name, [ and ] go from statement to statement, Esc lets go."),
          ]),
    ];
  }

  #link = (thing: Thing, text: string): HTMLElement =>
    h("button", { type: "button", class: `link ${thing.kind}`, click: () => this.#app.choose(thing) }, text);
  #nodes = (ids: readonly string[]): Child[] => spaced(ids.map((id) => this.#link({ kind: "node", id }, id)));
  #statements = (numbers: readonly number[]): Child[] =>
    spaced(numbers.map((number) => this.#link({ kind: "statement", number }, String(number))));
  #buffers = (ids: readonly string[]): Child[] => spaced(ids.map((id) => this.#link({ kind: "buffer", id }, id)));

  #node(id: string, links: Links): Child[] {
    const node = links.nodes.get(id)!;
    const { op, dtype, shape, part, line, site, law, of, gradient, next, replaces, aliases = [], loop } = node;
    const [maths, layer, forward] = [links.mathsOf(id), links.layerOf(id), links.forwardOf(id)];
    const home = links.homeOf(id)!;
    const told = links.statementsOf(id);
    const adjoints = links.adjointsOf(id);
    const gradientOf = links.gradientOf(id);
    const from = links.gradientFor(id);
    return [
      title(id, `${op}, ${dtype}[${shape.join(",")}]`, part),
      maths === id ? undefined : h("p", { class: "maths" }, maths),
      ...aliases.map((alias) =>
        h("p", { class: "maths also" }, `${alias.maths}${alias.law === undefined ? "" : `    ${alias.of}: ${alias.law}`}`),
      ),
      facts([
        [
          "law",
          law === undefined
            ? undefined
            : [h("code", {}, law), " of ", forward === undefined ? (of ?? "") : this.#link({ kind: "node", id: forward }, of ?? forward)],
        ],
        ["line", line === undefined ? [site ?? ""] : [this.#link({ kind: "line", line }, `${this.#app.data.source?.name ?? ""}:${line}`)]],
        ["layer", layer && [layer.path, layer.words === undefined ? "" : `: ${layer.words}`]],
        ["loop", loop === undefined ? undefined : this.#nodes([loop])],
        ["reads", node.inputs.length === 0 ? undefined : this.#nodes(node.inputs)],
        ["is the gradient of", gradientOf.length === 0 ? undefined : this.#nodes(gradientOf)],
        ["gradient", gradient === undefined ? undefined : this.#nodes([gradient])],
        ["its rule made", adjoints.length === 0 ? undefined : this.#nodes(adjoints)],
        ["becomes", next === undefined ? undefined : this.#nodes([next])],
        ["replaces", replaces === undefined ? undefined : this.#nodes([replaces])],
        ["lives", this.#homeText(home)],
        ["statements", told.length === 0 ? undefined : this.#statements(told)],
      ]),
      ...(from === undefined ? [] : this.#chain(from, links)),
    ];
  }

  #homeText(home: NonNullable<ReturnType<Links["homeOf"]>>): Child[] {
    switch (home.kind) {
      case "buffer":
        return [
          "in ",
          ...this.#buffers([home.buffer]),
          ...(home.statement === undefined ? [] : [", made by statement ", ...this.#statements([home.statement])]),
        ];
      case "local":
        return ["nowhere: a local of the loops of statement ", ...this.#statements([home.statement])];
      case "scalar":
        return ["in a variable of the step, made by statement ", ...this.#statements([home.statement])];
      case "substituted":
        return ["nowhere: written into the formulas of ", ...this.#statements(home.statements)];
      case "movement":
        return ["nowhere: its readers only look elsewhere"];
      case "constant":
        return ["nowhere: a constant of the code"];
    }
  }

  /** A gradient's derivation, a law a step. */
  #chain(gradient: string, links: Links): Child[] {
    const chain = links.chainTo(gradient);
    if (chain.length === 0) return [];
    const steps = chain.map((id) => {
      const { law, of } = links.nodes.get(id)!;
      const maths = links.mathsOf(id);
      const numbers = links.statementsOf(id);
      return h(
        "li",
        {},
        this.#link({ kind: "node", id }, id),
        h("span", { class: "maths" }, maths),
        law === undefined ? undefined : h("span", { class: "law" }, `${of}: ${law}`),
        numbers.length === 0 ? undefined : h("span", { class: "by" }, "statement ", ...this.#statements(numbers)),
      );
    });
    return [h("h3", {}, `From the loss to ${gradient}`), h("ol", { class: "chain" }, ...steps)];
  }

  #statement(number: number, links: Links): Child[] {
    const one = links.statement(number)!;
    const { kernel, nodes, reads, writes, flops, bytesMoved, atBest, times, loop, part, apart } = one;
    const seconds = links.kernels.get(kernel ?? "")?.seconds;
    const held = links.view.buffers.filter((buffer) => links.isHeldAt(buffer, number)).toSorted((a, b) => b.bytes - a.bytes);
    const rest = held.slice(MOST_HELD);
    const definition = kernel === undefined ? [] : links.kernels.get(kernel)!.definition;
    return [
      title(`Statement ${number}`, links.entry, part),
      ...nodes.map((id) => h("p", { class: "maths" }, links.mathsOf(id))),
      facts([
        ["nodes", this.#nodes(nodes)],
        [
          "lines",
          lineLinks(nodes.flatMap((id) => links.nodes.get(id)!.line ?? [])).map((line) =>
            typeof line === "number" ? this.#link({ kind: "line", line }, String(line)) : line,
          ),
        ],
        ["reads", reads.length === 0 ? undefined : this.#buffers(reads)],
        ["writes", writes.length === 0 ? undefined : this.#buffers(writes)],
        ["kernel", kernel === undefined ? undefined : [this.#link({ kind: "kernel", id: kernel }, kernel)]],
        ["runs", times === 1 ? undefined : [`${times} times, once a turn of `, ...this.#nodes(loop === undefined ? [] : [loop])]],
        [
          "cost",
          [
            `${grouped(flops)} FLOPs`,
            ...(atBest === undefined ? [] : [`, ${bytes(bytesMoved)}, ${micros(atBest.seconds)} at best, limited by ${atBest.limit}`]),
          ],
        ],
        ["measured", seconds === undefined || atBest === undefined ? undefined : [measuredText(flops, seconds, atBest.seconds)]],
      ]),
      ...(definition.length === 0 ? [] : [h("h3", {}, "In index notation"), h("pre", {}, definition.join("\n"))]),
      ...(apart.length === 0
        ? []
        : [
            h("h3", {}, "Why not fused further"),
            h(
              "ul",
              {},
              ...apart.map(({ side, statement, reasons }) =>
                h(
                  "li",
                  {},
                  `with the kernel ${side}, statement `,
                  ...this.#statements([statement]),
                  `: ${reasons.map(({ value, reason }) => (value === undefined ? reason : `${value}: ${reason}`)).join("; ")}`,
                ),
              ),
            ),
          ]),
      h("h3", {}, `In the arena at that moment: ${bytes(held.reduce((sum, { bytes: size }) => sum + size, 0))}`),
      h(
        "ul",
        { class: "held" },
        ...held
          .slice(0, MOST_HELD)
          .map(({ id, role, bytes: size }) => h("li", {}, this.#link({ kind: "buffer", id }, id), ` ${role}, ${bytes(size)}`)),
        rest.length === 0 ? undefined : h("li", {}, `${rest.length} more, ${bytes(rest.reduce((sum, { bytes: size }) => sum + size, 0))}`),
      ),
    ];
  }

  #kernel(id: string, links: Links): Child[] {
    const { definition, schedule, insteadOf, flops } = links.kernels.get(id)!;
    const calls = links.callsOf(id);
    return [
      title(id, "kernel"),
      h("pre", {}, definition.join("\n")),
      facts([
        ["loops", [schedule, insteadOf === undefined ? "" : `, as measured; the cost model would take ${insteadOf}`]],
        ["cost", [`${grouped(flops)} FLOPs a call`]],
        ["statements", calls.length === 0 ? [`none of ${links.entry}`] : this.#statements(calls)],
      ]),
    ];
  }

  #buffer(id: string, links: Links): Child[] {
    const buffer = links.buffers.get(id)!;
    const { role, dtype, shape, offset, bytes: size, life, over, of, view } = buffer;
    const holds = links.holds(id);
    const uses = links.usesOf(id);
    const [before, after] = this.#neighbours(buffer, links);
    const when =
      life === "always"
        ? "from step to step"
        : `${life.entry}: from statement ${life.first} to ${life.last > links.run.statements.length && life.entry === links.entry ? "the end, for the caller" : life.last}`;
    return [
      title(id, `${role}, ${dtype}[${shape.join(",")}]`),
      facts([
        ["bytes", [`${grouped(size)} at ${grouped(offset)}`]],
        ["held", [when]],
        ["in the code", view === undefined ? undefined : [h("code", {}, view)]],
        ["a part of", of === undefined ? undefined : this.#buffers([of])],
        ["written over", over === undefined ? undefined : this.#buffers([over])],
        ["holds", holds.length === 0 ? undefined : this.#nodes(holds)],
        ["touched by", uses.length === 0 ? undefined : this.#statements(uses)],
        ["its bytes before", before.length === 0 ? undefined : this.#buffers(before)],
        ["its bytes after", after.length === 0 ? undefined : this.#buffers(after)],
      ]),
    ];
  }

  /** What else lies on the same bytes in this entry, earlier and later. */
  #neighbours({ id, offset, bytes: size, life }: Buffer, links: Links): readonly [string[], string[]] {
    if (life === "always") return [[], []];
    const sharing = links.view.buffers.filter(
      (other) =>
        other.id !== id &&
        other.of === undefined &&
        other.life !== "always" &&
        other.life.entry === life.entry &&
        other.offset < offset + size &&
        offset < other.offset + other.bytes,
    );
    const firstOf = (other: Buffer): number => (other.life === "always" ? 0 : other.life.first);
    const ordered = sharing.toSorted((a, b) => firstOf(a) - firstOf(b));
    return [
      ordered.filter((other) => firstOf(other) < life.first).map((one) => one.id),
      ordered.filter((other) => firstOf(other) >= life.first).map((one) => one.id),
    ];
  }

  #line(line: number, links: Links): Child[] {
    const nodes = links.nodesAt(line);
    const text = this.#app.data.source?.text.split("\n")[line - 1]?.trim() ?? "";
    const parts = (["forward", "backward", "update"] as const).map(
      (part) => [part, nodes.filter((id) => links.nodes.get(id)!.part === part)] as const,
    );
    const numbers = [...new Set(nodes.flatMap((id) => links.statementsOf(id)))].sort((a, b) => a - b);
    return [
      title(`Line ${line}`, this.#app.data.source?.name ?? ""),
      h("p", { class: "maths" }, text),
      nodes.length === 0 ? h("p", { class: "note" }, `No node of ${links.entry} comes from this line.`) : undefined,
      facts([
        ...parts.map(([part, ids]) => [part, ids.length === 0 ? undefined : this.#nodes(ids)] as const),
        ["statements", numbers.length === 0 ? undefined : this.#statements(numbers)],
      ]),
    ];
  }
}

const lineLinks = (lines: readonly number[]): Child[] | number[] => {
  const all = [...new Set(lines)].sort((a, b) => a - b);
  return all.length === 0 ? ["none"] : all;
};

/** What a call took, and how fast that is beside the prediction. */
const measuredText = (flops: number, seconds: number, atBest: number): string =>
  `${micros(seconds)}, ${(seconds / atBest).toPrecision(2)} times the best${flops === 0 ? "" : `; ${rates(flops, seconds, atBest)} GFLOP/s`}`;

const spaced = (all: readonly Node[]): Child[] => all.flatMap((one, n) => (n === 0 ? [one] : [" ", one]));

const title = (name: string, what: string, part?: string): HTMLElement =>
  h(
    "div",
    { class: "title" },
    h("strong", {}, name),
    h("span", { class: "what" }, what),
    part === undefined ? undefined : h("span", { class: `badge ${part}` }, part),
  );

/** A list of what is known; what is not is left out. */
const facts = (all: readonly (readonly [name: string, value: readonly Child[] | undefined])[]): HTMLElement =>
  h("dl", {}, ...all.flatMap(([name, value]) => (value === undefined ? [] : [h("dt", {}, name), h("dd", {}, ...value)])));
