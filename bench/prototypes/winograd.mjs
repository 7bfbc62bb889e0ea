/**
 * Guarantees the yardsticks for 3×3 convolutions of stride 1: the best hand-written Winograd F(2×2,3×3) and F(4×4,3×3) that is known here, one core,
 * SIMD128, and their errors beside those of the compiler's own kernels on the shapes of W5, timed in turns with them.
 *   node bench/prototypes/winograd.mjs [--seconds 0.1] [--repeats 7] [--only c2]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import loadWabt from "wabt";
import { lowerWorkload } from "../compiled.mjs";
import { median } from "../timing.mjs";

const BATCH = 64;

/** W5's convolutions of the forward pass, then the gradients of their inputs: [channels, filters, side] and the kernels the compiler makes. */
export const SHAPES = {
  c1: { channels: 3, filters: 32, side: 32, conv: "convRelu_64x32x32x3x3x3x32" },
  c2: { channels: 32, filters: 32, side: 32, conv: "convRelu_64x32x32x3x3x32x32" },
  c3: { channels: 32, filters: 64, side: 16, conv: "convRelu_64x64x16x3x3x32x16" },
  c4: { channels: 64, filters: 64, side: 16, conv: "convRelu_64x64x16x3x3x64x16" },
};

/** The transforms along one axis, as few additions: of a window of the input, of a filter, of the sums. `e` appends one vector operation. */
const TRANSFORMS = {
  2: {
    input: ([a, b, c, d], e) => [e.sub(a, c), e.add(b, c), e.sub(c, b), e.sub(b, d)],
    filter([a, b, c], e) {
      const [ends, middle] = [e.times(0.5, e.add(a, c)), e.times(0.5, b)];
      return [a, e.add(ends, middle), e.sub(ends, middle), c];
    },
    output: ([a, b, c, d], e) => [e.add(e.add(a, b), c), e.sub(e.sub(b, c), d)],
  },
  4: {
    input([a, b, c, d, f, g], e) {
      const [even, odd] = [e.sub(f, e.times(4, c)), e.sub(d, e.times(4, b))];
      const [near, far] = [e.sub(f, c), e.times(2, e.sub(d, b))];
      return [
        e.add(e.times(4, e.sub(a, c)), near),
        e.add(even, odd),
        e.sub(even, odd),
        e.add(near, far),
        e.sub(near, far),
        e.add(e.times(4, e.sub(b, d)), e.sub(g, d)),
      ];
    },
    filter([a, b, c], e) {
      const [ends, middle] = [e.times(-1 / 6, e.add(a, c)), e.times(1 / 6, b)];
      const [wide, half] = [e.add(e.times(1 / 24, a), e.times(1 / 6, c)), e.times(1 / 12, b)];
      return [e.times(1 / 4, a), e.sub(ends, middle), e.add(ends, middle), e.add(wide, half), e.sub(wide, half), c];
    },
    output([a, b, c, d, f, g], e) {
      const [s, t, u, v] = [e.add(b, c), e.sub(b, c), e.add(d, f), e.sub(d, f)];
      return [e.add(e.add(a, s), u), e.add(t, e.times(2, v)), e.add(s, e.times(4, u)), e.add(e.add(t, e.times(8, v)), g)];
    },
  },
};

/** Appends statements of WebAssembly text; every value is a local of its own. */
function text() {
  const lines = [];
  const locals = [];
  const keep = (value) => {
    const name = `$v${locals.length}`;
    locals.push(`(local ${name} v128)`);
    lines.push(`(local.set ${name} ${value})`);
    return `(local.get ${name})`;
  };
  const splat = (x) => `(v128.const f32x4 ${[x, x, x, x].join(" ")})`;
  return {
    lines,
    locals,
    keep,
    add: (a, b) => keep(`(f32x4.add ${a} ${b})`),
    sub: (a, b) => keep(`(f32x4.sub ${a} ${b})`),
    times: (x, a) => keep(`(f32x4.mul ${splat(x)} ${a})`),
    pick: (a, b, lanes) => keep(`(i8x16.shuffle ${lanes.flatMap((lane) => [0, 1, 2, 3].map((n) => 4 * lane + n)).join(" ")} ${a} ${b})`),
    load: (at, offset) => keep(`(v128.load offset=${offset} (local.get ${at}))`),
    store: (at, offset, value) => lines.push(`(v128.store offset=${offset} (local.get ${at}) ${value})`),
  };
}

/** Rows become columns: four vectors of four. */
function transposed([a, b, c, d], e) {
  const [p, q] = [e.pick(a, b, [0, 4, 1, 5]), e.pick(c, d, [0, 4, 1, 5])];
  const [r, s] = [e.pick(a, b, [2, 6, 3, 7]), e.pick(c, d, [2, 6, 3, 7])];
  return [e.pick(p, q, [0, 1, 4, 5]), e.pick(p, q, [2, 3, 6, 7]), e.pick(r, s, [0, 1, 4, 5]), e.pick(r, s, [2, 3, 6, 7])];
}

