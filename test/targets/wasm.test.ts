/** What is true of the WebAssembly target: its strict twin has its bits, a second library accepts it, and its own functions are near the true ones. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import binaryen from "binaryen";
import { afterAll, describe, expect, test } from "vitest";
import { apply, literal, load as loadOf, local, select } from "../../compiler/loop/build.ts";
import { add, constant, index, quotient, scale, type Index } from "../../compiler/loop/index-expression.ts";
import { printModule } from "../../compiler/loop/text/index.ts";
import { verifyKernel, verifyModule } from "../../compiler/loop/verify/index.ts";
import { lower, type Lowered } from "../../compiler/driver/lower.ts";
import type { Kernel, Scalar, ScalarFn } from "../../compiler/loop/loop.ts";
import { importText, stripTypes } from "../../compiler/targets/strip.ts";
import { erf } from "../../compiler/loop/interpret/index.ts";
import { targetOf } from "../../compiler/targets/index.ts";
import { assemble, textOf } from "../../compiler/targets/wasm/assemble.ts";
import { compile, load, type LoadedTrainer } from "../../compiler/compile.ts";
import type { Trainer } from "../../runtime/index.ts";
import { convolutions, longSums, pooledAlone } from "../support/nets.ts";
import { lowered, modelNames, modelOf } from "../support/models.ts";
import { complaintsAbout } from "../support/typecheck.ts";
import { bytesByWabt } from "../support/wabt.ts";
import { compileBytes, instantiate } from "../support/webassembly.ts";

interface Exports {
  createTrainer(options?: { readonly seed?: number; readonly module?: object }): LoadedTrainer;
}

const running = async (of: Lowered): Promise<Exports> =>
  importText<Exports>(await stripTypes((await of.target.emit(of.module, of.facts)).text));

/** A batch that differs from step to step; labels name classes. */
function batchOf({ inputs }: LoadedTrainer, of: Lowered, seed: number) {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, view]) => {
      const { classes = 2 } = of.module.buffers.find((buffer) => buffer.name === name)!;
      const filled = view.slice();
      filled.forEach((_, n) => (filled[n] = view instanceof Int32Array ? (n * 7 + seed) % classes : Math.sin(n * 12.9898 + seed)));
      return [name, filled];
    }),
  );
}

/** What prediction takes: of a model that generates, its first step. */
function toPredict({ generation, batch: { predict } }: LoadedTrainer & Pick<Trainer, "generation">, batch: ReturnType<typeof batchOf>) {
  if (generation === undefined) return batch;
  const { tokens, position, carries } = generation;
  const before = Object.entries(carries).map(([name, length]) => [name, new Float32Array(length)]);
  return {
    ...batch,
    [tokens]: batch[tokens]!.slice(0, predict),
    ...(position ? { position: Int32Array.of(0) } : {}),
    ...Object.fromEntries(before),
  };
}

/** Runs both for some steps: losses, storage, and what the forward entries return. */
async function expectSameBits(wasm: Lowered, twin: Lowered, rows: number): Promise<void> {
  const [a, b] = [(await running(wasm)).createTrainer({ seed: 3 }), (await running(twin)).createTrainer({ seed: 3 })];
  for (let n = 0; n < 3; n++) {
    const batch = batchOf(a, wasm, n);
    const count = "shortBatch" in a ? rows : rows - (n % 2);
    expect(a.step(batch, count)).toEqual(b.step(batch, count));
  }
  expect(Buffer.from(a.bytes()).equals(Buffer.from(b.bytes()))).toBe(true);
  const batch = batchOf(a, wasm, 9);
  const real = "shortEvaluation" in a ? rows : rows - 1;
  expect(a.evaluate(batch, real)).toEqual(b.evaluate(batch, real));
  const copy = (outputs: Readonly<Record<string, ArrayLike<number>>>) =>
    Object.entries(outputs).map(([key, view]) => [key, Array.from(view)]);
  expect(copy(a.predict(toPredict(a, batch)))).toEqual(copy(b.predict(toPredict(b, batch))));
}

const SLOW = { timeout: 60_000 };

