/** Guarantees the record of a check that ships with a trainer, bound to the hash of its text, and its recomputation. */

import { lower, sha256, type Source } from "../lower.ts";
import type { Model } from "../model/model.ts";
import { checkModel, explainFailure } from "./check.ts";
import { CENTRAL_DIFFERENCES, withinBound, type CheckResult, type TensorCheck } from "./result.ts";

const LINE = /^\/\/ certificate: .*$/m;

/** The text without its certificate line: what the certificate's hash covers. */
export const withoutCertificate = (text: string): string =>
  text.replace(/^\/\/ certificate: .*\n?/m, "");

/** SHA-256 of a file without its certificate line. */
export const hashOf = (text: string): Promise<string> => sha256(withoutCertificate(text));

export const withCertificate = (text: string, line: string): string => text.replace(LINE, line);

/** Rounded up to the next of 1e-10, 1e-8, 1e-6, then to powers of ten. */
function upTo(worst: number): string {
  const bound = [1e-10, 1e-8, 1e-6, 1e-5, 1e-4].find((one) => worst <= one);
  return bound === undefined ? "not bounded" : bound.toExponential(0).replace("+", "");
}

const worstOf = (tensors: readonly TensorCheck[]): string =>
  upTo(Math.max(0, ...tensors.map(({ worst }) => worst)));

/** The header's line and certificate.json. */
export async function certificateOf(check: CheckResult, { trainer, gradients }: { readonly trainer: string; readonly gradients?: string }): Promise<{ line: string; json: string }> {
  const hash = await hashOf(trainer);
  const by = (wanted: (tensor: TensorCheck) => boolean): string => worstOf(check.tensors.filter(wanted));
  const line = `// certificate: gradients ${by(({ method }) => method === CENTRAL_DIFFERENCES)}, step ${by(({ method, role }) => method !== CENTRAL_DIFFERENCES && role !== "kernel")}, kernels ${by(({ role }) => role === "kernel")}, sha256 ${hash.slice(0, 16)}`;
  const record = { model: check.model, trainer: hash, ...(gradients === undefined ? {} : { gradients: await hashOf(gradients) }), tensors: check.tensors };
  return { line, json: await sealed(record) };
} // prettier-ignore

export interface Verification extends CheckResult {
  /** What differs, where it does not hold. */
  readonly reason?: string;
}

/** Recomputes the certificate of a committed trainer: hashes, then the committed text at its real shapes, then the gradients. */
export async function verifyTrainer({ text, certificate, model, source, memory }: { readonly text: string; readonly certificate: string; readonly model: Model; readonly source?: Source; readonly memory?: string }): Promise<Verification> {
  const refuse = (reason: string): Verification => ({ model: model.name, holds: false, tensors: [], reason });
  const recorded = hashIn(certificate);
  if (recorded === undefined) return refuse("certificate.json is not a certificate: it needs a field trainer with the file's SHA-256; make it again with adjoint compile");
  if (!(await isSealed(certificate))) return refuse("certificate.json was edited: its own SHA-256 does not fit its numbers; make it again with adjoint compile");
  const hash = await hashOf(text);
  if (hash !== recorded) return refuse(`the file's SHA-256 is ${hash.slice(0, 16)}, but its certificate was made for ${recorded.slice(0, 16)}: one of them was edited; make both again with adjoint compile`);
  const line = LINE.exec(text)?.[0] ?? "";
  if (!line.endsWith(`sha256 ${hash.slice(0, 16)}`)) return refuse(`the certificate line of the header does not carry the file's SHA-256 ${hash.slice(0, 16)}; make the file again with adjoint compile`);
  const from = source === undefined ? {} : { source };
  const lowered = await lower(model, memory === undefined ? from : { ...from, memory });
  const result = await checkModel(model, { ...from, effort: "quick", lowered, trainer: text });
  const expected = (await certificateOf(result, { trainer: text })).line;
  const differs = expected === line ? undefined : `the header says ${JSON.stringify(line)}, but the check gives ${JSON.stringify(expected)}`;
  if (result.holds && differs === undefined) return result;
  const first = result.tensors.find((tensor) => !withinBound(tensor));
  return { ...result, holds: false, reason: first === undefined ? (differs ?? explainFailure(result)) : `${first.name} differs by ${first.worst.toExponential(1)} at ${first.at}` };
} // prettier-ignore

/** The record as text, with a hash of its own: another engine's last digits may differ, but no character may be changed. */
async function sealed(record: object): Promise<string> {
  const own = await sha256(JSON.stringify(record));
  return `${JSON.stringify({ ...record, sha256: own }, null, 2)}\n`;
}

async function isSealed(certificate: string): Promise<boolean> {
  const { sha256: _, ...record } = JSON.parse(certificate) as { readonly sha256?: unknown };
  return (await sealed(record)) === certificate;
}

function hashIn(certificate: string): string | undefined {
  try {
    const { trainer } = JSON.parse(certificate) as { readonly trainer?: unknown };
    return typeof trainer === "string" ? trainer : undefined;
  } catch {
    return undefined;
  }
}
