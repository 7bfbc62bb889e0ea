/** What is true of errors that no line of a model is in: they name its file; and of storage whose name an optimizer needs: both are named. */

import { adam, input, model, mse, mul, param, sgd, zeros, type Model } from "adjoint";
import { expect, test } from "vitest";
import type { UpdateRule } from "../../compiler/autodiff/update.ts";
import { lower } from "../../compiler/driver/lower.ts";
import type { Declaration } from "../../compiler/model/declaration.ts";
import type { Scalar } from "../../compiler/model/tensor.ts";

const source = { path: "models/mine.ts", text: "" };
const complaint = async (of: Model): Promise<string> =>
  lower(of, { source }).then(
    () => "accepted",
    (error: Error) => `${error.name} ${error.message.replace(/sites\.test\.ts:\d+/, "<line>")}`,
  );

const returning = (declare: (loss: Scalar) => Declaration): Model =>
  model("mine", { batch: 2 }, ({ batch }) => {
    const z = mul(input("x", [batch, 4]), param("w", [4], zeros()));
    return declare(mse(z, input("y", [batch, 4])));
  });

test("a name that the trainer uses itself is told with the file", async () => {
  const counts = returning((loss) => ({ loss, metrics: { count: loss }, optimizer: sgd() }));
  expect(await complaint(counts)).toBe(
    'ModelError models/mine.ts\n\n  two things of the trainer are called "count", one of them a metric\n\n  Give the metric another name.',
  );
});

test("a model without phases is told with the file", async () => {
  expect(await complaint(returning(() => ({ phases: [] })))).toBe(
    "ModelError models/mine.ts\n\n  a model needs at least one phase\n\n  Return { loss, optimizer } or { phases: [ … ] }.",
  );
});

test.each<[string, string, () => UpdateRule]>([
  ["w.momentum", "sgd", () => sgd({ momentum: 0.9 })],
  ["w.m", "adam", () => adam()],
  ["adam.1-beta1^t", "adam", () => adam()],
])("a parameter called %s, as %s calls its state", async (name, rule, optimizer) => {
  const of = (first: boolean): Model =>
    model("mine", { batch: 2 }, ({ batch }) => {
      const declared = first
        ? ([param("w", [4], zeros()), param(name, [4], zeros())] as const)
        : ([param(name, [4], zeros()), param("w", [4], zeros())] as const);
      const z = mul(mul(input("x", [batch, 4]), declared[0]), declared[1]);
      return { loss: mse(z, input("y", [batch, 4])), optimizer: optimizer() };
    });
  const expected = `ModelError <line>\n\n  ${rule}: needs a state ${JSON.stringify(name)}, but the model declares a param of that name\n\n  Give the model's own another name.`;
  expect(await complaint(of(true))).toBe(expected);
  expect(await complaint(of(false))).toBe(expected);
});
