/** The hand-written Winograd convolution of one shape as a WebAssembly module, its memory laid out for the second cache. */

import { along, appender, columns, transposed, type Appender, type Size } from "./winograd-transforms.ts";
import { exportsOf } from "./wat.ts";

export const BATCH = 64;

/** A 3×3 convolution of stride 1, its pictures square. */
export interface Convolution {
  readonly channels: number;
  readonly filters: number;
  readonly side: number;
}

/** A loop over a local in steps, from 0. */
const loop = (name: string, to: number, step: number, body: string): string =>
  `(local.set $${name} (i32.const 0)) (loop $${name}s ${body} (br_if $${name}s (i32.lt_u (local.tee $${name} (i32.add (local.get $${name}) (i32.const ${step}))) (i32.const ${to}))))`;
const sum = (...terms: readonly string[]): string => terms.reduce((a, b) => `(i32.add ${a} ${b})`);
const get = (name: string, by = 1, shift = 0): string => {
  const of = shift === 0 ? `(local.get $${name})` : `(i32.shr_u (local.get $${name}) (i32.const ${shift}))`;
  return by === 1 ? of : `(i32.mul ${of} (i32.const ${by}))`;
};
const word = (at: string): string => `(i32.load ${at})`;

interface Layout {
  readonly at: Readonly<Record<"x" | "w" | "bias" | "y" | "u" | "v" | "sums" | "from" | "to", number>>;
  readonly bytes: number;
  readonly wide: number;
  readonly padded: number;
  readonly groups: number;
  readonly inBlock: number;
  readonly vStride: number;
  readonly sStride: number;
}

/**
 * y = relu(x ∗ w + b) of a padded x, in blocks of tiles whose transforms stay in the second cache. Addresses in bytes; panels of 8 tiles and of
 * 4 filters lie in the order in which the products read them.
 */
function layout({ channels, filters, side }: Convolution, m: Size, tiles: number): Layout {
  const wide = m + 2;
  const padded = side + 2;
  const groups = (BATCH * (side / m) ** 2) / 4;
  const apart = 16; // keeps the positions out of each other's sets of the first cache
  const sizes = {
    x: BATCH * channels * padded ** 2 + 8,
    w: filters * channels * 9,
    bias: filters,
    y: BATCH * filters * side ** 2,
    u: wide ** 2 * filters * channels,
    v: wide ** 2 * (channels * tiles + apart),
    sums: wide ** 2 * (filters * tiles + apart),
    from: groups,
    to: groups,
  };
  let bytes = 64;
  const at = Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => {
      const here = bytes;
      bytes += Math.ceil(size / 16) * 64;
      return [name, here];
    }),
  ) as Layout["at"]; // each of the sizes
  return {
    at,
    bytes,
    wide,
    padded,
    groups,
    inBlock: tiles / 4,
    vStride: 4 * (channels * tiles + apart),
    sStride: 4 * (filters * tiles + apart),
  };
}

