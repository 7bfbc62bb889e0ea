/** What a reader may rely on in every committed trainer: landmarks, laws, kernels that say what they store, names that exist. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Project, SyntaxKind, type FunctionDeclaration, type SourceFile } from "ts-morph";
import { describe, expect, test } from "vitest";

const folder = fileURLToPath(new URL("../generated/", import.meta.url));
const files = readdirSync(folder)
  .sort()
  .flatMap((name) => ["trainer.ts", "trainer.plain.ts", "gradients.ts"].map((file) => `${name}/${file}`))
  .filter((file) => existsSync(folder + file));
const textOf = (file: string): string => readFileSync(folder + file, "utf8");

/** A comment over a statement, as it was before it was wrapped. */
interface Comment {
  /** Of the statement that it stands over. */
  readonly statement: number;
  readonly text: string;
}

/** The text of an entry's function, without its head. */
const bodyOf = (text: string, name: string): string => {
  const start = text.search(new RegExp(`^  function ${name}\\(`, "m"));
  return start < 0 ? "" : text.slice(start, text.indexOf("\n  }\n", start));
};

/** The lines of mathematics over the statements of an entry. */
function commentsIn(body: string): Comment[] {
  const all: { statement: number; text: string }[] = [];
  let inside = false;
  for (const line of body.split("\n")) {
    const [, more, number, text] = /^ {4}\/\/ (?: {4}(.*)|(?:(\d+)\. )?(.*))$/.exec(line) ?? [];
    if (more !== undefined && inside) all.at(-1)!.text += ` ${more}`;
    else if (number !== undefined) inside = true;
    if (text === undefined && more === undefined) inside = false;
    else if (text !== undefined && inside) all.push({ statement: number === undefined ? all.at(-1)!.statement : Number(number), text });
  }
  return all;
}

