/** Guarantees trainers in pages and workers under strict policies, as a browser finds them, against the table of weights. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lower } from "../../compiler/driver/lower.ts";
import type { Model } from "../../compiler/model/declaration.ts";
import { stripTypes } from "../../compiler/targets/strip.ts";
import { targetOf } from "../../compiler/targets/index.ts";
import { assemble } from "../../compiler/targets/wasm/assemble.ts";
import { visit, type BrowserName } from "./browsers.ts";
import { classesOf, committedTrainer, stepsOf } from "./emit.ts";
import type { Job } from "./job.ts";
import { matrixText, readMatrix } from "./matrix.ts";
import type { Said } from "./policy-page.ts";

export const STRICT = "default-src 'none'; script-src 'self'";
const WASM = `${STRICT} 'wasm-unsafe-eval'`;

export interface Case {
  readonly trainer: "typescript" | "wasm" | "wasm-external";
  readonly where: "page" | "worker";
  readonly policy: string;
  /** The weights of the table, or a refusal of the policy, by which the next line's addition is needed. */
  readonly expect: "weights" | "refusal";
}

export const CASES: readonly Case[] = [
  { trainer: "typescript", where: "page", policy: STRICT, expect: "weights" },
  { trainer: "typescript", where: "worker", policy: STRICT, expect: "weights" },
  { trainer: "wasm", where: "page", policy: STRICT, expect: "refusal" },
  { trainer: "wasm", where: "page", policy: WASM, expect: "weights" },
  { trainer: "wasm", where: "worker", policy: WASM, expect: "weights" },
  { trainer: "wasm-external", where: "page", policy: `${WASM}; connect-src 'self'`, expect: "weights" },
];

export interface Verdict extends Case {
  readonly holds: boolean;
  /** "the table's weights", "refused", or what came instead. */
  readonly came: string;
}

/** Writes the model's trainers, one for each kind, into a folder of built entries. */
export async function writeTrainers(root: string, folder: string, name: string, model: Model): Promise<(kind: Case["trainer"]) => Job> {
  const text = committedTrainer(root, name);
  const { module, facts } = await lower(model, { target: "wasm" });
  const texts = {
    typescript: text,
    wasm: (await targetOf("wasm").emit(module, facts)).text,
    "wasm-external": (await targetOf("wasm-external").emit(module, facts)).text,
  };
  for (const [kind, emitted] of Object.entries(texts)) await writeFile(join(folder, `${kind}.js`), await stripTypes(emitted));
  await writeFile(join(folder, "trainer.wasm"), assemble(module).bytes);
  return (kind) => ({
    name,
    module: `${kind}.js`,
    steps: stepsOf(text),
    classes: classesOf(text),
    ...(kind === "wasm-external" ? { bytes: "trainer.wasm" } : {}),
  });
}

/** Visits the page of each case. */
export async function verdicts(
  browser: BrowserName,
  root: string,
  folder: string,
  jobOf: (kind: Case["trainer"]) => Job,
): Promise<readonly Verdict[]> {
  const { rows } = readMatrix(matrixText(root));
  const found: Verdict[] = [];
  for (const one of CASES) {
    const job = jobOf(one.trainer);
    const row = rows.find(({ model }) => model === job.name)!;
    let said: Said | undefined;
    await visit(browser, folder, {
      page: `policy.html?${encodeURIComponent(JSON.stringify({ job, where: one.where }))}`,
      policy: one.policy,
      timeoutSeconds: 120,
      said(text) {
        said = JSON.parse(text) as Said; // policy-page.ts says nothing else
        return true;
      },
    });
    found.push({ ...one, ...verdictOn(one, said!, one.trainer === "typescript" ? row.typescript : row.wasm) });
  }
  return found;
}

function verdictOn({ expect }: Case, { hash, strict, refused }: Said, weights: string): Pick<Verdict, "holds" | "came"> {
  if (!strict) return { holds: false, came: "eval was not refused: there is no policy" };
  if (hash === weights && refused.length === 0) return { holds: expect === "weights", came: "the table's weights" };
  if (/^Error: no bytes may be compiled here \(CompileError: .*(Content Security Policy|CSP)/i.test(hash))
    return { holds: expect === "refusal", came: "refused: WebAssembly" };
  return { holds: false, came: `${hash} ${refused.join(", ")}` };
}