function moduleText(shape: Convolution, m: Size, tiles: number): string {
  const { channels, filters, side } = shape;
  const { at, bytes, wide, padded, groups, inBlock, vStride, sStride } = layout(shape, m, tiles);
  const transform = { input: along(m, "input"), filter: along(m, "filter"), output: along(m, "output") };
  const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  const across = (rows: readonly string[][], how: (values: string[], e: Appender) => string[], e: Appender): string[][] =>
    range(rows[0]!.length).map((column) =>
      how(
        rows.map((row) => row[column]!),
        e,
      ),
    );
  const turned = (rows: readonly string[][]): string[][] => range(rows[0]!.length).map((n) => rows.map((row) => row[n]!));

  const filterText = (): string => {
    const e = appender();
    const taps = range(9).map((tap) => {
      let lanes = "(v128.const i32x4 0 0 0 0)";
      for (const lane of range(4)) lanes = `(v128.load32_lane offset=${4 * (lane * channels * 9 + tap)} ${lane} (local.get $p) ${lanes})`;
      return e.keep(lanes);
    });
    const rows = turned(across([taps.slice(0, 3), taps.slice(3, 6), taps.slice(6)], transform.filter, e));
    const all = rows.flatMap((row) => transform.filter(row, e));
    all.forEach((value, n) => e.store("$q", 4 * n * filters * channels, value));
    const body = loop(
      "o",
      filters,
      4,
      loop(
        "c",
        channels,
        1,
        `
      (local.set $p ${sum(`(i32.const ${at.w})`, get("o", channels * 36), get("c", 36))})
      (local.set $q ${sum(`(i32.const ${at.u})`, get("o", channels * 4), get("c", 16))})
      ${e.lines.join("\n")}`,
      ),
    );
    return `(func $filter (local $o i32) (local $c i32) (local $p i32) (local $q i32) ${e.locals.join(" ")} ${body})`;
  };

  const inputText = (): string => {
    const e = appender();
    const starts = m === 2 ? [0, 2, 4, 6] : [0, 4, 8, 12, 16];
    const rows = turned(
      starts.map((start) =>
        transform.input(
          range(wide).map((row) => e.load("$p", 4 * (row * padded + start))),
          e,
        ),
      ),
    );
    rows.forEach((row, a) => {
      const named = columns(m, (start) => row[starts.indexOf(start)]!, e);
      transform.input(named, e).forEach((value, b) => e.store("$q", (a * wide + b) * vStride, value));
    });
    const body = loop(
      "g",
      inBlock,
      1,
      `
      (local.set $p (i32.add (i32.const ${at.x}) ${word(sum(`(i32.const ${at.from})`, get("block", 4), get("g", 4)))}))
      (local.set $q ${sum(`(i32.const ${at.v})`, get("g", channels * 32, 1), `(i32.shl (i32.and (local.get $g) (i32.const 1)) (i32.const 4))`)})
      ${loop(
        "c",
        channels,
        1,
        `${e.lines.join("\n")}
        (local.set $p (i32.add (local.get $p) (i32.const ${4 * padded ** 2})))
        (local.set $q (i32.add (local.get $q) (i32.const 32)))`,
      )}`,
    );
    return `(func $input (param $block i32) (local $g i32) (local $c i32) (local $p i32) (local $q i32) ${e.locals.join(" ")} ${body})`;
  };

  const productText = (): string => {
    const each = (make: (i: number, j: number) => string): string =>
      range(4)
        .flatMap((i) => range(2).map((j) => make(i, j)))
        .join("\n");
    const body = loop(
      "z",
      wide ** 2,
      1,
      loop(
        "t",
        tiles,
        8,
        loop(
          "o",
          filters,
          4,
          `
      (local.set $p ${sum(`(i32.const ${at.u})`, get("z", filters * channels * 4), get("o", channels * 4))})
      (local.set $q ${sum(`(i32.const ${at.v})`, get("z", vStride), get("t", channels * 4))})
      (local.set $k (i32.const ${channels}))
      ${each((i, j) => `(local.set $s${i}${j} (v128.const i32x4 0 0 0 0))`)}
      (loop $sum
        (local.set $b0 (v128.load (local.get $q)))
        (local.set $b1 (v128.load offset=16 (local.get $q)))
        ${range(4)
          .map(
            (i) => `(local.set $x (v128.load32_splat offset=${4 * i} (local.get $p)))
        (local.set $s${i}0 (f32x4.add (local.get $s${i}0) (f32x4.mul (local.get $x) (local.get $b0))))
        (local.set $s${i}1 (f32x4.add (local.get $s${i}1) (f32x4.mul (local.get $x) (local.get $b1))))`,
          )
          .join("\n")}
        (local.set $p (i32.add (local.get $p) (i32.const 16)))
        (local.set $q (i32.add (local.get $q) (i32.const 32)))
        (br_if $sum (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
      (local.set $r ${sum(`(i32.const ${at.sums})`, get("z", sStride), get("o", tiles * 4), get("t", 4))})
      ${each((i, j) => `(v128.store offset=${4 * (i * tiles + 4 * j)} (local.get $r) (local.get $s${i}${j}))`)}`,
        ),
      ),
    );
    return `(func $product ${["z", "t", "o", "p", "q", "k", "r"].map((name) => `(local $${name} i32)`).join(" ")} (local $b0 v128) (local $b1 v128) (local $x v128) ${each((i, j) => `(local $s${i}${j} v128)`)} ${body})`;
  };

  const outputText = (): string => {
    const e = appender();
    const bias = e.keep("(v128.load32_splat (local.get $bias))");
    const zero = "(v128.const f32x4 0 0 0 0)";
    const sums = range(wide).map((a) => range(wide).map((b) => e.load("$p", (a * wide + b) * sStride)));
    const rows = turned(across(sums, transform.output, e));
    rows.forEach((row, a) => {
      const tiles = transform.output(row, e).map((value) => e.keep(`(f32x4.pmax ${zero} ${e.add(value, bias)})`));
      const [first, second, third, fourth] = tiles as [string, string, string, string]; // of two, where m is
      const out =
        m === 4
          ? transposed([first, second, third, fourth], e)
          : [e.pick(first, second, [0, 4, 1, 5]), e.pick(first, second, [2, 6, 3, 7])];
      out.forEach((value, n) => e.store("$q", 4 * (a * side + 4 * n), value));
    });
    const body = loop(
      "o",
      filters,
      1,
      `
      (local.set $bias ${sum(`(i32.const ${at.bias})`, get("o", 4))})
      (local.set $p ${sum(`(i32.const ${at.sums})`, get("o", tiles * 4))})
      ${loop(
        "g",
        inBlock,
        1,
        `
        (local.set $q ${sum(`(i32.const ${at.y})`, get("o", 4 * side ** 2), word(sum(`(i32.const ${at.to})`, get("block", 4), get("g", 4))))})
        ${e.lines.join("\n")}
        (local.set $p (i32.add (local.get $p) (i32.const 16)))`,
      )}`,
    );
    return `(func $output (param $block i32) (local $o i32) (local $g i32) (local $p i32) (local $q i32) (local $bias i32) ${e.locals.join(" ")} ${body})`;
  };

  const parts = ["filter", "input", "product", "output"];
  const run = `(func (export "run") (local $g i32) (call $filter)
    ${loop("g", groups, inBlock, `(call $input (local.get $g)) (call $product) (call $output (local.get $g))`)})`;
  return `(module (memory (export "memory") ${Math.ceil((bytes + 1024) / 65536)})
    ${[filterText(), inputText(), productText(), outputText()].join("\n")}
    ${parts.map((part) => `(export "${part}" (func $${part}))`).join("\n")} ${run})`;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly run: () => void;
  readonly filter: () => void;
  readonly input: (block: number) => void;
  readonly product: () => void;
  readonly output: (block: number) => void;
}

