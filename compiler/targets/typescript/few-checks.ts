/** What the plain twin looks at of what is passed in: that it fits, in a line each; trainer.ts says what, where and how to mend it. */

import { sizeOf } from "../../graph/type.ts";
import type { Buffer, Module } from "../../loop/loop.ts";
import type { Call, Checks, Fed } from "./checking.ts";
import { takenBy } from "./entry.ts";
import { quoted, type Scope } from "./scope.ts";

const check = (holds: string, what: string): string => `check(${holds}, ${quoted(what)});`;

export class FewChecks implements Checks {
  readonly #module: Module;
  readonly #scope: Scope;

  constructor(module: Module, scope: Scope) {
    this.#module = module;
    this.#scope = scope;
  }

  of({ entries, rows, count, finite }: Call): readonly string[] {
    const whole = count === "any" ? `count >= 1 && count <= ${rows}` : `count === ${rows}`;
    return [
      ...(finite && entries.length === 1 ? ["const finite = options?.finite === true;"] : []),
      ...(count === "none"
        ? []
        : [check(whole, count === "any" ? `count needs 1 to ${rows} rows` : `count needs a full batch of ${rows} rows`)]),
      ...(takenBy(this.#module, entries).length === 0 ? ["void batch; // it holds nothing"] : []),
    ];
  }

  feed({ name, dtype, shape, classes }: Buffer, given: string, { perRow, count, finite }: Fed): readonly string[] {
    const view = this.#scope.view(name);
    // what is not cut by rows is one row
    return [
      `feed(${view}, batch[${quoted(given)}], ${perRow === 0 ? sizeOf(shape) : perRow}, ${count}, ${quoted(given)});`,
      ...(classes === undefined
        ? []
        : [`for (const label of ${view}) ${check(`label >= 0 && label < ${classes}`, `${given} names no class`)}`]),
      ...(finite && dtype !== "i32" ? [check(`!finite || ${view}.every(Number.isFinite)`, `${given} needs finite numbers`)] : []),
    ];
  }

  hyper(name: string): string {
    return `hyper[${quoted(name)}]`;
  }

  loss(value: string): string {
    return `${check(`!finite || Number.isFinite(${value})`, "the loss is not finite")}\n    return ${value};`;
  }

  construction(_: string, __: unknown, seeded: boolean): string {
    if (!seeded) return "void options; // nothing here is drawn";
    return `const { seed = 0 } = options;\n  ${check("Number.isSafeInteger(seed) && seed >= 0", "seed needs a whole number from 0 to 2^53 − 1")}`;
  }

  packing(record: string): string {
    return `/** What survives a step, and where in bytes() it is: parameters, then state, packed without gaps, little-endian. */
  let size = 0;
  const kept = ${record === "trainer" ? "[...PARAMETERS, ...STATE]" : "PARAMETERS"}.map(({ shape, offset }) => {
    const length = shape.reduce((n, extent) => n * extent, 4);
    return { view: new Uint8Array(arena, offset, length), at: (size += length) - length };
  });
  function bytes(): Uint8Array {
    const packed = new Uint8Array(size);
    for (const { view, at } of kept) packed.set(view, at);
    return packed;
  }
  function restore(packed: Uint8Array): void {
    check(packed.length === size, "restore needs what bytes() gives");
    for (const { view, at } of kept) view.set(packed.subarray(at, at + view.length));
  }`;
  }

  lists(): string {
    return "";
  }

  functions(_: string, text: string): string {
    const used = text.includes("feed(") ? [FEED] : [];
    return [...used, ...(text.includes("check(") || used.length > 0 ? [CHECK] : [])].join("\n\n");
  }
}

const FEED = `/** Copies \`count\` rows of a batch into its slot; the others become copies of the first, which are as finite, and weigh nothing. */
function feed(slot: Numbers, given: Numbers, perRow: number, count: number, name: string): void {
  check(given?.constructor === slot.constructor, name + " needs an array of its slot's kind");
  check(given.length === slot.length || given.length === count * perRow, name + " needs its rows");
  slot.set(given);
  for (let at = count * perRow; at < slot.length; at += perRow) slot.copyWithin(at, 0, perRow);
}`;

const CHECK = `/** What is passed in must hold; trainer.ts says in more words what does not. */
function check(holds: boolean, what: string): void {
  if (!holds) throw new RangeError(what);
}`;
