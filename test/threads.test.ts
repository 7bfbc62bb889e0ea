/** What is true of threads: loops that they share touch elements of their own, any split has the bits of one thread, and what goes wrong is said. */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { tripsOf } from "../compiler/loop/apart.ts";
import { divide, divisionOf, sectionsOf, type Section } from "../compiler/loop/divide.ts";
import { evaluate } from "../compiler/loop/index-expression.ts";
import { walkScalar, walkStmts } from "../compiler/loop/build.ts";
import type { Kernel, Loop, Scalar, Stmt } from "../compiler/loop/loop.ts";
import { parseKernel } from "../compiler/loop/text/index.ts";
import { lower, type Lowered } from "../compiler/driver/lower.ts";
import { importText, stripTypes } from "../compiler/targets/strip.ts";
import { targetOf } from "../compiler/targets/index.ts";
import { compile, load, type LoadedTrainer } from "../compiler/compile.ts";
import { adjoint, build, root } from "./support/command.ts";
import { convolutions } from "./support/nets.ts";
import { lowered, modelNames, modelOf } from "./support/models.ts";
import { complaintsAbout } from "./support/typecheck.ts";

const TWO = divisionOf({ threads: 2 })!;
const SLOW = { timeout: 120_000 };

// built: a worker's file must be one that Node reads
const { workersOf } = (await import(
  /* @vite-ignore */ new URL("../dist/runtime/node/index.js", import.meta.url).href
)) as typeof import("../runtime/node/index.ts");

const kernel = (body: string, params = "x: f32[64] read, y: f32[64] write"): Kernel =>
  parseKernel(`kernel k(${params}) flops 0 {\n${body}\n}`);

/** The loops that two threads share, by index; `one` for what one thread does meanwhile, `alone` for a section of one thread. */
const shown = (of: Kernel): string | undefined =>
  sectionsOf(of.body, 2)
    ?.map(({ divided }) => (divided.length === 0 ? "alone" : divided.map((loop) => (tripsOf(loop) === 1 ? "one" : loop.index)).join("+")))
    .join(" | ");

