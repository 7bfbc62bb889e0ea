/** Normalization of Keras, whose ε and momentum are others than here. */

import { numberText, type Dim } from "../code.ts";
import { isList, own } from "./file.ts";
import { requireUnmasked } from "./masks.ts";
import type { Placed, Translation, Value } from "./translation.ts";

const unless = (value: number, usual: number): string | undefined => (value === usual ? undefined : numberText(value));

/** γ and β of these extents, those that there are. */
function scales(t: Translation, l: Placed, name: string, extents: readonly Dim[]): Readonly<Record<string, string | undefined>> {
  const [scale, center] = [t.flag(l, "scale", true), t.flag(l, "center", true)];
  if (scale) t.holds(`${name}.gamma`, t.weightOf(l, ["gamma"], extents));
  if (center) t.holds(`${name}.beta`, t.weightOf(l, ["beta"], extents));
  return { scale: scale ? undefined : "false", center: center ? undefined : "false" };
}

/** The axes that a norm is along, counted from the front. */
function axesOf(t: Translation, l: Placed, rank: number, otherwise: number): readonly number[] {
  const given = own(l.config, "axis") ?? otherwise;
  const all = (isList(given) ? given : [given]).map((axis) => Number(axis) + (Number(axis) < 0 ? rank : 0));
  if (!all.every((axis) => Number.isSafeInteger(axis) && axis > 0 && axis < rank))
    t.fail(l, "has no axis of its input", "the file is damaged");
  return all;
}

/** What does not train normalizes by its running statistics, as in Keras. */
export function batchNorm(t: Translation, l: Placed, x: Value): Value {
  const rank = x.dims.length;
  const axes = axesOf(t, l, rank, -1);
  if (axes.length !== 1) t.fail(l, `is along ${axes.length} axes`, "one of channels is read");
  const given = x.order === "first" && axes[0] === rank - 1 ? x : t.keras(x);
  const axis = given.order === "first" ? 1 : axes[0]!;
  const channels = x.dims[axes[0]!]!;
  if (t.flag(l, "trainable", true))
    requireUnmasked(t, l, x, "Keras leaves them out of its statistics: set trainable = False, or use LayerNormalization");
  const layer = t.layerOf(l, (name) => {
    const flags = scales(t, l, name, [channels]);
    t.holds(`${name}.mean`, t.weightOf(l, ["moving_mean"], [channels]));
    t.holds(`${name}.variance`, t.weightOf(l, ["moving_variance"], [channels]));
    return t.call(
      "batchNorm",
      t.told(l, name, {
        epsilon: unless(t.number(l, "epsilon", 1e-3), 1e-5),
        momentum: unless(t.number(l, "momentum", 0.99), 0.9),
        axis: axis === 1 ? undefined : String(axis),
        frozen: t.flag(l, "trainable", true) ? undefined : "true",
        ...flags,
      }),
    );
  });
  return t.make(l, `${layer}(${given.code})`, x.dims, given.order);
}

export function layerNorm(t: Translation, l: Placed, x: Value): Value {
  const given = t.keras(x);
  const rank = x.dims.length;
  const axes = axesOf(t, l, rank, -1);
  const layer = t.layerOf(l, (name) => {
    const flags = scales(
      t,
      l,
      name,
      axes.map((axis) => x.dims[axis]!),
    );
    const told = {
      epsilon: unless(t.number(l, "epsilon", 1e-3), 1e-5),
      axis: String(axes) === String(rank - 1) ? undefined : `[${axes.join(", ")}]`,
      ...flags,
    };
    return t.call("layerNorm", t.told(l, name, told));
  });
  return t.make(l, `${layer}(${given.code})`, x.dims);
}

/** By the mean square alone; γ is called scale there. */
export function rmsNorm(t: Translation, l: Placed, x: Value): Value {
  const given = t.keras(x);
  const rank = x.dims.length;
  const axes = axesOf(t, l, rank, -1);
  const layer = t.layerOf(l, (name) => {
    const extents = axes.map((axis) => x.dims[axis]!);
    t.holds(`${name}.gamma`, t.weightOf(l, ["scale"], extents));
    const epsilon = numberText(t.number(l, "epsilon", 1e-6));
    return t.call("rmsNorm", t.told(l, name, { epsilon, axis: String(axes) === String(rank - 1) ? undefined : `[${axes.join(", ")}]` }));
  });
  return t.make(l, `${layer}(${given.code})`, x.dims);
}

export function unitNorm(t: Translation, l: Placed, x: Value): Value {
  const given = t.keras(x);
  const axes = axesOf(t, l, x.dims.length, -1);
  const told = String(axes) === String(x.dims.length - 1) ? [] : [`{ axis: [${axes.join(", ")}] }`];
  return t.make(l, `${t.call("unitNormalization", ...told)}(${given.code})`, x.dims);
}

/** Over groups of channels; −1 is one a channel. */
export function groupNorm(t: Translation, l: Placed, x: Value): Value {
  const rank = x.dims.length;
  if (axesOf(t, l, rank, -1)[0] !== rank - 1) t.fail(l, "has its channels elsewhere than last", "permute its input");
  const given = rank === 2 ? t.keras(x) : t.first(x);
  const channels = x.dims.at(-1)!;
  const groups = t.number(l, "groups", 32);
  const layer = t.layerOf(l, (name) => {
    const flags = scales(t, l, name, [channels]);
    return t.call(
      "groupNorm",
      String(groups === -1 ? channels : groups),
      t.told(l, name, { epsilon: unless(t.number(l, "epsilon", 1e-3), 1e-5), ...flags }),
    );
  });
  return t.make(l, `${layer}(${given.code})`, x.dims, given.order);
}

/** A trained slope a channel, or of anything that broadcasts over the rows. */
export function prelu(t: Translation, l: Placed, x: Value): Value {
  const shared = own(l.config, "shared_axes");
  const axes = isList(shared) ? shared.map(Number) : [];
  const dims = x.dims.slice(1).map((dim, n) => (axes.includes(n + 1) ? 1 : dim));
  const { data } = t.weightOf(l, ["alpha"], dims);
  const name = `${l.name}.alpha`;
  const trainable = t.flag(l, "trainable", true);
  const byChannel = dims.slice(0, -1).every((dim) => dim === 1);
  if (byChannel && (x.order === "first" || x.dims.length === 2)) {
    const slope = t.weight(t.layer(name), [data.length], data, !trainable);
    return t.make(l, t.call("prelu", x.code, slope.code), x.dims, x.order);
  }
  const given = t.keras(x);
  const slope = t.weight(t.layer(name), dims as readonly number[], data, !trainable);
  return t.make(l, t.call("where", t.call("less", given.code, "0"), t.call("mul", given.code, slope.code), given.code), x.dims);
}
