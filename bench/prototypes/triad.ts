/** The triad of STREAM (McCalpin 1995), a = b + s·c in vectors over arrays of its own: the rate at which memory keeps up with loops. */

import { add, exportsOf, f32, get, i32, loop, splat } from "./wat.ts";

/** A sweep over so many bytes in all, a third of them stored. */
export async function triad(bytes: number): Promise<{ readonly run: () => void }> {
  const size = 64 * Math.max(1, Math.floor(bytes / 192));
  const at = (array: number): string => `offset=${array * (size + 64)}`;
  const [a, b, c] = [0, 1, 2].map(at);
  const one = (n: number): string => {
    const here = n === 0 ? get("i") : add(get("i"), i32(16 * n));
    return `(v128.store ${a} ${here} ${f32("add", `(v128.load ${b} ${here})`, f32("mul", splat(3), `(v128.load ${c} ${here})`))})`;
  };
  const text = `(module (memory ${Math.ceil((3 * (size + 64)) / 65536) + 1})
    (func (export "run") (local $i i32) ${loop("i", i32(0), i32(size), 64, [0, 1, 2, 3].map(one).join("\n"))}))`;
  return exportsOf<{ readonly run: () => void }>(text);
}
