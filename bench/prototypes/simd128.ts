/**
 * The fastest hand-written SIMD128 programs known here for C = op(A)·op(B) of one shape, with the copies that they need and what consumes
 * the sums: a bias (`add`, `relu`), a mask (`where`) or an update of C. Each computes tiles of `rows` × 8 columns in registers, two terms in a row with an exit between; plans differ in tile, blocks of
 * terms, order of the tiles and in what is copied first.
 */

import type { Program, Shape } from "./shape.ts";
import { add, exportsOf, f32, get, i32, loop, set, splat, times } from "./wat.ts";

export interface Plan {
  readonly rows: number;
  readonly terms: number;
  readonly outer: "rows" | "columns";
  readonly copyA: boolean;
  readonly copyB: "no" | "all" | "panel";
}

const TERMS = [32, 64, 128, 256, 512, 1024];

/** What reads C before it stores to it: partial sums have no place there. */
const UPDATES: ReadonlySet<Shape["then"]> = new Set<Shape["then"]>(["sgd", "momentum", "adam"]);

/** The plans worth timing for a shape. */
export function plansOf({ m, k, b, then }: Shape): Plan[] {
  const blocks = !UPDATES.has(then) ? [...TERMS.filter((terms) => terms < k), k] : [k];
  const plans: Plan[] = [];
  for (const rows of [4, 2].filter((rows) => m % rows === 0))
    for (const terms of blocks)
      for (const outer of ["rows", "columns"] as const)
        for (const copyA of [false, true])
          for (const copyB of ["no", "all", "panel"] as const) {
            if (copyB === "no" && b === "nk") continue;
            if (copyB === "panel" && outer === "rows") continue;
            if (rows === 2 && (copyA || terms < k)) continue;
            plans.push({ rows, terms, outer, copyA, copyB });
          }
  return plans;
}

const OPERANDS = ["a", "b", "c", "m1", "m2", "copyA", "copyB"] as const;
type Layout = Readonly<Record<(typeof OPERANDS)[number] | "end", number>>;

/** Bytes of each operand, one after another: A, B, C, the two moments of Adam, the copies of A and B. */
function layout({ m, n, k }: Shape): Layout {
  const wide = 8 * Math.ceil(n / 8);
  const sizes = { a: m * k, b: k * n, c: m * n, m1: m * n, m2: m * n, copyA: m * k, copyB: k * wide };
  let end = 64;
  const at = Object.fromEntries(
    OPERANDS.map((name) => {
      const here = end;
      end += 64 * Math.ceil(sizes[name] / 16) + 256;
      return [name, here];
    }),
  ) as Omit<Layout, "end">; // each of them
  return { ...at, end };
}

/** Part of a row: byte offset, and how many of the lanes count. */
interface Vector {
  readonly at: number;
  readonly lanes: number;
}

/** The vectors of a tile's row of `width` columns: byte offset, and how many of the lanes count (a last two are loaded and stored as a pair). */
const vectorsOf = (width: number): readonly Vector[] =>
  Array.from({ length: Math.ceil(width / 4) }, (_, v) => ({ at: 16 * v, lanes: Math.min(4, width - 4 * v) }));
const load = ({ at, lanes }: Vector, address: string, offset = 0): string =>
  lanes === 4 ? `(v128.load offset=${at + offset} ${address})` : `(v128.load64_zero offset=${at + offset} ${address})`;
const store = ({ at, lanes }: Vector, address: string, value: string, offset = 0): string =>
  lanes === 4
    ? `(v128.store offset=${at + offset} ${address} ${value})`
    : `(v128.store64_lane offset=${at + offset} 0 ${address} ${value})`;

/** Four vectors from four addresses, transposed, each stored by `put`. */
const transposed = (from: (n: number) => string, put: (n: number, value: string) => string): string => `
  ${[0, 1, 2, 3].map((n) => set(`t${n}`, from(n))).join("\n")}
  ${(
    [
      ["u0", 0, 1, [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23]],
      ["u1", 0, 1, [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31]],
      ["u2", 2, 3, [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23]],
      ["u3", 2, 3, [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31]],
    ] as const
  )
    .map(([u, x, y, lanes]) => set(u, `(i8x16.shuffle ${lanes.join(" ")} ${get(`t${x}`)} ${get(`t${y}`)})`))
    .join("\n")}
  ${(
    [
      ["u0", "u2", "0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23"],
      ["u0", "u2", "8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31"],
      ["u1", "u3", "0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23"],
      ["u1", "u3", "8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31"],
    ] as const
  )
    .map(([x, y, lanes], n) => put(n, `(i8x16.shuffle ${lanes} ${get(x)} ${get(y)})`))
    .join("\n")}`;

