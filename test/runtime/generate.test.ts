/** What is true of generation: every step by itself scores as among all, on either target; greedy, drawn and beam sequences are those of an independent search. */

import { beforeAll, describe, expect, test } from "vitest";
import { checkGeneration } from "../../compiler/check/generation.ts";
import { compile, load } from "../../compiler/compile.ts";
import { lower } from "../../compiler/driver/lower.ts";
import {
  add,
  conv1d,
  dense,
  embedding,
  gru,
  labels,
  layerNorm,
  lstm,
  bidirectional,
  model,
  mul,
  multiHeadAttention,
  normal,
  param,
  positionalEncoding,
  reshape,
  residual,
  rotaryEmbedding,
  scan,
  sgd,
  size,
  softmaxCrossEntropy,
  stacked,
  tanh,
  transpose,
  broadcastTo,
  type FloatTensor,
  type Model,
} from "../../compiler/index.ts";
import { generate, predictAll, type Generation, type Trainer } from "../../runtime/index.ts";

const [STEPS, CLASSES] = [6, 4];
const flat = (x: unknown): FloatTensor => x as FloatTensor; // shapes of what tests combine are theirs to know

/** Scores of the next token by what `between` makes of embedded tokens; step by step where it `generates`. */
const language = (between: (x: FloatTensor) => FloatTensor, generates: boolean, rows = 1): Model =>
  model("language", { batch: { train: 2, evaluate: 2, predict: rows } }, ({ batch }) => {
    const steps = size("steps", STEPS, { check: 4 });
    const x = labels("x", [batch, steps], { classes: CLASSES });
    const next = labels("next", [batch, steps], { classes: CLASSES });
    const hidden = between(flat(embedding(CLASSES, 4, { initializer: normal(0, 2) })(x)));
    const scores = dense(CLASSES, { kernelInitializer: normal(0, 2) })(hidden);
    const declared = { loss: softmaxCrossEntropy(scores, next), outputs: { scores }, optimizer: sgd() };
    return generates ? { ...declared, generate: { tokens: x, scores } } : declared;
  });

const charLstm = (x: FloatTensor): FloatTensor => flat(lstm(5, { returnSequences: true })(x));
const transformer = (x: FloatTensor): FloatTensor => {
  let hidden = flat(positionalEncoding({ table: "learned" })(x));
  for (const options of [{ rotary: {} }, { kvHeads: 1 }])
    hidden = residual([layerNorm(), multiHeadAttention(2, { causal: true, ...options })])(hidden);
  return flat(positionalEncoding()(hidden));
};
/** A carry that begins with a parameter, one with zeros, and features that are turned by their position. */
const scanned = (x: FloatTensor): FloatTensor => {
  const [n = 0, , width = 0] = x.shape;
  const first = flat(broadcastTo(param("first", [width], normal()), [n, width]));
  const { ys } = scan(
    ({ h, total }: { h: FloatTensor; total: FloatTensor }, v: FloatTensor) => {
      const next = flat(tanh(add(mul(h, 0.7), v)));
      return { carry: { h: next, total: flat(add(total, next)) }, y: flat(add(next, mul(total, 0.1))) };
    },
    { h: first, total: flat(mul(first, 0.5)) },
    flat(rotaryEmbedding(x)),
  );
  return flat(gru(3, { returnSequences: true })(ys));
};

type Full = Omit<Trainer, "predict"> & { predict(batch: object): { readonly scores: Float32Array } };
type Stepper = Omit<Trainer, "predict"> & {
  predict(batch: object): Readonly<Record<string, Float32Array>>;
  readonly generation: Generation;
};
const trainerOf = async <T>(of: Model, target: "typescript" | "wasm" = "typescript"): Promise<T> =>
  (await load(await compile(of, { effort: "none", target }))).createTrainer({ seed: 5 }) as unknown as T;

test.each(Object.entries({ charLstm, transformer, scanned }))(
  "%s: in float64 each step has the scores that it has among all",
  (_, between) => {
    checkGeneration(language(between, true), {}, 3);
  },
);