describe("a loop", () => {
  test.each([
    ["rows of their own", "for i in 0..8 { for j in 0..8 { y[8·i + j] = x[8·j + i] } }", "i"],
    ["columns of their own", "for j in 0..8 { for i in 0..8 { y[8·i + j] = x[i] } }", "j"],
    ["tiles of rows", "for i in 0..8 step 2 { y[8·i + 3] = x[i]  y[8·i + 11] = x[i + 1] }", "i"],
    ["elements read where they are written", "for i in 0..64 { y[i] = add(y[i], x[i]) }", "i", "x: f32[64] read, y: f32[64] update"],
    [
      "sums added up chunk by chunk",
      "for k in 0..4 { for i in 0..8 { y[i] = add(y[i], x[8·k + i]) } }",
      "i",
      "x: f32[64] read, y: f32[64] update",
    ],
    [
      "two stages, of which the second reads the first",
      "for i in 0..8 { y[i] = x[i] }\nfor i in 0..8 { z[i] = y[7 - i] }",
      "i | i",
      "x: f32[64] read, y: f32[64] write, z: f32[8] write",
    ],
    [
      "two stages that do not meet",
      "for i in 0..8 { y[i] = x[i] }\nfor i in 0..8 { z[i] = x[i] }",
      "i+i",
      "x: f32[64] read, y: f32[64] write, z: f32[8] write",
    ],
    [
      "two stages, of which the second reads what the same thread wrote",
      "for i in 0..8 { y[i] = x[i] }\nfor i in 0..8 { z[i] = y[i] }",
      "i+i",
      "x: f32[64] read, y: f32[64] write, z: f32[8] write",
    ],
    [
      "a stage, and then a sum of it",
      "for i in 0..8 { y[i + 1] = x[i] }\nvar s: f32 = 0\nfor i in 0..8 { s = add(s, y[i + 1]) }\ny[0] = s",
      "i | alone",
    ],
    [
      "a sum, and then what reads it",
      "var s: f32 = 0\nfor i in 0..8 { s = add(s, x[i]) }\ny[0] = s\nfor i in 0..8 { z[i] = mul(x[i], y[0]) }",
      "alone | i",
      "x: f32[64] read, y: f32[64] write, z: f32[8] write",
    ],
    [
      "a stage, and elsewhere a sum of something else",
      "for i in 0..8 { y[i + 1] = x[i] }\nvar s: f32 = 0\nfor i in 0..8 { s = add(s, x[i]) }\ny[0] = s",
      "i+one",
    ],
    [
      "columns, the last of them by rows, chunk by chunk",
      "for k in 0..4 { for j in 0..6 { for i in 0..8 { y[8·i + j] = add(y[8·i + j], x[k]) } } for i in 0..8 { y[8·i + 7] = add(y[8·i + 7], x[k]) } }",
      "j+i",
      "x: f32[64] read, y: f32[64] update",
    ],
    [
      "too few columns, so of rows",
      "for k in 0..4 { for j in 0..3 { for i in 0..8 { y[8·i + j] = add(y[8·i + j], x[k]) } } for i in 0..8 { y[8·i + 7] = add(y[8·i + 7], y[8·i]) } }",
      "i+i",
      "x: f32[64] read, y: f32[64] update",
    ],
    [
      "rows and a last one, chunk by chunk",
      "for k in 0..4 { for i in 0..7 { y[i] = add(y[i], x[7·k + i]) } y[7] = add(y[7], x[k]) }",
      "i+one",
      "x: f32[64] read, y: f32[64] update",
    ],
    ["three rows of four, by columns", "for i in 0..3 { for j in 0..4 { y[4·i + j] = x[j] } }", "j"],
    ["columns at constant distances", "for i in 0..4 { y[i] = x[i]  y[i + 8] = x[i]  y[i + 16] = x[i] }", "i"],
    ["what a local scales that every thread computes", "let a: f32 = x[0]\nfor i in 0..8 { y[i] = mul(a, x[i]) }", "i"],
    [
      "what no local scales that reads a stage",
      "for i in 0..8 { y[i] = x[i] }\nlet a: f32 = y[0]\nfor i in 0..8 { z[i] = mul(a, x[i]) }",
      "i | alone",
      "x: f32[64] read, y: f32[64] write, z: f32[8] write",
    ],
  ] as const)("of %s is divided", (_, body, expected, params?: string) => {
    expect(shown(kernel(body, params))).toBe(expected);
  });

  test.each([
    ["all write one element", "for i in 0..8 { y[0] = x[i] }"],
    ["neighbours overlap", "for i in 0..8 { y[i] = x[i]  y[i + 1] = x[i] }"],
    ["a sum is carried", "var s: f32 = 0\nfor i in 0..8 { s = add(s, x[i]) }\ny[0] = s"],
    ["one reads what another writes", "for i in 0..8 { y[i] = y[7 - i] }"],
    ["rows overlap", "for i in 0..4 { for j in 0..9 { y[8·i + j] = x[j] } }"],
    ["a later loop inside reads what others write", "for k in 0..4 { for i in 0..8 { y[i] = x[i] } for i in 0..8 { z[i] = y[7 - i] } }"],
    ["the next round reads what others write", "for k in 0..4 { for i in 0..8 { y[i] = z[i] } for i in 0..8 { z[i + 1] = x[k] } }"],
    ["a column runs into the next row's", "for j in 0..6 { for i in 0..4 { y[4·i + j] = x[j] } }"],
  ])("whose iterations meet is not: %s", (_, body) => {
    const update = "x: f32[64] read, y: f32[64] update, z: f32[64] update";
    expect(shown(kernel(body, update))).toBeUndefined();
  });

  test("too short for a barrier is left to one thread, whether it computes or moves", () => {
    const moves = (rows: number): Kernel => kernel(`for i in 0..${rows} { for j in 0..64 { y[64·i + j] = x[64·j + i] } }`);
    expect(divide(moves(1_000), TWO)).toBeUndefined();
    expect(divide(moves(2_000), TWO)).toHaveLength(1);
  });

  test("is chosen for the threads that share it", () => {
    const body = "for i in 0..4 { for j in 0..3 { y[4·i + j] = x[j] } }";
    const chosen = (threads: number): unknown => sectionsOf(kernel(body).body, threads)?.[0]?.divided[0]?.index;
    expect([2, 3, 4].map(chosen)).toEqual(["i", "j", "i"]);
  });
});

