import { describe, expect, test } from "vitest";
import { add, conv2d, glorot, glorotNormal, he, heUniform, input, matmul, model, param, sgd, sum, type Initializer } from "adjoint";
import { compile, load } from "../../compiler/compile.ts";

/** A model with a dense kernel [80, 120] and a conv kernel [40, 16, 3, 5]. */
const compiled = (initializer: () => Initializer) =>
  compile(
    model("drawn", { batch: { train: 1, evaluate: 1, predict: 1 } }, () => {
      const dense = matmul(input("x", [1, 80]), param("dense", [80, 120], initializer()));
      const conv = conv2d(40, [3, 5], { name: "conv", kernelInitializer: initializer(), useBias: false })(input("image", [1, 16, 3, 5]));
      return { loss: add(sum(dense), sum(conv)), outputs: {}, optimizer: sgd() };
    }),
    { effort: "none" },
  ).then((files) => load(files));

/** Its weights as the emitted trainer draws them. */
function drawn({ createTrainer }: Awaited<ReturnType<typeof compiled>>, seed: number) {
  const { parameters } = createTrainer({ seed });
  return { dense: parameters["dense"]!, conv: parameters["conv.kernel"]! };
}

const variance = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((total, value) => total + value * value, 0) / values.length;

const [DENSE, CONV] = [
  { fanIn: 80, fanOut: 120 },
  { fanIn: 16 * 15, fanOut: 40 * 15 },
];
type Fans = typeof DENSE;

describe.each([
  { name: "glorot", initializer: glorot, uniform: true, expected: ({ fanIn, fanOut }: Fans) => 2 / (fanIn + fanOut) },
  { name: "glorotNormal", initializer: glorotNormal, uniform: false, expected: ({ fanIn, fanOut }: Fans) => 2 / (fanIn + fanOut) },
  { name: "he", initializer: he, uniform: false, expected: ({ fanIn }: Fans) => 2 / fanIn },
  { name: "heUniform", initializer: heUniform, uniform: true, expected: ({ fanIn }: Fans) => 2 / fanIn },
])("$name", ({ initializer, uniform, expected }) => {
  test("has mean 0, the variance that its paper states, and its tails", async () => {
    const weights = drawn(await compiled(initializer), 7);
    for (const [values, fans] of [
      [weights.dense, DENSE],
      [weights.conv, CONV],
    ] as const) {
      // prettier-ignore
      const deviation = Math.sqrt(expected(fans));
      const mean = Array.from(values).reduce((total, value) => total + value, 0) / values.length;
      // five standard errors: of the mean σ/√n, of the variance at most σ²·√(2/n)
      expect(Math.abs(mean)).toBeLessThan((5 * deviation) / Math.sqrt(values.length));
      expect(Math.abs(variance(values) / deviation ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
      const largest = Math.max(...Array.from(values, Math.abs)) / deviation;
      if (uniform) expect(largest).toBeLessThanOrEqual(Math.fround(Math.sqrt(3)) * (1 + 1e-6));
      expect(largest).toBeGreaterThan(uniform ? 1.7 : 3); // a uniform's limit is √3 deviations
    }
  });

  test("depends on the seed alone", async () => {
    const module = await compiled(initializer);
    const [first, again, other] = [drawn(module, 7), drawn(module, 7), drawn(module, 8)];
    expect(again).toEqual(first);
    expect(other.dense).not.toEqual(first.dense);
    expect(first.conv.slice(0, 9)).not.toEqual(first.dense.slice(0, 9)); // each parameter has a stream of its own
  });
});
