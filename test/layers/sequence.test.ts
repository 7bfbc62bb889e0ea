/** What is true of embeddings, attention and recurrence: published formulas by plain loops, derivatives, errors. */

import { describe, expect, test } from "vitest";
import { withinBound } from "../../compiler/check/result.ts";
import {
  bidirectional,
  dense,
  embedding,
  equal,
  gru,
  input,
  labels,
  less,
  lstm,
  mul,
  multiHeadAttention,
  notEqual,
  positionalEncoding,
  scaledDotProductAttention,
  scan,
  simpleRnn,
  type FloatTensor,
} from "../../compiler/index.ts";
import { gruCell } from "../../compiler/functions.ts";
import { close } from "../support/close.ts";
import { complaint, differences, forward } from "../support/forward.ts";
import { affine, attention, recurrence } from "../support/reference.ts";

const bad = (found: ReturnType<typeof differences>) => found.filter((one) => !withinBound(one));

/** Rows of a flat matrix. */
const rowsOf = (flat: ArrayLike<number>, width: number): number[][] =>
  Array.from({ length: flat.length / width }, (_, n) => Array.from({ length: width }, (_, j) => flat[n * width + j]!));

describe("embedding", () => {
  test("is the tokens' rows, and passes them their gradients", () => {
    const run = forward(() => embedding(5, 3)(labels("x", [2, 2], { classes: 5 })), { feed: { x: [4, 0, 2, 4] } });
    const table = rowsOf(run.leaf.get("embedding.table")!, 3);
    expect(run.shape).toEqual([2, 2, 3]);
    expect([...run.y]).toEqual([4, 0, 2, 4].flatMap((token) => table[token]!));
    expect(bad(differences(() => embedding(5, 3)(labels("x", [2, 7], { classes: 5 }))))).toEqual([]);
  });
});

describe("positionalEncoding", () => {
  test("sinusoidal: sin and cos of p / 10000^(2k/w)", () => {
    const run = forward(() => positionalEncoding()(input("x", [1, 3, 5])), { feed: { x: new Array(15).fill(0) } });
    const expected = [0, 1, 2].flatMap((p) =>
      [0, 1, 2, 3, 4].map((j) => {
        const angle = p / 10000 ** ((j - (j % 2)) / 5);
        return j % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
      }),
    );
    close(run.y, expected, 1e-13);
    expect(run.parameters.size).toBe(0);
  });
  test("learned: a table [t, w], the same for every row", () => {
    const learned = () => positionalEncoding({ table: "learned" })(input("x", [2, 3, 4]));
    const run = forward(learned);
    const [x, table] = [run.leaf.get("x")!, run.leaf.get("positionalEncoding.table")!];
    close(
      run.y,
      [...x].map((v, n) => v + table[n % 12]!),
      1e-14,
    );
    expect(bad(differences(learned))).toEqual([]);
  });
});

describe("scaledDotProductAttention", () => {
  const tensors = (t: number, s: number, d: number, e: number) =>
    [input("q", [2, t, d]), input("k", [2, s, d]), input("v", [2, s, e])] as const;
  const expected = (
    run: ReturnType<typeof forward>,
    [t, s, d, e]: readonly number[],
    sees: (t: number, s: number, n: number) => boolean,
  ): number[] =>
    [0, 1].flatMap((n) =>
      attention(
        rowsOf(run.leaf.get("q")!, d!).slice(n * t!, (n + 1) * t!),
        rowsOf(run.leaf.get("k")!, d!).slice(n * s!, (n + 1) * s!),
        rowsOf(run.leaf.get("v")!, e!).slice(n * s!, (n + 1) * s!),
        (a, b) => sees(a, b, n),
      ).flat(),
    );

  test.each([
    [1, 1, 1, 1],
    [3, 7, 13, 2],
    [5, 4, 3, 3],
  ])("of %i queries and %i keys", (...sizes) => {
    const [t, s, d, e] = sizes;
    const run = forward(() => scaledDotProductAttention(...tensors(t, s, d, e)));
    expect(run.shape).toEqual([2, t, e]);
    close(
      run.y,
      expected(run, sizes, () => true),
      1e-13,
    );
  });

  test("causal: a query sees no later key", () => {
    const run = forward(() => scaledDotProductAttention(...tensors(5, 5, 3, 2), { causal: true }));
    close(
      run.y,
      expected(run, [5, 5, 3, 2], (t, s) => s <= t),
      1e-13,
    );
  });

  test("a padding mask hides keys, with a causal one only what both allow is seen", () => {
    const length = [3, 2];
    const masked = () => {
      const ends = input("ends", [2, 1, 1]);
      return scaledDotProductAttention(...tensors(4, 4, 3, 2), { causal: true, mask: less(input("position", [1, 1, 4]), ends) });
    };
    const run = forward(masked, { feed: { ends: length, position: [0, 1, 2, 3] } });
    close(
      run.y,
      expected(run, [4, 4, 3, 2], (t, s, n) => s <= t && s < length[n]!),
      1e-13,
    );
  });

  test("a query that may see nothing averages all values, and is finite", () => {
    const run = forward(() => scaledDotProductAttention(...tensors(2, 3, 2, 1), { mask: less(input("zero", [1, 1, 1]), 0) }), {
      feed: { zero: [0], v: [1, 2, 6, 0, 0, 3] },
    });
    close(run.y, [3, 3, 1, 1], 1e-14);
  });

  test("has first and second derivatives", () => {
    const causal = () => scaledDotProductAttention(...tensors(3, 3, 2, 2), { causal: true });
    expect(bad(differences(causal))).toEqual([]);
    expect(bad(differences(causal, { order: 2 }))).toEqual([]);
  });
});

