/** Attention of Keras: heads over the features of one width, and scores of queries and keys as they are. */

import { options } from "../code.ts";
import type { Call } from "./calls.ts";
import { realSteps, seenBy } from "./masks.ts";
import { shown, type Placed, type Translation, type Value } from "./translation.ts";

/** Queries, keys and values of one width; what keys and values are taken from is one sequence. */
export function attention(
  t: Translation,
  l: Placed,
  xs: readonly Value[],
  call: Call,
  named: Readonly<Record<string, readonly Value[]>>,
): Value {
  const [query] = xs.map((x) => t.keras(x)) as [Value];
  const given = (at: number, key: string): Value | undefined => {
    const found = xs[at] ?? named[key]?.[0];
    return found && t.keras(found);
  };
  const value = given(1, "value") ?? query;
  const key = given(2, "key") ?? value;
  const [heads, width] = [t.number(l, "num_heads", 1), t.number(l, "key_dim", 1)];
  const features = query.dims.at(-1)!;
  if (key.code !== value.code) t.fail(l, "has keys and values of two sequences", "write it in the source with scaledDotProductAttention");
  if (
    t.number(l, "value_dim", width) !== width ||
    heads * width !== features ||
    value.dims.at(-1) !== features ||
    !t.flag(l, "use_bias", true)
  )
    t.fail(
      l,
      `has ${heads} heads of ${width} over ${features} features`,
      "heads that share the features of one width, with biases, are read",
    );
  const other = Object.keys({ ...call.told, ...named }).find(
    (name) =>
      !["value", "key", "use_causal_mask", "training", "return_attention_scores"].includes(name) ||
      (name === "return_attention_scores" && call.told[name] === true),
  );
  if (other !== undefined) t.fail(l, `is told ${shown(other)}`, "write it in the source with the mask that it takes");
  const layer = t.layerOf(l, (name) => {
    for (const which of ["query", "key", "value"]) {
      t.holds(`${name}.${which}.kernel`, t.weightOf(l, ["kernel"], [features, heads, width], which), undefined, [features, features]);
      t.holds(`${name}.${which}.bias`, t.weightOf(l, ["bias"], [heads, width], which), undefined, [features]);
    }
    t.holds(`${name}.output.kernel`, t.weightOf(l, ["kernel"], [heads, width, features], "attention_output"), undefined, [
      features,
      features,
    ]);
    t.holds(`${name}.output.bias`, t.weightOf(l, ["bias"], [features], "attention_output"));
    return t.call(
      "multiHeadAttention",
      String(heads),
      t.told(l, name, { causal: call.told["use_causal_mask"] === true ? "true" : undefined }),
    );
  });
  const told = options({ memory: value.code === query.code ? undefined : value.code, mask: seenBy(t, query, value) });
  return t.make(l, `${layer}(${query.code}${told === "" ? "" : `, ${told}`})`, query.dims);
}

/** Attention and AdditiveAttention: queries, values and, if they are others, keys; the mask of the values is read, queries that are masked give zeros. */
export const softAttention =
  (name: "attention" | "additiveAttention") =>
  (t: Translation, l: Placed, xs: readonly Value[], call: Call): Value => {
    const [query, value, key] = xs.map((x) => t.keras(x)) as [Value, Value, Value | undefined];
    if (xs.length < 2 || xs.length > 3)
      t.fail(l, `has ${xs.length} inputs, where it takes queries, values and keys`, "the file is damaged");
    if (call.named["mask"] !== undefined) t.fail(l, "is told a mask", "write it in the source with the mask that it takes");
    if (call.told["return_attention_scores"] === true) t.fail(l, "gives its scores", "take its outputs alone");
    const isAdditive = name === "additiveAttention";
    const useScale = t.flag(l, "use_scale", isAdditive);
    const mode = t.word(l, "score_mode", "dot");
    if (mode !== "dot" && mode !== "concat") t.fail(l, `has the score_mode ${shown(mode)}`, "the file is damaged");
    const layer = t.layerOf(l, (own) => {
      if (useScale) t.holds(`${own}.scale`, t.weightOf(l, ["scale"], isAdditive ? [query.dims.at(-1)!] : []));
      if (mode === "concat") t.holds(`${own}.scoreWeight`, t.weightOf(l, ["concat_score_weight"], []));
      return t.call(
        name,
        t.told(l, own, {
          useScale: useScale === isAdditive ? undefined : String(useScale),
          scoreMode: mode === "dot" ? undefined : '"concat"',
        }),
      );
    });
    const told = options({
      key: key === undefined || key.code === value.code ? undefined : key.code,
      mask: value.mask,
      causal: call.told["use_causal_mask"] === true ? "true" : undefined,
    });
    const code = `${layer}(${query.code}, ${value.code}${told === "" ? "" : `, ${told}`})`;
    const dims = [...query.dims.slice(0, -1), value.dims.at(-1)!];
    return t.make(l, query.mask === undefined ? code : t.call("mul", code, realSteps(t, query.mask)), dims);
  };
