/** What belongs to what in a model: of any node, statement, kernel, buffer or line, everything that lights up with it. Pure, and the same both ways. */

import type { PageData, PageKernel, PageLayer, PageNode, PageRun, PageStatement, PageView } from "../../compiler/inspector/data.ts";

/** What can be chosen; of one entry, or, of kernels, buffers and lines of the model, of all. */
export type Thing =
  | { readonly kind: "node"; readonly id: string }
  | { readonly kind: "statement"; readonly number: number }
  | { readonly kind: "kernel"; readonly id: string }
  | { readonly kind: "buffer"; readonly id: string }
  | { readonly kind: "line"; readonly line: number };

/** What is lit with a thing, and, of a gradient, what it was derived by. */
export interface Lit {
  readonly nodes: ReadonlySet<string>;
  readonly statements: ReadonlySet<number>;
  readonly kernels: ReadonlySet<string>;
  readonly buffers: ReadonlySet<string>;
  readonly lines: ReadonlySet<number>;
  /** Cotangents from the loss to the gradient of what is chosen. */
  readonly chain: readonly string[];
}

export type Buffer = PageView["buffers"][number];

type Index = Map<string, string[]>;
const push = (index: Index, key: string, value: string): void => void index.set(key, [...(index.get(key) ?? []), value]);

export class Links {
  readonly view: PageView;
  readonly run: PageRun;
  readonly entry: string;
  readonly nodes: ReadonlyMap<string, PageNode>;
  readonly buffers: ReadonlyMap<string, Buffer>;
  readonly kernels: ReadonlyMap<string, PageKernel>;
  readonly #layers: readonly PageLayer[];
  readonly #homes: ReadonlyMap<string, PageRun["homes"][number]>;
  readonly #statements = new Map<string, number[]>();
  readonly #adjoints: Index = new Map();
  readonly #gradientOf: Index = new Map();
  readonly #holds: Index = new Map();
  readonly #uses = new Map<string, number[]>();