/** Visits each element of stored buffers that a statement touches, with the divided loop around it. */
function eachTouch(
  body: readonly Stmt[],
  stored: ReadonlySet<string>,
  at: Map<string, number>,
  divided: readonly Loop[],
  inside: Loop | undefined,
  visit: (buffer: string, element: number, inside: Loop | undefined) => void,
): void {
  const scalar = (s: Scalar): void =>
    walkScalar(s, (part) => {
      if (part.kind === "load" && stored.has(part.buffer)) visit(part.buffer, evaluate(part.at[0]!, at), inside);
    });
  for (const s of body) {
    if (s.kind === "for") {
      for (let i = evaluate(s.from, at); i < evaluate(s.to, at); i += s.step)
        eachTouch(s.body, stored, at.set(s.index, i), divided, divided.includes(s) ? s : inside, visit);
    } else if (s.kind === "if") {
      scalar(s.when);
      eachTouch(s.then, stored, at, divided, inside, visit);
    } else {
      scalar(s.value);
      if (s.kind === "store") visit(s.buffer, evaluate(s.at, at), inside);
    }
  }
}

/** By enumeration, whatever the indices look like: no part of a section touches an element that another touches, be they 2, 3, 56 or 1,000. */
function meeting({ body, divided }: Section): string | undefined {
  const stored = new Set<string>();
  walkStmts(body, { stmt: (s) => s.kind === "store" && stored.add(s.buffer) });
  /** By iteration: the part of 2, of 3, of 56 and of 1,000. */
  const partsOf = new Map(
    divided.map((loop) => {
      const trips = tripsOf(loop);
      const partAt = (n: number, of: number): number =>
        Array.from({ length: of }, (_, part) => Math.floor(((part + 1) * trips) / of)).findIndex((end) => n < end);
      return [loop, Array.from({ length: trips }, (_, n) => [2, 3, 56, 1000].map((of) => partAt(n, of)).join())];
    }),
  );
  const owners = new Map<string, Map<number, string>>([...stored].map((buffer) => [buffer, new Map()]));
  const at = new Map<string, number>();
  let found: string | undefined;
  eachTouch(body, stored, at, divided, undefined, (buffer, element, loop) => {
    const part = loop === undefined ? "all" : partsOf.get(loop)![(at.get(loop.index)! - loop.from.offset) / loop.step]!;
    const owner = owners.get(buffer)!.get(element) ?? part;
    owners.get(buffer)!.set(element, part);
    if (owner !== part || part === "all") found ??= `${buffer} ${element} by ${owner} and ${part}`;
  });
  return found;
}

interface Threaded {
  createTrainer(options?: { readonly seed?: number; readonly team?: Team }): LoadedTrainer;
  createThreadedTrainer(options: {
    readonly seed?: number;
    readonly threads?: number;
    readonly spawn: unknown;
  }): Promise<LoadedTrainer & { readonly threads: number; close(): void }>;
  readonly work: (statement: number, kernels: object, first: number, end: number, parts: number) => void;
  readonly alone: () => Team;
}

interface Team {
  readonly kernels: object;
  readonly run: (statement: number) => void;
}

/** The emitted text as JavaScript; `more` exports what is private to it. */
const scriptOf = async ({ module, facts }: Lowered, more = ""): Promise<string> =>
  stripTypes(`${(await targetOf("wasm").emit(module, facts)).text}\n${more}`);

/** A batch of an entry point that differs from step to step; labels name classes. */
function batchOf({ inputs }: LoadedTrainer, { module }: Lowered, seed: number, entry = "") {
  return Object.fromEntries(
    Object.keys(inputs).map((name) => {
      const { classes = 2, dtype, shape } = module.buffers.find((buffer) => buffer.name === `${name}${entry}`)!;
      const length = shape.reduce((a, b) => a * b, 1);
      if (dtype === "i32") return [name, Int32Array.from({ length }, (_, n) => (n * 7 + seed) % classes)];
      return [name, Float32Array.from({ length }, (_, n) => Math.sin(n * 12.9898 + seed))];
    }),
  );
}

const same = (a: LoadedTrainer, b: LoadedTrainer): boolean => Buffer.from(a.bytes()).equals(Buffer.from(b.bytes()));

