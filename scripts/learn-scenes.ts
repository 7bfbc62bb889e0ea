/** How scripts/learn.ts judges models of scenes: what they find in pictures, and what they say of them, as a program of a user would ask them. */

import { generate, meanAveragePrecision, nonMaxSuppression, predictAll, type Detections, type Generator } from "../runtime/index.ts";
import type { Values } from "../runtime/index.ts";
import type { Judged, Learnt } from "./learn-run.ts";

/** Less sure boxes are none. */
const LEAST_SCORE = 0.05;
/** Pictures of which captions are written. */
const WRITTEN = 500;

/** `detects` names two outputs: probabilities of kinds, 0 being none, and boxes. */
export function judgeDetector(detects: string, atLeast: number, { trainer, test, inputs }: Learnt): Judged {
  const [kinds = "", boxes = ""] = detects.split(", ");
  const features = inputs.filter(({ role }) => role === "feature").map(({ name }) => [name, test[name]!] as const);
  const outputs = predictAll(trainer, Object.fromEntries(features)) as Readonly<Record<string, Values>>;
  const target = (dtype: "f32" | "i32"): string => inputs.find((one) => one.role === "target" && one.dtype === dtype)!.name;
  const [truth, corners] = [test[target("i32")]!, test[target("f32")]!];
  const { row, classes = 0 } = inputs.find(({ name }) => name === target("i32"))!;
  const cells = row.reduce((a, b) => a * b, 1);
  const pictures = Array.from({ length: truth.length / cells }, (_, n) => n * cells);
  const precision = meanAveragePrecision(
    pictures.map((from) => foundIn(outputs[kinds]!, outputs[boxes]!, { from, cells, classes })),
    pictures.map((from) => {
      const real = Array.from({ length: cells }, (_, n) => from + n).filter((n) => truth[n]! > 0);
      return { boxes: real.flatMap((n) => [...corners.subarray(4 * n, 4 * n + 4)]), classes: real.map((n) => truth[n]!) };
    }),
  );
  return { threshold: `mean average precision at 0.5 ≥ ${atLeast}`, reached: precision.toFixed(4), holds: precision >= atLeast };
}

/** What is left of a picture's cells, each of which may be of every class. */
export function foundIn(
  kinds: Values,
  corners: Values,
  { from, cells, classes }: { readonly from: number; readonly cells: number; readonly classes: number },
): Detections {
  const all = Array.from({ length: cells * (classes - 1) }, (_, n) => ({
    at: from + Math.floor(n / (classes - 1)),
    of: 1 + (n % (classes - 1)),
  }));
  const boxes = all.flatMap(({ at }) => [...corners.subarray(4 * at, 4 * at + 4)]);
  const [scores, own] = [all.map(({ at, of }) => kinds[at * classes + of]!), all.map(({ of }) => of)];
  const kept = [...nonMaxSuppression(boxes, scores, { classes: own, scoreThreshold: LEAST_SCORE })];
  return {
    boxes: kept.flatMap((n) => boxes.slice(4 * n, 4 * n + 4)),
    scores: kept.map((n) => scores[n]!),
    classes: kept.map((n) => own[n]!),
  };
}

/** `writes` names the input of the true sequences, which begin and end with token 0. */
export function judgeCaptions(writes: string, atLeast: number, { trainer, test, inputs }: Learnt): Judged {
  const generator = trainer as unknown as Generator; // its model declares generate
  const length = test[writes]!.length / rowsOf(writes);
  const count = Math.min(WRITTEN, rowsOf(writes));
  const given = inputs.filter(({ name, role }) => role === "feature" && name !== generator.generation.tokens);
  const exact = (beam?: number): number => {
    let right = 0;
    for (let row = 0; row < count; row++) {
      const own = given.map(({ name }) => [name, rowOf(name, row)] as const);
      const options = { prompt: Int32Array.of(0), length, end: 0, given: Object.fromEntries(own) };
      const said = generate(generator, beam === undefined ? options : { ...options, beam });
      const real = rowOf(writes, row);
      if (said.every((word, n) => word === real[n])) right++;
    }
    return right / count;
  };
  const [greedy, searched] = [exact(), exact(3)];
  return {
    threshold: `captions word for word ≥ ${atLeast}`,
    reached: `${greedy.toFixed(4)}, beam of 3 ${searched.toFixed(4)}`,
    holds: greedy >= atLeast,
  };

  function rowsOf(name: string): number {
    return test[name]!.length / inputs.find((input) => input.name === name)!.row.reduce((a, b) => a * b, 1);
  }
  function rowOf(name: string, row: number): Values {
    const width = test[name]!.length / rowsOf(name);
    return test[name]!.slice(row * width, (row + 1) * width);
  }
}
