/** Guarantees the record of a check that ships with a trainer, bound to the hash of its text, and its recomputation. */

import { canonicalText, sha256 } from "../driver/hash.ts";
import { lower } from "../driver/lower.ts";
import type { CompileOptions } from "../driver/options.ts";
import { DEFAULT, type TargetName } from "../targets/index.ts";
import type { Model } from "../model/declaration.ts";
import { checkModel, explainFailure, SIZES } from "./check.ts";
import { checkText, prepareKernels, type Prepared } from "./kernels.ts";
import { CENTRAL_DIFFERENCES, FLOAT32, FORWARD_MODE, isWrong, worse, type CheckResult, type TensorCheck } from "./result.ts";

const LINE = /^\/\/ certificate: .*$/m;

/** The text without its certificate line: what the certificate's hash covers. */
export const withoutCertificate = (text: string): string => text.replace(/^\/\/ certificate: .*\n?/m, "");

/** SHA-256 of a file without its certificate line, the same for every checkout of it. */
export const hashOf = (text: string): Promise<string> => sha256(withoutCertificate(canonicalText(text)));

export const withCertificate = (text: string, line: string): string => text.replace(LINE, line);

/** The bounds that are stated: 1e-10, 1e-8, 1e-6, then powers of ten. */
const ORDERS = [1e-10, 1e-8, 1e-6, 1e-5, 1e-4];

/** What the certificate line bounds, by its name there. */
const PARTS = ["forward mode", "differences", "float32", "step", "kernels"] as const;
type Part = (typeof PARTS)[number];

/** By what order each is bounded: an index into ORDERS, or their number where nothing bounds it. */
type Orders = Readonly<Record<Part, number>>;

const BY_METHOD: Readonly<Record<string, Part>> = {
  [FORWARD_MODE]: "forward mode",
  [CENTRAL_DIFFERENCES]: "differences",
  [FLOAT32]: "float32",
};

const partOf = ({ method, role }: Judged): Part => BY_METHOD[method] ?? (role === "kernel" ? "kernels" : "step");

function ordersOf(tensors: readonly Judged[]): Orders {
  const order = (part: Part): number => {
    const worst = tensors.reduce(
      (most, tensor) => (partOf(tensor) === part && tensor.unjudged === undefined ? worse(tensor.worst, most) : most),
      0,
    );
    const at = ORDERS.findIndex((bound) => worst <= bound);
    return at < 0 ? ORDERS.length : at;
  };
  return Object.fromEntries(PARTS.map((part) => [part, order(part)])) as Record<Part, number>; // each part once
}

type Judged = Pick<TensorCheck, "method" | "role" | "worst" | "unjudged">;

const shown = (order: number): string => ORDERS[order]?.toExponential(0) ?? "not bounded";

/** The header's line: what its tensors are bounded by, and the hash of the file they were checked in. */
function lineOf(tensors: readonly Judged[], hash: string): string {
  const orders = ordersOf(tensors);
  const unjudged = tensors.filter((tensor) => tensor.unjudged !== undefined).length;
  const left = unjudged === 0 ? "" : `, ${unjudged} of ${tensors.length} not judged`;
  return `// certificate: ${PARTS.map((part) => `${part} ${shown(orders[part])}`).join(", ")}${left}, sha256 ${hash.slice(0, 16)}`;
}

/** The header's line and certificate.json. */
export async function certificateOf(
  check: CheckResult,
  { trainer, gradients }: { readonly trainer: string; readonly gradients?: string },
): Promise<{ line: string; json: string }> {
  const hash = await hashOf(trainer);
  const record = {
    model: check.model,
    ...(check.instance === undefined ? {} : { instance: check.instance }),
    trainer: hash,
    ...(gradients === undefined ? {} : { gradients: await hashOf(gradients) }),
    tensors: check.tensors,
  };
  return { line: lineOf(check.tensors, hash), json: await sealed(record) };
}

export interface Verification extends CheckResult {
  /** What differs, where it does not hold. */
  readonly reason?: string;
}

/** What is verified: the committed texts, and what they were made from. */
export interface Committed extends Pick<CompileOptions, "source" | "passes" | "memory" | "schedules"> {
  readonly target?: TargetName;
  readonly text: string;
  /** gradients.ts, where the certificate records one. */
  readonly gradients?: string | undefined;
  readonly certificate: string;
  readonly model: Model;
}