/** How often the innermost statements run. */
const iterationsOf = (body: readonly Stmt[]): number =>
  body.reduce((sum, s) => sum + (s.kind === "for" ? Math.max(1, tripsOf(s)) * iterationsOf(s.body) : 1), 0);

describe.each(modelNames.filter((name) => name !== "alexnet"))("%s", (name) => {
  test.each([5, 6])("no element of a section has two parts, of a batch of %i", SLOW, async (batch) => {
    const { module } = await lowered(name, { target: "wasm", small: true, batch });
    const sections = module.kernels.flatMap(({ body }) => sectionsOf(body, 2) ?? []).filter(({ divided }) => divided.length > 0);
    expect(sections.map(meeting).filter((found) => found !== undefined)).toEqual([]);
  });

  test("every long product and convolution falls to two threads", SLOW, async () => {
    const { module } = await lowered(name, { target: "wasm", threads: 2 });
    const long = module.kernels.filter(({ name, flops }) => /^(dot|conv)/.test(name) && flops > 1e6);
    const alone = long.filter((kernel) => {
      const sections = divide(kernel, TWO) ?? [{ body: kernel.body, divided: [] }];
      const left = sections.filter(({ divided }) => divided.length === 0);
      return left.reduce((sum, { body }) => sum + iterationsOf(body), 0) > 0.05 * iterationsOf(kernel.body);
    });
    expect(alone.map(({ name }) => name)).toEqual([]);
  });
});

test.each(["mnist-mlp", "lenet", "char-transformer", "unet-small", "vae", "two-layer-net"])(
  "%s: parts, run in any order and some together, have the bits of one thread",
  SLOW,
  async (name) => {
    const of = await lowered(name, { target: "wasm", threads: 3 });
    const script = await scriptOf(of, "export { alone, work };");
    const { createTrainer, alone, work } = await importText<Threaded>(script);
    expect(script.match(/\bcase \d+:/g)?.length).toBeGreaterThan(1);
    const { kernels } = alone();
    let turn = 0;
    const run = (statement: number): void => {
      for (const first of [
        [2, 0, 3],
        [3, 2, 0],
        [0, 2, 3],
      ][turn++ % 3]!)
        work(statement, kernels, first, first === 0 ? 2 : first + 1, 4);
    };
    const [one, three] = [createTrainer({ seed: 3 }), createTrainer({ seed: 3, team: { kernels, run } })];
    for (let n = 0; n < 2; n++) {
      const batch = batchOf(one, of, n);
      expect(three.step(batch)).toEqual(one.step(batch));
    }
    expect(same(one, three)).toBe(true);
    const batch = batchOf(one, of, 5, "_evaluate");
    expect(three.evaluate(batch)).toEqual(one.evaluate(batch));
    expect(turn).toBeGreaterThan(3);
  },
);

