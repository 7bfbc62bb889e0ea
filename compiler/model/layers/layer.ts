/** Guarantees that a layer is a function of tensors with a name and parameters of its own, the same ones however often it is called. */

import type { Attr, Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { called, check, refuseForeign } from "../arguments.ts";
import { context, isTensor, type Context } from "../context.ts";
import type { Place } from "../functions/place.ts";
import type { Initializer } from "../initializers.ts";
import { FLAG, optionsOf, TEXT, type Law, type Laws } from "../../graph/arguments.ts";
import { TENSOR } from "../kinds.ts";
import { keptLeaf } from "../leaves.ts";
import { callSite, type Site } from "../site.ts";
import type { FloatTensor, Tensor, WithLast } from "../tensor.ts";

/** What every layer may be told. */
export interface LayerOptions {
  /** Prefix of its parameters, `<name>.kernel`. Default: its kind, numbered from the second of a kind on: `dense`, `dense_2`. */
  readonly name?: string;
  /** `false` freezes its parameters. Default: true. */
  readonly trainable?: boolean;
}

/** The options of a layer: its own, and those that every layer has. */
export const layerOptions = <Options extends LayerOptions>(laws: Laws<Omit<Options, keyof LayerOptions>>): Law =>
  optionsOf<LayerOptions>({ ...laws, name: TEXT, trainable: FLAG });

/** What a layer's body works with. Parameters and states are declared at its first call and found again at later ones. */
export interface LayerScope extends Place {
  readonly name: string;
  /** `<layer>.<name>`, which begins as an initializer says; a tensor given in its place is no parameter of the layer's. */
  param(name: string, shape: Shape, initial: Initializer | FloatTensor): Value;
  /** A value kept between steps, not trained: `<layer>.<name>`. */
  state(name: string, shape: Shape, initial: Initializer): Value;
}

/** The tensors of a layer by name, from its first call on: `layer.kernel`. */
export type Holds<Shapes extends Readonly<Record<string, Shape>>> = { readonly [Own in keyof Shapes]: FloatTensor<Shapes[Own]> };

/** Whether a name is the parameter's, or its layer's. */
export const covers = (name: string, parameter: string): boolean => name === parameter || parameter.startsWith(`${name}.`);

interface Kind {
  readonly kind: string;
  /** The model's line that made the layer: `sequential` calls it from elsewhere. */
  readonly site?: Site | undefined;
}

/** Keras's way: `dense(10)` is a layer, `dense(10)(x)` its output. */
export interface Layer<In extends Tensor = FloatTensor, Out extends Tensor = FloatTensor> extends Kind {
  (x: In): Out;
}

/** A layer that keeps the shape. */
export interface SameShapeLayer extends Kind {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<S>;
}

/** A layer that gives the last axis another extent. */
export interface LastAxisLayer<N extends number> extends Kind {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<WithLast<S, N>>;
}

/** What a layer has declared in one context. */
interface Declared {
  readonly name: string;
  readonly storage: Map<string, Value>;
}

/** The options of a layer, once all its arguments hold their laws. */
export function checked<Given extends { readonly options: LayerOptions }>(kind: string, given: Given, laws: Laws<Given>): LayerOptions {
  check(kind, given, laws);
  return given.options;
}

/**
 * Makes a layer of a body that appends nodes for one input. The body runs at every call: check shapes in it, with `c.fail`; what does not
 * depend on the input, `checked` says. Layers of several inputs call `withScope` themselves.
 */
export function layer<L extends Kind = Layer>(
  kind: string,
  options: LayerOptions,
  body: (scope: LayerScope, x: Tensor) => Value,
  /** Names of the tensors that it gives out. */ holds: readonly string[] = [],
): L {
  const { run, held } = withScope(kind, options);
  const call = (x: Tensor): Tensor => {
    called(kind, { x }, { x: TENSOR });
    return run((scope) => {
      const own = [scope.c.operand("x", x.value)];
      const fail: LayerScope["fail"] = (law, remedy, operands = own) => scope.fail(law, remedy, operands);
      return body({ ...scope, fail }, x);
    });
  };
  return giving(Object.assign(call, { kind, site: callSite() }), holds, held) as unknown as L; // L states what the body makes of shapes
}

/** A layer that gives out tensors, by names of its own or, as in `query.kernel`, of its parts. */
export function giving<Call extends object>(call: Call, names: readonly string[], held: (name: string) => FloatTensor): Call {
  for (const path of names) {
    const [own, part] = path.split(".") as [string, string?];
    if (part === undefined) Object.defineProperty(call, own, { get: () => held(path) });
    else {
      if (!(own in call)) Object.defineProperty(call, own, { value: {} });
      Object.defineProperty((call as Record<string, object>)[own]!, part, { get: () => held(path) }); // set on the line above
    }
  }
  return call;
}

/** One layer: runs bodies in its scope, and gives out its tensors. */
export interface Scoped {
  readonly run: (body: (scope: LayerScope) => Value) => Tensor;
  /** Throws a ModelError before the layer's first call in the declaration in progress, and for a tensor that it has not. */
  readonly held: (name: string) => FloatTensor;
}

/** Runs bodies in the scope of one layer: its name, its parameters, its record. */
export function withScope(kind: string, { name, trainable = true }: LayerOptions): Scoped {
  const known = new WeakMap<Context, Declared>();
  const held = (own: string): FloatTensor => {
    const c = context();
    const declared = known.get(c);
    const value = declared?.storage.get(own);
    if (value !== undefined) return c.tensor(value) as FloatTensor; // layers hold floats
    const words = JSON.stringify(name ?? declared?.name ?? kind);
    return c.run(() =>
      declared === undefined
        ? c.fail("layer/tensors", `${kind} ${words} has no ${own} before its first call`, "Call the layer, then take its tensors.")
        : c.fail(
            "layer/tensors",
            `${kind} ${words} has no ${own}`,
            `It has ${[...declared.storage.keys()].join(" and ") || "no tensors"}.`,
          ),
    );
  };
  const run: Scoped["run"] = (body) => {
    const c = context();
    c.compositions.next(undefined); // a layer has a name of its own
    return c.run(() => {
      const declared = known.get(c) ?? { name: c.layerName(name ?? kind), storage: new Map() };
      known.set(c, declared);
      let parameters = 0;
      const storage = (op: "param" | "state", own: string, shape: Shape, initial: Initializer | FloatTensor): Value => {
        const found = declared.storage.get(own);
        if (found !== undefined) {
          const { shape: before } = c.typeOf(found);
          if (String(before) !== String(shape))
            c.fail(
              "layer/shape",
              `${kind} ${JSON.stringify(declared.name)} was built for ${own} [${before.join(",")}], but this call needs [${shape.join(",")}]`,
              "Call it with inputs of one shape, or make a second layer.",
            );
          return found;
        }
        if (isTensor(initial)) {
          refuseForeign(kind, own, initial);
          if (String(initial.shape) !== String(shape))
            c.fail(
              `layer/${kind}`,
              `${kind} ${JSON.stringify(declared.name)} needs ${own} [${shape.join(",")}], but was given [${initial.shape.join(",")}]`,
              `Change the shape of ${own}.`,
              [c.operand(own, initial.value)],
            );
          declared.storage.set(own, initial.value);
          return initial.value;
        }
        const start: Attr = initial.initial(shape, () => c.nextStream(), c);
        const value = keptLeaf(c, op, `${declared.name}.${own}`, shape, start, op === "param" ? { trainable } : {});
        c.kinds.set(`${declared.name}.${own}`, kind);
        if (op === "param") parameters += shape.reduce((n, extent) => n * extent, 1);
        declared.storage.set(own, value);
        return value;
      };
      const mark = c.builder.nodes.length;
      const title = declared.name === kind ? kind : `${kind} ${JSON.stringify(declared.name)}`;
      const own: LayerScope = {
        c,
        name: declared.name,
        named: (own, intermediate) => c.named(`${declared.name}.${own}`, intermediate),
        fail: (law, remedy, operands) => c.fail(`layer/${kind}`, `${title} ${law}`, remedy, operands),
        param: (own, shape, initial) => storage("param", own, shape, initial),
        state: (own, shape, initial) => storage("state", own, shape, initial),
      };
      const value = c.compositions.layer(declared.name, kind, () => body(own));
      if (value >= mark) c.named(declared.name, value);
      c.layers.push({ name: declared.name, kind, shape: c.typeOf(value).shape, parameters, site: c.site });
      return c.tensor(value);
    });
  };
  return { run, held };
}

/** A tensor given for a parameter, the initializer it begins with, or the default; both together are refused. */
export function begun<Name extends string>(
  { fail }: LayerScope,
  name: Name,
  options: { readonly [Own in Name | `${Name}Initializer`]?: unknown },
  initial: Initializer,
): Initializer | FloatTensor {
  const [given, initializer] = [options[name], options[`${name}Initializer`]];
  if (given !== undefined && initializer !== undefined)
    fail(`was given both ${name} and ${name}Initializer`, "A tensor that is given does not begin: leave out the initializer.");
  return (given ?? initializer ?? initial) as Initializer | FloatTensor; // the laws of the options hold
}