describe("multiHeadAttention", () => {
  test("projects, attends a head, joins and projects back; padding given a row", () => {
    const [n, t, w, heads] = [2, 4, 6, 3];
    const tokens = [1, 2, 0, 0, 3, 1, 1, 0];
    const run = forward(
      () =>
        multiHeadAttention(heads, { causal: true })(input("x", [n, t, w]), { mask: notEqual(labels("tokens", [n, t], { classes: 4 }), 0) }),
      { feed: { tokens } },
    );
    const leaf = (name: string) => run.leaf.get(`multiHeadAttention.${name}`)!;
    const through = (which: string, x: ArrayLike<number>): number[] => affine(x, n * t, leaf(`${which}.kernel`), leaf(`${which}.bias`));
    const x = run.leaf.get("x")!;
    const [q, k, v] = ["query", "key", "value"].map((which) => rowsOf(through(which, x), w)) as [number[][], number[][], number[][]];
    const joined: number[][] = Array.from({ length: n * t }, () => []);
    for (let head = 0; head < heads; head++)
      for (let row = 0; row < n; row++) {
        const of = (m: number[][]) => m.slice(row * t, (row + 1) * t).map((values) => values.slice(head * 2, head * 2 + 2));
        attention(of(q), of(k), of(v), (a, b) => b <= a && tokens[row * t + b] !== 0).forEach((values, a) =>
          joined[row * t + a]!.push(...values),
        );
      }
    close(run.y, through("output", joined.flat()), 1e-12);
    expect(run.context.layers.map(({ kind, parameters }) => [kind, parameters])).toEqual([["multiHeadAttention", 4 * (36 + 6)]]);
  });

  test("attends to another sequence, with gradients", () => {
    const cross = () => multiHeadAttention(2)(input("x", [1, 2, 4]), { memory: input("memory", [1, 3, 4]) });
    expect(forward(cross).shape).toEqual([1, 2, 4]);
    expect(bad(differences(cross))).toEqual([]);
  });
});

const CELLS = { simpleRnn: ["rnn", simpleRnn], lstm: ["lstm", lstm], gru: ["gru", gru] } as const;

describe.each(Object.entries(CELLS))("%s", (name, [kind, cell]) => {
  test.each([
    [1, 1, 1, 1],
    [2, 7, 3, 5],
  ])("[%i,%i,%i] to %i units is PyTorch's", (n, t, f, units) => {
    const all = forward(() => cell(units, { returnSequences: true })(input("x", [n, t, f])), { seed: 2 });
    const leaf = (which: string) => all.leaf.get(`${name}.${which}`)!;
    const weights = {
      kernel: leaf("kernel"),
      recurrentKernel: leaf("recurrentKernel"),
      bias: leaf("bias"),
      recurrentBias: leaf("recurrentBias"),
    };
    const expected = recurrence(kind, all.leaf.get("x")!, [n, t, f], units, weights);
    expect(all.shape).toEqual([n, t, units]);
    close(all.y, expected.flat(2), 1e-13);
    const last = forward(() => cell(units)(input("x", [n, t, f])), { seed: 2 });
    expect(last.shape).toEqual([n, units]);
    close(
      last.y,
      expected.flatMap((row) => row[t - 1]!),
      1e-13,
    );
  });

  test("has first and second derivatives through time", () => {
    const over = () => cell(2)(input("x", [2, 3, 2]));
    expect(bad(differences(over))).toEqual([]);
    expect(bad(differences(over, { order: 2 }))).toEqual([]);
  });
});

test("an LSTM step by hand: i, f, g, o in this order", () => {
  const x = [0.5];
  const [i, f, g, o] = [0.1, 0.2, 0.3, 0.4];
  const kernel = [i, f, g, o].map((v) => 2 * v);
  const feed = { x, "lstm.kernel": kernel, "lstm.bias": [0, 0, 0, 0], "lstm.recurrentBias": [0, 0, 0, 0] };
  const sigma = (v: number) => 1 / (1 + Math.exp(-v));
  const { y } = forward(() => lstm(1)(input("x", [1, 1, 1])), { feed });
  close(y, [sigma(o) * Math.tanh(sigma(i) * Math.tanh(g))], 1e-15);
});