describe("a team of workers", () => {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-threads-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => vi.restoreAllMocks());

  /** The emitted file on disk, where workers find it. */
  async function file(name: string, of: Lowered, change = (script: string): string => script) {
    const path = join(folder, `${name}.mjs`);
    writeFileSync(path, change(await scriptOf(of)));
    const url = pathToFileURL(path);
    return { url, exports: (await import(/* @vite-ignore */ url.href)) as Threaded };
  }

  /** As many workers as asked for, whatever the machine has. */
  const spawnOf = (url: URL) => Object.assign(() => workersOf(url)(), { cores: 8 });

  test.each([2, 3])("of %i threads has the bits of one, and goes on alone once closed", SLOW, async (threads) => {
    const of = await lowered("mnist-mlp", { target: "wasm", threads });
    const { url, exports } = await file(`mlp-${threads}`, of);
    const one = exports.createTrainer({ seed: 1 });
    const team = await exports.createThreadedTrainer({ seed: 1, spawn: spawnOf(url) });
    expect(team.threads).toBe(threads);
    for (let n = 0; n < 8; n++) expect(team.step(batchOf(one, of, n))).toBe(one.step(batchOf(one, of, n)));
    expect(same(team, one)).toBe(true);
    expect(team.stepCount).toBe(8);
    team.close();
    expect(team.step(batchOf(one, of, 9))).toBe(one.step(batchOf(one, of, 9)));
    expect(same(team, one)).toBe(true);
  });

  test("ends a step with the message of the thread that failed, and every later one", SLOW, async () => {
    const of = await lowered("mnist-mlp", { target: "wasm", threads: 2 });
    const planted = (script: string): string =>
      script
        .replace("const part = owner", `if (thread === 0) while ((Atomics.load(control, OFFERS + 16) & 15) === 0);\n$&`)
        .replace(/work\(offer >> 4/, `if (thread === 1 && offer >> 4 === 0) throw new Error("planted in statement 0");\n$&`);
    const { url, exports } = await file("failing", of, planted);
    const team = await exports.createThreadedTrainer({ seed: 1, spawn: spawnOf(url) });
    const batch = batchOf(exports.createTrainer(), of, 0);
    // the first thread tries it alone before it shares
    for (let n = 0; n < 3; n++) team.step(batch);
    expect(() => team.step(batch)).toThrow("thread 1 failed: planted in statement 0");
    expect(() => team.step(batch)).toThrow("thread 1 failed: planted in statement 0");
    team.close();
  });

  test("is not made where a worker does not start", SLOW, async () => {
    const of = await lowered("mnist-mlp", { target: "wasm", threads: 2 });
    const { exports } = await file("starting", of);
    const nowhere = pathToFileURL(join(folder, "nothing.mjs"));
    await expect(exports.createThreadedTrainer({ spawn: spawnOf(nowhere) })).rejects.toThrow(
      /^thread 1 did not start: Cannot find module '.*nothing\.mjs'/,
    );
    const plain = join(folder, "plain.mjs");
    writeFileSync(plain, "export const createTrainer = () => {};\n");
    await expect(exports.createThreadedTrainer({ spawn: spawnOf(pathToFileURL(plain)) })).rejects.toThrow(
      `thread 1 did not start: ${pathToFileURL(plain).href} has no serve: it was compiled without --threads`,
    );
  });

  test("has no more threads than there are cores, and says so once", SLOW, async () => {
    const of = await lowered("mnist-mlp", { target: "wasm", threads: 4 });
    const { url, exports } = await file("many", of);
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const spawn = Object.assign(() => workersOf(url)(), { cores: 2 });
    const [a, b] = [await exports.createThreadedTrainer({ spawn }), await exports.createThreadedTrainer({ spawn })];
    expect([a.threads, b.threads]).toEqual([2, 2]);
    expect(warned.mock.calls).toEqual([["4 threads were asked for, but there are 2 cores: the trainer runs on 2"]]);
    a.close();
    b.close();
  });

  test("is one thread where memory cannot be shared, and says so once", SLOW, async () => {
    const of = await lowered("mnist-mlp", { target: "wasm", threads: 2 });
    const { url, exports } = await file("unshared", of);
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.stubGlobal("SharedArrayBuffer", undefined);
    try {
      const one = await exports.createThreadedTrainer({ seed: 1, spawn: spawnOf(url) });
      await exports.createThreadedTrainer({ spawn: spawnOf(url) });
      expect(one.threads).toBe(1);
      expect(one.step(batchOf(one, of, 1))).toBe(exports.createTrainer({ seed: 1 }).step(batchOf(one, of, 1)));
    } finally {
      vi.unstubAllGlobals();
    }
    expect(warned.mock.calls).toEqual([
      [
        "2 threads were asked for, but SharedArrayBuffer is missing here (a page needs the headers of cross-origin isolation): the trainer runs on one thread",
      ],
    ]);
  });

  test.each([0, 1.5, -2])("of %d threads is refused", SLOW, async (threads) => {
    const of = await lowered("circuit", { target: "wasm", threads: 2 });
    const { url, exports } = await file("refused", of);
    await expect(exports.createThreadedTrainer({ threads, spawn: spawnOf(url) })).rejects.toThrow(
      new RangeError(`threads needs a whole number of at least 1, but got ${threads}`),
    );
  });
});

test("the check holds for divided kernels, and the command that makes them is on record", SLOW, async () => {
  const source = { path: "models/convolutions.ts", text: "" };
  const { check, files } = await compile(convolutions(16), { target: "wasm", threads: 2, source });
  expect(check?.holds).toBe(true);
  expect(files.get("trainer.wasm.ts")).toContain("// Regenerate: adjoint compile models/convolutions.ts --target wasm --threads 2\n");
  expect(files.get("trainer.wasm.ts")).toContain("run(0); //");
});