const entriesIn = (text: string): string[] =>
  [...text.matchAll(/^ {2}function (\w+)\(/gm)].map(([, name]) => name!).filter((name) => commentsIn(bodyOf(text, name)).length > 0);

/** Functions that train, which have a forward and a backward part. */
const trainsIn = (text: string): string[] => entriesIn(text).filter((name) => name !== "evaluate" && name !== "predict");

const ADJOINT = / {2}adjoint of (.*), \S+?:[\d, ]+$/;

describe.each(files)("%s", (file) => {
  const text = textOf(file);

  test("has its contents, its step before tables and types, and a region for each part", () => {
    const lines = text.split("\n");
    const contents = lines.slice(
      0,
      lines.findIndex((line) => !line.startsWith("//")),
    );
    const places = contents.flatMap((line) =>
      [...line.matchAll(/(\w+) (\d+)(?=[:, )]|$)/g)].map(([, name, at]) => [name!, Number(at)] as const),
    );
    const shown = new Map(
      places.filter(([name]) =>
        /^(step|gradients|evaluate|predict|forward|update|backward|memory|types|tables|kernels|checks|mathematics)$/.test(name),
      ),
    );
    for (const [name, at] of shown) expect(lines[at - 1]).toMatch(new RegExp(`^\\s*(function ${name}\\(|// #region ${name}$)`));
    const first = file.endsWith("gradients.ts") ? "gradients" : "step";
    for (const name of [first, "forward", "backward", "memory", "types", "tables", "kernels", "checks"])
      if (text.includes(`// #region ${name}\n`)) expect([...shown.keys()]).toContain(name);
    expect(shown.get(first)).toBeLessThan(Math.min(shown.get("types")!, shown.get("tables")!));
    expect(text.match(/\/\/ #region /g)?.length).toBe(text.match(/\/\/ #endregion/g)?.length);
  });

  test("has regions forward and backward, and where it trains update", () => {
    for (const name of trainsIn(text).filter((name) => commentsIn(bodyOf(text, name)).length > 0)) {
      const body = bodyOf(text, name);
      const regions = [...body.matchAll(/\/\/ #region (\w+)$/gm)].map(([, region]) => region);
      expect(regions).toContain("forward");
      expect(regions).toContain("backward");
      if (!file.endsWith("gradients.ts")) expect(regions).toContain("update");
    }
  });

  test("every line of a gradient names a statement that is there, and a law", () => {
    for (const name of entriesIn(text)) {
      const comments = commentsIn(bodyOf(text, name));
      const last = Math.max(...comments.map(({ statement }) => statement));
      for (const { text: line } of comments.filter(({ text }) => text.includes("  adjoint of "))) {
        const [, why] = ADJOINT.exec(line) ?? [];
        expect(why, line).toMatch(/: .*d_\w+ = ./);
        const statements = [...why!.matchAll(/\(statement ([\d, ]+)\)/g)].flatMap(([, list]) => list!.split(", ").map(Number));
        expect(statements.length, line).toBeGreaterThan(0);
        for (const statement of statements) expect(statement >= 1 && statement <= last, line).toBe(true);
      }
    }
  });

  test("has no comment wider than 140 columns, unless of one word", () => {
    const wide = text.split("\n").filter((line) => line.length > 140 && /^\s*(\/\/|\*|\/\*\*)|; \/\/ /.test(line));
    expect(wide.filter((line) => !/^\s*(\/\/|\*) +\S+$/.test(line))).toEqual([]);
  });

  const parsed = (): SourceFile => new Project({ useInMemoryFileSystem: true }).createSourceFile("file.ts", kernelsOf(text));

  test("every array that a kernel stores is named in its doc, with how it is made", () => {
    const file = parsed();
    for (const kernel of kernelsIn(file)) {
      const doc = docOf(kernel);
      const stored = storedBy(kernel, file);
      expect(stored.length, kernel.getName()).toBeGreaterThan(0);
      for (const array of stored)
        expect(doc, `${kernel.getName()}: ${array}`).toMatch(new RegExp(`(^|\\n|in )${array}′?(\\[[^=]*)? = |in ${array}\\[`));
    }
  });

  test("has no name in a kernel's doc that the kernel, its mathematics or another line of the doc does not have", () => {
    for (const kernel of kernelsIn(parsed())) {
      const doc = docOf(kernel)
        .split("\n")
        .filter((line) => line.includes(" = "))
        .join("\n");
      const known = new Set([
        ...kernel
          .getText()
          .replace(/\/\*[^]*?\*\//g, "")
          .match(/[\p{L}_$][\w$]*/gu)!,
        ...WORDS,
      ]);
      const defined = [...doc.matchAll(/^([\p{L}_$][\w$]*)/gmu)].map(([, name]) => name!);
      const axes = [...doc.matchAll(/([a-z]\d*)<\S/g)].map(([, axis]) => axis!);
      const names = new Set(doc.match(/(?<![\w.])[\p{L}_$][\w$]*/gu) ?? []);
      expect(
        [...names].filter((name) => !known.has(name) && !defined.includes(name) && !axes.includes(name)),
        `${kernel.getName()}\n${doc}`,
      ).toEqual([]);
    }
  });
});

/** Words of index notation. */
const WORDS =
  "Σ where relu max min argmax exp log sqrt tanh sin cos erf log1p expm1 abs sign floor pow f32 f64 i32 bool round in lanes memory div mod true false sigmoid or randomBits xor shl shr bits".split(
    " ",
  );

const kernelsOf = (text: string): string =>
  text.slice(text.indexOf("// #region kernels\n"), text.indexOf("// #endregion", text.indexOf("// #region kernels\n")));

/** A kernel's doc, each definition on one line. */
const docOf = (kernel: FunctionDeclaration): string =>
  kernel
    .getJsDocs()
    .map((doc) => doc.getInnerText())
    .join("\n")
    .replace(/\n {4}/g, " ");

/** Functions under definitions; the others are what kernels do with each element. */
const kernelsIn = (file: SourceFile): FunctionDeclaration[] => file.getFunctions().filter((one) => docOf(one).includes(" = "));

/** The arrays that statements store to, here or in the functions that are called with them. */
function storedBy(of: FunctionDeclaration, file: SourceFile): string[] {
  const stores = of.getDescendantsOfKind(SyntaxKind.BinaryExpression).filter((one) => /^.?=$/.test(one.getOperatorToken().getText()));
  const own = stores.flatMap((one) => one.getLeft().asKind(SyntaxKind.ElementAccessExpression)?.getExpression().getText() ?? []);
  const given = of.getDescendantsOfKind(SyntaxKind.CallExpression).flatMap((call) => {
    const called = file.getFunction(call.getExpression().getText());
    if (called === undefined || called === of) return [];
    const stored = storedBy(called, file);
    return called
      .getParameters()
      .flatMap((parameter, n) => (stored.includes(parameter.getName()) ? [call.getArguments()[n]!.getText()] : []));
  });
  return [...new Set([...own, ...given])];
}
