/** `adjoint train --checkpoint`: stopped by Ctrl-C, the same command ends with the weights of a run that was never stopped. */

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadCheckpoint } from "../../runtime/index.ts";
import { adjoint, build, root, twoAtATime, type Ran, type RunOptions } from "../support/command.ts";
import { writeDigits } from "../support/digits.ts";

const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
const at = (path: string): string => join(folder, path);
const run = (args: string, options: Partial<RunOptions> = {}): Promise<Ran> => adjoint(args.split(" "), { cwd: folder, ...options });
/** The newest checkpoint of a folder. */
const newest = (name: string) => {
  const file = readdirSync(at(name)).sort().at(-1)!;
  return loadCheckpoint(readFileSync(at(`${name}/${file}`)), file);
};
const TRAIN = "train models/linear-softmax.ts --data digits --epochs 150 --validation 0.25 --patience 149";

beforeAll(async () => {
  build();
  mkdirSync(at("models"));
  mkdirSync(at("generated"));
  writeFileSync(at("package.json"), '{ "name": "mine", "type": "module" }');
  copyFileSync(`${root}models/linear-softmax.ts`, at("models/linear-softmax.ts"));
  writeDigits(at("digits"), { train: 40, test: 20 });
  expect(await run("compile models/linear-softmax.ts")).toMatchObject({ code: 0 });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("Ctrl-C, run again, same weights", { timeout: 60_000 }, async () => {
  const [whole, broken] = await twoAtATime([`${TRAIN} --checkpoint whole`, `${TRAIN} --checkpoint broken`], (command) =>
    run(command, { interrupt: command.endsWith("broken") }),
  );
  expect([whole!.code, broken!.code, broken!.stdout]).toEqual([0, 130, ""]);
  expect(broken!.stderr).toMatch(/\nthe run is saved in broken; the same command goes on from there\nerror interrupted\n$/);
  const stopped = newest("broken");
  expect(stopped.model).toBe("linear-softmax");
  expect(stopped.step).toBeLessThan(150);

  const again = await run(`${TRAIN} --checkpoint broken`);
  expect([again.code, again.stdout]).toEqual([0, whole!.stdout]);
  const ended = stopped.run!.history.length;
  expect(again.stderr).toContain(`going on from broken, where ${ended} epoch${ended === 1 ? "" : "s"} had ended\n`);
  const bits = ({ tensors, kept }: ReturnType<typeof newest>) => [
    tensors.map(({ name, bytes }) => [name, [...bytes]]),
    [...kept].map(([epoch, bytes]) => [epoch, [...bytes]]),
  ];
  expect(bits(newest("broken"))).toEqual(bits(newest("whole")));
  expect(newest("whole").kept.size).toBe(1);

  const text = readFileSync(at("models/linear-softmax.ts"), "utf8");
  writeFileSync(at("models/linear-softmax.ts"), text.replace("learningRate: 0.1", "learningRate: 0.2"));
  expect(await run("compile models/linear-softmax.ts")).toMatchObject({ code: 0 });
  const other = await run(`${TRAIN} --checkpoint whole`);
  expect([other.code, other.stdout]).toEqual([2, ""]);
  expect(other.stderr).toMatch(
    /\nerror checkpoint-000150\.safetensors was written under another graph of the model \([0-9a-f]{16}, now [0-9a-f]{16}\), though every tensor fits; it belongs to another model: give this run a store of its own, or use the trainer that wrote it\n$/,
  );
});

test("a folder that cannot keep checkpoints is refused before the first step", async () => {
  writeFileSync(at("file"), "");
  const { code, stdout, stderr } = await run(`${TRAIN} --checkpoint file`);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /^error checkpoints cannot be kept in file \(EEXIST: .*\); mend its permissions, make room, or name another folder\n$/,
  );
}, 30_000);
