/** Guarantees that kernels, or groups, with one key differ in names alone, or in how far loops go: equal loops over storage of equal type. */

import { orderText } from "./build.ts";
import type { Index } from "./index-expression.ts";
import { storageOfPlaces } from "./pick.ts";
import type { Buffer, Group, Kernel, Scalar, Stmt } from "./loop.ts";

/** Numbers names in order of appearance, each kind of name for itself. */
class Numbering {
  readonly #numbers = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  readonly #described: (buffer: string) => string;

  /** `described` adds what a buffer is, where it first appears. */
  constructor(described: (buffer: string) => string = () => "") {
    this.#described = described;
  }

  of(kind: "b" | "i" | "l", name: string): string {
    const key = `${kind} ${name}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return `${kind}${known}`;
    const next = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, next + 1);
    this.#numbers.set(key, next);
    return `${kind}${next}${kind === "b" ? this.#described(name) : ""}`;
  }

  /** The buffers, by number. */
  buffers(): string[] {
    return [...this.#numbers.keys()].flatMap((key) => (key.startsWith("b ") ? [key.slice(2)] : []));
  }

  /** How far an index goes. */
  extent(extent: number): string {
    return `<${extent}`;
  }

  /** Where a loop ends. */
  end(to: Index): string {
    return this.index(to);
  }

  index({ terms, offset }: Index): string {
    const parts = terms.map(({ atom, by }) => {
      if (atom.kind === "index") return `${by}*${this.of("i", atom.name)}${this.extent(atom.extent)}`;
      return `${by}*(${this.index(atom.of)} ${atom.kind} ${atom.by})`;
    });
    return `${parts.join("+")}+${offset}`;
  }

  scalar(s: Scalar): string {
    switch (s.kind) {
      case "literal":
        return `${Object.is(s.value, -0) ? "-0" : s.value}${s.dtype}`;
      case "local":
        return this.of("l", s.name);
      case "index":
        return `@${this.index(s.at)}`;
      case "load":
        return `${this.of("b", s.buffer)}[${s.at.map((at) => this.index(at)).join()}]`;
      case "apply":
        return `${s.fn}:${s.dtype}(${s.args.map((arg) => this.scalar(arg)).join()})`;
      case "select":
        return `select(${this.scalar(s.when)},${this.scalar(s.then)},${this.scalar(s.otherwise)})`;
      case "round":
        return `round(${this.scalar(s.value)})`;
      case "reduce":
        return `${s.by}${orderText(s)}(${s.over.map(({ name, extent }) => `${this.of("i", name)}<${extent}`).join()}:${this.scalar(s.term)})`;
    }
  }

  stmt(s: Stmt): string {
    const block = (body: readonly Stmt[]): string => `{${body.map((one) => this.stmt(one)).join(";")}}`;
    switch (s.kind) {
      case "for":
        return `${s.form} ${this.of("i", s.index)} ${this.index(s.from)}..${s.unrolled === undefined ? this.end(s.to) : this.index(s.to)} ${s.step} ${s.unrolled ?? 1}${s.only === undefined ? "" : ` only ${this.scalar(s.only)}`}${block(s.body)}`;
      case "let":
        return `${s.mutable ? "let" : "const"} ${this.of("l", s.name)}:${s.dtype}=${this.scalar(s.value)}`;
      case "assign":
        return `${this.of("l", s.name)}=${this.scalar(s.value)}`;
      case "store":
        return `${this.of("b", s.buffer)}[${this.index(s.at)}]=${this.scalar(s.value)}`;
      case "if":
        return `if ${this.scalar(s.when)}${block(s.then)}`;
    }
  }
}

/** Equal exactly for kernels that differ in names alone: parameters by place, locals and indices in order of appearance. */
export function keyOfKernel({ params, body }: Kernel): string {
  const numbering = new Numbering();
  const types = params.map(({ name, dtype, length, access }) => `${numbering.of("b", name)} ${dtype}[${length}] ${access}`);
  return `${types.join()}|${body.map((stmt) => numbering.stmt(stmt)).join(";")}`;
}

/** Leaves out how far loops go, and keeps it in order. */
class Endless extends Numbering {
  readonly ends: number[] = [];

  override extent(): string {
    return "";
  }

  override end(to: Index): string {
    if (to.terms.length > 0) return this.index(to);
    this.ends.push(to.offset);
    return "";
  }
}

/** Equal for kernels that differ in names and in where loops end, and these ends. */
export function endlessKeyOf({ params, body }: Kernel): { readonly key: string; readonly ends: readonly number[] } {
  const numbering = new Endless();
  const types = params.map(({ name, dtype, access }) => `${numbering.of("b", name)} ${dtype} ${access}`);
  return { key: `${types.join()}|${body.map((stmt) => numbering.stmt(stmt)).join(";")}`, ends: numbering.ends };
}

/** Leaves out all numbers of places, ends of loops and values. */
class Numberless extends Numbering {
  override extent(): string {
    return "";
  }

  override index({ terms }: Index): string {
    const parts = terms.map(({ atom }) =>
      atom.kind === "index" ? this.of("i", atom.name) : `(${this.index(atom.of)} ${atom.kind} ${atom.by})`,
    );
    return `${parts.join("+")}+n`;
  }

  override scalar(s: Scalar): string {
    return s.kind === "literal" && s.dtype !== "bool" && Number.isFinite(s.value) ? `#${s.dtype}` : super.scalar(s);
  }
}

/** Equal for kernels that differ in names, in how far loops go, in where elements lie and in constants. */
export function numberlessKeyOf({ params, body }: Kernel): string {
  const numbering = new Numberless();
  const types = params.map(({ name, dtype, access }) => `${numbering.of("b", name)} ${dtype} ${access}`);
  return `${types.join()}|${body.map((stmt) => numbering.stmt(stmt)).join(";")}`;
}

/** Equal for groups that are scheduled alike, and the group's buffers in the order the key numbers them. */
export function keyOfGroup(
  { axes, stages }: Group,
  buffers: ReadonlyMap<string, Buffer>,
): { readonly key: string; readonly buffers: readonly string[] } {
  const numbering = new Numbering((name) => {
    const buffer = buffers.get(name);
    return buffer === undefined ? "" : `:${buffer.dtype}[${buffer.shape.join()}]`;
  });
  const axis = ({ name, extent }: { readonly name: string; readonly extent: number }): string => `${numbering.of("i", name)}<${extent}`;
  const text = stages.map(({ definition: d, storage }) => {
    const value = `${d.axes.map(axis).join()}=${numbering.scalar(d.value)}`;
    const own = storage === "places" ? Object.values(storageOfPlaces(d)).map(({ name }: Buffer) => numbering.of("b", name)) : [];
    return `${storage} ${own.join()} ${d.op} ${numbering.of("b", d.name)}→${d.target === undefined ? "" : numbering.of("b", d.target)}${d.segment === undefined ? "" : `@${numbering.of("b", d.segment.of)}[${d.segment.at.map((at) => numbering.index(at)).join()}]`}:${d.dtype}[${value}]`;
  });
  return { key: `${axes.map(axis).join()}|${text.join(";")}`, buffers: numbering.buffers() };
}
