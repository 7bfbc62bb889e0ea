/** The source of a Keras model under construction: values with their axes as they are here, and what layers are told. */

import { printable } from "../../graph/printable.ts";
import { lengthOf, options, placesOf, type Dim, type Kind } from "../code.ts";
import { ImportError } from "../error.ts";
import { Source, type Computed } from "../source.ts";
import type { KerasLayer } from "./calls.ts";
import { isList, own, type Json, type KerasTensor } from "./file.ts";

/**
 * How a value lies here: in Keras's order of axes; with its channels, Keras's last axis, right behind the batch; or as rows that are such an
 * image, [h, w, c] in Keras, flattened channels first.
 */
export type Order = "keras" | "first" | { readonly flat: readonly number[] };

/** A value; its dims are Keras's. */
export interface Value extends Computed {
  readonly order: Order;
  /** Which steps are real, truths [n, t], where some are not. */
  readonly mask?: string;
  /** Of a softmax's or a sigmoid's result: of what. */
  readonly logits?: { readonly of: "softmax" | "sigmoid"; readonly code: string };
}

/** A layer where it stands. */
export interface Placed extends KerasLayer {
  /** The models around it, outermost first. */
  readonly within: readonly string[];
  /** Whether it is called more than once. */
  readonly isShared: boolean;
}

const NOTE = "channels before pixels, where Keras has them last";

/** [n, …, c] as [n, c, …]. */
export const channelsFirst = (dims: readonly Dim[]): readonly Dim[] => [dims[0]!, dims.at(-1)!, ...dims.slice(1, -1)];

/** The shape that two broadcast to. */
export const jointDims = (t: Translation, l: KerasLayer, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] => {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, n): Dim => {
    const [x, y] = [a[a.length - rank + n] ?? 1, b[b.length - rank + n] ?? 1];
    return x === y || y === 1 ? x : x === 1 ? y : t.fail(l, `joins [${a.join(",")}] and [${b.join(",")}]`, "the file is damaged");
  });
};

export class Translation extends Source {
  /** Of Keras 3, which computes hardSigmoid otherwise. */
  readonly isThird: boolean;
  /** A last dense layer that gets other classes. */
  readonly head: { readonly layer: string; readonly units: number } | undefined;
  readonly #weights: readonly KerasTensor[];
  readonly #turned = new Map<string, Value>();
  readonly #made = new Map<string, string>();
  /** Parameters of layers here that Keras has not: they do not train. */
  readonly idle: string[] = [];

  constructor(
    weights: readonly KerasTensor[],
    taken: Iterable<string>,
    given: { readonly isThird: boolean; readonly head: { readonly layer: string; readonly units: number } | undefined },
  ) {
    super(taken);
    this.#weights = weights;
    this.isThird = given.isThird;
    this.head = given.head;
  }

  fail({ kind, name }: Pick<KerasLayer, "kind" | "name">, what: string, remedy: string): never {
    throw new ImportError(`${kind} ${JSON.stringify(name)} ${what}; ${remedy}`);
  }

