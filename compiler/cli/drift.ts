/** `compile --check`: every file under generated/ is what the command in its header makes, byte for byte, or is named. */

import { readdirSync } from "node:fs";
import { compile, type Compiled } from "../compile.ts";
import { generatedPlaces, HEADED, modelOf, TRAINERS } from "./generated.ts";
import { withCertificate, withoutCertificate } from "../check/certificate.ts";
import { carriesItsHash, certificateLine, optionsOf, readHeader } from "./header.ts";
import type { Difference, DriftJson } from "./json.ts";
import { loadModel } from "./load-model.ts";
import { schedulesOf } from "./schedules.ts";
import { paint } from "./output.ts";
import { BESIDE, pathAt, placeFor, shownPlace, type Layout, type Out, type Place } from "./place.ts";
import { unifiedDiff } from "./unified.ts";
import { readText, stands } from "./write-files.ts";

/** Left to `adjoint verify`, but for the hash they carry. */
const CERTIFICATES: readonly string[] = TRAINERS.map(({ certificate }) => certificate);
const isTrainer = (name: string): boolean => TRAINERS.some(({ file }) => file === name);

/** Compares what lies at the places of the given models, or of all. */
export async function checkDrift(project: Layout, models: readonly string[], progress: (text: string) => void): Promise<DriftJson> {
  const there = project.out === BESIDE && models.length > 0 ? [] : generatedPlaces(project);
  const asked = models.map((model) => placeFor(project.out, model));
  const same = (a: Place, b: Place): boolean => pathAt(a, "") === pathAt(b, "");
  const places = models.length === 0 ? there : asked.filter((one) => project.out === BESIDE || there.some((other) => same(one, other)));
  const missing = asked
    .filter((one) => !places.includes(one))
    .map((place) => ({ file: shownPlace(place), reason: "is not there; run adjoint compile" }));
  const differences: Difference[] = [...missing];
  let files = 0;
  for (const place of places) {
    progress(`${shownPlace(place)}: compiling`);
    const names = namesAt(place);
    files += names.length;
    differences.push(...(await checkPlace(place, names)));
  }
  return { holds: differences.length === 0, files, differences };
}

/** The files of a place; beside a model, those that have the names of generated ones. */
const namesAt = ({ folder, prefix }: Place): string[] =>
  readdirSync(folder)
    .filter((name) => prefix === "" || (name.startsWith(prefix) && MADE.test(name.slice(prefix.length))))
    .map((name) => name.slice(prefix.length))
    .sort();

/** Names that a compile gives. */
const MADE =
  /^(?:(?:trainer|gradients)\.(?:\w+\.)?(?:d\.)?[tj]s|trainer\.wasm|model\.(?:graph|(?:\w+\.)?plan)|report\.md|certificate\.(?:\w+\.)?json)$/;

async function checkPlace(place: Place, names: readonly string[]): Promise<Difference[]> {
  const differences: Difference[] = [];
  const made = new Set<string>();
  if (place.prefix !== "" && !names.some((name) => HEADED.includes(name)))
    return [{ file: shownPlace(place), reason: "is not there; run adjoint compile" }];
  for (const name of HEADED) {
    const file = pathAt(place, name);
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
      if (!stands(pathAt(place, other), bytes))
        differences.push({ file: pathAt(place, other), reason: "is missing, or differs from what its command makes; run adjoint compile" });
    }
    for (const [other, expected] of again.files) {
      if (HEADED.some((headed) => headed === other)) continue;
      made.add(other);
      differences.push(...compare(pathAt(place, other), readText(pathAt(place, other)), expected));
    }
  }
  for (const one of TRAINERS) differences.push(...checkCertificate(place, names, one));
  return [...differences, ...unmade(place, names, made)];
}

async function compareHeaded(file: string, name: string, found: string, again: Compiled): Promise<Difference[]> {
  const expected = again.files.get(name);
  if (expected === undefined) return [{ file, reason: "is not made by the command in its header" }];
  // only a trainer has a certificate, whose numbers are left to `adjoint verify`
  if (!isTrainer(name)) return compare(file, found, expected);
  const line = certificateLine(found);
  const differences = compare(file, found, line === undefined ? withoutCertificate(expected) : withCertificate(expected, line));
  if (differences.length > 0) return differences;
  if (line === undefined) return [{ file, reason: "has no certificate line" }];
  return (await carriesItsHash(found)) ? [] : [{ file, reason: "carries a certificate of another text; run adjoint compile" }];
}

/** The certificate names the hash that the trainer's certificate line carries. */
function checkCertificate(place: Place, names: readonly string[], { file: name, certificate }: (typeof TRAINERS)[number]): Difference[] {
  const trainer = readText(pathAt(place, name));
  if (trainer === undefined) return [];
  const file = pathAt(place, certificate);
  if (!names.includes(certificate)) return [{ file, reason: "is missing; run adjoint compile" }];
  const carried = /\b[0-9a-f]{16,64}\b/.exec(certificateLine(trainer) ?? "")?.[0];
  if (carried === undefined || (readText(file) ?? "").includes(carried)) return [];
  return [{ file, reason: "is the certificate of another trainer; run adjoint compile" }];
}

const unmade = (place: Place, names: readonly string[], made: ReadonlySet<string>): Difference[] =>
  names
    .filter((name) => !made.has(name) && !CERTIFICATES.includes(name))
    .map((name) => ({ file: pathAt(place, name), reason: "is made by no command; remove it" }));

/** The first line in which a text differs from what its command makes, and the diff. */
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
      line: line + 1,
      found: a[line] ?? "(the file ends)",
      expected: b[line] ?? "(the file ends)",
      diff: unifiedDiff(file, found, expected),
    },
  ];
}

/** What differs, for people. */
export function explainDrift({ holds, files, differences }: DriftJson, out: Out): string {
  const where = out === BESIDE ? "beside the models" : `under ${out}/`;
  if (holds) return `${paint.green("✓")} ${files} files ${where} are what their commands make`;
  const lines = differences.flatMap(({ file, reason, line, diff }) => [
    `${paint.red("✗")} ${line === undefined ? file : `${file}:${line}`} ${reason}`,
    ...(diff === undefined ? [] : [diff]),
  ]);
  return [
    ...lines,
    "",
    `${differences.length} of ${files} files ${where} drifted. Run adjoint compile to make them again; edits to generated files are lost.`,
  ].join("\n");
}