/** The program of a plan as WebAssembly text. */
export function textOf(shape: Shape, plan: Plan): string {
  const { m, n, k, then } = shape;
  const { rows, terms, outer, copyA, copyB } = plan;
  const at = layout(shape);
  const a = copyA
    ? { base: at.copyA, tile: k * 4, row: 4, term: rows * 4 }
    : shape.a === "mk"
      ? { base: at.a, tile: k * 4, row: k * 4, term: 4 }
      : { base: at.a, tile: 4, row: 4, term: m * 4 }; // `tile`: bytes from one row to the next of the address of a tile's first term
  const panel = copyB === "panel";
  const b = copyB === "no" ? { base: at.b, column: 4, term: n * 4 } : { base: at.copyB, column: k * 4, term: 32 };

  const copyOfA = !copyA
    ? ""
    : shape.a === "km"
      ? loop(
          "i",
          i32(0),
          i32(m),
          4,
          loop(
            "t",
            i32(0),
            i32(k),
            1,
            `(v128.store offset=${at.copyA} ${add(times(get("i"), k * 4), times(get("t"), 16))} (v128.load offset=${at.a} ${add(times(get("t"), m * 4), times(get("i"), 4))}))`,
          ),
        )
      : loop(
          "i",
          i32(0),
          i32(m),
          4,
          loop(
            "t",
            i32(0),
            i32(k - (k % 4)),
            4,
            `${set("p", add(times(get("i"), k * 4), times(get("t"), 4)))}
        ${set("q", add(times(get("i"), k * 4), times(get("t"), 16)))}
        ${transposed(
          (r) => `(v128.load offset=${at.a + r * k * 4} ${get("p")})`,
          (c, value) => `(v128.store offset=${at.copyA + 16 * c} ${get("q")} ${value})`,
        )}`,
          ) +
            loop(
              "t",
              i32(k - (k % 4)),
              i32(k),
              1,
              [0, 1, 2, 3]
                .map(
                  (r) =>
                    `(f32.store offset=${at.copyA + 4 * r} ${add(times(get("i"), k * 4), times(get("t"), 16))} (f32.load offset=${at.a + r * k * 4} ${add(times(get("i"), k * 4), times(get("t"), 4))}))`,
                )
                .join("\n"),
            ),
        );

  /** Columns j…j+width of the terms from…to, in panels of eight columns. */
  const copyColumns = (width: number, from: string, to: string): string =>
    shape.b === "kn"
      ? loop(
          "t",
          from,
          to,
          1,
          `${set("p", add(times(get("t"), n * 4), times(get("j"), 4)))} ${set("q", panel ? times(`(i32.sub ${get("t")} ${from})`, 32) : add(times(get("j"), k * 4), times(get("t"), 32)))}
        ${vectorsOf(width)
          .map((v) => `(v128.store offset=${at.copyB + v.at} ${get("q")} ${load(v, get("p"), at.b)})`)
          .join("\n")}`,
        )
      : loop(
          "t",
          from,
          to,
          4,
          `${set("p", add(times(get("j"), k * 4), times(get("t"), 4)))} ${set("q", panel ? times(`(i32.sub ${get("t")} ${from})`, 32) : add(times(get("j"), k * 4), times(get("t"), 32)))}
        ${vectorsOf(width)
          .map((v) =>
            transposed(
              (r) => (r < v.lanes ? `(v128.load offset=${at.b + (4 * (v.at / 16) + r) * k * 4} ${get("p")})` : splat(0)),
              (c, value) => `(v128.store offset=${at.copyB + v.at + 32 * c} ${get("q")} ${value})`,
            ),
          )
          .join("\n")}`,
        );

  const full = n - (n % 8);
  const columns = (body: (width: number) => string): string =>
    `${loop("j", i32(0), i32(full), 8, body(8))} ${n > full ? `${set("j", i32(full))} ${body(n - full)}` : ""}`;
  const copyOfB = copyB === "all" ? columns((width) => copyColumns(width, i32(0), i32(k))) : "";

  const tile = (width: number, first: boolean, last: boolean): string => {
    const vectors = vectorsOf(width);
    const each = (make: (r: number, v: Vector, c: number) => string): string =>
      Array.from({ length: rows }, (_, r) => vectors.map((v, c) => make(r, v, c)))
        .flat()
        .join("\n");
    const term = (
      u: number,
    ): string => `${vectors.map((v, c) => set(`b${c}`, load(copyB === "no" ? v : { ...v, lanes: 4 }, get("q"), b.base + u * b.term))).join("\n")}
      ${Array.from(
        { length: rows },
        (_, r) => `${set("x", `(v128.load32_splat offset=${a.base + r * a.row + u * a.term} ${get("p")})`)}
        ${vectors.map((_, c) => set(`s${r}${c}`, f32("add", get(`s${r}${c}`), f32("mul", get("x"), get(`b${c}`))))).join("\n")}`,
      ).join("\n")}`;
    const rowAt = (r: number): number => r * n * 4;
    const put = (r: number, v: Vector, c: number): string => {
      const sum = get(`s${r}${c}`);
      const of = (base: number): string => load(v, get("r"), base + rowAt(r));
      if (!last || then === undefined) return store(v, get("r"), sum, at.c + rowAt(r));
      if (then === "add" || then === "relu") {
        const biased = f32("add", sum, load(v, times(get("j"), 4), at.m1));
        return store(v, get("r"), then === "add" ? biased : f32("pmax", splat(0), biased), at.c + rowAt(r));
      }
      if (then === "momentum")
        return `${set("t0", f32("add", f32("mul", of(at.m1), splat(0.9)), sum))} ${store(v, get("r"), get("t0"), at.m1 + rowAt(r))}
        ${store(v, get("r"), f32("sub", of(at.c), f32("mul", get("t0"), get("rate"))), at.c + rowAt(r))}`;
      if (then === "where") return store(v, get("r"), `(v128.and ${sum} ${f32("gt", of(at.m1), splat(0))})`, at.c + rowAt(r));
      if (then === "sgd") return store(v, get("r"), f32("sub", of(at.c), f32("mul", sum, get("rate"))), at.c + rowAt(r));
      return `${set("t0", f32("add", f32("mul", of(at.m1), splat(0.9)), f32("mul", sum, splat(0.1))))} ${store(v, get("r"), get("t0"), at.m1 + rowAt(r))}
        ${set("t1", f32("add", f32("mul", of(at.m2), splat(0.999)), f32("mul", f32("mul", sum, sum), splat(0.001))))} ${store(v, get("r"), get("t1"), at.m2 + rowAt(r))}
        ${store(v, get("r"), f32("sub", of(at.c), f32("div", f32("mul", get("t0"), get("rate")), f32("add", `(f32x4.sqrt ${f32("mul", get("t1"), get("correction"))})`, splat(1e-8)))), at.c + rowAt(r))}`;
    };
    return `${set("r", add(times(get("i"), n * 4), times(get("j"), 4)))}
      ${set("p", add(times(get("i"), a.tile), times(get("from"), a.term)))}
      ${set("q", panel ? i32(0) : add(times(get("j"), b.column), times(get("from"), b.term)))}
      ${each((r, v, c) => set(`s${r}${c}`, first ? splat(0) : load(v, get("r"), at.c + rowAt(r))))}
      ${set("t", get("from"))}
      (block $done (loop $sum
        ${term(0)}
        (br_if $done (i32.ge_s ${get("t")} (i32.sub ${get("to")} (i32.const 1))))
        ${term(1)}
        ${set("p", add(get("p"), i32(2 * a.term)))} ${set("q", add(get("q"), i32(2 * b.term)))}
        (br_if $sum (i32.lt_s (local.tee $t ${add(get("t"), i32(2))}) ${get("to")}))))
      ${each(put)}`;
  };
  const locals = `(local $i i32) (local $j i32) (local $t i32) (local $p i32) (local $q i32) (local $r i32) (local $x v128) (local $b0 v128) (local $b1 v128)
    ${[0, 1, 2, 3].flatMap((r) => [`(local $t${r} v128)`, `(local $u${r} v128)`, ...[0, 1].map((c) => `(local $s${r}${c} v128)`)]).join(" ")} (local $rate v128) (local $correction v128)`;
  const block = (first: boolean, last: boolean): string => {
    const over = (width: number): string => loop("i", i32(0), i32(m), rows, tile(width, first, last));
    const tiles =
      outer === "columns"
        ? columns((width) => `${panel ? copyColumns(width, get("from"), get("to")) : ""} ${over(width)}`)
        : loop(
            "i",
            i32(0),
            i32(m),
            rows,
            columns((width) => tile(width, first, last)),
          );
    return `(func $block${first}${last} (param $from i32) (param $to i32) ${locals}
      ${set("rate", splat(1e-4))} ${set("correction", splat(1.5))} ${tiles})`;
  };
  const starts = Array.from({ length: Math.ceil(k / terms) }, (_, n) => n * terms);
  const calls = starts.map((from) => `(call $block${from === 0}${from + terms >= k} ${i32(from)} ${i32(Math.min(k, from + terms))})`);
  const kinds = new Set(starts.map((from) => `${from === 0}${from + terms >= k}`));
  const bools = [true, false];
  return `(module (memory (export "memory") ${Math.ceil((at.end + 65536) / 65536)})
    ${bools.flatMap((first) => bools.filter((last) => kinds.has(`${first}${last}`)).map((last) => block(first, last))).join("\n")}
    (func $copies ${locals} ${copyOfA} ${copyOfB})
    (func $tiles (export "tiles") ${calls.join("\n")})
    (func (export "run") (call $copies) (call $tiles)))`;
}

interface Exports extends Pick<Program, "run" | "tiles"> {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** A plan's program with A and B filled by `fill(index)`: all of it, its tiles without the copies before them, and C. */
export async function program(shape: Shape, plan: Plan, fill: (index: number) => number = () => 0.5): Promise<Program> {
  const exports = await exportsOf<Exports>(textOf(shape, plan));
  const at = layout(shape);
  const { m, n, k } = shape;
  const floats = (from: number, length: number): Float32Array => new Float32Array(exports.memory.buffer, from, length);
  floats(at.a, m * k).forEach((_, index, all) => (all[index] = fill(index)));
  floats(at.b, k * n).forEach((_, index, all) => (all[index] = fill(index)));
  return { run: exports.run, tiles: exports.tiles, result: floats(at.c, m * n) };
}
