/** What is true of every target's files: their header asks for the same target again, and what lies in a folder is made again and verified with it. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HEADED, TRAINERS, targetsIn } from "../compiler/cli/generated.ts";
import { readHeader } from "../compiler/cli/header.ts";
import { targetAsked } from "../compiler/cli/targets.ts";
import { compile } from "../compiler/compile.ts";
import { DEFAULT, fileOf, TARGETS } from "../compiler/targets/index.ts";
import { adjoint, build, root } from "./support/command.ts";
import { modelOf, modelText } from "./support/models.ts";

const source = { path: "models/circuit.ts", text: modelText("circuit") };

test.each(TARGETS.map((target) => ({ name: target.name, target })))(
  "$name: flags, header and file names are its own",
  async ({ target }) => {
    expect(targetAsked(target.asked)?.name).toBe(target === DEFAULT ? undefined : target.name);
    const { files, binaries } = await compile(await modelOf("circuit"), { source, target: target.name, effort: "none" });
    const trainer = files.get(fileOf("trainer.ts", target))!;
    expect(readHeader(trainer)?.target).toBe(target.name);
    const beside = [...target.beside].map((file) => (file === "model.graph" ? file : fileOf(file, target)));
    expect([...files.keys()].sort()).toEqual([fileOf("trainer.ts", target), ...beside].sort());
    expect([...binaries.keys()]).toEqual(target.apart === true ? ["trainer.wasm"] : []);
  },
);

test("a folder's files are those of the targets, each once", () => {
  expect(HEADED).toEqual([
    "trainer.ts",
    "gradients.ts",
    "trainer.wasm.ts",
    "gradients.wasm.ts",
    "trainer.plain.ts",
    "trainer.twin.ts",
    "gradients.twin.ts",
  ]);
  expect(TRAINERS.map(({ certificate }) => certificate)).toEqual([
    "certificate.json",
    "certificate.wasm.json",
    "certificate.plain.json",
    "certificate.twin.json",
  ]);
});

test("the readable form of a WebAssembly module lies beside it, with the same bits, made again and verified by its header", async () => {
  build();
  const folder = mkdtempSync(join(root, "test", "twin-"));
  try {
    const out = join(folder, "generated");
    for (const target of ["wasm", "twin"])
      expect(await adjoint(["compile", source.path, "--target", target, "--out", out], { cwd: root })).toMatchObject({ code: 0 });
    const own = join(out, "circuit");
    expect(readdirSync(own).filter((file) => file.includes(".twin."))).toEqual(["certificate.twin.json", "trainer.twin.ts"]);
    expect(targetsIn({ folder: own, prefix: "" })).toEqual(["typescript", "wasm", "twin"]);
    const text = readFileSync(join(own, "trainer.twin.ts"), "utf8");
    expect(text).toContain("// Regenerate: adjoint compile models/circuit.ts --target twin\n");
    expect(text).not.toContain("WebAssembly");
    expect(await adjoint(["compile", "--check", source.path, "--out", out], { cwd: root })).toMatchObject({ code: 0 });
    expect(await adjoint(["verify", join(own, "trainer.twin.ts")], { cwd: root })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^CERTIFIED/) as string,
    });
    const weights = await Promise.all(
      ["trainer.wasm.ts", "trainer.twin.ts"].map(async (file) => {
        const { createTrainer } = (await import(join(own, file))) as {
          createTrainer(): { step(batch: object): number; bytes(): Uint8Array };
        };
        const trainer = createTrainer();
        for (let n = 0; n < 3; n++) trainer.step({});
        return trainer.bytes();
      }),
    );
    expect(weights[1]).toEqual(weights[0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);
