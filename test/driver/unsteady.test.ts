/** What is said of models that no step could be made of: declared otherwise each time, too large, too deep, with nothing to train. */

import { DEFAULT } from "../../compiler/targets/index.ts";
import {
  adam,
  constant,
  elu,
  exp,
  input,
  leakyRelu,
  matmul,
  model,
  mse,
  mul,
  param,
  piecewise,
  sgd,
  sum,
  warmup,
  zeros,
  type Declaration,
  type Instance,
  type Rate,
} from "adjoint";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { lower } from "../../compiler/driver/lower.ts";
import { readSchedules } from "../../compiler/driver/schedules.ts";

/** What is said of a declaration, its model line left out, or nothing. */
const said = (declare: (instance: Instance) => Declaration): Promise<string | undefined> =>
  lower(model("m", { batch: 2 }, declare)).then(
    () => undefined,
    (error: Error) => `${error.name} ${error.message.replace(/\w+\.test\.ts:\d+/g, "<line>")}`,
  );

const REMEDY =
  "A model is declared anew for each entry point and each check, so its function must make the same of the same instance. Compute once, before model(…), what comes of Math.random, Date or a counter; random weights are the initializers' work.";

describe("a declaration that differs from call to call is named by the first node that differs", () => {
  let n = 0;
  const W = () => param("W", [3], zeros());

  test("a random number, through its reader", async () => {
    expect(await said(() => ({ loss: sum(mul(W(), Math.random())), optimizer: sgd() }))).toMatch(
      /^ModelError <line>\n\n {2}the declaration differs from call to call: the first node that differs is a number that %mul reads, whose value is 0\.\d+(?:e-\d+)? in one call and 0\.\d+(?:e-\d+)? in another\n\n {2}A model is declared anew/,
    );
  });

  test("a counter in a name, in a shape, in an initial value", async () => {
    expect(await said(() => ({ loss: sum(param(`W${n++ % 2}`, [3], zeros())), optimizer: sgd() }))).toBe(
      `ModelError <line>\n\n  the declaration differs from call to call: the first node that differs is %W0\n\n    one call  %W0  f32[3]  from param  <line>\n    another   %W1  f32[3]  from param  <line>\n\n  ${REMEDY}`,
    );
    expect(await said(() => ({ loss: sum(param("W", [3 + (n++ % 2)], zeros())), optimizer: sgd() }))).toBe(
      `ModelError <line>\n\n  the declaration differs from call to call: the first node that differs is %W\n\n    one call  %W  f32[3]  from param  <line>\n    another   %W  f32[4]  from param  <line>\n\n  ${REMEDY}`,
    );
    expect(await said(() => ({ loss: sum(param("W", [2], constant([1, n++]))), optimizer: sgd() }))).toMatch(
      /the first node that differs is %W\n/,
    );
  });

  test("which of two values is the loss, and how many nodes there are", async () => {
    expect(
      await said(() => {
        const [a, b] = [W(), exp(param("V", [3], zeros()))];
        return { loss: sum(mul(mul(n++ % 2 ? a : b, b), a)), optimizer: sgd() };
      }),
    ).toMatch(
      /the first node that differs is %mul, which reads (?:%exp, %exp in one call and %W, %exp|%W, %exp in one call and %exp, %exp) in another\n/,
    );
    expect(
      await said(() => {
        const a = W();
        const loss = sum(a);
        if (n++ % 2) exp(a);
        return { loss, optimizer: sgd() };
      }),
    ).toMatch(/the first node that differs is %exp\n\n {4}(?:one call|another) {2,3}%exp {2}f32\[3\] {2}from exp {2}<line>\n\n/);
  });

  test("the time, and what only the optimizer reads", async () => {
    const rate = (): number => 1e-20 * Date.now();
    expect(await said(() => ({ loss: sum(W()), optimizer: sgd({ learningRate: rate() }) }))).toMatch(
      /the first node that differs is a number that %W_mul reads, whose value is \S+e-8 in one call and \S+e-8 in another\n/,
    );
    expect(await said(() => ({ loss: sum(W()), optimizer: n++ % 2 ? sgd() : adam() }))).toMatch(
      /the declaration differs from call to call/,
    );
  });

  test("what stays the same is compiled", async () => {
    expect(
      await said(({ batch }) => ({ loss: mse(mul(input("x", [batch, 3]), W()), input("y", [batch, 3])), optimizer: adam() })),
    ).toBeUndefined();
  });
});