  constructor({ entries, views }: PageData, view: number, entry: number) {
    const { name, nodes, layers } = entries[entry]!;
    this.#layers = layers;
    this.entry = name;
    this.view = views[view]!;
    this.run = this.view.entries[entry]!;
    this.nodes = new Map(nodes.map((node) => [node.id, node]));
    this.buffers = new Map(this.view.buffers.map((buffer) => [buffer.id, buffer]));
    this.kernels = new Map(this.view.kernels.map((kernel) => [kernel.id, kernel]));
    this.#homes = new Map(nodes.map(({ id }, n) => [id, this.run.homes[n]!]));
    for (const { id, part, gradient } of nodes) {
      const forward = this.forwardOf(id);
      if (forward !== undefined && part === "backward") push(this.#adjoints, forward, id);
      if (gradient !== undefined) push(this.#gradientOf, gradient, id);
    }
    for (const [id, home] of this.#homes) if (home.kind === "buffer") push(this.#holds, home.buffer, id);
    for (const { number, nodes: own, reads, writes } of this.run.statements) {
      for (const id of own) this.#statements.set(id, [...(this.#statements.get(id) ?? []), number]);
      for (const buffer of new Set([...reads, ...writes])) this.#uses.set(buffer, [...(this.#uses.get(buffer) ?? []), number]);
    }
  }

  mathsOf = (id: string): string => this.nodes.get(id)?.maths ?? id;
  layerOf = (id: string): PageLayer | undefined => this.#layers[this.nodes.get(id)?.within ?? -1];

  /** The node whose rule made this one, where it still is one. */
  forwardOf(id: string): string | undefined {
    const { of, forward } = this.nodes.get(id) ?? {};
    return forward ?? (of !== undefined && this.nodes.has(of) ? of : undefined);
  }

  statement = (number: number): PageStatement | undefined => this.run.statements[number - 1];
  homeOf = (id: string) => this.#homes.get(id);
  statementsOf = (id: string): readonly number[] => this.#statements.get(id) ?? [];
  adjointsOf = (id: string): readonly string[] => this.#adjoints.get(id) ?? [];
  gradientOf = (id: string): readonly string[] => this.#gradientOf.get(id) ?? [];
  holds = (buffer: string): readonly string[] => this.#holds.get(buffer) ?? [];
  usesOf = (buffer: string): readonly number[] => this.#uses.get(buffer) ?? [];

  /** Statements of this entry that call a kernel. */
  callsOf = (kernel: string): readonly number[] => this.run.statements.filter((one) => one.kernel === kernel).map(({ number }) => number);

  /** Nodes that a line of the model made. */
  nodesAt = (line: number): readonly string[] => [...this.nodes.values()].filter((node) => node.line === line).map(({ id }) => id);

  /** Whether a buffer lies in the arena at a statement of this entry. */
  isHeldAt = ({ life, of, over }: Buffer, number: number): boolean =>
    of === undefined &&
    (life === "always" || (life.entry === this.entry && life.first + (over === undefined ? 0 : 1) <= number && number <= life.last));

  /** Cotangents that a gradient is computed from, from the loss on, itself the last. */
  chainTo(gradient: string): readonly string[] {
    const needed = new Set<string>();
    const visit = (id: string): void => {
      const node = this.nodes.get(id);
      if (node === undefined || node.part !== "backward" || needed.has(id)) return;
      needed.add(id);
      node.inputs.forEach(visit);
    };
    visit(gradient);
    return [...this.nodes.keys()].filter((id) => needed.has(id));
  }

  /** The gradient that a thing leads to: a gradient's own, a weight's, or the one that an update consumes. */
  gradientFor(id: string): string | undefined {
    const node = this.nodes.get(id);
    if (node === undefined) return undefined;
    if (node.part === "backward") return id;
    if (node.part === "forward") return node.gradient;
    return node.of === undefined ? undefined : this.nodes.get(node.of)?.gradient;
  }

  litBy(thing: Thing): Lit {
    const nodes = new Set<string>();
    const statements = new Set<number>();
    const kernels = new Set<string>();
    const buffers = new Set<string>();
    const lines = new Set<number>();
    let chain: readonly string[] = [];
    const addLines = (ids: Iterable<string>): void => {
      for (const id of ids) {
        const line = this.nodes.get(id)?.line;
        if (line !== undefined) lines.add(line);
      }
    };
    const addStatements = (numbers: Iterable<number>): void => {
      for (const number of numbers) {
        statements.add(number);
        const kernel = this.statement(number)?.kernel;
        if (kernel !== undefined) kernels.add(kernel);
      }
    };
    switch (thing.kind) {
      case "node": {
        nodes.add(thing.id);
        addStatements(this.statementsOf(thing.id));
        const home = this.homeOf(thing.id);
        if (home?.kind === "buffer") buffers.add(home.buffer);
        const gradient = this.gradientFor(thing.id);
        if (gradient !== undefined) chain = this.chainTo(gradient);
        addLines(nodes);
        break;
      }
      case "statement": {
        addStatements([thing.number]);
        const one = this.statement(thing.number);
        for (const id of one?.nodes ?? []) nodes.add(id);
        for (const buffer of [...(one?.reads ?? []), ...(one?.writes ?? [])]) buffers.add(buffer);
        addLines(nodes);
        break;
      }
      case "kernel": {
        kernels.add(thing.id);
        addStatements(this.callsOf(thing.id));
        for (const number of statements) for (const id of this.statement(number)!.nodes) nodes.add(id);
        addLines(nodes);
        break;
      }
      case "buffer":
        buffers.add(thing.id);
        addStatements(this.usesOf(thing.id));
        for (const id of this.holds(thing.id)) nodes.add(id);
        addLines(nodes);
        break;
      case "line":
        lines.add(thing.line);
        for (const id of this.nodesAt(thing.line)) {
          nodes.add(id);
          addStatements(this.statementsOf(id));
        }
    }
    return { nodes, statements, kernels, buffers, lines, chain };
  }
}