/** Recomputes the certificate of a committed trainer: hashes, then the committed text at its real shapes, then the gradients. */
export async function verifyTrainer({
  text,
  gradients,
  certificate,
  model,
  source,
  passes,
  memory,
  schedules,
  target = DEFAULT.name,
}: Committed): Promise<Verification> {
  const refuse = (reason: string): Verification => ({ model: model.name, holds: false, tensors: [], reason });
  const recorded = recordIn(certificate);
  if (recorded === undefined)
    return refuse(
      "certificate.json is not a certificate: it needs a field trainer with the file's SHA-256; make it again with adjoint compile",
    );
  if (!(await isSealed(certificate)))
    return refuse("certificate.json was edited: its own SHA-256 does not fit its numbers; make it again with adjoint compile");
  const hash = await hashOf(text);
  if (hash !== recorded.trainer)
    return refuse(
      `the file's SHA-256 is ${hash.slice(0, 16)}, but its certificate was made for ${recorded.trainer.slice(0, 16)}: one of them was edited; make both again with adjoint compile`,
    );
  if (recorded.gradients !== undefined && gradients === undefined)
    return refuse("the certificate records a gradients.ts, which is missing; make it again with adjoint compile --entry gradients");
  if (recorded.gradients !== undefined && recorded.gradients !== (await hashOf(gradients!)))
    return refuse(
      `the SHA-256 of gradients.ts is ${(await hashOf(gradients!)).slice(0, 16)}, but the certificate was made for ${recorded.gradients.slice(0, 16)}: one of them was edited; make both again with adjoint compile --entry gradients`,
    );
  const line = LINE.exec(canonicalText(text))?.[0] ?? "";
  const expected = lineOf(recorded.tensors, hash);
  if (line !== expected)
    return refuse(
      `the header says ${JSON.stringify(line)}, but its certificate.json makes that ${JSON.stringify(expected)}; make the file again with adjoint compile`,
    );
  const from = { target, ...(source === undefined ? {} : { source }), ...(passes === undefined ? {} : { passes }) };
  const lowered = await lower(model, {
    ...from,
    ...(memory === undefined ? {} : { memory }),
    ...(schedules === undefined ? {} : { schedules }),
  });
  const judged = await judgeText(await prepareKernels(lowered), text);
  if (judged.reason !== undefined) return { ...refuse(judged.reason), tensors: judged.tensors };
  const result = await checkModel(model, { ...from, effort: "quick", lowered, kernels: judged.tensors });
  const differs = worsened(ordersOf(recorded.tensors), ordersOf(result.tensors));
  if (result.holds && differs === undefined) return result;
  return { ...result, holds: false, reason: firstDifference(result.tensors) ?? differs ?? explainFailure(result) };
}

const firstDifference = (tensors: readonly TensorCheck[]): string | undefined => {
  const first = tensors.find(isWrong);
  return first === undefined ? undefined : `${first.name} differs by ${first.worst.toExponential(1)} at ${first.at}`;
};

/** The part of verify that reads the text, after the hashes: what it computes at its real shapes, and the first kernel and tensor that differ. */
export async function judgeText(
  prepared: Prepared,
  text: string,
  elements = SIZES.quick.elements,
): Promise<{ readonly tensors: readonly TensorCheck[]; readonly reason?: string }> {
  try {
    const tensors = await checkText(prepared, text, elements, 1);
    const reason = firstDifference(tensors);
    return { tensors, ...(reason === undefined ? {} : { reason }) };
  } catch (error) {
    // what was checked at the compile ran; what no longer runs was edited since
    if (error instanceof Error) return { tensors: [], reason: `the file does not run as its plan says: ${error.message}` };
    throw error;
  }
}

/** Another engine's last digits may carry an error over the next bound, but not over two. */
function worsened(recorded: Orders, found: Orders): string | undefined {
  const part = PARTS.find((one) => found[one] > recorded[one] + 1);
  return part === undefined
    ? undefined
    : `the header bounds ${part} by ${shown(recorded[part])}, but the check gives ${shown(found[part])}`;
}

/** The record as text, with a hash of its own: another engine's last digits may differ, but no character may be changed. */
async function sealed(record: object): Promise<string> {
  const own = await sha256(JSON.stringify(record));
  return `${JSON.stringify({ ...record, sha256: own }, null, 2)}\n`;
}

async function isSealed(certificate: string): Promise<boolean> {
  const { sha256: _, ...record } = JSON.parse(certificate) as { readonly sha256?: unknown };
  try {
    return (await sealed(record)) === canonicalText(certificate);
  } catch {
    // nested so deep that it cannot be printed: no certificate of ours is
    return false;
  }
}

interface Recorded {
  readonly trainer: string;
  readonly gradients?: string;
  readonly tensors: readonly Judged[];
}

/** What a certificate records; undefined for any other text. */
function recordIn(certificate: string): Recorded | undefined {
  try {
    const { trainer, gradients, tensors } = JSON.parse(certificate) as Readonly<Record<string, unknown>>;
    if (typeof trainer !== "string" || !Array.isArray(tensors)) return undefined;
    return {
      trainer,
      ...(typeof gradients === "string" ? { gradients } : {}),
      tensors: tensors as readonly Judged[],
    }; // its seal is checked before they are read
  } catch {
    return undefined;
  }
}