export interface Winograd {
  readonly run: () => void;
  readonly blocks: number;
  /** Of one block. */
  readonly parts: Readonly<Record<"filter" | "input" | "product" | "output", () => void>>;
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly bias: Float32Array;
  readonly y: Float32Array;
}

/** Functions over one memory: the whole convolution, its parts for one block, and views of x (padded), w, bias and y. */
export async function winograd(shape: Convolution, m: Size, tiles: number): Promise<Winograd> {
  const exports = await exportsOf<Exports>(moduleText(shape, m, tiles));
  const { channels, filters, side } = shape;
  const { at, padded, groups, inBlock } = layout(shape, m, tiles);
  const memory = exports.memory.buffer;
  const perRow = side / m / 4;
  const [from, to] = [new Int32Array(memory, at.from, groups), new Int32Array(memory, at.to, groups)];
  for (let g = 0; g < groups; g++) {
    const [column, row, n] = [g % perRow, Math.floor(g / perRow) % (side / m), Math.floor(g / perRow / (side / m))];
    from[g] = 4 * (n * channels * padded ** 2 + row * m * padded + column * 4 * m);
    to[g] = 4 * (n * filters * side ** 2 + row * m * side + column * 4 * m);
  }
  const view = (name: "x" | "w" | "bias" | "y", length: number): Float32Array => new Float32Array(memory, at[name], length);
  return {
    run: exports.run,
    blocks: groups / inBlock,
    parts: { filter: exports.filter, input: () => exports.input(0), product: exports.product, output: () => exports.output(0) },
    x: view("x", BATCH * channels * padded ** 2),
    w: view("w", filters * channels * 9),
    bias: view("bias", filters),
    y: view("y", BATCH * filters * side ** 2),
  };
}
