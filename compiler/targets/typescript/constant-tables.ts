/** Guarantees that numbers too many to read are bytes in base64 at the end of the file, each table once: every element as the array holds it. */

import { sizeOf } from "../../graph/type.ts";
import type { Buffer, Module } from "../../loop/loop.ts";
import { base64 } from "../base64.ts";
import { region, isDouble } from "./frame.ts";
import type { Scope } from "./scope.ts";
import { arrayOf } from "./statement.ts";

/** Numbers that a file lists. */
const MOST_LISTED = 4096;

/** The first contents of a buffer, where they are a table. */
const tableOf = ({ initial }: Buffer): readonly number[] | undefined =>
  initial?.kind === "data" && initial.values.length > MOST_LISTED ? initial.values : undefined;

/** The statement that fills a view from its table; undefined where what it holds is no table. */
export function printFill(buffer: Buffer, scope: Scope, needs: Set<string>): string | undefined {
  if (tableOf(buffer) === undefined) return undefined;
  needs.add("fillTable");
  return `fillTable(${scope.view(buffer.name)}, ${scope.table(buffer.name)});`;
}

/** The tables of a module, and what reads them. */
export function printTablesOfConstants(module: Module, scope: Scope): string {
  const tables = module.buffers.flatMap((buffer) => {
    const values = tableOf(buffer);
    if (values === undefined) return [];
    const numbers = { Float64Array, Float32Array, Int32Array }[arrayOf(buffer.dtype)].from(values);
    const text = base64(new Uint8Array(numbers.buffer));
    return [
      `/** ${sizeOf(buffer.shape).toLocaleString("en-US")} numbers, [${buffer.shape.join(",")}]. */\nconst ${scope.table(buffer.name)} = "${text}";`,
    ];
  });
  if (tables.length === 0) return "";
  const read = FILL.replace("ARRAYS", `${module.buffers.some(isDouble) ? "Float64Array" : "Float32Array"} | Int32Array`);
  return region("constants", [read, ...tables].join("\n\n"));
}

const FILL = `/** Fills a view with the bytes that a text holds, six bits a character (RFC 4648), whatever the engine offers for that. */
function fillTable(view: ARRAYS, text: string): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let n = 0; at < bytes.length; n++) {
    const code = text.charCodeAt(n);
    // A–Z, a–z, 0–9, + and /
    const digit = code > 96 ? code - 71 : code > 64 ? code - 65 : code > 47 ? code + 4 : code === 43 ? 62 : 63;
    held = ((held << 6) | digit) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
    }
  }
}`;