  /** A value in Keras's order of axes. */
  keras(x: Value): Value {
    if (x.order === "keras") return x;
    return this.#once(
      x,
      "keras",
      () => {
        if (x.order !== "first" && x.order !== "keras") {
          const [rows] = x.dims as readonly [Dim];
          const { flat } = x.order;
          const image = this.call("reshape", x.code, `[${[rows, ...channelsFirst([rows, ...flat]).slice(1)].join(", ")}]`);
          const back = [0, ...flat.slice(1).map((_, n) => n + 2), 1];
          const turned = this.call("transpose", image, `[${back.join(", ")}]`);
          return {
            code: this.call("reshape", turned, `[${[rows, lengthOf(flat)].join(", ")}]`),
            dims: x.dims,
            note: "rows in Keras's order",
          };
        }
        const rank = x.dims.length;
        const order = [0, ...Array.from({ length: rank - 2 }, (_, n) => n + 2), 1];
        return { code: this.call("transpose", x.code, `[${order.join(", ")}]`), dims: x.dims, note: "channels last, as in Keras" };
      },
      "keras",
    );
  }

  /** A value [n, …, c] with its channels right behind the batch. */
  first(x: Value): Value {
    if (x.order === "first") return x;
    const given = this.keras(x);
    const rank = given.dims.length;
    return this.#once(
      given,
      "first",
      () => {
        const order = [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, n) => n + 1)];
        return { code: this.call("transpose", given.code, `[${order.join(", ")}]`), dims: channelsFirst(given.dims), note: NOTE };
      },
      "first",
    );
  }

  /** A value in another order: one line, however often it is asked for. */
  #once(
    x: Value,
    way: string,
    make: () => { readonly code: string; readonly dims: readonly Dim[]; readonly note: string },
    order: Order,
  ): Value {
    const key = `${way} ${x.code}`;
    const known = this.#turned.get(key);
    if (known !== undefined) return known;
    const { code, dims, note } = make();
    const value: Value = {
      ...x,
      ...this.named(`${x.code}_${way === "first" ? "channels" : "last"}`, code, dims, x.of, note),
      dims: x.dims,
      order,
    };
    this.#turned.set(key, value);
    return value;
  }

  /** The shape of a value as it lies here. */
  here({ dims, order }: Value): readonly Dim[] {
    return order === "first" ? channelsFirst(dims) : dims;
  }

  /** A line for a layer's result; dims are Keras's. */
  make(l: Pick<KerasLayer, "name">, code: string, dims: readonly Dim[], order: Order = "keras", of: Kind = "float"): Value {
    const here = order === "first" ? channelsFirst(dims) : dims;
    return { ...this.named(l.name, code, here, of), dims, order };
  }

  /**
   * A layer with weights, called: `make` gives its code, and holds its weights, once. What is called more than once is a variable, so that all
   * calls have the same weights.
   */
  layerOf(l: Placed, make: (name: string) => string): string {
    const key = [...l.within, l.name].join("/");
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const code = make(this.layer(printable(l.name)));
    if (!l.isShared) return code;
    const variable = this.identifier(`${l.name}_layer`);
    this.statement([variable], `const ${variable} = ${code};`);
    this.#made.set(key, variable);
    return variable;
  }

  /**
   * A weight of a layer by what Keras calls it, the first of `names` that there is, its axes in another order; undefined where there is none.
   * `part` is a part of the layer that has weights of its own.
   */
  find(l: Placed, names: readonly string[], part?: string): KerasTensor | undefined {
    for (const name of names) {
      const all = this.#weights.filter((tensor) => {
        const path = `/${tensor.name.replace(/:\d+$/, "")}`;
        const at = path.lastIndexOf("/");
        return (
          path.slice(at + 1) === name &&
          `${path.slice(0, at)}/`.includes(`/${l.name}/`) &&
          (part === undefined || path.includes(`/${part}`))
        );
      });
      const near = all.filter((tensor) => l.within.every((model) => `/${tensor.name}`.includes(`/${model}/`)));
      const found = near.length > 0 ? near : all;
      if (found.length > 1)
        this.fail(l, `has several weights ${name}: ${found.map((one) => one.name).join(", ")}`, "give its layers names of their own");
      if (found.length === 1) return found[0];
    }
    return undefined;
  }

  /** A weight of a layer, of this shape. */
  weightOf(l: Placed, names: readonly string[], dims: readonly Dim[], part?: string): KerasTensor {
    const found =
      this.find(l, names, part) ?? this.fail(l, `lacks its weight ${names[0]}`, "the file is damaged, or its weights are of another model");
    if (String(found.dims) !== String(dims))
      this.fail(
        l,
        `needs ${names[0]} [${dims.join(",")}], but ${JSON.stringify(found.name)} is [${found.dims.join(",")}]`,
        "the file is damaged",
      );
    return found;
  }

  /** Holds a weight under its name here, its axes in another order, and its elements in another shape. */
  holds(name: string, { dims, data }: KerasTensor, order?: readonly number[], shape?: readonly number[]): void {
    if (order === undefined) return this.hold(name, shape ?? dims, data);
    const turned = placesOf(dims, order);
    this.hold(
      name,
      shape ?? turned.dims,
      Float32Array.from(turned.at, (at) => data[at]!),
    );
  }

  number(l: Pick<KerasLayer, "kind" | "name" | "config">, key: string, otherwise: number): number {
    const given = own(l.config, key);
    if (given === undefined || given === null) return otherwise;
    return typeof given === "number" ? given : this.fail(l, `has ${key} ${shown(given)}, which is no number`, "the file is damaged");
  }

  flag({ config }: Pick<KerasLayer, "config">, key: string, otherwise: boolean): boolean {
    const given = own(config, key);
    return typeof given === "boolean" ? given : otherwise;
  }

  word({ config }: Pick<KerasLayer, "config">, key: string, otherwise: string): string {
    const given = own(config, key);
    return typeof given === "string" ? given : otherwise;
  }

  /** A number for each of several axes. */
  each(l: KerasLayer, key: string, axes: number, otherwise: number | readonly number[]): readonly number[] {
    const given = own(l.config, key) ?? otherwise;
    const list = isList(given as Json) ? (given as readonly Json[]) : Array.from({ length: axes }, () => given as Json);
    if (list.length !== axes || !list.every((one) => Number.isSafeInteger(one) && Number(one) >= 0))
      this.fail(l, `has ${key} ${shown(given as Json)}, where ${axes} whole numbers are wanted`, "the file is damaged");
    return list as readonly number[];
  }

  /** The options of a layer: its name, whether it trains, and what is given. */
  told(l: KerasLayer, name: string, given: Readonly<Record<string, string | undefined>> = {}): string {
    return options({ name: JSON.stringify(name), ...given, trainable: this.flag(l, "trainable", true) ? undefined : "false" });
  }
}

export const shown = (given: Json): string => JSON.stringify(given).slice(0, 60);
