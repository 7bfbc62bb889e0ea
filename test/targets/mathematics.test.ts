/** The emitted mathematics stays within its bounds of mpmath's values and is right at the edges. */
import { readFileSync } from "node:fs";
import { transformSync } from "esbuild";
import { format } from "prettier";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { mathematics, sourcesFor, type MathematicsName, type Precision } from "../../compiler/targets/typescript/mathematics/index.ts";

type Table = { values: Record<MathematicsName, string[]> };
type Numeric = (...values: number[]) => number;

const precisions: readonly Precision[] = ["f32", "f64"];
const names = Object.keys(mathematics) as MathematicsName[];
const table = JSON.parse(readFileSync(new URL("../data/mathematics.json", import.meta.url), "utf8")) as Table;

function load(wanted: readonly string[], precision: Precision): Record<MathematicsName, Numeric> {
  const { code } = transformSync(sourcesFor(wanted, precision).join("\n\n"), { loader: "ts" });
  return new Function(`${code}\nreturn { ${wanted.join(", ")} };`)() as never;
}

const emitted = { f32: load(names, "f32"), f64: load(names, "f64") };

/** The distance of neighbours at x: 24 bits and 2⁻¹⁴⁹, or 53 and 2⁻¹⁰⁷⁴. */
function ulp(x: number, precision: Precision): number {
  const [bits, least] = precision === "f32" ? [24, -149] : [53, -1074];
  let exponent = Math.floor(Math.log2(Math.abs(x)));
  if (2 ** exponent > Math.abs(x)) exponent--;
  if (2 ** (exponent + 1) <= Math.abs(x)) exponent++;
  return x === 0 ? 2 ** least : 2 ** Math.max(exponent - bits + 1, least);
}

const round: Record<Precision, (x: number) => number> = { f32: Math.fround, f64: (x) => x };

/** The error of `got`, once stored, in units in the last place of value + rest. */
function ulps(got: number, value: number, rest: number, precision: Precision): number {
  const stored = round[precision](got);
  if (Object.is(stored, round[precision](value)) && !Number.isFinite(stored)) return 0;
  return Math.abs(stored - value - rest) / ulp(value, precision);
}

/** Doubles from a fixed congruential sequence, uniform in [low, high). */
function sample(low: number, high: number, count: number): number[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + ((high - low) * state) / 2 ** 32;
  });
}

