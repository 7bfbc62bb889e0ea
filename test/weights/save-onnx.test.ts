/** A template with a trainer's weights is, bit for bit, the file that the compiler exports with them. */

import { expect, test } from "vitest";
import { compile, load } from "../../compiler/compile.ts";
import { exportModel } from "../../compiler/export.ts";
import { onnxTemplate } from "../../runtime/weights/onnx.ts";
import { DataError, saveOnnx } from "../../runtime/index.ts";
import { images } from "./nets.ts";

test("a template is filled in, and one of another graph refused", { timeout: 120_000 }, async () => {
  const trainer = (await load(await compile(images, { effort: "none", batch: 4 }))).createTrainer({ seed: 1 });
  const exported = (): Uint8Array =>
    exportModel(images, { to: "onnx", weights: { ...trainer.parameters, ...trainer.state }, metadata: { graph: trainer.tables.GRAPH } })
      .bytes;
  const { PARAMETERS, STATE } = trainer.tables;
  const template = onnxTemplate(exported(), new Set([...PARAMETERS, ...STATE].map(({ name }) => name)));
  expect(template.length).toBeLessThan(0.5 * exported().length);
  for (let n = 0; n < 2; n++) trainer.step({ x: new Float32Array(4 * 108).map((_, i) => Math.sin(i)), y: Int32Array.of(0, 1, 2, 3) });
  const saved = saveOnnx(trainer, template);
  expect(saved).toEqual(exported());
  const other = {
    ...trainer,
    bytes: () => trainer.bytes(),
    restore: (bytes: Uint8Array) => trainer.restore(bytes),
    parameters: trainer.parameters,
    state: trainer.state,
    tables: { ...trainer.tables, GRAPH: "another" },
  };
  expect(() => saveOnnx(other, template)).toThrow(/the template is of the graph .*, and the trainer of another/);
  for (const length of [1, 7, 20, 100, template.length - 3]) {
    const cut = template.slice(0, length);
    expect(() => saveOnnx(trainer, cut)).toThrow(DataError);
  }
});