/** The columns of four tiles side by side, a lane a tile, from vectors of neighbours; `at(n)` gives the four from column n on. */
function columns(m, at, e) {
  if (m === 2) {
    const [even, odd] = [
      [0, 2, 4, 6],
      [1, 3, 5, 7],
    ];
    return [e.pick(at(0), at(4), even), e.pick(at(0), at(4), odd), e.pick(at(2), at(6), even), e.pick(at(2), at(6), odd)];
  }
  const four = transposed([at(0), at(4), at(8), at(12)], e);
  return [...four, e.pick(four[0], at(16), [1, 2, 3, 4]), e.pick(four[1], at(16), [1, 2, 3, 5])];
}

/** A loop over a local in steps, from 0. */
const loop = (name, to, step, body) =>
  `(local.set $${name} (i32.const 0)) (loop $${name}s ${body} (br_if $${name}s (i32.lt_u (local.tee $${name} (i32.add (local.get $${name}) (i32.const ${step}))) (i32.const ${to}))))`;
const sum = (...terms) => terms.reduce((a, b) => `(i32.add ${a} ${b})`);
const get = (name, by = 1, shift = 0) => {
  const of = shift === 0 ? `(local.get $${name})` : `(i32.shr_u (local.get $${name}) (i32.const ${shift}))`;
  return by === 1 ? of : `(i32.mul ${of} (i32.const ${by}))`;
};
const word = (at) => `(i32.load ${at})`;

/**
 * y = relu(x ∗ w + b) of a padded x, in blocks of tiles whose transforms stay in the second cache. Addresses in bytes; panels of 8 tiles and of
 * 4 filters lie in the order in which the products read them.
 */