describe.each(precisions)("emitted mathematics at %s", (precision) => {
  const bound = precision === "f32" ? 1 : 2;
  const boundOf = (name: MathematicsName): number => (name === "erfc" ? 2 * bound : bound);
  const own = emitted[precision];

  it.each(names)(`%s is within ${bound} ulp of the reference (erfc within two of them)`, (name) => {
    const worst = { ulps: 0, row: "" };
    for (const row of table.values[name]) {
      const numbers = row.split(" ").map(Number);
      const [value, rest] = [numbers.at(-2)!, numbers.at(-1)!];
      const error = ulps(own[name](...numbers.slice(0, -2)), value, rest, precision);
      if (!(error <= worst.ulps)) Object.assign(worst, { ulps: error, row });
    }
    expect(worst.ulps, worst.row).toBeLessThanOrEqual(boundOf(name));
  });

  it.each<[MathematicsName, number, number]>([
    ["exp", -104, 710],
    ["log", 0, 10],
    ["log", 0, 1e30],
    ["tanh", -12, 12],
    ["sin", -1000, 1000],
    ["cos", -1000, 1000],
    ["sin", -1e5, 1e5],
    ["cos", -1e5, 1e5],
    ["log1p", -1, 5],
    ["expm1", -5, 90],
    ["atan", -4, 4],
    ["atan", -1e6, 1e6],
  ])("%s agrees with this engine's on [%d, %d]", (name, low, high) => {
    const theirs = (Math as unknown as Record<string, Numeric>)[name]!;
    const off = sample(low, high, 20000).filter((x) => !(ulps(own[name](x), theirs(x), 0, precision) <= bound + 1));
    expect(off).toEqual([]);
  });

  it("pow agrees with this engine's", () => {
    const ys = sample(-30, 30, 20000).reverse();
    const pairs = sample(0, 20, 20000).map((x, i): [number, number] => [x, ys[i]!]);
    const off = pairs.filter(([x, y]) => !(ulps(own.pow(x, y), x ** y, 0, precision) <= bound + 1));
    expect(off).toEqual([]);
  });

  it.each<[MathematicsName, number, number]>([
    ["exp", -750, 711],
    ["log", 0, 10],
    ["tanh", -21, 21],
    ["erf", -7, 7],
    ["atan", -9, 9],
    ["log1p", -1, 10],
    ["expm1", -50, 90],
  ])("%s never falls, to within its bound, on [%d, %d]", (name, low, high) => {
    const xs = sample(low, high, 20000).sort((a, b) => a - b);
    const ys = xs.map((x) => round[precision](own[name](x)));
    const slack = (y: number): number => (precision === "f64" && Number.isFinite(y) ? ulp(y, precision) : 0);
    const falls = xs.filter((_, i) => i > 0 && !(ys[i]! >= ys[i - 1]! - slack(ys[i - 1]!)));
    expect(falls).toEqual([]);
  });

  it.each<[MathematicsName, number, number]>([
    ["exp", 0, 1],
    ["exp", -Infinity, 0],
    ["exp", Infinity, Infinity],
    ["exp", 1e300, Infinity],
    ["exp", 710, Infinity],
    ["exp", -800, 0],
    ["log", 1, 0],
    ["log", 0, -Infinity],
    ["log", -0, -Infinity],
    ["log", -1e-300, NaN],
    ["log", -Infinity, NaN],
    ["log", Infinity, Infinity],
    ["tanh", 0, 0],
    ["tanh", -0, -0],
    ["tanh", 1e4, 1],
    ["tanh", -1e4, -1],
    ["tanh", Infinity, 1],
    ["tanh", -Infinity, -1],
    ["sin", 0, 0],
    ["sin", -0, -0],
    ["sin", Infinity, NaN],
    ["sin", -Infinity, NaN],
    ["cos", 0, 1],
    ["cos", Infinity, NaN],
    ["erf", 0, 0],
    ["erf", -0, -0],
    ["erf", 1e4, 1],
    ["erf", -Infinity, -1],
    ["erfc", Infinity, 0],
    ["erfc", -Infinity, 2],
    ["erfc", NaN, NaN],
    ["atan", 0, 0],
    ["atan", -0, -0],
    ["atan", NaN, NaN],
    ["log1p", 0, 0],
    ["log1p", -0, -0],
    ["log1p", -1, -Infinity],
    ["log1p", -1.5, NaN],
    ["log1p", Infinity, Infinity],
    ["expm1", 0, 0],
    ["expm1", -0, -0],
    ["expm1", Infinity, Infinity],
    ["expm1", 1e4, Infinity],
    ["expm1", -1e4, -1],
    ["expm1", -Infinity, -1],
  ])("%s(%d) is %d", (name, x, value) => {
    expect(round[precision](own[name](x))).toBe(value);
  });

  it.each(names)("%s of NaN is NaN", (name) => {
    expect(own[name](NaN, 2)).toBeNaN();
  });

  it("pow has ECMAScript's special cases", () => {
    const edges = [-Infinity, -1e300, -3, -2.5, -2, -1, -0.5, -0, 0, 0.5, 1, 2, 2.5, 3, 1e300];
    edges.push(Infinity, NaN);
    for (const x of edges) {
      for (const y of edges) {
        const [mine, theirs] = [own.pow(x, y), x ** y].map(round[precision]) as [number, number];
        if (Number.isFinite(theirs) && theirs !== 0) {
          expect(ulps(mine, theirs, 0, precision), `${x}^${y}`).toBeLessThanOrEqual(bound);
        } else expect(mine, `${x}^${y}`).toBe(theirs);
      }
    }
  });

  it("sin and cos of huge angles keep their size and their circle", () => {
    const tolerance = precision === "f32" ? 1e-10 : 1e-15;
    for (const x of [1048577.5, 1e7, -1e9, 4294967296.5, 2 ** 53, -1e22, 1e100, 1.7e308]) {
      const [s, c] = [own.sin(x), own.cos(x)];
      expect(Math.abs(s * s + c * c - 1), `${x}`).toBeLessThan(2 * tolerance);
      expect(Math.abs(s - Math.sin(x)), `sin ${x}`).toBeLessThan(tolerance);
      expect(Math.abs(c - Math.cos(x)), `cos ${x}`).toBeLessThan(tolerance);
    }
  });

  it("calls nothing of Math but what ECMAScript defines to the bit", () => {
    const code = sourcesFor(names, precision)
      .join("\n")
      .replace(/\/\*\*[^]*?\*\//g, "");
    const calls = code.matchAll(/Math\.(\w+)|\*\*/g);
    expect(new Set([...calls].map(([, name]) => name))).toEqual(new Set(["floor", "abs"]));
  });

  it("is printed as prettier prints it", async () => {
    for (const text of sourcesFor(names, precision)) {
      expect(await format(text, { parser: "babel-ts", printWidth: 100 })).toBe(`${text}\n`);
    }
  });

  it("compiles strictly, each function by itself and all together", () => {
    const texts = [...names.map((name) => [name]), names].map((wanted) => {
      const uses = wanted.map((name) => `export const use_${name}: unknown = ${name};`);
      return [...sourcesFor(wanted, precision), ...uses].join("\n\n");
    });
    expect(diagnose(texts)).toEqual([]);
  });
});

/** What tsc says about modules of these texts, with every flag that emitted code promises to pass. */
function diagnose(texts: readonly string[]): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts"],
    module: ts.ModuleKind.ESNext,
    types: [],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    erasableSyntaxOnly: true,
    isolatedDeclarations: true,
    declaration: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    noImplicitReturns: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const files = new Map(texts.map((text, i) => [`emitted-${i}.ts`, text]));
  const { getSourceFile } = host;
  host.getSourceFile = (name, target, ...rest) => {
    const text = files.get(name);
    if (text === undefined) return getSourceFile(name, target, ...rest);
    return ts.createSourceFile(name, text, target);
  };
  return ts
    .getPreEmitDiagnostics(ts.createProgram([...files.keys()], options, host))
    .map((each) => `${each.file?.fileName}: ${ts.flattenDiagnosticMessageText(each.messageText, " ")}`);
}

describe("sourcesFor", () => {
  it("gives each text once, every need before its user, and no more", () => {
    const texts = sourcesFor(["tanh", "exp", "tanh"], "f32");
    expect(texts.map((text) => /(?:function|const) (\w+)/.exec(text)![1])).toEqual(["powersOfTwo", "rootsOfTwo", "tanh", "exp"]);
  });

  it("refuses a name it does not know", () => {
    expect(() => sourcesFor(["gamma"], "f32")).toThrow("'gamma'");
  });
});