/** One call of predict a step, with what the step before left. */
function checkSteps(full: Full, stepper: Stepper): void {
  const [tokens, rows] = [[3, 1, 0, 2, 2, 1], stepper.batch.predict];
  const expected = full.predict({ x: Int32Array.from(tokens) }).scores;
  const { position, carries } = stepper.generation;
  let before = Object.fromEntries(Object.entries(carries).map(([name, length]) => [name, new Float32Array(length)]));
  tokens.forEach((token, t) => {
    const x = new Int32Array(rows).fill(token);
    const found = stepper.predict({ x, ...(position ? { position: Int32Array.of(t) } : {}), ...before });
    found["scores"]!.forEach((score, n) => expect(score).toBeCloseTo(expected[t * CLASSES + (n % CLASSES)]!, 5));
    before = Object.fromEntries(Object.keys(carries).map((name) => [name, found[name]!.slice()]));
  });
}

describe("generate", () => {
  const prompt = Int32Array.of(2, 0);
  let full: Full;
  let stepper: Stepper;
  let wide: Stepper;
  let bounded: Stepper;
  beforeAll(async () => {
    full = await trainerOf(language(charLstm, false));
    stepper = await trainerOf(language(charLstm, true));
    wide = await trainerOf(language(charLstm, true, 3), "wasm");
    bounded = await trainerOf(language(transformer, true), "wasm");
  });
  test("of the emitted trainers: each step has the scores that it has among all", async () => {
    checkSteps(full, stepper);
    checkSteps(full, wide);
    checkSteps(await trainerOf(language(transformer, false)), bounded);
  });
  /** log softmax of the scores after these tokens, by the full pass. */
  const after = (tokens: readonly number[]): number[] => {
    const x = Int32Array.from({ length: STEPS }, (_, n) => tokens[n] ?? 0);
    const at = (tokens.length - 1) * CLASSES;
    const scores = [...full.predict({ x }).scores.subarray(at, at + CLASSES)];
    const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
    return scores.map((score) => score - Math.log(total));
  };
  const indexOfLargest = (values: readonly number[]): number => values.indexOf(Math.max(...values));
  const greedy = (length: number): number[] => {
    const tokens = [...prompt];
    for (let n = 0; n < length; n++) tokens.push(indexOfLargest(after(tokens)));
    return tokens.slice(prompt.length);
  };
  /** The likeliest of all sequences of a length, by trying them all. */
  const likeliest = (length: number): number[] => {
    let [best, most] = [[] as number[], -Infinity];
    for (let code = 0; code < CLASSES ** length; code++) {
      const own = Array.from({ length }, (_, n) => Math.floor(code / CLASSES ** n) % CLASSES);
      const likelihood = own.reduce((sum, token, n) => sum + after([...prompt, ...own.slice(0, n)])[token]!, 0);
      if (likelihood > most) [best, most] = [own, likelihood];
    }
    return best;
  };

  test("is greedy by default, as the full pass says", () => {
    expect([...generate(stepper, { prompt, length: 4 })]).toEqual(greedy(4));
    expect([...generate(wide, { prompt, length: 4 })]).toEqual(greedy(4));
  });
  test("a recurrence goes on past the steps that it was trained on, and leaves the trainer as it was", () => {
    const before = stepper.bytes();
    expect(generate(stepper, { prompt, length: 50 })).toHaveLength(50);
    expect(stepper.bytes()).toEqual(before);
  });
  test("a beam that holds all sequences finds the likeliest; a narrow one no worse than greedy", () => {
    const best = likeliest(3);
    expect([...generate(stepper, { prompt, length: 3, beam: CLASSES ** 2 })]).toEqual(best);
    expect([...generate(wide, { prompt, length: 3, beam: CLASSES ** 2 })]).toEqual(best);
    expect([...generate(stepper, { prompt, length: 3, beam: 1 })]).toEqual(greedy(3));
  });
  test("draws as softmax(scores / temperature) says, among the k likeliest, and the same by the same seed", () => {
    const counts = new Array<number>(CLASSES).fill(0);
    const draws = 2000;
    for (let seed = 0; seed < draws; seed++) counts[generate(stepper, { prompt, length: 1, temperature: 2, topK: 3, seed })[0]!]! += 1;
    const own = after([...prompt]).map((value) => Math.exp(value / 2));
    own[own.indexOf(Math.min(...own))] = 0;
    const total = own.reduce((sum, value) => sum + value, 0);
    // five deviations of a binomial share at most
    own.forEach((value, n) => expect(Math.abs(counts[n]! / draws - value / total)).toBeLessThanOrEqual(5 * Math.sqrt(0.25 / draws)));
    expect(counts[own.indexOf(0)]).toBe(0);
    const drawn = (seed: number) => [...generate(stepper, { prompt, length: 20, temperature: 3, seed })];
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    expect([...generate(stepper, { prompt, length: 4, topK: 1, seed: 9 })]).toEqual(greedy(4));
  });
  test("ends with the token that ends", () => {
    const all = greedy(4);
    const found = [...generate(stepper, { prompt, length: 4, end: all[1]! })];
    expect(found).toEqual(all.slice(0, all.indexOf(all[1]!) + 1));
    expect([...generate(stepper, { prompt, length: 4, beam: 1, end: all[1]! })]).toEqual(found);
  });
  test.each([
    ["an empty prompt", () => generate(stepper, { prompt: new Int32Array(0), length: 2 }), /the prompt is empty/],
    ["a token that is none", () => generate(stepper, { prompt: Int32Array.of(7), length: 2 }), /x\[0\] is 7/],
    ["two ways at once", () => generate(stepper, { prompt, length: 2, beam: 2, topK: 2 }), /leave out one of the two/],
    ["a model that does not generate", () => generate(full as never, { prompt, length: 2 }), /a trainer of a model that declares generate/],
    ["all rows of what is one step", () => predictAll(stepper, { x: prompt } as never), /give a prompt to generate/],
  ])("%s is told", (_, call, says) => expect(call).toThrow(says));
  test("more steps than a table of positions has are told", () => {
    expect(generate(bounded, { prompt, length: 5 })).toHaveLength(5);
    expect(() => generate(bounded, { prompt, length: 6 })).toThrow(/the model sees 6 steps, but a prompt of 2 tokens and 6 more need 7/);
  });
});

