/**
 * Writes the pages of docs/ that list what there is, from what the faces of the package export and what models/ holds (`npm run tables`).
 * `--check` writes nothing and fails where a page is stale; a path names another folder of pages.
 */

import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Project, SyntaxKind, type SourceFile } from "ts-morph";
import { modelNames, root } from "./compiler.ts";
import { coveragePage } from "./coverage.ts";
import { namesPage } from "./names.ts";

const { values, positionals } = parseArgs({ options: { check: { type: "boolean" } }, allowPositionals: true });
const docs = positionals[0] ?? join(root, "docs");

/** Under which heading a public name stands, by the file that declares it and its name. The first row that fits counts. */
const GROUPS: readonly (readonly [title: string, of: RegExp])[] = [
  ["Activations", /^compiler\/model\/(activations\.ts|elementwise\.ts (relu|sigmoid|tanh|logSigmoid|softsign)$|piecewise\.ts )/],
  ["Layers", /^compiler\/model\/(layers\/|attention\.ts |rotary\.ts )/],
  ["Losses and penalties", /^compiler\/model\/losses\//],
  ["Learning rate schedules", /^compiler\/model\/optimizers\/rate-schedules\.ts /],
  ["Optimizers, and what may stand around them", /^compiler\/model\/optimizers\//],
];

const project = new Project({ useInMemoryFileSystem: true });
const sources = new Map<string, SourceFile>();

async function sourceAt(path: string): Promise<SourceFile> {
  const known = sources.get(path);
  if (known !== undefined) return known;
  const source = project.createSourceFile(path, await readFile(join(root, path), "utf8"));
  sources.set(path, source);
  return source;
}

interface Documented {
  readonly path: string;
  readonly doc: string;
}

/** The docstring of a name that a file declares or passes on, and the file that declares it. */
async function declaredIn(path: string, name: string): Promise<Documented> {
  const source = await sourceAt(path);
  const declared =
    source.getFunction(name) ??
    source.getClass(name) ??
    source.getVariableStatement((one) => one.getDeclarations().some((each) => each.getName() === name));
  if (declared !== undefined) {
    // of an overloaded function, the first signature carries the docstring
    const documented = [...(declared.isKind(SyntaxKind.FunctionDeclaration) ? declared.getOverloads() : []), declared];
    return { path, doc: documented.flatMap((one) => one.getJsDocs())[0]?.getDescription() ?? "" };
  }
  for (const passed of source.getExportDeclarations())
    for (const one of passed.getNamedExports())
      if ((one.getAliasNode()?.getText() ?? one.getName()) === name)
        return declaredIn(join(dirname(path), passed.getModuleSpecifierValue()!), one.getName());
  throw new Error(`${path} neither declares nor passes on ${name}`);
}

/** Every value that a face exports, with its docstring. */
async function publicNames(face: string): Promise<readonly (Documented & { readonly name: string })[]> {
  const index = await sourceAt(face);
  const found: (Documented & { readonly name: string })[] = [];
  for (const line of index.getExportDeclarations().filter((one) => !one.isTypeOnly())) {
    const passed = line.getModuleSpecifierValue();
    if (!line.hasNamedExports() && passed !== undefined) found.push(...(await publicNames(join(dirname(face), passed))));
    for (const one of line.getNamedExports().filter((each) => !each.isTypeOnly())) {
      const name = one.getAliasNode()?.getText() ?? one.getName();
      found.push({ name, ...(await declaredIn(face, name)) });
    }
  }
  return found;
}

/** Up to the full stop that another sentence follows. */
function firstSentence(name: string, doc: string): string {
  const text = doc.replace(/\s+/g, " ").trim();
  if (text === "") throw new Error(`${name} is public and has no docstring`);
  return (/^.*?(?<!\bal)\.(?= [\p{L}`])/u.exec(text)?.[0] ?? text).replace(/\.$/, "");
}

/** In code spans Markdown shows `<` as it is. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/`[^`]*`|</g, (part) => (part === "<" ? "&lt;" : part));
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
const section = (title: string, body: string): string => `## ${title}\n\n${body}`;
const namesTable = (rows: readonly (Documented & { readonly name: string })[]): string =>
  table(
    ["name", "what it is"],
    rows.map(({ name, doc }) => [`\`${name}\``, cell(firstSentence(name, doc))]),
  );

/** The literals of `export const <name> = { … }` of a model file; nothing where there is none. */
function literalsOf(source: SourceFile, name: string): Partial<Record<string, string>> {
  const object = source.getVariableDeclaration(name)?.getInitializerIfKind(SyntaxKind.ObjectLiteralExpression);
  const pairs = object?.getProperties().filter((one) => one.isKind(SyntaxKind.PropertyAssignment)) ?? [];
  return Object.fromEntries(pairs.map((pair) => [pair.getName(), pair.getInitializerOrThrow().getText().replaceAll('"', "")]));
}

function learnsText({ metric, atLeast, shareOfFirst, generator, within, detects, writes }: Partial<Record<string, string>>): string {
  if (detects !== undefined) return `${detects}: mean average precision ≥ ${atLeast}`;
  if (writes !== undefined) return `${writes} word for word ≥ ${atLeast}`;
  if (generator !== undefined) return `${generator}: mean and variance within ${within} of the data's`;
  if (atLeast !== undefined) return `${metric} ≥ ${atLeast}`;
  return shareOfFirst === undefined ? "" : `${metric} ≤ ${shareOfFirst} of the first`;
}

async function modelRows(): Promise<readonly (readonly string[])[]> {
  const rows = modelNames.map(async (stem) => {
    const source = await sourceAt(`models/${stem}.ts`);
    const report = await readFile(join(root, "generated", stem, "report.md"), "utf8");
    const fact = (what: string): string => new RegExp(`^\\| ${what} \\| (.*) \\|$`, "m").exec(report)?.[1] ?? "";
    const links = `[${stem}](../models/${stem}.ts)`;
    const trainer = `[trainer](../generated/${stem}/trainer.ts)`;
    const { source: data = "" } = literalsOf(source, "data");
    return [links, fact("parameters"), fact("arena, bytes"), data, learnsText(literalsOf(source, "learns")), trainer];
  });
  return Promise.all(rows);
}

const names = await publicNames("compiler/index.ts");

/** The words of the layer language, by what they are for, and the models. */
async function contentsPage(): Promise<string> {
  const groupOf = ({ path, name }: { readonly path: string; readonly name: string }): string | undefined =>
    GROUPS.find(([, of]) => of.test(`${path} ${name}`))?.[0];
  const parts = GROUPS.map(([title]) => {
    const rows = names.filter((one) => groupOf(one) === title).sort((a, b) => (a.name < b.name ? -1 : 1));
    return section(`${title} (${rows.length})`, namesTable(rows));
  });
  const models = await modelRows();
  const head = ["model", "parameters", "arena, bytes", "data", "learns (`npm run learn`)", "gradient code"];
  return `${[
    "# What there is",
    "Made by `npm run tables` from the code. [names.md](names.md) says what PyTorch, Keras and ONNX call the functions, and where they differ.",
    ...parts,
    section(`Models (${models.length})`, table(head, models)),
  ].join("\n\n")}\n`;
}

/** What a program may import beside the layer language, by where it runs. */
const FACES = [
  ["adjoint/runtime", "runtime/index.ts", "Runs everywhere. A trainer needs none of it."],
  ["adjoint/runtime/node", "runtime/node/index.ts", "Where there are files and a terminal."],
  ["adjoint/runtime/browser", "runtime/browser/index.ts", "Where there is a page; [browser.md](browser.md) shows it."],
  ["adjoint/node", "compiler/node.ts", "For tools that compile."],
] as const;

async function runtimePage(): Promise<string> {
  const sections = FACES.map(async ([name, face, where]) => {
    const rows = [...(await publicNames(face))].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
    return `${section(name, where)}\n\n${namesTable(rows)}`;
  });
  return `${["# What programs import beside their trainers", "Made by `npm run tables` from the code.", ...(await Promise.all(sections))].join("\n\n")}\n`;
}

const functions = (await publicNames("compiler/functions.ts")).map(({ name }) => name);
const pages = {
  "names.md": namesPage(names, functions),
  "contents.md": await contentsPage(),
  "runtime.md": await runtimePage(),
  "coverage.md": coveragePage(),
};
for (const [name, text] of Object.entries(pages)) {
  const page = join(docs, name);
  if (values.check !== true) await writeFile(page, text);
  else if (text !== (await readFile(page, "utf8").catch(() => ""))) {
    process.stderr.write(`${relative(process.cwd(), page)} is not that of the code; run npm run tables\n`);
    process.exitCode = 1;
  }
}
