/** What is true of scan: values by plain loops, gradients of both orders against differences, text, roads with and without the loop, errors. */

import { describe, expect, test } from "vitest";
import { evaluateResults } from "../../compiler/check/evaluate.ts";
import { fedLeaves, drawLeaf } from "../../compiler/check/draw.ts";
import { withinBound } from "../../compiler/check/result.ts";
import { parseGraph } from "../../compiler/graph/parse.ts";
import { normaliseLiterals, printGraph } from "../../compiler/graph/print.ts";
import { verifyGraph } from "../../compiler/graph/verify.ts";
import { bodyOf } from "../../compiler/graph/graph.ts";
import { opOf } from "../../compiler/ops/index.ts";
import { gradients } from "../../compiler/passes/graph/gradients.ts";
import { writeOut } from "../../compiler/passes/graph/write-out.ts";
import {
  add,
  customVjp,
  dense,
  dropout,
  embedding,
  glorot,
  grad,
  input,
  labels,
  less,
  matmul,
  mean,
  model,
  mse,
  mul,
  normal,
  param,
  scan,
  sgd,
  sin,
  sum,
  tanh,
  type FloatTensor,
} from "../../compiler/index.ts";
import { close } from "../support/close.ts";
import { complaint, differences, forward } from "../support/forward.ts";
import { meaningOf, traced } from "../support/row-laws.ts";

const bad = (found: ReturnType<typeof differences>) => found.filter((one) => !withinBound(one));
const flat = (x: unknown) => x as FloatTensor; // shapes of what tests combine are theirs to know

/** h ← tanh(x·W + h·R), y = h ⊙ the h before. */
const rnn = (reverse = false) => {
  const [W, R] = [param("W", [3, 2], normal(1)), param("R", [2, 2], normal(1))];
  const step = (h: FloatTensor, x: FloatTensor) => {
    const next = flat(tanh(add(matmul(x, W), matmul(h, R))));
    return { carry: next, y: flat(mul(next, h)) };
  };
  return scan(step, flat(input("h", [2, 2])), flat(input("x", [2, 4, 3])), { reverse });
};

describe("values", () => {
  test.each([false, true])("a recurrent net by plain loops, reverse: %s", (reverse) => {
    const run = forward(() => rnn(reverse).ys);
    const of = (name: string) => run.leaf.get(name)!;
    const expected = new Array<number>(16);
    let h = [...of("h")];
    for (const t of reverse ? [3, 2, 1, 0] : [0, 1, 2, 3]) {
      const next = [0, 1].flatMap((n) =>
        [0, 1].map((j) => {
          let sum = 0;
          for (let k = 0; k < 3; k++) sum += of("x")[(n * 4 + t) * 3 + k]! * of("W")[k * 2 + j]!;
          for (let k = 0; k < 2; k++) sum += h[n * 2 + k]! * of("R")[k * 2 + j]!;
          return Math.tanh(sum);
        }),
      );
      next.forEach((value, at) => (expected[((at >> 1) * 4 + t) * 2 + (at & 1)] = value * h[at]!));
      h = next;
    }
    expect(run.shape).toEqual([2, 4, 2]);
    close(run.y, expected, 1e-14);
    close(forward(() => rnn(reverse).carry).y, h, 1e-14);
  });

  test("a carry may be a record of lists; what it holds besides tensors stays", () => {
    const count = { name: "n", of: [1, 2] };
    const run = forward(() => {
      const step = (c: { sums: FloatTensor[]; count: typeof count }, x: FloatTensor) => {
        const [a, b] = c.sums as [FloatTensor, FloatTensor];
        return { carry: { sums: [flat(add(a, x)), flat(add(b, a))], count: c.count }, y: b };
      };
      const start = { sums: [flat(input("a", [1])), flat(input("b", [1]))], count };
      const { carry } = scan(step, start, flat(input("x", [1, 3])));
      expect(carry.count).toEqual(count);
      return carry.sums[1]!;
    }, { feed: { a: [1], b: [10], x: [1, 2, 3] } }); // prettier-ignore
    expect([...run.y]).toEqual([10 + 1 + 2 + 4]);
  });

  test("a layer of the step has one set of parameters; a draw is another at each time", () => {
    const { parameters, y } = forward(
      () => {
        const [layer, drop] = [dense(2), dropout(0.5)];
        return scan((h: FloatTensor, x) => ({ carry: flat(layer(add(h, x))), y: flat(drop(x)) }), flat(input("h", [1, 2])), flat(input("x", [1, 64, 2]))).ys;
      },
      { training: true, feed: { x: new Array(128).fill(1) } },
    ); // prettier-ignore
    expect([...parameters.keys()]).toEqual(["dense.kernel", "dense.bias"]);
    expect(new Set(y)).toEqual(new Set([0, 2]));
    const pairs = Array.from({ length: 64 }, (_, t) => `${y[2 * t]} ${y[2 * t + 1]}`);
    expect(new Set(pairs).size).toBe(4);
  });

  test("a step that takes its time's number is written out, one copy each", () => {
    const run = forward(
      () => scan((h: FloatTensor, x, t) => ({ carry: flat(add(h, mul(x, t))), y: h }), flat(input("h", [1])), flat(input("x", [1, 3]))).carry,
      { feed: { h: [0], x: [5, 6, 7] } },
    ); // prettier-ignore
    expect([...run.y]).toEqual([0 * 5 + 6 + 2 * 7]);
  });
});