test.each<readonly [string, (x: FloatTensor) => FloatTensor, RegExp]>([
  ["both directions", (x) => flat(bidirectional(gru(2, { returnSequences: true }))(x)), /goes backwards needs all steps[^]*Go forward/],
  ["attention to what comes", (x) => flat(multiHeadAttention(2)(x)), /attention to all steps needs those that are not generated yet/],
  [
    "attention in a loop over depth",
    (x) => flat(stacked(2, (y) => flat(multiHeadAttention(2, { causal: true })(y)))(x)),
    /carries "multiHeadAttention\.keys" from one token to the next, but it is inside a loop[^]*Write the layers of stacked one after the other/,
  ],
  [
    "a convolution over steps",
    (x) => flat(transpose(flat(conv1d(4, 3, { padding: "same" })(flat(transpose(x, [0, 2, 1])) as never)), [0, 2, 1])),
    /cannot be generated step by step: at step 0 alone scores\[0\] is .+, among all steps/,
  ],
])("%s cannot be generated with, and that is said", (_, between, says) => {
  expect(() => checkGeneration(language(between, true), {}, 1)).toThrow(says);
});

test("a declaration that counts steps by itself is refused for the one step of prediction, with the way out", async () => {
  const counted = model("counted", { batch: 2 }, ({ batch }) => {
    const x = labels("x", [batch, STEPS], { classes: CLASSES });
    const scores = dense(CLASSES)(embedding(CLASSES, 4)(x));
    const flattened = reshape(flat(scores), [batch * STEPS, CLASSES]);
    return {
      loss: softmaxCrossEntropy(flattened, reshape(x, [batch * STEPS])),
      outputs: { scores },
      optimizer: sgd(),
      generate: { tokens: x, scores },
    };
  });
  const says = /over one step, as prediction runs where a model generates, and not the 6 of "x": reshape: needs as many elements/;
  await expect(lower(counted)).rejects.toThrow(says);
  await expect(lower(counted)).rejects.toThrow(/write −1 for them/);
});
