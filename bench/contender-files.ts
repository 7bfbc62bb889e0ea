/** The files that a contender is given, as written.ts makes them: manifest.json says what lies where in data.bin. */

import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import type { Fed, Parameter, Workload } from "./peers/workload.ts";
import type { Spec } from "./workloads/specs.ts";

/** Where an array lies in data.bin. */
export interface Stored {
  readonly shape: readonly number[];
  readonly dtype: "i32" | "f32";
  readonly offset: number;
}

/** manifest.json. */
export interface Manifest {
  readonly spec: Spec;
  readonly parameters: readonly (Stored & { readonly name: string })[];
  readonly batches: readonly { readonly x: Stored; readonly y: Stored }[];
}

/** The first weights and batches that lie in a folder. */
export function readWorkload(folder: string): Workload {
  const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8")) as Manifest; // as written.ts wrote it
  const data = openSync(`${folder}/data.bin`, "r");
  const read = ({ shape, dtype, offset }: Stored): Float32Array | Int32Array => {
    const values = new (dtype === "i32" ? Int32Array : Float32Array)(shape.reduce((a, b) => a * b, 1));
    if (readSync(data, values, { position: offset }) < values.byteLength) throw new Error(`${folder}/data.bin ends early`);
    return values;
  };
  const workload: Workload = {
    spec: manifest.spec,
    parameters: manifest.parameters.map((entry): Parameter => ({ ...entry, values: read(entry) })),
    batches: manifest.batches.map(({ x, y }): Fed => ({ x: read(x), y: read(y), shape: x.shape })),
  };
  closeSync(data);
  return workload;
}