function layout({ channels, filters, side }, m, tiles) {
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
  const at = {};
  for (const [name, size] of Object.entries(sizes)) {
    at[name] = bytes;
    bytes += Math.ceil(size / 16) * 64;
  }
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

function moduleText(shape, m, tiles) {
  const { channels, filters, side } = shape;
  const { at, bytes, wide, padded, groups, inBlock, vStride, sStride } = layout(shape, m, tiles);
  const transform = TRANSFORMS[m];
  const range = (n) => Array.from({ length: n }, (_, i) => i);
  const across = (rows, how, e) =>
    range(rows[0].length).map((column) =>
      how(
        rows.map((row) => row[column]),
        e,
      ),
    );
  const turned = (rows) => range(rows[0].length).map((n) => rows.map((row) => row[n]));

  const filterText = () => {
    const e = text();
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

  const inputText = () => {
    const e = text();
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
      const named = columns(m, (start) => row[starts.indexOf(start)], e);
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

  const productText = () => {
    const each = (make) =>
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

  const outputText = () => {
    const e = text();
    const bias = e.keep("(v128.load32_splat (local.get $bias))");
    const zero = "(v128.const f32x4 0 0 0 0)";
    const sums = range(wide).map((a) => range(wide).map((b) => e.load("$p", (a * wide + b) * sStride)));
    const rows = turned(across(sums, transform.output, e));
    rows.forEach((row, a) => {
      const tiles = transform.output(row, e).map((value) => e.keep(`(f32x4.pmax ${zero} ${e.add(value, bias)})`));
      const out = m === 4 ? transposed(tiles, e) : [e.pick(...tiles, [0, 4, 1, 5]), e.pick(...tiles, [2, 6, 3, 7])];
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

/** Functions over one memory: the whole convolution, its parts for one block, and views of x (padded), w, bias and y. */
export async function winograd(shape, m, tiles) {
  const wabt = await loadWabt();
  const { buffer } = wabt.parseWat("winograd.wat", moduleText(shape, m, tiles), { simd: true }).toBinary({});
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(buffer));
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
  const view = (name, length) => new Float32Array(memory, at[name], length);
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

/** The compiler's own way of one shape: a margin of zeros, filters in order, the direct kernel; and views of what it reads and writes. */
function direct({ module, trainer, functions }, { conv }) {
  const { calls } = module.entries.find(({ name }) => name === "train");
  const own = calls.find(({ kernel }) => kernel === conv);
  const [padded, packed, bias, y] = own.args;
  const before = [padded, packed].map((name) => calls.find(({ kind, args }) => kind === "call" && args.at(-1) === name));
  const arena = trainer.inputs.x.buffer;
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  const view = (name) => new Float32Array(arena, slots.get(name).offset, slots.get(name).bytes / 4);
  const called = ({ kernel, args }) => {
    const [run, at] = [functions[kernel], args.map((name) => slots.get(name).offset)];
    return () => run(...at);
  };
  const [pad, pack, convolve] = [...before, own].map(called);
  return { pad, pack, convolve, x: view(before[0].args[0]), w: view(before[1].args[0]), bias: view(bias), y: view(y) };
}

/** Normal numbers from a fixed seed. */
function normals(seed) {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (((bits ^ (bits >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** relu(x ∗ w + b) of one image in float64. */
function judge({ channels, filters, side }, x, w, bias, n) {
  const y = new Float64Array(filters * side * side);
  for (let o = 0; o < filters; o++)
    for (let i = 0; i < side; i++)
      for (let j = 0; j < side; j++) {
        let total = bias[o];
        for (let c = 0; c < channels; c++)
          for (let r = Math.max(0, 1 - i); r < Math.min(3, side + 1 - i); r++)
            for (let s = Math.max(0, 1 - j); s < Math.min(3, side + 1 - j); s++)
              total += w[((o * channels + c) * 3 + r) * 3 + s] * x[((n * channels + c) * side + i + r - 1) * side + j + s - 1];
        y[(o * side + i) * side + j] = Math.max(0, total);
      }
  return y;
}

/** Largest and root-mean-square error over two images, each by the largest and root-mean-square value. */
function errorOf(y, wanted, size) {
  let [worst, largest, errors, squares] = [0, 0, 0, 0];
  for (const [n, image] of wanted)
    image.forEach((value, at) => {
      const error = Math.abs(y[n * size + at] - value);
      worst = Math.max(worst, error);
      largest = Math.max(largest, Math.abs(value));
      errors += error ** 2;
      squares += value ** 2;
    });
  return `max ${(worst / largest).toExponential(1)}, rms ${Math.sqrt(errors / squares).toExponential(1)}`;
}

async function main() {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "0.1" },
      repeats: { type: "string", default: "7" },
      only: { type: "string" },
      tiles: { type: "string", default: "64" },
      parts: { type: "boolean", default: false },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "adjoint-winograd-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const dist = fileURLToPath(new URL("../../dist", import.meta.url));
  const compiled = await lowerWorkload("w5", "wasm", folder, dist);
  for (const [name, shape] of Object.entries(SHAPES)) {
    if (values.only !== undefined && values.only !== name) continue;
    const { channels, filters, side } = shape;
    const own = direct(compiled, shape);
    const normal = normals(7);
    for (const data of [own.x, own.w, own.bias]) for (let n = 0; n < data.length; n++) data[n] = normal();
    const [x, w, bias] = [own.x, own.w, own.bias].map((data) => data.slice());
    const wanted = [0, BATCH - 1].map((n) => [n, judge(shape, x, w, bias, n)]);
    const fast = [];
    for (const m of [2, 4]) {
      const one = await winograd(shape, m, Number(values.tiles));
      one.w.set(w);
      one.bias.set(bias);
      for (let n = 0; n < x.length; n++) {
        const [column, row, image] = [n % side, Math.floor(n / side) % side, Math.floor(n / side / side)];
        one.x[(image * (side + 2) + row + 1) * (side + 2) + column + 1] = x[n];
      }
      fast.push({ m, ...one });
    }
    const size = filters * side * side;
    const all = [
      // the margin is made anew each time: its slot is shared with other buffers in a step, so it is timed apart
      {
        label: "direct",
        y: own.y,
        run: own.convolve,
        prepare: () => (own.x.set(x), own.bias.set(bias), own.w.set(w), own.pad(), own.pack()),
      },
      ...fast.map(({ m, run, y }) => ({ label: `F(${m}×${m},3×3)`, y, run, prepare: () => {} })),
    ].map((one) => ({ ...one, times: [] }));
    if (values.parts)
      for (const { m, parts, blocks } of fast)
        for (const [part, run] of Object.entries(parts))
          all.push({ label: `  ${m} ${part}`, run, prepare: () => {}, times: [], blocks: part === "filter" ? 1 : blocks });
    for (const one of all) {
      one.prepare();
      one.run();
      if (one.y) one.error = errorOf(one.y, wanted, size);
      const began = performance.now();
      for (let n = 0; n < 3; n++) one.run();
      one.count = Math.max(1, Math.round((Number(values.seconds) * 1e3) / ((performance.now() - began) / 3)));
    }
    for (let repeat = 0; repeat < Number(values.repeats); repeat++)
      for (const one of all) {
        one.prepare();
        one.run();
        const began = process.cpuUsage();
        for (let n = 0; n < one.count; n++) one.run();
        const { user, system } = process.cpuUsage(began);
        one.times.push((user + system) / 1e3 / one.count);
      }
    const flops = 2 * BATCH * size * channels * 9;
    console.log(`${name}: ${BATCH}×${channels}×${side}×${side} → ${filters}, ${(flops / 1e6).toFixed(0)} MFLOP`);
    for (const one of all) {
      const ms = median(one.times) * (one.blocks ?? 1);
      const ratio = median(all[0].times.map((time, n) => time / one.times[n]));
      console.log(
        one.y
          ? `  ${one.label.padEnd(14)} ${ms.toFixed(2).padStart(7)} ms  ${(flops / 1e6 / ms).toFixed(1).padStart(6)} GFLOP/s  ${ratio.toFixed(2)} of direct  error ${one.error}`
          : `  ${one.label.padEnd(14)} ${ms.toFixed(2).padStart(7)} ms`,
      );
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
