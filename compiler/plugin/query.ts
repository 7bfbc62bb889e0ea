/** `import { createTrainer } from "./xor.ts?trainer"`: for those who want no generated files among their own. They lie in .adjoint/, which git leaves alone. */

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Project } from "../cli/config.ts";
import { readHeader } from "../cli/header.ts";
import { jobsOf, type Job } from "../cli/jobs.ts";
import { readText, writeOneFile } from "../cli/write-files.ts";
import { declarationsOf } from "../targets/javascript.ts";

/** What such an import ends with. */
export const QUERY = /\?trainer$/;

/** Where the trainers lie that were asked for so. */
export const hiddenFolder = (root: string): string => join(root, ".adjoint");

/** The compile that an import asks for, by the first of its configured trainers. */
export function jobAsked(project: Project, root: string, source: string, importer: string | undefined): Job {
  const path = source.replace(QUERY, "");
  const model = resolve(importer === undefined || importer === "" ? root : dirname(importer.replace(/\?.*$/, "")), path);
  return jobsOf(project, hiddenFolder(root), [model], {})[0]!;
}

/** Writes adjoint-trainers.d.ts, which types the imports of all trainers that lie there, and keeps git from them. */
export function writeTypes(root: string): void {
  const folder = hiddenFolder(root);
  const texts = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const names = entry.isDirectory() ? readdirSync(join(folder, entry.name)) : [];
    const text = readText(join(folder, entry.name, names.find((name) => /^trainer(?:\.wasm)?\.ts$/.test(name)) ?? ""));
    const model = readHeader(text ?? "")?.model;
    return text === undefined || model === undefined ? [] : [moduleOf(basename(model), text)];
  });
  if (!existsSync(join(folder, ".gitignore"))) writeOneFile(join(folder, ".gitignore"), "*\n");
  const head = "// Made by the plugin of adjoint: the types of trainers that are imported with ?trainer. Edits here are lost.\n";
  writeOneFile(join(root, "adjoint-trainers.d.ts"), [head, ...texts].join("\n"));
}

/** What an import of a model's trainer gives, wherever the importer lies. */
const moduleOf = (file: string, text: string): string =>
  `declare module ${JSON.stringify(`*/${file}?trainer`)} {\n${declarationsOf(text)
    .replace(/^export declare /gm, "export ")
    .replace(/^(?=.)/gm, "  ")}}\n`;
