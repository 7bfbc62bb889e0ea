/** The step of an LSTM, a GRU or a plain recurrence, each gate said: for a scan, where the language's layer computes something else. */

import type { Source } from "./source.ts";

/** What the step calls its values: no variable takes these names. */
export const STEP: readonly string[] = ["carry", "gates", "recurrence", ..."cfghinorxz"];

/** Gates stand in the language's order, PyTorch's: i, f, g, o and r, z, n. */
export interface Step {
  readonly layer: "lstm" | "gru" | "simpleRnn";
  readonly h: number;
  readonly recurrentKernel: string;
  readonly recurrentBias: string;
  /** The activation of gates, 0, of what is new, 1, and of an LSTM's cell, 2. */
  activation(n: 0 | 1 | 2, code: string): string;
  /** Of a GRU: whether the reset gate stands after the product. */
  readonly resetAfter: boolean;
  /** A gate's share with what an LSTM's cell adds to it: i, o, f. */
  peeped(n: 0 | 1 | 2, cell: string, code: string): string;
}

/** The states by name. */
export const stateNames = (layer: Step["layer"]): readonly string[] => (layer === "lstm" ? ["h", "c"] : ["h"]);

/** The body of `(carry, x) => …`, x being the input's share of all gates. */
function bodyOf(t: Source, { layer, h, recurrentKernel, recurrentBias, activation, resetAfter, peeped }: Step): readonly string[] {
  const sum = t.call("add", t.call("matmul", "carry.h", recurrentKernel), recurrentBias);
  const gate = (from: string, k: number): string => t.call("slice", from, `[0, ${k * h}]`, `[Infinity, ${(k + 1) * h}]`);
  switch (layer) {
    case "lstm":
      return [
        `const gates = ${t.call("add", "x", sum)};`,
        `const i = ${activation(0, peeped(0, "carry.c", gate("gates", 0)))};`,
        `const f = ${activation(0, peeped(2, "carry.c", gate("gates", 1)))};`,
        `const g = ${activation(1, gate("gates", 2))};`,
        `const c = ${t.call("add", t.call("mul", "f", "carry.c"), t.call("mul", "i", "g"))};`,
        `const o = ${activation(0, peeped(1, "c", gate("gates", 3)))};`,
        `const h = ${t.call("mul", "o", activation(2, "c"))};`,
        "return { carry: { h, c }, y: h };",
      ];
    case "gru": {
      const rest = resetAfter
        ? t.call("mul", "r", gate("recurrence", 2))
        : t.call(
            "add",
            t.call("matmul", t.call("mul", "r", "carry.h"), t.call("slice", recurrentKernel, `[0, ${2 * h}]`, `[Infinity, ${3 * h}]`)),
            t.call("slice", recurrentBias, `[${2 * h}]`, `[${3 * h}]`),
          );
      return [
        `const recurrence = ${sum};`,
        `const r = ${activation(0, t.call("add", gate("x", 0), gate("recurrence", 0)))};`,
        `const z = ${activation(0, t.call("add", gate("x", 1), gate("recurrence", 1)))};`,
        `const n = ${activation(1, t.call("add", gate("x", 2), rest))};`,
        `const h = ${t.call("add", t.call("mul", t.call("sub", "1", "z"), "n"), t.call("mul", "z", "carry.h"))};`,
        "return { carry: { h }, y: h };",
      ];
    }
    case "simpleRnn":
      return [`const h = ${activation(0, t.call("add", "x", sum))};`, "return { carry: { h }, y: h };"];
  }
}

/** A scan over `inputs` [n, t, gates·h]: the code of its outputs [n, t, h], the last one's first where it goes backwards, and of its states. */
export function scanned(
  t: Source,
  name: string,
  step: Step,
  inputs: string,
  initial: readonly string[],
  reverse: boolean,
): { readonly ys: string; readonly states: readonly string[] } {
  const own = t.identifier(`${name}_scan`);
  const names = stateNames(step.layer);
  const body = bodyOf(t, step).join("\n");
  const start = `{ ${names.map((state, n) => `${state}: ${initial[n]!}`).join(", ")} }`;
  const type = `{ ${names.map((state) => `${state}: FloatTensor`).join("; ")} }`;
  const more = reverse ? ["{ reverse: true }"] : [];
  t.statement([own], `const ${own} = ${t.typed("scan", type, `(carry, x) => {\n${body}\n}`, start, inputs, ...more)};`);
  return { ys: `${own}.ys`, states: names.map((state) => `${own}.carry.${state}`) };
}