test("where no kernel is worth sharing there is one thread, whatever is asked, and no worker is started", SLOW, async () => {
  const of = await lowered("circuit", { target: "wasm", threads: 2 });
  const { createTrainer, createThreadedTrainer, serve } = await importText<Threaded & { serve(port: unknown): void }>(await scriptOf(of));
  // a worker's file may call it all the same
  expect(() => serve({})).not.toThrow();
  const spawn = (): never => {
    throw new Error("a worker was started");
  };
  const team = await createThreadedTrainer({ seed: 1, threads: 2, spawn });
  expect(team.threads).toBe(1);
  expect(team.step({})).toBe(createTrainer({ seed: 1 }).step({}));
  team.close();
});

test("bytes beside the file serve threads too", SLOW, async () => {
  const { files, binaries } = await compile(await modelOf("circuit"), { target: "wasm-external", threads: 2, effort: "none" });
  const { createTrainer } = await load<{ createTrainer(options: object): LoadedTrainer }>({
    files,
  });
  const { compileBytes } = await import("./support/webassembly.ts");
  const bytes = binaries.get("trainer.wasm")!;
  for (const module of [compileBytes(bytes), bytes]) expect(createTrainer({ module }).step({})).toBeTypeOf("number");
});

test("the emitted file is strict-clean without a platform's types", SLOW, async () => {
  const { module, facts } = await lowered("mnist-mlp", { target: "wasm", threads: 2 });
  const text = (await targetOf("wasm").emit(module, facts)).text;
  expect(complaintsAbout(new Map([["trainer.wasm", text]]))).toEqual([]);
  const external = (await targetOf("wasm-external").emit(module, facts)).text;
  expect(complaintsAbout(new Map([["trainer.wasm", external]]))).toEqual([]);
});

test.each([
  [{ target: "wasm", threads: 0 }, "threads needs a whole number of at least 1, but got 0"],
  [{ threads: 2 }, "only WebAssembly kernels are divided among threads, but the target is typescript"],
] as const)("%o is refused", async (options, message) => {
  await expect(lower(await modelOf("circuit"), options)).rejects.toThrow(message);
});

test.each([
  [["--target", "wasm", "--threads", "0"], '--threads needs a whole number from 1 to 9999, but got "0"'],
  [["--target", "wasm", "--threads", "two"], '--threads needs a whole number from 1 to 9999, but got "two"'],
  [["--threads", "2"], "only WebAssembly kernels are divided among threads; add --target wasm"],
] as const)("compile %j says what is wrong and writes nothing", SLOW, async (flags, message) => {
  const out = mkdtempSync(join(tmpdir(), "adjoint-threads-"));
  build();
  const { code, stderr } = await adjoint(["compile", "models/circuit.ts", "--out", out, ...flags], { cwd: root });
  expect({ code, stderr }).toEqual({ code: 2, stderr: `error ${message}\n` });
  expect(readdirSync(out)).toEqual([]);
  rmSync(out, { recursive: true });
});

test(
  "compile --threads 9999 says what more threads than cores come to, and writes a file that is made again by its command",
  SLOW,
  async () => {
    const folder = mkdtempSync(join(root, "test", "threads-"));
    try {
      const out = join(folder, "generated");
      const made = await adjoint(["compile", "models/circuit.ts", "--out", out, "--target", "wasm", "--threads", "9999"], { cwd: root });
      expect(made.stderr).toContain(
        `--threads 9999: this machine has ${availableParallelism()} cores, and a trainer takes no more threads than there are cores where it runs\n`,
      );
      expect(made.stderr).toMatch(
        /warning circuit\n\n {2}no kernel runs so long that sharing it would pay: the longest is estimated at \S+ µs, and what threads share takes 40 µs at least; the trainer is compiled for one thread\n\n {2}Leave out --threads, or give the model larger batches\.\n/,
      );
      expect(await adjoint(["compile", "--check", "models/circuit.ts", "--out", out], { cwd: root })).toMatchObject({ code: 0 });
      expect(await adjoint(["verify", join(out, "circuit", "trainer.wasm.ts")], { cwd: root })).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^CERTIFIED/) as string,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