/** A scan in the step of a scan. */
const nested = () => {
  const w = param("w", [2], normal(1));
  const inner = (h: FloatTensor, x: FloatTensor) => ({ carry: flat(tanh(add(mul(h, w), x))), y: flat(mul(h, x)) });
  const outer = (h: FloatTensor, x: FloatTensor) => {
    const { carry, ys } = scan(inner, h, x, { reverse: true });
    return { carry, y: flat(mean(ys, [1])) };
  };
  return scan(outer, flat(input("h", [1, 2])), flat(input("x", [1, 3, 2, 2])));
};

describe("gradients, against differences", () => {
  const cases: Readonly<Record<string, () => FloatTensor>> = {
    "stacked outputs": () => rnn().ys,
    "the last carry": () => rnn().carry,
    "both, in reverse": () => {
      const { carry, ys } = rnn(true);
      return flat(add(sum(carry), sum(ys)));
    },
    "a scan in a scan": () => {
      const { carry, ys } = nested();
      return flat(add(sum(carry), sum(ys)));
    },
    "a scan over what another stacked": () => {
      const w = param("w", [2], normal(1));
      return scan((h: FloatTensor, x) => ({ carry: flat(sin(add(mul(h, w), x))), y: h }), flat(input("s", [2, 2])), rnn().ys).carry;
    },
    "a rule of the step's own": () => {
      const w = param("w", [2], normal(1));
      const twice = customVjp({ forward: (x: FloatTensor) => flat(mul(x, w)), backward: (d) => [flat(mul(d, w))] });
      return scan((h: FloatTensor, x) => ({ carry: flat(tanh(add(twice(h), x))), y: h }), flat(input("s", [2, 2])), flat(input("x", [2, 3, 2]))).carry;
    },
  }; // prettier-ignore
  test.each(Object.entries(cases))("%s", (name, declare) => {
    const found = differences(declare);
    expect(found.length).toBeGreaterThan(2);
    // the rule of its own says nothing of w
    expect(bad(found).map((one) => one.name)).toEqual(name === "a rule of the step's own" ? ["w"] : []);
  });
  test.each(["stacked outputs", "the last carry", "both, in reverse", "a scan in a scan"])("twice: %s", (name) => {
    expect(bad(differences(cases[name]!, { order: 2 }))).toEqual([]);
  });
});

/** A model whose loss is half of it a Hessian's product with a vector: reverse of reverse. */
const curved = model("curved", { batch: 4 }, ({ batch }) => {
  const [W, R] = [param("W", [3, 2], glorot()), param("R", [2, 2], glorot())];
  const step = (h: FloatTensor, x: FloatTensor) => {
    const next = flat(tanh(add(matmul(x, W), matmul(h, R))));
    return { carry: next, y: flat(add(next, mean(h, [0]))) };
  };
  const { carry, ys } = scan(step, flat(input("h", [batch, 2])), flat(input("x", [batch, 3, 3])));
  const loss = mse(carry, flat(mean(ys, [1])));
  const [slope] = grad(loss, [R]);
  return { loss: add(loss, sum(mul(slope, slope))) as never, optimizer: sgd() };
});

