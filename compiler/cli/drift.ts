/** `compile --check`: every file under generated/ is what the command in its header makes, byte for byte, or is named. */

import { readdirSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { compile, type Compiled } from "../compile.ts";
import { generatedFolders, HEADED, modelOf, TRAINERS } from "./generated.ts";
import { withoutCertificate } from "../check/certificate.ts";
import { carriesItsHash, certificateLine, optionsOf, readHeader } from "./header.ts";
import type { Difference, DriftJson } from "./json.ts";
import { loadModel } from "./load-model.ts";
import { schedulesOf } from "./schedules.ts";
import { paint } from "./output.ts";
import { readText, stands } from "./write-files.ts";

/** Left to `adjoint verify`, but for the hash they carry. */
const CERTIFICATES: readonly string[] = TRAINERS.map(({ certificate }) => certificate);
const isTrainer = (name: string): boolean => TRAINERS.some(({ file }) => file === name);

/** Compares the folders of the given models, or all. */
export async function checkDrift(out: string, models: readonly string[], progress: (text: string) => void): Promise<DriftJson> {
  const stems = models.map((model) => basename(model, extname(model)));
  const folders = generatedFolders(out).filter((folder) => models.length === 0 || stems.includes(basename(folder)));
  const missing = stems
    .map((stem) => join(out, stem))
    .filter((folder) => !folders.includes(folder))
    .map((folder) => ({ file: `${folder}/`, reason: "is not there; run adjoint compile" }));
  const differences: Difference[] = [...missing];
  let files = 0;
  for (const folder of folders) {
    progress(`${folder}: compiling`);
    const names = readdirSync(folder).sort();
    files += names.length;
    differences.push(...(await checkFolder(folder, names)));
  }
  return { holds: differences.length === 0, files, differences };
}

async function checkFolder(folder: string, names: readonly string[]): Promise<Difference[]> {
  const differences: Difference[] = [];
  const made = new Set<string>();
  for (const name of HEADED) {
    const file = join(folder, name);
    const found = readText(file);
    if (found === undefined) continue;
    made.add(name);
    const header = readHeader(found);
    if (header === undefined) {
      differences.push({ file, reason: "has no header that says how to make it again" });
      continue;
    }
    if (header.model === undefined) continue;
    const path = modelOf(file, header);
    if (path === undefined) {
      differences.push({ file, reason: `cannot be made again: its model ${header.model} is gone` });
      continue;
    }
    const loaded = await loadModel(path);
    const again = await compile(loaded.model, {
      source: loaded.source,
      ...schedulesOf(loaded, header.target),
      target: header.target,
      entries: header.entries,
      effort: "none",
      ...optionsOf(header),
    });
    differences.push(...(await compareHeaded(file, name, found, again)));
    if (!isTrainer(name)) continue;
    for (const [other, bytes] of again.binaries) {
      made.add(other);
      if (!stands(join(folder, other), bytes))
        differences.push({ file: join(folder, other), reason: "is missing, or differs from what its command makes; run adjoint compile" });
    }
    for (const [other, expected] of again.files) {
      if (HEADED.some((headed) => headed === other)) continue;
      made.add(other);
      differences.push(...compare(join(folder, other), readText(join(folder, other)), expected));
    }
  }
  for (const one of TRAINERS) differences.push(...checkCertificate(folder, names, one));
  return [...differences, ...unmade(folder, names, made)];
}

async function compareHeaded(file: string, name: string, found: string, again: Compiled): Promise<Difference[]> {
  const expected = again.files.get(name);
  if (expected === undefined) return [{ file, reason: "is not made by the command in its header" }];
  // only a trainer has a certificate, whose numbers are left to `adjoint verify`
  if (!isTrainer(name)) return compare(file, found, expected);
  const differences = compare(file, withoutCertificate(found), withoutCertificate(expected));
  if (differences.length > 0) return differences;
  if (certificateLine(found) === undefined) return [{ file, reason: "has no certificate line" }];
  return (await carriesItsHash(found)) ? [] : [{ file, reason: "carries a certificate of another text; run adjoint compile" }];
}

/** The certificate names the hash that the trainer's certificate line carries. */
function checkCertificate(folder: string, names: readonly string[], { file: name, certificate }: (typeof TRAINERS)[number]): Difference[] {
  const trainer = readText(join(folder, name));
  if (trainer === undefined) return [];
  const file = join(folder, certificate);
  if (!names.includes(certificate)) return [{ file, reason: "is missing; run adjoint compile" }];
  const carried = /\b[0-9a-f]{16,64}\b/.exec(certificateLine(trainer) ?? "")?.[0];
  if (carried === undefined || (readText(file) ?? "").includes(carried)) return [];
  return [{ file, reason: "is the certificate of another trainer; run adjoint compile" }];
}

const unmade = (folder: string, names: readonly string[], made: ReadonlySet<string>): Difference[] =>
  names
    .filter((name) => !made.has(name) && !CERTIFICATES.includes(name))
    .map((name) => ({ file: join(folder, name), reason: "is made by no command; remove it" }));

/** The first line in which two texts differ. */
function compare(file: string, found: string | undefined, expected: string): Difference[] {
  if (found === undefined) return [{ file, reason: "is missing; run adjoint compile" }];
  if (found === expected) return [];
  const [a, b] = [found.split("\n"), expected.split("\n")];
  const at = a.findIndex((line, n) => line !== b[n]);
  const line = at === -1 ? a.length : at;
  return [
    {
      file,
      reason: "differs from what its command makes",
      // lines are counted in the file, whose certificate line was left out of the comparison
      line: line + 1 + certificateShift(file, line),
      found: a[line] ?? "(the file ends)",
      expected: b[line] ?? "(the file ends)",
    },
  ];
}

/** 1 for lines after the certificate line, which the comparison leaves out. */
function certificateShift(file: string, line: number): number {
  const whole = (readText(file) ?? "").split("\n");
  const at = whole.findIndex((text) => text.startsWith("// certificate:"));
  return basename(file) === "trainer.ts" && at !== -1 && at <= line ? 1 : 0;
}

/** What differs, for people. */
export function explainDrift({ holds, files, differences }: DriftJson, out: string): string {
  if (holds) return `${paint.green("✓")} ${files} files under ${out}/ are what their commands make`;
  const lines = differences.flatMap(({ file, reason, line, found, expected }) => [
    `${paint.red("✗")} ${line === undefined ? file : `${file}:${line}`} ${reason}`,
    ...(found === undefined ? [] : [`    is      ${found}`, `    made    ${expected}`]),
  ]);
  return [
    ...lines,
    "",
    `${differences.length} of ${files} files under ${out}/ drifted. Run adjoint compile to make them again; edits to generated files are lost.`,
  ].join("\n");
}
