/** What is true of names that are long, alike, or of letters that no identifier has: each thing of a trainer keeps its own, on both targets, and files are found again. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { add, dense, hyper, input, model, mul, param, sgd, square, sub, sum, zeros, constant, mse } from "adjoint";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readHeader } from "../compiler/cli/header.ts";
import { compile, load } from "../compiler/compile.ts";
import { identifier, Names } from "../compiler/loop/identifier.ts";
import { adjoint, build } from "./support/command.ts";

const long = (length: number, end = ""): string => "w".repeat(length - end.length) + end;
const NAMES = [
  ...[57, 58, 59, 60, 61, 64, 200, 1000].map((length) => long(length)),
  // alike in their first 60 characters, and what the first of them is told from the others by
  ...["a", "b", "_2", "_3"].map((end) => `${long(60)}${end}`),
  ...["2", "22", "2 kernels", "日本語の重み", "日本語の重さ", "🙂", "ÅÄÖ", "class", "NaN", "step"],
  `${"日".repeat(70)}1`,
  `${"日".repeat(70)}2`,
];

describe("identifiers", () => {
  test("are given out once, stay what they are, and are no longer than they may be", () => {
    const names = new Names(["w"]);
    const given = [...NAMES, ...NAMES, "w"].map((name) => names.take(name));
    expect(new Set(given).size).toBe(2 * NAMES.length + 1);
    for (const one of given) {
      expect(identifier(one)).toBe(one);
      expect(one).toMatch(/^[A-Za-z_$][\w$]{0,60}$/);
    }
  });

  test("of any names, inner ones included", () => {
    const any = fc.array(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom(...NAMES),
        fc.nat(99).map((n) => long(60 + (n % 3), String(n))),
      ),
      { maxLength: 15 },
    );
    fc.assert(
      fc.property(any, any, (outer, inner) => {
        const names = new Names();
        const given = outer.map((name) => names.take(name));
        const within = names.nested();
        given.push(...inner.map((name) => within.take(`${identifier(name)}_`)));
        expect(new Set(given).size).toBe(given.length);
        for (const one of given) expect(identifier(one)).toBe(one);
      }),
      { seed: 17, numRuns: 40 },
    );
  });
});

/** Σ over the names of Σ (w − x·h)², with w = n + 1 at first. */
const named = model("named", { batch: 1 }, ({ batch }) => {
  const terms = NAMES.map((name, n) => {
    const w = param(name, [1, 2], constant(n + 1));
    const x = mul(input(`${name}.x`, [batch, 2]), hyper(`${name}.h`, 1));
    return sum(square(sub(w, x)));
  });
  return { loss: terms.reduce((a, b) => add(a, b)), optimizer: sgd({ learningRate: 0.25, momentum: 0.5 }) };
});

test.each(["typescript", "wasm"] as const)(
  "parameters, states, inputs and live scalars of all these names are trained apart for %s",
  { timeout: 120_000 },
  async (target) => {
    const { createTrainer } = await load(await compile(named, { target }));
    const trainer = createTrainer();
    const batch = Object.fromEntries(NAMES.map((name) => [`${name}.x`, new Float32Array(2)]));
    // w → w − ½w, with a momentum of 2w; then by half of that and the new gradient w: 0
    const squares = NAMES.reduce((total, _, n) => total + 2 * (n + 1) ** 2, 0);
    expect(trainer.step(batch)).toBe(squares);
    NAMES.forEach((name, n) => {
      expect([...trainer.parameters[name]!], name).toEqual([(n + 1) / 2, (n + 1) / 2]);
      expect([...trainer.state[`${name}.momentum`]!], name).toEqual([2 * (n + 1), 2 * (n + 1)]);
    });
    expect(trainer.step(batch)).toBe(squares / 4);
    for (const name of NAMES) expect([...trainer.parameters[name]!], name).toEqual([0, 0]);
    // the first input of one name moves the weights of that name alone
    trainer.hyper[`${NAMES[8]}.h`] = 2;
    expect(trainer.step({ ...batch, [`${NAMES[8]}.x`]: Float32Array.of(3, 3) })).toBe(72);
  },
);

test.each(["typescript", "wasm"] as const)(
  "layers whose names are alike in 199 of 200 characters for %s",
  { timeout: 120_000 },
  async (target) => {
    const [one, other] = [long(200, "1"), long(200, "2")];
    const layers = model("layers", { batch: 2 }, ({ batch }) => {
      const x = input("x", [batch, 3]);
      const hidden = dense(4, { name: one, activation: "relu", kernelInitializer: constant(1) })(x);
      const y = dense(2, { name: other, kernelInitializer: constant(0.5), biasInitializer: zeros() })(hidden);
      return { loss: mse(y, input("target", [batch, 2])), outputs: { y }, optimizer: sgd() };
    });
    const { createTrainer } = await load(await compile(layers, { target }));
    const { y } = createTrainer().predict({ x: Float32Array.of(1, 2, 3) });
    expect([...y!]).toEqual([12, 12]); // 4 · ½ · 6
  },
);

describe("files of odd names", () => {
  const model = `import { constant, model, mul, param, sgd } from "adjoint";
export default model("odd", {}, () => {
  const w = param("w", [], constant(-2));
  const f = mul(w, w);
  return { loss: f, outputs: { f }, optimizer: sgd() };
});
`;
  let folder = "";
  beforeAll(() => {
    build();
    folder = mkdtempSync(join(tmpdir(), "names-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const written = (project: string, file: string, text = model): string => {
    const cwd = join(folder, project);
    mkdirSync(join(cwd, "models"), { recursive: true });
    writeFileSync(join(cwd, "models", file), text);
    writeFileSync(join(cwd, "package.json"), "{}");
    return cwd;
  };

  test.each([
    ["100%b (1)", "line\nfeed\u2028and\u2029 \\u2028 50%25 #1?.ts"],
    ["c%20d", `${"s".repeat(250)}.ts`],
  ])("in %j a model is compiled, and its trainer verified", async (project, file) => {
    const cwd = written(project, file);
    const compiled = await adjoint(["compile", `models/${file}`, "--json"], { cwd });
    expect([compiled.stderr, compiled.code]).toEqual(["", 0]);
    const verified = await adjoint(["verify", "--json"], { cwd });
    expect([verified.stderr, verified.code]).toEqual(["", 0]);
  });

  test("a fault in a folder with a percent sign is told at its line", async () => {
    const cwd = written("50%", "bad.ts", model.replace("mul(w, w)", 'mul(w, param("v", [-1], constant(0)))'));
    const { code, stderr } = await adjoint(["compile", "models/bad.ts"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("error models/bad.ts:4\n");
    expect(stderr).toContain('> 4 |   const f = mul(w, param("v", [-1], constant(0)));');
  });

  test("a header gives back any path, and takes no part of it for a flag", async () => {
    const paths = [
      "models/a --winograd --memory 5KB b.ts",
      "models/\\u2028.ts",
      "models/\u2028\n\r\0.ts",
      "models/\\\\u005c.ts",
      `${"d/".repeat(3000)}m.ts`,
    ];
    for (const path of paths) {
      const { files } = await compile(named1, { source: { path, text: "" }, effort: "none" });
      const header = readHeader(files.get("trainer.ts")!)!;
      expect(header.model).toBe(path);
      expect([header.winograd, header.memory, header.target]).toEqual([undefined, undefined, "typescript"]);
    }
  });
});

const named1 = model("one", {}, () => ({ loss: square(param("w", [], constant(1))), optimizer: sgd() }));
