/** `adjoint train --weights` begins with a file, `--save` writes one, and what does not fit is refused before the first step. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSafetensors } from "../../runtime/index.ts";
import { adjoint, build, type Ran } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
const at = (path: string): string => join(folder, path);
const run = (args: string): Promise<Ran> => adjoint(args.split(" "), { cwd: folder });
const MODEL = `import { dense, input, labels, model, sgd, softmaxCrossEntropy } from "adjoint";
export const data = { source: "synthetic", rows: 64, seed: 1, epochs: 1 };
export default model("tiny", { batch: 8 }, ({ batch }) => {
  const x = input("x", [batch, 3]);
  const y = labels("y", [batch], { classes: 2 });
  const scores = dense(2)(x);
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd() };
});
`;

beforeAll(() => {
  build();
  mkdirSync(at("models"));
  writeFileSync(at("package.json"), '{ "name": "mine", "type": "module" }');
  writeFileSync(at("models/tiny.ts"), MODEL);
  writeFileSync(at("names.json"), '{ "dense": "fc" }');
  writeFileSync(at("list.json"), "[]");
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("what --save writes, --weights reads, in PyTorch's names", { timeout: 120_000 }, async () => {
  const names = "--layout pytorch --rename names.json";
  const first = await run(`train models/tiny.ts ${names} --save first.safetensors`);
  expect([first.code, first.stderr]).toEqual([0, expect.any(String)]);
  expect(first.stdout).toContain("weights in first.safetensors\n");
  expect(first.stdout).not.toContain("gone");
  const { tensors } = readSafetensors(readFileSync(at("first.safetensors")), "first");
  expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([
    ["fc.weight", [2, 3]],
    ["fc.bias", [2]],
  ]);
  const again = await run(`train models/tiny.ts ${names} --weights first.safetensors --json --save second.safetensors`);
  expect(again.stderr).toContain("2 parameters and running statistics are those of first.safetensors\n");
  expect(JSON.parse(again.stdout)).toMatchObject({ saved: "second.safetensors" });
  expect(readFileSync(at("second.safetensors")).equals(readFileSync(at("first.safetensors")))).toBe(false);

  const other = await run("train models/tiny.ts --weights first.safetensors");
  expect([other.code, other.stdout]).toEqual([2, ""]);
  expect(other.stderr).toContain("error first.safetensors does not fit the trainer, which is as it was: it lacks dense.kernel");
});

test.each([
  ["--layout torch", '--layout needs adjoint, pytorch, keras, but got "torch"; did you mean pytorch?'],
  ["--rename list.json", '--rename list.json needs names in the file by names of the model, such as { "dense": "fc1" }'],
  ["--rename none.json", "--rename none.json: there is no such file"],
  ["--save models", "models cannot be read or written: it is a folder, where a file was needed; name a file"],
])("%s is refused", { timeout: 60_000 }, async (flag, message) => {
  const { code, stderr } = await run(`train models/tiny.ts ${flag}`);
  expect([code, stderr]).toEqual([2, `error ${message}\n`]);
});
