/** Sequences that a trained model goes on with by itself, a step at a time: the likeliest token, a drawn one, or the likeliest of several sequences. */

import { COUNT, numbers, optionsOf, required, whole } from "./arguments.ts";
import { DataError, pastSteps, rowlessCarry } from "./error.ts";
import { GENERATES, hold, IDS, SEED } from "./kinds.ts";
import { keys, mix } from "./random.ts";
import type { Generation, Values } from "./trainer.ts";

/** A trainer of a model that declares `generate`. */
export interface Generator {
  predict(batch: object): object;
  readonly batch: { readonly predict: number };
  readonly generation: Generation;
  readonly wholeOutputs?: readonly string[];
}

/** How a sequence goes on. Without any of temperature, topK and beam it is greedy: each token the likeliest, the first of equals. */
export interface GenerateOptions {
  /** What comes before, at least one token. */
  readonly prompt: Int32Array;
  /** How many tokens to add. */
  readonly length: number;
  /** Draws each token with probability softmax(scores / temperature); 1 is the model's own. */
  readonly temperature?: number;
  /** Draws among the k likeliest only. */
  readonly topK?: number;
  /** Goes on with the k likeliest sequences by the sum of their logarithms, and gives the best (beam search). */
  readonly beam?: number;
  /** Of what is drawn: the same seed, the same sequence. Default: 0. */
  readonly seed?: number;
  /** The token that ends a sequence; it is the last that is given. */
  readonly end?: number;
  /** What else `predict` takes, by name, the same at every step. */
  readonly given?: Readonly<Record<string, Values>>;
}

const OPTIONS = /* @__PURE__ */ optionsOf<GenerateOptions>({
  prompt: /* @__PURE__ */ required(IDS),
  length: /* @__PURE__ */ required(COUNT),
  temperature: /* @__PURE__ */ numbers("a finite number above 0", (value) => value > 0),
  topK: COUNT,
  beam: COUNT,
  seed: SEED,
  end: /* @__PURE__ */ whole("a token, as a whole number of at least 0", 0),
  given: { says: "a record of arrays", holds: (value) => typeof value === "object" && value !== null },
});

/**
 * The tokens that follow `prompt`: `length` of them, or as many as there are until `end`. Every step is one call of `predict`, with what the
 * step before left; weights and everything else of the trainer stay as they are.
 *
 * @throws DataError when the model does not generate, or sees fewer steps than prompt and length together need
 * @throws RangeError when a token of the prompt is none of the model's, as `predict` says
 */
export function generate(trainer: Generator, options: GenerateOptions): Int32Array {
  hold("generate", { trainer, options }, { trainer: GENERATES, options: OPTIONS });
  const { prompt, length, temperature, topK, beam, end } = options;
  if (prompt.length === 0) throw new DataError("generate: the prompt is empty; begin with at least one token");
  const { steps } = trainer.generation;
  const needed = prompt.length + length - 1;
  if (steps !== undefined && needed > steps) throw pastSteps(prompt.length, length, steps);
  const decoder = new Decoder(trainer, options);
  if (beam !== undefined) {
    if (temperature !== undefined || topK !== undefined)
      throw new TypeError("generate: beam gives the likeliest sequence, and temperature and topK draw one; leave out one of the two");
    return searched(decoder, options, beam);
  }
  const draw = temperature === undefined && topK === undefined ? likeliest : drawing(options);
  let state = decoder.begin();
  let scores = state.scores;
  const found: number[] = [];
  for (;;) {
    const token = draw(scores);
    found.push(token);
    if (found.length === length || token === end) return Int32Array.from(found);
    state = decoder.next([{ state, token }])[0]!;
    scores = state.scores;
  }
}

/** Where a sequence is: what its next step takes, and the scores of the token after it. */
interface State {
  readonly step: number;
  readonly carries: ReadonlyMap<string, Float32Array>;
  readonly scores: Float32Array;
}

/** One row of prediction for each sequence; rows without one repeat the first. */
class Decoder {
  readonly #trainer: Generator;
  readonly #options: GenerateOptions;
  readonly #rows: number;
  readonly #lengths: readonly (readonly [name: string, length: number])[];

