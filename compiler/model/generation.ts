/** What a declaration says that it generates, held to what can be: tokens a step, and an output that scores the next. */

import type { Context } from "./context.ts";
import type { Generation } from "../graph/generation.ts";
import type { Declaration, Generated } from "./declaration.ts";
import type { Steps } from "./decoding.ts";

/** The steps of a model that generates, of its declaration over all of them. Throws a ModelError for tokens that are no input of steps. */
export function stepsOf(c: Context, { tokens, scores }: Generated): Steps {
  const node = c.builder.node(tokens.value);
  const [, steps] = tokens.shape;
  if (node.op !== "input" || tokens.shape.length !== 2 || steps === undefined || steps < 2)
    return c.fail(
      "generate/tokens",
      `generate needs tokens that are labels [n, steps] of at least two steps, but got %${node.name} [${tokens.shape.join(",")}]`,
      "Give it what labels(name, [batch, steps], { classes }) returns.",
      [c.operand("tokens", tokens.value)],
    );
  if (scores.shape.length !== 3 || scores.shape[1] !== steps)
    c.fail(
      "generate/scores",
      `generate needs scores [n, steps, classes] of the tokens' ${steps} steps, but got [${scores.shape.join(",")}]`,
      "Give it the scores of the next token at every step.",
      [c.operand("tokens", tokens.value), c.operand("scores", scores.value)],
    );
  const sizes = [...c.sizes].filter(([, { extent, check }]) => (c.small ? check : extent) === steps);
  return { tokens: node.name, steps, ...(sizes.length === 1 ? { size: sizes[0]![0] } : {}) };
}

/** What prediction takes and gives, once it is declared over one step: carries are outputs from here on. */
export function generationOf(c: Context, { generate, outputs = {} }: Declaration): Generation | undefined {
  const { decoding } = c;
  if (decoding === undefined || generate === undefined) return undefined;
  const scores = Object.entries(outputs).find(([, { value }]) => value === generate.scores.value)?.[0];
  if (scores === undefined)
    return c.fail(
      "generate/scores",
      `generate needs scores that are an output, but %${c.builder.node(generate.scores.value).name} is none`,
      "Write outputs: { scores }, generate: { tokens, scores }.",
    );
  for (const { name, next } of decoding.carries) {
    if (name in outputs)
      c.fail("name/duplicate", `the output ${JSON.stringify(name)} is called as a carry of generation`, "Give the output another name.");
    c.builder.results.push({ kind: "output", name, value: next });
  }
  return {
    tokens: decoding.of.tokens,
    scores,
    ...(decoding.isBounded ? { steps: decoding.of.steps } : {}),
    position: decoding.hasPosition,
    carries: decoding.carries.map(({ name }) => name),
  };
}
