/** `adjoint import` reads what a file names beside it and nothing outside its folder; what it refuses leaves nothing behind. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "citty";
import { afterAll, describe, expect, test } from "vitest";
import { importFrom } from "../../compiler/cli/import.ts";
import { Message } from "../../compiler/exports/onnx/wire.ts";
import { readSafetensors } from "../../runtime/index.ts";

const home = mkdtempSync(join(tmpdir(), "adjoint-"));
const folder = join(home, "in");
mkdirSync(folder);
afterAll(() => rmSync(home, { recursive: true }));
const at = (name: string): string => join(folder, name);

/** x [n, 3] · W [3, 2], W in another file. */
function outside(location: string, offset: number, length = 24): Uint8Array {
  const entry = (key: string, value: string): Message => new Message().text(1, key).text(2, value);
  const tensor = new Message()
    .ints(1, [3, 2])
    .int(2, 1)
    .text(8, "fc.weight")
    .message(13, entry("location", location))
    .message(13, entry("offset", `${offset}`))
    .message(13, entry("length", `${length}`))
    .int(14, 1);
  const value = (name: string, width: number): Message => {
    const dims = new Message().message(1, new Message().text(2, "n")).message(1, new Message().int(1, width));
    return new Message().text(1, name).message(2, new Message().message(1, new Message().int(1, 1).message(2, dims)));
  };
  const node = new Message().text(1, "x").text(1, "fc.weight").text(2, "y").text(4, "MatMul");
  const graph = new Message().message(1, node).message(5, tensor).message(11, value("x", 3)).message(12, value("y", 2));
  return new Message().message(7, graph).message(8, new Message().text(1, "").int(2, 17)).done();
}

const floats = Float32Array.from({ length: 8 }, (_, n) => n + 0.5);
writeFileSync(at("net.data"), new Uint8Array(floats.buffer));
writeFileSync(join(home, "secret.data"), new Uint8Array(floats.buffer));
symlinkSync(join(home, "secret.data"), at("link.data"));

/** Runs the command; what it said. */
async function run(name: string, contents: string | Uint8Array): Promise<string> {
  writeFileSync(at(name), contents);
  try {
    await runCommand(importFrom, { rawArgs: [at(name), "--out", join(home, "out", "net.ts")] });
    return "read";
  } catch (error) {
    expect(existsSync(join(home, "out"))).toBe(false);
    return (error as Error).message;
  }
}

test("weights beside the file are read from where they lie", async () => {
  expect(await run("net.onnx", outside("net.data", 8))).toBe("read");
  const { tensors } = readSafetensors(readFileSync(join(home, "out", "net.safetensors")), "net");
  expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([["fc.kernel", [3, 2]]]);
  expect([...new Float32Array(Uint8Array.from(tensors[0]!.bytes).buffer)]).toEqual([2.5, 3.5, 4.5, 5.5, 6.5, 7.5]);
  expect(readdirSync(join(home, "out")).toSorted()).toEqual(["net.safetensors", "net.ts"]);
  rmSync(join(home, "out"), { recursive: true });
});

describe("refused is", () => {
  const keras = (path: string): string =>
    JSON.stringify({
      modelTopology: { class_name: "Sequential", config: [{ class_name: "ReLU", config: { name: "r", batch_input_shape: [null, 3] } }] },
      weightsManifest: [{ paths: [path], weights: [] }],
    });
  test.each<readonly [what: string, name: string, contents: string | Uint8Array, message: string]>([
    ["a file above the folder", "net.onnx", outside("../secret.data", 0), 'it names "../secret.data", outside its folder'],
    ["a file by its whole path", "net.onnx", outside("/etc/passwd", 0), 'it names "/etc/passwd", outside its folder'],
    ["a link that leads outside", "net.onnx", outside("link.data", 0), 'it names "link.data", a link that leads outside its folder'],
    ["a file that is not there", "net.onnx", outside("none.data", 0), 'it names "none.data", which is not there'],
    ["a file that is too short", "net.onnx", outside("net.data", 16), 'it needs 24 bytes from byte 16 of "net.data", which has 32'],
    ["another length", "net.onnx", outside("net.data", 0, 23), 'needs 24 bytes, but "net.data" has 23 of it'],
    ["a shard above the folder", "model.json", keras("../secret.data"), 'it names "../secret.data", outside its folder'],
    ["HDF5", "net.h5", "", "tensorflowjs_converter --input_format=keras"],
    ["Keras's own format", "net.keras", "", "tensorflowjs_converter --input_format=keras_keras"],
    ["PyTorch's", "net.pt", "", "torch.onnx.export"],
  ])("%s", async (_, name, contents, message) => {
    expect(await run(name, contents)).toContain(message);
  });
});
