/** A layers model of Keras becomes source that predicts and trains as Keras does (interop/keras/nets.py); what is damaged or unknown is refused by name. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile, load } from "../../compiler/index.ts";
import { importKeras } from "../../compiler/imports/keras/index.ts";
import type { Imported, ImportOptions } from "../../compiler/imports/written.ts";
import { declared } from "./declared.ts";

interface Listed {
  readonly dims: readonly number[];
  readonly integers: boolean;
  readonly data: readonly number[];
}
interface Net {
  readonly model: {
    readonly modelTopology: object;
    readonly weightsManifest: readonly { readonly weights: readonly { readonly name: string }[] }[];
  };
  readonly shards: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, Listed>>;
  readonly outputs: Readonly<Record<string, Listed>>;
  readonly targets: readonly Listed[];
  readonly losses: readonly number[];
  readonly weights: Readonly<Record<string, Listed>>;
}

const NETS = JSON.parse(gunzipSync(readFileSync(new URL("./keras.json.gz", import.meta.url))).toString()) as Readonly<Record<string, Net>>;
const told = { name: "again", file: "model.json" };
const shardsOf =
  ({ shards }: Net) =>
  (path: string): Uint8Array =>
    Buffer.from(shards[path] ?? "", "base64");
const imported = (net: Net, more: Partial<ImportOptions> = {}): Imported =>
  importKeras(JSON.stringify(net.model), shardsOf(net), { ...told, ...more });
/** The same net with the weights that it has after training, in the layout that they have here. */
const after = (net: Net): Imported => {
  const all = net.model.weightsManifest.flatMap(({ weights }) => weights.flatMap(({ name }) => net.weights[name]!.data));
  return importKeras(JSON.stringify(net.model), () => new Uint8Array(Float32Array.from(all).buffer), told);
};
const arrayOf = ({ integers, data }: Listed): Float32Array | Int32Array => (integers ? Int32Array : Float32Array).from(data);
const most = (values: ArrayLike<number>): number => Array.from(values).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
const off = (made: ArrayLike<number>, expected: ArrayLike<number>): number => most(Array.from(made, (value, n) => value - expected[n]!));

describe.each(Object.entries(NETS))("%s", (_, net) => {
  test("predicts, and after three steps has the losses and weights of Keras", { timeout: 60_000 }, async () => {
    const source = imported(net);
    const trainer = (await load(await compile(declared(source), { effort: "none", batch: 4 }))).createTrainer({ seed: 1 });
    const held = { ...trainer.parameters, ...trainer.state };
    for (const { name, values } of source.weights) held[name]!.set(Float32Array.from(values));
    const inputs = Object.fromEntries(Object.entries(net.inputs).map(([name, given]) => [name, arrayOf(given)]));
    const predicted = trainer.predict(inputs);
    for (const [name, { data }] of Object.entries(net.outputs)) expect(off(predicted[name]!, data) / most(data), name).toBeLessThan(1e-5);

    const targets = Object.fromEntries(net.targets.map((given, n) => [["y", "target"][n]!, arrayOf(given)]));
    for (const loss of net.losses) expect(Math.abs(trainer.step({ ...inputs, ...targets }) / loss - 1)).toBeLessThan(1e-5);
    const expected = after(net).weights;
    expect(expected.map(({ name }) => name)).toEqual(source.weights.map(({ name }) => name));
    for (const { name, values } of expected) {
      // Keras keeps the variance of the batch itself, not the unbiased one
      if (name.endsWith(".variance")) continue;
      expect(off(held[name]!, values) / Math.max(1e-3, most(values)), name).toBeLessThan(1e-5);
    }
  });
});
