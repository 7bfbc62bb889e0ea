/** What is true of committed plain twins at their real sizes: three steps end with the bits of the fast file. Long ones run where PLAIN=all asks. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL("../../generated/", import.meta.url));
const twins = readdirSync(folder).filter((name) => existsSync(`${folder}${name}/trainer.plain.ts`));

/** Operations of a step from which on a twin, whose loops nobody tuned, takes a test too long. */
const LONG = 2e7;

const flopsOf = (name: string): number =>
  Number(/ ([\d,]+) FLOPs a step$/m.exec(readFileSync(`${folder}${name}/trainer.ts`, "utf8"))![1]!.replaceAll(",", ""));

type Arrays = Readonly<Record<string, Float32Array | Int32Array>>;
interface Trainer {
  readonly inputs: Arrays;
  step(batch: Arrays): unknown;
  bytes(): Uint8Array;
}

/** Numbers in [0, 1), and labels 0 and 1, which every model has: the same for both files. */
const filled = (inputs: Arrays, turn: number): Arrays =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, slot]) => [
      name,
      slot.map((_, n) => (slot instanceof Int32Array ? (n + turn) % 2 : (((n + turn) * 7919) % 1009) / 1009)),
    ]),
  );

test.each(twins)(
  "%s: three steps of trainer.plain.ts end with the bits of trainer.ts",
  async (name) => {
    if (flopsOf(name) > LONG && process.env["PLAIN"] !== "all") return;
    const ends: Uint8Array[] = [];
    for (const file of ["trainer.ts", "trainer.plain.ts"]) {
      const { createTrainer } = (await import(`${folder}${name}/${file}`)) as {
        createTrainer(options: { readonly seed: number }): Trainer;
      };
      const trainer = createTrainer({ seed: 1 });
      const first = trainer.bytes();
      for (let turn = 0; turn < 3; turn++) trainer.step(filled(trainer.inputs, turn));
      expect(trainer.bytes()).not.toEqual(first);
      ends.push(trainer.bytes());
    }
    expect(Buffer.compare(ends[1]!, ends[0]!)).toBe(0);
  },
  600_000,
);