describe("one graph, whichever way it goes", () => {
  const graph = gradients({ name: "train", rule: sgd() }).run(traced(curved, 4).graph);
  const feed = new Map(fedLeaves(graph).map((leaf, n) => [leaf.name, drawLeaf(leaf, 3, 4, { ordinal: n, domain: "normal" })]));

  test("it holds loops, forward and backward, and verifies", () => {
    verifyGraph(graph, opOf);
    const loops = graph.nodes.flatMap((node) => (bodyOf(node) === undefined ? [] : [node.attrs["reverse"]]));
    expect(loops).toContain(false);
    expect(loops).toContain(true);
  });
  test("text becomes the graph it prints as", () => {
    const text = printGraph(graph);
    expect(parseGraph(text)).toEqual(normaliseLiterals(graph));
    expect(printGraph(parseGraph(text))).toBe(text);
  });
  test("written out it means the same", () => {
    const written = writeOut.run(graph);
    expect(written.nodes.some((node) => bodyOf(node) !== undefined)).toBe(false);
    verifyGraph(written, opOf);
    const [a, b] = [evaluateResults(graph, feed).outputs, evaluateResults(written, feed).outputs];
    for (const [name, { data }] of a) close(b.get(name)!.data, data, 1e-12);
  }); // prettier-ignore
  test("a short batch is what a batch of so many is", () => {
    const whole = traced(curved, 4);
    const short = traced(curved, 3);
    expect(whole.meeting?.why).toBe(undefined);
    const [a, b] = [meaningOf(whole, 4, 3, 7), meaningOf(short, 3, 3, 7)];
    for (const [name, values] of a) close(values, b.get(name)!, 1e-9);
  });
  test("the verifier reads bodies", () => {
    const node = graph.nodes.find((one) => bodyOf(one) !== undefined)!;
    const body = bodyOf(node)!;
    const spoilt = (of: typeof body) => ({ ...graph, nodes: graph.nodes.map((one) => (one === node ? { ...node, attrs: { ...node.attrs, body: of } } : one)) });
    expect(() => verifyGraph(spoilt({ ...body, nodes: body.nodes.map((one) => ({ ...one, name: "same" })) }), opOf)).toThrow("the name is taken");
    expect(() => verifyGraph(spoilt({ ...body, results: body.results.slice(1) }), opOf)).toThrow(/its type is|scan/);
  }); // prettier-ignore
});

describe("what is wrong is named", () => {
  const x = () => flat(input("x", [2, 3, 2]));
  const h = () => flat(input("h", [2, 2]));
  test.each([
    ["a carry of another shape", () => scan((c: FloatTensor, one) => ({ carry: flat(sum(c, [1])), y: one }), h(), x()).ys, "scan: carry 0 goes in as f64[2,2], but the step gives it back as f64[2]"],
    ["a carry of another type", () => scan((c: FloatTensor, one) => ({ carry: less(c, 0) as unknown as FloatTensor, y: one }), h(), x()).ys, "scan: carry 0 goes in as f64[2,2], but the step gives it back as bool[2,2]"],
    ["an embedding past all memory", () => flat(embedding(100_000, 20_000)(labels("t", [2, 3], { classes: 5 }))), "[100000,20000] is 8,000,000,000 bytes"],
    ["a carry of another form", () => scan((c: unknown, one) => ({ carry: [c] as unknown, y: one }), h() as unknown, x()).ys, "scan needs a step that keeps the form of its carry"],
    ["a number that is counted", () => scan((c: { n: number }, one) => ({ carry: { n: c.n + 1 }, y: one }), { n: 0 }, x()).ys, "carry.n goes in as 0, and comes back as 1"],
    ["no time", () => scan((c: FloatTensor, one) => ({ carry: c, y: one }), h(), flat(input("x", [2]))).ys, "scan needs a time axis, [n, steps, …], but got [2]"],
    ["zero steps", () => scan((c: FloatTensor, one) => ({ carry: c, y: one }), h(), flat(input("x", [2, 0, 2]))).ys, "axis 1 needs a whole number above 0, but got 0"],
    ["an option that it has not", () => scan((c: FloatTensor, one) => ({ carry: c, y: one }), h(), x(), { revers: true } as never).ys, 'has no option "revers"; did you mean reverse?'],
  ])("%s", (_, declare, says) => {
    const text = complaint(declare);
    expect(text).toMatch(/^scan\.test\.ts:\d+/);
    expect(text).toContain(says);
  }); // prettier-ignore

  test("a tensor of the step, used outside it", () => {
    const leaking = model("leaking", { batch: 2 }, ({ batch }) => {
      let leaked: FloatTensor | undefined;
      const { ys } = scan((c: FloatTensor, one) => ({ carry: (leaked = flat(mul(c, 2))), y: flat(add(one, param("w", [2], normal(1)))) }), flat(input("h", [batch, 2])), flat(input("x", [batch, 3, 2])));
      return { loss: mean(add(sum(ys, [1]), leaked!)) as never, optimizer: sgd() };
    });
    expect(() => traced(leaking, 2)).toThrow(/reads %\w+, which is one at each time of a scan/);
  }); // prettier-ignore
});
