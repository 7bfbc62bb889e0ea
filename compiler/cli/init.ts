/** `adjoint init`: a project that trains, of files that are kept: a model, its data, a page or a script, and what ties them together. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { defineCommand } from "citty";
import { VERSION } from "../version.ts";
import { COMMON } from "./arguments.ts";
import { InputError, suggestion } from "./errors.ts";
import type { InitJson } from "./json.ts";
import { paint, result, resultJson } from "./output.ts";
import { writeFiles } from "./write-files.ts";

/** Beside the build, and beside the sources. */
const TEMPLATES = fileURLToPath(new URL(import.meta.url.endsWith("/cli/init.ts") ? "../../templates" : "../templates", import.meta.url));
/** What every project has. */
const BASE = "base";
/** Templates that are another's with some files of their own. */
const UPON: Readonly<Record<string, string>> = { worker: "vite" };
/** Names that packages cannot hold, as templates have them. */
const NAMES: Readonly<Record<string, string>> = { gitattributes: ".gitattributes" };

export const init = defineCommand({
  meta: { name: "adjoint init", description: "Write a project that trains" },
  args: {
    folder: { type: "positional", required: false, description: "Where to write it (this folder)" },
    template: { type: "string", default: "node", valueHint: "name", description: "node, vite, worker (a page that trains in one) or edge" },
    ...COMMON,
  },
  run({ args }) {
    const [folder = ".", second] = args._;
    if (second !== undefined) throw new InputError(`adjoint init takes one folder, but got ${args._.join(" and ")}`);
    const templates = readdirSync(TEMPLATES).filter((name) => name !== BASE);
    if (!templates.includes(args.template))
      throw new InputError(
        `there is no template ${JSON.stringify(args.template)}${suggestion(args.template, templates, "--template ")}; the templates are ${templates.join(", ")}`,
      );
    const files = new Map([BASE, UPON[args.template] ?? [], args.template].flat().flatMap((name) => filesIn(join(TEMPLATES, name))));
    const own = files.get("package.json")!;
    files.delete("package.json");
    const there = [...files.keys()].filter((file) => existsSync(join(folder, file)));
    if (there.length > 0)
      throw new InputError(
        `${there.map((file) => join(folder, file)).join(", ")} would be written over; name another folder: adjoint init <folder>`,
      );
    const before = packageIn(folder);
    files.set("package.json", `${JSON.stringify(merged(before, JSON.parse(own) as Package, folder), undefined, 2)}\n`);
    const written: string[] = [];
    // a folder at a time, the package last: it makes a project of what is there
    for (const [path, texts] of byFolder(files)) written.push(...writeFiles(join(folder, path), texts).map(({ file }) => file));
    if (args.json === true) return resultJson({ template: args.template, folder, files: written } satisfies InitJson);
    const go = [...(resolve(folder) === process.cwd() ? [] : [`cd ${folder}`]), "npm install", "npm start"].join(" && ");
    result([`${paint.green("✓")} ${written.length} files written`, ...written.map((file) => `  ${file}`), "", `Now: ${go}`].join("\n"));
  },
});

interface Package {
  readonly [key: string]: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The texts of a template, by their paths in a project. */
function filesIn(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => statSync(join(folder, file)).isFile())
    .sort()
    .map((file) => [NAMES[file] ?? file, readFileSync(join(folder, file), "utf8")]);
}

function packageIn(folder: string): Package | undefined {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return undefined;
  try {
    const found: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof found === "object" && found !== null) return found as Package;
  } catch {
    // told below
  }
  throw new InputError(`${file} is not JSON of an object; mend it, or name another folder: adjoint init <folder>`);
}

/** A package with what a template adds; what it had itself stays, its scripts and versions too. */
function merged(before: Package | undefined, template: Package, folder: string): Package {
  const has = before?.dependencies?.["adjoint"] ?? before?.devDependencies?.["adjoint"];
  const base: Package = before ?? { name: nameOf(folder), private: true };
  return {
    ...base,
    type: "module",
    scripts: { ...template.scripts, ...base.scripts },
    ...(has === undefined ? { dependencies: { ...base.dependencies, adjoint: `^${VERSION}` } } : {}),
    devDependencies: { ...template.devDependencies, ...base.devDependencies },
  };
}

/** A name that packages may have. */
const nameOf = (folder: string): string =>
  basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "") || "trainer";

function byFolder(files: ReadonlyMap<string, string>): Map<string, Map<string, string>> {
  const folders = new Map<string, Map<string, string>>();
  for (const [file, text] of files) {
    const path = file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : "";
    folders.set(path, (folders.get(path) ?? new Map<string, string>()).set(basename(file), text));
  }
  return new Map([...folders].sort(([a], [b]) => b.length - a.length));
}
