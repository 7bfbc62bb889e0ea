/** What `--memory` does on the command line: files that carry it and are made again with it, and refusals that end with the right code. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adjoint, build, type Ran } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
const at = (path: string): string => join(folder, path);
const run = (args: string): Promise<Ran> => adjoint(args.split(" "), { cwd: folder });

const MODEL = `import { add, glorot, input, matmul, model, mse, param, sgd, sigmoid, tanh } from "adjoint";

export default model("deep", { batch: 16 }, ({ batch }) => {
  const x = input("x", [batch, 8]);
  let h = x;
  for (let n = 1; n <= 3; n++) h = add(tanh(matmul(h, param("W" + n, [8, 8], glorot()))), sigmoid(h));
  return { loss: mse(h, x), optimizer: sgd() };
});
`;

beforeAll(() => {
  build();
  mkdirSync(at("models"));
  writeFileSync(at("package.json"), '{ "name": "mine", "type": "module" }');
  writeFileSync(at("models/deep.js"), MODEL);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("a budget stands in the file's command, is kept by a later compile of all, and passes --check and verify", async () => {
  expect(await run("compile models/deep.js --memory 4300B")).toMatchObject({
    code: 0,
    stdout: "✓ deep  generated/deep/  arena 3,696 bytes  4 files written\n",
  });
  const text = readFileSync(at("generated/deep/trainer.ts"), "utf8");
  expect(text).toContain("// Regenerate: adjoint compile models/deep.js --memory 4300B\n");
  expect(text).toContain(
    "//   train takes the batch in 2 parts of 8 rows and sums over them, which rounds otherwise than the whole batch\n",
  );
  expect(await run("compile")).toMatchObject({ code: 0, stdout: "✓ deep  generated/deep/  arena 3,696 bytes  unchanged\n" });
  expect(await run("compile --check")).toMatchObject({ code: 0, stdout: "✓ 4 files under generated/ are what their commands make\n" });
  expect((await run("verify")).stdout).toMatch(/^CERTIFIED {2}generated\/deep\/trainer\.ts/);
}, 180_000);

test("what cannot be is refused: exit code 1 for a budget that nothing fits, 2 for what is no amount", async () => {
  const tight = await run("compile models/deep.js --memory 2KB");
  expect(tight).toMatchObject({ code: 1, stdout: "" });
  expect(tight.stderr).toMatch(
    /^error the trainer of "deep" does not fit 2KB: the smallest arena found has [\d,]+ bytes, and 2KB are 2,000\. Its entry train binds; /,
  );
  expect(tight.stderr).toMatch(
    /The nearest budget that is possible is (\d+B): ask for that with --memory \1, declare fewer rows a batch, or a smaller model\. No trainer was written\n$/,
  );
  expect(await run("compile models/deep.js --memory 12")).toEqual({
    code: 2,
    stdout: "",
    stderr:
      'error --memory needs a number and a unit, such as 512KB or 1.5MiB: B, KB, MB, GB, KiB, MiB, GiB (KB is 1000 bytes, KiB 1024); but got "12"\n',
  });
}, 180_000);
