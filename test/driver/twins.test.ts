/** What is true of every committed trainer beside a plain one: each kernel names the kernel there that makes the same values. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { lower } from "../../compiler/driver/lower.ts";
import { loadModel } from "../../compiler/cli/load-model.ts";

const folder = fileURLToPath(new URL("../../generated/", import.meta.url));
const pairs = readdirSync(folder).filter((name) => existsSync(`${folder}${name}/trainer.plain.ts`));

interface Maker {
  readonly entry: string;
  readonly nodes: readonly string[];
  readonly kernel: string;
}

interface File {
  /** Kernels under their definitions, and their docs. */
  readonly docs: ReadonlyMap<string, string>;
  /** Statements that call a kernel, with the nodes of the graph that they make. */
  readonly makers: readonly Maker[];
  /** Kernels that statements call. */
  readonly called: ReadonlySet<string>;
}

function read(file: string): File {
  const text = readFileSync(folder + file, "utf8");
  const kernels = text.slice(text.indexOf("// #region kernels\n"), text.indexOf("// #region checks\n"));
  const docs = new Map([...kernels.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\nfunction (\w+)\(/g)].map(([, doc, name]) => [name!, doc!]));
  const bound = new Map([...text.matchAll(/^ {2}const (\w+) = (?:Array\.from\([^]*?=>\s*)?(\w+)\(/gm)].map(([, own, of]) => [own!, of!]));
  const makers: Maker[] = [];
  const called = new Set<string>();
  for (const [body, entry] of text.slice(0, text.indexOf("// #region memory\n")).matchAll(/^ {2}function (\w+)\([^]*?^ {2}\}$/gm)) {
    let comments = "";
    for (const line of body.split("\n")) {
      if (/^ +\/\/ (?![#—])/.test(line)) comments += line;
      else if (line !== "") {
        const name = /^ +(\w+)(?:\[\w+\]!)?\(/.exec(line)?.[1] ?? "";
        const kernel = bound.get(name) ?? name;
        if (docs.has(kernel)) makers.push({ entry: entry!, nodes: comments.match(/%[^\s,…]+/g) ?? [], kernel });
        if (docs.has(kernel)) called.add(kernel);
        comments = "";
      }
    }
  }
  return { docs, makers, called };
}

/** Those that a kernel's doc names, or the one of its name. */
const named = (kernel: string, doc: string): string[] =>
  /\* Plain twins?: ([^]*?)\./
    .exec(doc)?.[1]!
    .replace(/\s*\*\s*/g, " ")
    .split(/,\s*/) ?? [kernel];

describe.each(pairs)("%s", (model) => {
  const fast = read(`${model}/trainer.ts`);
  const plain = read(`${model}/trainer.plain.ts`);

  test("each kernel names the kernels of trainer.plain.ts that make the same values", () => {
    const made = new Map<string, { readonly all: string[]; readonly some: string[] }>();
    for (const { entry, nodes, kernel } of fast.makers) {
      const { all, some } = made.get(kernel) ?? { all: [], some: [] };
      const there = plain.makers.filter((one) => one.entry === entry);
      all.push(...there.flatMap((one) => (one.nodes.join() === nodes.join() ? [one.kernel] : [])));
      some.push(...there.flatMap((one) => (one.nodes.some((node) => nodes.includes(node)) ? [one.kernel] : [])));
      made.set(kernel, { all, some });
    }
    expect([...made.keys()].toSorted()).toEqual([...fast.called].toSorted());
    for (const [kernel, { all, some }] of made) {
      const twins = named(kernel, fast.docs.get(kernel)!);
      // what copies an operand is alone; what stores a segment of a joined value there makes one of two
      if (some.length === 0) expect(kernel, "nothing makes these values there").toMatch(/^(widen|pad)_/);
      else {
        expect(some, kernel).toEqual(expect.arrayContaining(twins));
        expect(twins, kernel).toEqual(expect.arrayContaining(all));
      }
      for (const twin of some.length === 0 ? [] : twins) expect(plain.docs.has(twin), `${kernel}: ${twin}`).toBe(true);
    }
  });
});

describe("a model", () => {
  const facts = async (options: object) => (await lower((await loadModel("models/linear-softmax.ts")).model, options)).facts;

  test("has no twins where there can be no plain file with the same bits", async () => {
    expect((await facts({})).twins?.size).toBeGreaterThan(0);
    for (const options of [{ winograd: true }, { memory: "900KB" }, { target: "wasm" }])
      expect((await facts(options)).twins).toBeUndefined();
  });
});
