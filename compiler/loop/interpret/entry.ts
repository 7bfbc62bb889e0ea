/** An entry over the memory of its module: its calls in order, its results by name. */

import { VerifyError } from "../../graph/error.ts";
import { sizeOf } from "../../graph/type.ts";
import type { Call, Entry, Module } from "../loop.ts";
import { loopAround, slicesOf, startAt, storageOf, walkTurns, type At } from "../turns.ts";
import { stored, type Precision } from "./functions.ts";
import { runKernel } from "./kernel.ts";
import { loadReader, startPoison, type Memory, type Place } from "./memory.ts";
import { scalarReader, type Environment } from "./scalar.ts";

/** How strictly an entry is run. */
export interface InterpretOptions {
  readonly precision?: Precision;
  /** Fills buffers with NaN outside their live range, and refuses to load what was not written since. */
  readonly poison?: boolean;
}

/** Runs an entry over memory, and gives its results by name; a scalar result is an array of one. */
export function interpretEntry(
  module: Module,
  entry: Entry | string,
  memory: Memory,
  options: InterpretOptions = {},
): Map<string, Float64Array> {
  const found = typeof entry === "string" ? module.entries.find((e) => e.name === entry) : entry;
  if (found === undefined) throw new VerifyError(String(entry), `module ${module.name} has no entry ${String(entry)}`);
  const precision = options.precision ?? "single";
  const kernels = new Map(module.kernels.map((k) => [k.name, k]));
  const buffers = new Map(module.buffers.map((b) => [b.name, b]));
  const lives = options.poison === true ? startPoison(module, found, memory) : undefined;
  const locals = new Map<string, number>();

  let turn: At | undefined;
  const place = (name: string): Place => {
    const buffer = buffers.get(name);
    const whole = buffer === undefined ? name : storageOf(buffer);
    const values = memory.get(whole);
    if (values === undefined) throw new VerifyError(name, `entry ${found.name}: no memory for buffer ${name}`);
    const written = lives?.written.get(whole);
    if (buffer?.window === undefined) return { buffer: name, values, written };
    const from = startAt(buffer, turn);
    const to = from + sizeOf(buffer.shape);
    return { buffer: name, values: values.subarray(from, to), written: written?.subarray(from, to) };
  };
  const env: Environment = {
    precision,
    index(name) {
      throw new VerifyError(name, `entry ${found.name} has no loops, but uses index ${name}`);
    },
    local(name) {
      const value = locals.get(name);
      if (value === undefined) throw new VerifyError(name, `entry ${found.name}: local ${name} is not defined here`);
      return () => value;
    },
    load: ({ buffer }, at) => loadReader(`entry ${found.name}`, buffer, place(buffer), at),
  };
  const run = (call: Call): void => {
    if (call.kind === "let") return void locals.set(call.name, scalarReader(call.value, env)());
    if (call.kind === "call") {
      const kernel = kernels.get(call.kernel);
      if (kernel === undefined)
        throw new VerifyError(call.kernel, `entry ${found.name} calls ${call.kernel}, which is no kernel of the module`);
      return runKernel(kernel, call.args.map(place), precision);
    }
    const to = place(call.buffer);
    to.values[0] = stored(buffers.get(call.buffer)?.dtype ?? call.dtype, precision)(scalarReader(call.value, env)());
    if (to.written !== undefined) to.written[0] = 1;
  };

  walkTurns(found.calls.length, found.loops, (n, at) => {
    turn = at.size === 0 ? undefined : at;
    run(found.calls[n]!);
    const loop = loopAround(found.loops, n);
    if (loop === undefined || at.get(loop.turn.name) === slicesOf(loop).at(-1)) lives?.after(n);
  });
  turn = undefined;
  return new Map(
    found.results.map((r) => {
      const value = locals.get(r.value);
      if (value !== undefined) return [r.name, Float64Array.of(value)];
      const { values, written } = place(r.value);
      if (written?.includes(0) === true)
        throw new VerifyError(r.value, `entry ${found.name} returns ${r.value}, but parts of it are not written or no longer live`);
      return [r.name, values.slice()];
    }),
  );
}