describe("scan", () => {
  const product = (carry: FloatTensor, x: FloatTensor) => {
    const next = mul(carry, x);
    return { carry: next, y: next };
  };
  test("folds over time: running products, and the last one", () => {
    const feed = { x: [1, 2, 3, 4, 5, 6], start: [1, 2] };
    const scanned = () => scan(product, input("start", [2]), input("x", [2, 3]));
    const all = forward(() => scanned().ys, { feed });
    expect([all.shape, [...all.y]]).toEqual([
      [2, 3],
      [1, 2, 6, 8, 40, 240],
    ]);
    expect([...forward(() => scanned().carry, { feed }).y]).toEqual([6, 240]);
  });
});

describe("what is wrong is named", () => {
  test.each([
    ["tokens that are floats", () => embedding(5, 3)(input("x", [2, 2]) as never), "embedding needs i32 tokens, but got f64"],
    [
      "a vocabulary too small",
      () => embedding(5, 3)(labels("x", [2], { classes: 6 })),
      "embedding has a vocabulary of 5, but its tokens are of 6 classes",
    ],
    [
      "an empty vocabulary",
      () => embedding(0, 3)(labels("x", [2], { classes: 6 })),
      "embedding: vocabulary needs a whole number above 0, but got 0",
    ],
    [
      "heads and features",
      () => multiHeadAttention(4, { name: "attend" })(input("x", [1, 2, 6])),
      'multiHeadAttention "attend" needs heads that divide its 6 features, but got 4',
    ],
    [
      "rows for attention",
      () => multiHeadAttention(1)(input("x", [2, 6])),
      "multiHeadAttention needs x [n, t, w] and memory [n, s, w] of the same n and w",
    ],
    [
      "keys of another width",
      () => scaledDotProductAttention(input("q", [1, 2, 3]), input("k", [1, 2, 4]), input("v", [1, 2, 3])),
      "scaledDotProductAttention needs q [b…, t, d], k [b…, s, d] and v [b…, s, e] with the same b, s and d",
    ],
    [
      "a mask of more axes than scores",
      () =>
        scaledDotProductAttention(input("q", [2, 3]), input("k", [2, 3]), input("v", [2, 3]), { mask: equal(input("m", [5, 2, 2]), 0) }),
      "scaledDotProductAttention needs a mask that broadcasts to its scores [2,2], but got [5,2,2]",
    ],
    ["rows for a recurrence", () => lstm(3)(input("x", [2, 6])), "lstm needs sequences of features [n, t, f], but got [2,6]"],
    ["a recurrence of no units", () => gru(0)(input("x", [2, 6, 1])), "gru: units needs a whole number above 0, but got 0"],
    [
      "initial states of another number",
      () => lstm(3)(input("x", [2, 4, 6]), { initialState: [input("h", [2, 3])] }),
      "lstm needs the initial states [h, c], but got 1",
    ],
    [
      "an initial state of another shape",
      () => bidirectional(gru(3))(input("x", [2, 4, 6]), { initialState: [input("h", [2, 3]), input("b", [3, 2])] }),
      "bidirectional needs the initial state backward.h [n, units], here [2,3], but got [3,2]",
    ],
    [
      "a mask of other steps",
      () => simpleRnn(3)(input("x", [2, 4, 6]), { mask: less(input("m", [2, 3]), 0) }),
      "simpleRnn needs a mask [n, t], here [2,4], but got [2,3]",
    ],
    [
      "two directions of what is no recurrence",
      () => bidirectional<FloatTensor>(dense(3) as never)(input("x", [2, 4, 6])),
      "bidirectional: layer needs a recurrent layer, such as lstm(8), but got the function call",
    ],
    [
      "two directions of one kernel",
      () => bidirectional(gru(2, { kernel: input("k", [6, 6]) }))(input("x", [2, 4, 6])),
      "bidirectional has two directions with parameters of their own, but its gru was given one kernel",
    ],
    [
      "a cell of another width",
      () => gruCell(input("x", [2, 6]), input("h", [2, 3]), input("k", [6, 3]), input("r", [3, 9])),
      "gruCell needs kernel [in, 3·units], here [6,9], but got [6,3]",
    ],
    [
      "a scan without time",
      () => scan((carry: FloatTensor, x) => ({ carry, y: x }), input("c", [2]), input("x", [2])).ys,
      "scan needs a time axis, [n, steps, …], but got [2]",
    ],
    [
      "positions of rows",
      () => positionalEncoding()(input("x", [2, 6])),
      "positionalEncoding needs sequences of features [n, t, w], but got [2,6]",
    ],
  ])("%s", (_, declare, says) => {
    const text = complaint(declare);
    expect(text).toMatch(/^sequence\.test\.ts:\d+/);
    expect(text).toContain(`  ${says}\n`);
  });
});
