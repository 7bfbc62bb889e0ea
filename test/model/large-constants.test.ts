/** What is true of constants that are too many to list: bytes in the file, exact on both targets, in no checkpoint. */

import { compile, constant, input, load, matmul, model, mse, normal, param, sgd } from "adjoint";
import { expect, test } from "vitest";
import { randomFrom } from "../support/sample.ts";

const [ROWS, COLUMNS] = [70, 90];
const random = randomFrom(3);
const TABLE = Float32Array.from({ length: ROWS * COLUMNS }, (_, n) =>
  n === 7 ? -0 : n === 8 ? Infinity : (random() - 0.5) * 10 ** ((n % 30) - 15),
);

const projected = model("projected", { batch: 1 }, ({ batch }) => {
  const x = input("x", [batch, ROWS]);
  const table = constant(TABLE, [ROWS, COLUMNS]);
  const finite = constant(
    TABLE.map((value) => (Number.isFinite(value) ? Math.sign(value) : 0)),
    [ROWS, COLUMNS],
    { dtype: "i32" },
  );
  const W = param("W", [COLUMNS, 2], normal());
  const signs = matmul(x, matmul(constant(TABLE.map(Math.sign), [ROWS, COLUMNS]), W));
  return { loss: mse(signs, constant([1, 2], [1, 2])), outputs: { table, finite, signs }, optimizer: sgd({ learningRate: 1e-3 }) };
});

test.each(["typescript", "wasm"] as const)("on %s", async (target) => {
  const compiled = await compile(projected, { target });
  const text = [...compiled.files.values()].find((file) => file.includes("createTrainer"))!;
  expect(text.match(/fillTable\(constant_/g)).toHaveLength(3);
  expect(text.match(/^const TABLE_\w+ =/gm)).toHaveLength(3);
  const { createTrainer, PARAMETERS } = await load(compiled);
  expect(PARAMETERS.map(({ name }) => name)).toEqual(["W"]);
  const trainer = createTrainer();
  const x = new Float32Array(ROWS).fill(0.5);
  const { table, finite } = trainer.predict({ x }) as unknown as { table: Float32Array; finite: Int32Array };
  expect(Buffer.from(table.slice().buffer).equals(Buffer.from(TABLE.buffer))).toBe(true);
  expect([...finite.subarray(0, 10)]).toEqual(
    [...TABLE.subarray(0, 10)].map((value) => (Number.isFinite(value) ? Math.sign(value) + 0 : 0)),
  );
  trainer.step({ x });
  expect(trainer.bytes()).toHaveLength(4 * COLUMNS * 2 + 4);
});