describe.each(modelNames)("%s", (name) => {
  test("the strict twin has the same bits after steps, evaluation and prediction", SLOW, async () => {
    const [wasm, twin] = await Promise.all((["wasm", "twin"] as const).map((target) => lowered(name, { target, batch: 6, small: true })));
    await expectSameBits(wasm!, twin!, 6);
  });

  test("another assembler makes the same bytes, and a second library reads and validates them", SLOW, async () => {
    const { bytes, text } = assemble((await lowered(name, { target: "wasm" })).module);
    expect((await bytesByWabt(text)).equals(bytes)).toBe(true);
    const parsed = binaryen.readBinary(bytes);
    parsed.setFeatures(binaryen.Features.SIMD128 | binaryen.Features.NontrappingFPToInt | binaryen.Features.MutableGlobals);
    try {
      expect(parsed.validate()).toBe(1);
    } finally {
      parsed.dispose();
    }
  });
});

test.each([
  ["convolutions", convolutions, 5, /kernel pad_[^]*kernel pack_2x3x3x3x4\(/],
  ["a pool of a convolution", pooledAlone, 3, /: f32\[768\] write/],
  ["a long sum", longSums, 160, /kernel dot_160x4x256x18[^]*for k in 0\.\.4 \{/],
] as const)("%s: the twin has the same bits, by the schedule meant for it", SLOW, async (_, net, rows, meant) => {
  const [wasm, twin] = await Promise.all((["wasm", "twin"] as const).map((target) => lower(net(rows), { target, batch: rows })));
  verifyModule(wasm!.module);
  expect(printModule(wasm!.module)).toMatch(meant);
  expect(printModule(wasm!.module)).toMatch(/for lane in 0\.\.4 vector/);
  await expectSameBits(wasm!, twin!, rows);
});

test("the check holds for kernels in float32 over convolutions", SLOW, async () => {
  const { check, files } = await compile(convolutions(4), { target: "wasm" });
  expect(check?.holds).toBe(true);
  expect([...files.keys()]).toEqual(["trainer.wasm.ts", "certificate.wasm.json", "report.wasm.md"]);
});

test("an index that falls is reached from its lowest", async () => {
  const back: Kernel = {
    name: "back",
    doc: [],
    params: [
      { name: "x", dtype: "f32", length: 8, access: "read" },
      { name: "y", dtype: "f32", length: 8, access: "write" },
    ],
    body: [
      {
        kind: "for",
        index: "i",
        from: constant(0),
        to: constant(8),
        step: 1,
        form: "loop",
        body: [{ kind: "store", buffer: "y", at: index("i", 8), value: loadOf("x", "f32", add(constant(7), scale(index("i", 8), -1))) }],
      },
    ],
    flops: 0,
  };
  const { bytes } = assemble({ name: "back", entries: [], buffers: [], kernels: [back], slots: [], arenaBytes: 64 });
  const { memory, ...functions } = instantiate(bytes);
  const arena = new Float32Array(memory.buffer, 0, 16);
  arena.set([1, 2, 3, 4, 5, 6, 7, 8]);
  functions["back"]!(0, 32);
  expect(Array.from(arena.subarray(8))).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
});

test("what lanes share and nothing else reads is loaded into a vector once", async () => {
  const at = (from: number) => add(index("lane", 4), constant(from));
  const [a, b] = [local("a", "f32"), local("b", "f32")];
  const let_ = (name: string, n: number) =>
    ({ kind: "let", name, dtype: "f32", value: loadOf("x", "f32", constant(n)), mutable: false }) as const;
  const x = loadOf("x", "f32", at(4));
  const store = (n: number, value: ReturnType<typeof apply>) => ({ kind: "store", buffer: "y", at: at(n), value }) as const;
  const positive = apply("lt", "bool", literal(0, "f32"), b);
  const body = [
    let_("a", 0),
    let_("b", 1),
    store(0, apply("mul", "f32", a, x)),
    store(4, apply("add", "f32", a, select(positive, apply("mul", "f32", b, x), x))),
  ];
  const shared: Kernel = {
    name: "shared",
    doc: [],
    params: [
      { name: "x", dtype: "f32", length: 8, access: "read" },
      { name: "y", dtype: "f32", length: 8, access: "write" },
    ],
    body: [{ kind: "for", index: "lane", from: constant(0), to: constant(4), step: 1, form: "vector", body }],
    flops: 0,
  };
  const module = { name: "shared", entries: [], buffers: [], kernels: [shared], slots: [], arenaBytes: 64 };
  const { text } = textOf(module);
  expect(text).toContain("(local.set $a.v (v128.load32_splat (local.get $x)))");
  expect(text).toContain("(local.set $b (f32.load offset=4 (local.get $x)))"); // a condition reads it alone
  expect(text.match(/f32x4\.splat/g)).toHaveLength(1);
  const { memory, ...functions } = instantiate(assemble(module).bytes);
  const arena = new Float32Array(memory.buffer, 0, 16);
  arena.set([2, 3, 0, 0, 1, 2, 3, 4]);
  functions["shared"]!(0, 32);
  expect(Array.from(arena.subarray(8))).toEqual([2, 4, 6, 8, 5, 8, 11, 14]);
});

test("a pair of lanes loads and stores two elements, and adds up two", async () => {
  const lane = index("lane", 2);
  const x = (at: Index) => loadOf("x", "f32", at);
  const body = [
    { kind: "store", buffer: "y", at: add(lane, constant(2)), value: apply("sub", "f32", x(add(lane, constant(6))), x(scale(lane, 3))) },
    { kind: "assign", name: "sum", value: apply("add", "f32", local("sum", "f32"), x(add(lane, constant(6)))) },
  ] as const;
  const pair: Kernel = {
    name: "pair",
    doc: [],
    params: [
      { name: "x", dtype: "f32", length: 8, access: "read" },
      { name: "y", dtype: "f32", length: 8, access: "write" },
    ],
    body: [
      { kind: "let", name: "sum", dtype: "f32", value: literal(100, "f32"), mutable: true },
      { kind: "for", index: "lane", from: constant(0), to: constant(2), step: 1, form: "vector", body },
      { kind: "store", buffer: "y", at: constant(0), value: local("sum", "f32") },
    ],
    flops: 0,
  };
  verifyKernel(pair);
  const module = { name: "pair", entries: [], buffers: [], kernels: [pair], slots: [], arenaBytes: 64 };
  const { memory, ...functions } = instantiate(assemble(module).bytes);
  const arena = new Float32Array(memory.buffer, 0, 16);
  arena.set([1, 2, 3, 4, 5, 6, 7, 9, -1, -1, -1, -1, -1, -1, -1, -1]);
  functions["pair"]!(0, 32);
  expect(Array.from(arena.subarray(8))).toEqual([116, -1, 6, 5, -1, -1, -1, -1]);
});

test("lanes that lie within two vectors are picked from them, up to the end of the memory", async () => {
  const [lane, m] = [index("lane", 4), index("m", 2)];
  const x = (at: Index) => loadOf("x", "f32", at);
  const store = (n: number, value: Scalar) => ({ kind: "store", buffer: "y", at: add(scale(m, 4), lane, constant(n)), value }) as const;
  const body = [
    store(0, x(add(scale(m, 8), scale(lane, 2), constant(1)))),
    store(8, x(quotient(add(scale(m, 4), lane), 2))),
    store(16, x(add(scale(m, 4), constant(11), scale(lane, -1)))),
  ];
  const picked: Kernel = {
    name: "picked",
    doc: [],
    params: [
      { name: "x", dtype: "f32", length: 16, access: "read" },
      { name: "y", dtype: "f32", length: 24, access: "write" },
    ],
    body: [
      {
        kind: "for",
        index: "m",
        from: constant(0),
        to: constant(2),
        step: 1,
        form: "loop",
        body: [{ kind: "for", index: "lane", from: constant(0), to: constant(4), step: 1, form: "vector", body }],
      },
    ],
    flops: 0,
  };
  verifyKernel(picked);
  const page = 65536;
  const module = { name: "picked", entries: [], buffers: [], kernels: [picked], slots: [], arenaBytes: page - 16 };
  expect(textOf(module).text.match(/i8x16\.shuffle [\d ]+/g)).toEqual([
    "i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 ",
    "i8x16.shuffle 0 1 2 3 0 1 2 3 4 5 6 7 4 5 6 7 ",
  ]);
  const { memory, ...functions } = instantiate(assemble(module).bytes);
  expect(memory.buffer.byteLength).toBe(page);
  const from = page - 16 - 16 * 4; // x ends where the arena does
  new Float32Array(memory.buffer, from, 16).set(Array.from({ length: 16 }, (_, n) => n));
  functions["picked"]!(from, 0);
  expect(Array.from(new Float32Array(memory.buffer, 0, 24))).toEqual([
    1, 3, 5, 7, 9, 11, 13, 15, 0, 0, 1, 1, 2, 2, 3, 3, 11, 10, 9, 8, 15, 14, 13, 12,
  ]);
});

test("a choice between a value and nothing is a mask, with the same bits", async () => {
  const lane = index("lane", 4);
  const [x, z] = ["x", "z"].map((name) => loadOf(name, "f32", lane)) as [Scalar, Scalar];
  const positive = apply("lt", "bool", literal(0, "f32"), x);
  const choices = [select(positive, z, literal(0, "f32")), select(positive, literal(0, "f32"), z), select(positive, z, literal(-0, "f32"))];
  const body = choices.map((value, n) => ({ kind: "store", buffer: "y", at: add(lane, constant(4 * n)), value }) as const);
  const masked: Kernel = {
    name: "masked",
    doc: [],
    params: (["x", "z", "y"] as const).map((name) => ({
      name,
      dtype: "f32",
      length: name === "y" ? 12 : 4,
      access: name === "y" ? "write" : "read",
    })),
    body: [{ kind: "for", index: "lane", from: constant(0), to: constant(4), step: 1, form: "vector", body }],
    flops: 0,
  };
  const module = { name: "masked", entries: [], buffers: [], kernels: [masked], slots: [], arenaBytes: 80 };
  expect(textOf(module).text.match(/v128\.(and|andnot|bitselect) /g)).toEqual(["v128.and ", "v128.andnot ", "v128.bitselect "]);
  const { memory, ...functions } = instantiate(assemble(module).bytes);
  const arena = new Float32Array(memory.buffer, 0, 20);
  arena.set([1, -1, NaN, 0, NaN, -0, -Infinity, 5]);
  functions["masked"]!(0, 16, 32);
  expect(Array.from(arena.subarray(8))).toEqual([NaN, 0, 0, 0, 0, -0, -Infinity, 5, NaN, -0, -0, -0]);
});

describe.each(["wasm", "wasm-external"] as const)("of %s, an engine that cannot read the kernels is told what to use instead", (target) => {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-simd-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What creating a trainer throws in a node with this flag. */
  async function thrown(flag: string): Promise<string> {
    const { module, facts } = await lowered("linear-softmax", { target });
    writeFileSync(join(folder, "trainer.mjs"), await stripTypes((await targetOf(target).emit(module, facts)).text));
    if (target === "wasm-external") writeFileSync(join(folder, "trainer.wasm"), assemble(module).bytes);
    const given = target === "wasm" ? "" : '{ module: (await import("node:fs")).readFileSync("trainer.wasm") }';
    const run = `const { createTrainer } = await import("./trainer.mjs"); try { createTrainer(${given}); console.log("runs"); } catch (error) { console.log(error.message); }`;
    return execFileSync(process.execPath, [flag, "--input-type=module", "-e", run], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  }
  const SAID =
    "this engine does not read the kernels, which use WebAssembly SIMD; use trainer.ts, which adjoint compile writes without --target wasm\n";

  test("a processor without SIMD", SLOW, async () => {
    expect(await thrown("--enable-sse4-1")).toBe("runs\n");
    if (process.arch !== "x64") return void console.warn("skipped: only x64 has processors without");
    expect(await thrown("--no-enable-sse4-1")).toBe(SAID);
  });

  test("no WebAssembly at all", SLOW, async () => {
    expect(await thrown("--jitless")).toBe(SAID);
  });
});

test("bytes beside the file serve a trainer that is given them", SLOW, async () => {
  const { files, binaries } = await compile(await modelOf("circuit"), { target: "wasm-external", effort: "none" });
  const text = files.get("trainer.wasm.ts")!;
  expect(text).not.toContain("atob");
  const { createTrainer } = await load<Exports>({ files });
  const bytes = binaries.get("trainer.wasm")!;
  const given = [compileBytes(bytes), bytes, bytes.slice().buffer];
  const [loss, ...others] = given.map((module) => createTrainer({ module, seed: 1 }).step({}));
  expect(loss).toBeTypeOf("number");
  expect(others).toEqual([loss, loss]);
});

test("a trainer takes a module that was compiled before", SLOW, async () => {
  const of = await lowered("mnist-mlp", { target: "wasm", batch: 4 });
  const { bytes } = assemble(of.module);
  const { createTrainer } = await running(of);
  const [a, b] = [createTrainer(), createTrainer({ module: compileBytes(bytes) })];
  const batch = batchOf(a, of, 1);
  expect(a.step(batch)).toBe(b.step(batch));
});

test("the emitted file is strict-clean without a platform's types", SLOW, async () => {
  const of = await lowered("circuit", { target: "wasm" });
  const text = (await targetOf("wasm").emit(of.module, of.facts)).text;
  expect(complaintsAbout(new Map([["trainer.wasm", text]]))).toEqual([]);
});

test("float64 is refused", async () => {
  await expect(lower(await modelOf("mnist-mlp"), { target: "wasm", dtype: "f64" })).rejects.toThrow(/compute in float32/);
});

/** y[n] = fn(x[n]), one value at a time or in lanes. */
function mapKernel(fn: ScalarFn, form: "loop" | "vector", length: number): Kernel {
  const i = index("i", length);
  const at = form === "loop" ? i : { terms: [...i.terms, ...index("lane", 4).terms], offset: 0 };
  const store = { kind: "store", buffer: "y", at, value: apply(fn, "f32", loadOf("x", "f32", at)) } as const;
  const lanes = { kind: "for", index: "lane", from: constant(0), to: constant(4), step: 1, form, body: [store] } as const;
  const body = form === "loop" ? store : lanes;
  return {
    name: `${fn}_${form}`,
    doc: [],
    params: [
      { name: "x", dtype: "f32", length, access: "read" },
      { name: "y", dtype: "f32", length, access: "write" },
    ],
    body: [{ kind: "for", index: "i", from: constant(0), to: constant(length), step: form === "loop" ? 1 : 4, form: "loop", body: [body] }],
    flops: 0,
  };
}

const ulp = (y: number): number => Math.max(2 ** (Math.floor(Math.log2(Math.abs(y))) - 23), 2 ** -149);

describe("functions in float32", () => {
  const LENGTH = 1 << 14;
  const spread = Float32Array.from({ length: LENGTH }, (_, n) => {
    const sign = n % 2 === 0 ? 1 : -1;
    return sign * 2 ** (-30 + (37 * n) / LENGTH);
  });
  const positive = Float32Array.from({ length: LENGTH }, (_, n) => 2 ** (-148 + (275 * n) / LENGTH));
  const special = [0, -0, Infinity, -Infinity, NaN, 1, -1, 88.72283935546875, 88.8, -103.97, -104.5, 0.625];

  test.each([
    ["exp", spread, Math.exp, 1],
    ["log", positive, Math.log, 1],
    ["tanh", spread, Math.tanh, 2],
    ["erf", spread, erf, 2],
  ] as const)("%s is near the true one, alone and in lanes", async (fn, arguments_, truth, most) => {
    const x = arguments_.slice();
    x.set(special);
    const kernels = [mapKernel(fn, "loop", LENGTH), mapKernel(fn, "vector", LENGTH)];
    const { bytes } = assemble({ name: "map", entries: [], buffers: [], kernels, slots: [], arenaBytes: LENGTH * 12 });
    const { memory, ...functions } = instantiate(bytes);
    new Float32Array(memory.buffer, 0, LENGTH).set(x);
    functions[`${fn}_loop`]!(0, LENGTH * 4);
    functions[`${fn}_vector`]!(0, LENGTH * 8);
    const [one, lanes] = [4, 8].map((at) => new Float32Array(memory.buffer, LENGTH * at, LENGTH));
    expect(Array.from(lanes!)).toEqual(Array.from(one!));
    let worst = 0;
    x.forEach((value, n) => {
      const [expected, found] = [truth(value), one![n]!];
      if (Number.isFinite(Math.fround(expected))) worst = Math.max(worst, Math.abs(found - expected) / ulp(expected));
      else expect(found).toBe(Math.fround(expected));
    });
    expect(worst).toBeLessThanOrEqual(most);
    expect(worst).toBeGreaterThan(0.4); // it was measured
  });
});