  constructor(trainer: Generator, options: GenerateOptions) {
    this.#trainer = trainer;
    this.#options = options;
    this.#rows = trainer.batch.predict;
    this.#lengths = Object.entries(trainer.generation.carries);
    const rowless = this.#lengths.find(([name]) => trainer.wholeOutputs?.includes(name) === true);
    if (rowless !== undefined && this.#rows > 1) throw rowlessCarry(rowless[0]);
  }

  /** After the prompt. */
  begin(): State {
    const carries = new Map(this.#lengths.map(([name, length]) => [name, new Float32Array(length / this.#rows)]));
    let state: State = { step: 0, carries, scores: new Float32Array(0) };
    for (const token of this.#options.prompt) state = this.next([{ state, token }])[0]!;
    return state;
  }

  /** Sequences of one length, each a token further. */
  next(all: readonly { readonly state: State; readonly token: number }[]): readonly State[] {
    const found: State[] = [];
    for (let from = 0; from < all.length; from += this.#rows) found.push(...this.#batch(all.slice(from, from + this.#rows)));
    return found;
  }

  #batch(some: readonly { readonly state: State; readonly token: number }[]): readonly State[] {
    const { tokens, scores, position } = this.#trainer.generation;
    const rows = Array.from({ length: this.#rows }, (_, row) => some[row] ?? some[0]!);
    const { step } = some[0]!.state;
    const batch = new Map<string, Values>(Object.entries(this.#options.given ?? {}));
    batch.set(
      tokens,
      Int32Array.from(rows, ({ token }) => token),
    );
    if (position) batch.set("position", Int32Array.of(step));
    for (const [name, length] of this.#lengths) {
      const all = new Float32Array(length);
      rows.forEach(({ state }, row) => all.set(state.carries.get(name)!, (row * length) / this.#rows));
      batch.set(name, all);
    }
    const outputs = this.#trainer.predict(Object.fromEntries(batch)) as Readonly<Record<string, Float32Array>>; // as `generation` says
    const rowOf = (name: string, row: number): Float32Array => {
      const all = outputs[name]!;
      const width = all.length / this.#rows;
      return all.slice(row * width, (row + 1) * width);
    };
    return some.map((_, row) => ({
      step: step + 1,
      carries: new Map(this.#lengths.map(([name]) => [name, rowOf(name, row)])),
      scores: rowOf(scores, row),
    }));
  }
}

/** The first of the largest. */
function likeliest(scores: Float32Array): number {
  let best = 0;
  for (let token = 1; token < scores.length; token++) if (scores[token]! > scores[best]!) best = token;
  return best;
}

/** Tokens from the likeliest down; of equals the first comes first. */
const inOrder = (scores: ArrayLike<number>): number[] =>
  Array.from({ length: scores.length }, (_, token) => token).sort((a, b) => scores[b]! - scores[a]! || a - b);

/** Draws by softmax(scores / temperature), among the k likeliest. */
function drawing({ temperature = 1, topK = Infinity, seed = 0 }: GenerateOptions): (scores: Float32Array) => number {
  const [key0, key1] = keys(seed, 0);
  let counter = 0;
  return (scores) => {
    const tokens = inOrder(scores).slice(0, topK);
    const largest = scores[tokens[0]!]!;
    const weights = tokens.map((token) => Math.exp((scores[token]! - largest) / temperature));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let left = ((mix(mix(key0 + counter++) ^ key1) >>> 0) / 2 ** 32) * total;
    const at = weights.findIndex((weight) => (left -= weight) < 0);
    return tokens[at < 0 ? tokens.length - 1 : at]!;
  };
}

/** log softmax, in double precision. */
function logarithms(scores: Float32Array): Float64Array {
  const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  const total = scores.reduce((sum, score) => sum + Math.exp(score - largest), 0);
  return Float64Array.from(scores, (score) => score - largest - Math.log(total));
}

interface Sequence {
  readonly tokens: readonly number[];
  /** The sum of their logarithms. */
  readonly likelihood: number;
  readonly state: State;
}

/** The likeliest of all sequences that `beam` at a time lead to; ended ones stay and compete. */
function searched(decoder: Decoder, { length, end }: GenerateOptions, beam: number): Int32Array {
  let open: readonly Sequence[] = [{ tokens: [], likelihood: 0, state: decoder.begin() }];
  let ended: Sequence[] = [];
  const best = (all: readonly Sequence[]): Sequence[] => [...all].sort((a, b) => b.likelihood - a.likelihood).slice(0, beam);
  for (let n = 0; n < length && open.length > 0; n++) {
    const further = open.flatMap(({ tokens, likelihood, state }) => {
      const own = logarithms(state.scores);
      return inOrder(own)
        .slice(0, beam)
        .map((token): Sequence => ({ tokens: [...tokens, token], likelihood: likelihood + own[token]!, state }));
    });
    const kept = best([...ended, ...further]);
    const isEnded = ({ tokens }: Sequence): boolean => tokens.at(-1) === end;
    ended = kept.filter(isEnded);
    const going = kept.filter((one) => !isEnded(one));
    if (n + 1 === length) {
      open = going;
      break;
    }
    const states = decoder.next(going.map(({ state, tokens }) => ({ state, token: tokens.at(-1)! })));
    open = going.map((one, k) => ({ ...one, state: states[k]! }));
  }
  return Int32Array.from(best([...ended, ...open])[0]!.tokens);
}