test("more than any memory holds: the parameter, its bytes; or the operation", async () => {
  expect(await said(() => ({ loss: sum(param("W", [1e10, 1e10], zeros())), optimizer: sgd() }))).toBe(
    'ModelError <line>\n\n  param "W": [10000000000,10000000000] is 400,000,000,000,000,000,000 bytes, and all memory of a trainer has at most 4,294,967,280\n\n  Declare a smaller shape.',
  );
  expect(await said(() => ({ loss: sum(matmul(param("a", [1e8, 1], zeros()), param("b", [1, 1e8], zeros()))), optimizer: sgd() }))).toBe(
    "ModelError <line>  dot\n\n  dot: its result [100000000,100000000] has more elements than positions can be counted exactly\n\n    a  %a  f32[100000000,1]  from param  <line>\n    b  %b  f32[1,100000000]  from param  <line>\n\n  Declare smaller shapes.",
  );
});

test("nothing to train", async () => {
  const compiled = (declare: (instance: Instance) => Declaration) =>
    compile(model("m", { batch: 2 }, declare)).then(
      () => undefined,
      (error: Error) => `${error.name} ${error.message}`,
    );
  const none = "Declare one with param(name, shape, initial), or use a layer that does, such as dense.";
  expect(await compiled(({ batch }) => ({ loss: mse(input("x", [batch, 3]), input("y", [batch, 3])), optimizer: sgd() }))).toBe(
    `ModelError m\n\n  a model needs something to train, but this one declares no parameter\n\n  ${none}`,
  );
  expect(await compiled(() => ({ loss: sum(param("W", [3], zeros(), { trainable: false })), optimizer: sgd() }))).toBe(
    `ModelError m\n\n  a model needs something to train, but all its parameters are frozen: W\n\n  ${none}`,
  );
});

test("schedules nested 100,000 deep, in a model and in a file; and 100,000 side by side", async () => {
  const nested = (depth: number): Rate => Array.from({ length: depth }).reduce<Rate>((rate) => warmup(2, rate), 0.1);
  const of = (rate: () => Rate) => said(() => ({ loss: sum(param("W", [3], zeros())), optimizer: sgd({ learningRate: rate() }) }));
  expect(await of(() => nested(100_000))).toBe(
    "ModelError <line>\n\n  warmup: schedules lie at most 100 deep in one another, but these would lie 101 deep\n\n  Put them side by side with piecewise.",
  );
  expect(await of(() => nested(9))).toBeUndefined();
  const many = Array.from({ length: 100_000 }, (_, k) => k + 1);
  expect(await of(() => piecewise([1, ...many], { at: many }))).toBe(
    "ModelError <line>\n\n  piecewise: takes at most 1000 rates, but got 100001\n\n  Use a decay that is computed from the step, such as exponentialDecay, or set a hyper between steps.",
  );
  const deep = `${"[".repeat(1e5)}${"]".repeat(1e5)}`;
  const read = (text: string) => () =>
    readSchedules({ path: "m.json", text }, { model: "m", graph: "g", machine: DEFAULT.machine }, new Map(), "again");
  const remedy = "Measure again with again, or remove the file: the cost model then picks every schedule.";
  expect(read(deep)).toThrowError(
    `m.json\n\n  schedules are a JSON object of adjoint, model, graph, target, kernels, but this is an array nested too deep to show\n\n  ${remedy}`,
  );
  expect(read(`{ "adjoint": ${deep} }`)).toThrowError(
    `m.json\n\n  schedules say their adjoint in words, but this one's is an array nested too deep to show\n\n  ${remedy}`,
  );
});

test("elu and leakyRelu of text", async () => {
  const of = (make: (x: never) => unknown) =>
    said(({ batch }) => ({
      loss: mse(make(mul(input("x", [batch, 3]), param("W", [3], zeros())) as never) as never, input("y", [batch, 3])),
      optimizer: sgd(),
    }));
  expect(await of(() => elu("0.1" as never))).toBe(
    'ModelError <line>\n\n  elu: x needs a tensor of floats, but got "0.1"\n\n  Write elu(x), with alpha after it if you like; as a layer, activation((x) => elu(x, 0.1)).',
  );
  expect(await of((x) => elu(x, "0.1" as never))).toBe(
    'ModelError <line>\n\n  elu: alpha needs a finite number, but got "0.1"\n\n  Change alpha, or leave it out for its default.',
  );
  expect(await of((x) => leakyRelu(x, NaN))).toBe(
    "ModelError <line>\n\n  leakyRelu: slope needs a finite number, but got NaN\n\n  Change slope, or leave it out for its default.",
  );
});
