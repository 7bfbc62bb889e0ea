/** One clear paragraph and the right exit code for whatever goes wrong: the thing, the place, the remedy. */

export { suggestion } from "../graph/nearest.ts";

/** 0 holds · 1 does not hold · 2 what the user can mend · 3 a fault of the compiler · 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** What the user can mend: arguments, a model file, the disk. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** Training or checking was stopped by the user. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  constructor() {
    super("interrupted");
  }
}

export interface Outcome {
  readonly code: ExitCode;
  readonly message: string;
}

/**
 * Errors that mean something, by name: a model may have been declared with another copy of the package,
 * whose classes are not ours.
 */
const CODES: Readonly<Record<string, ExitCode>> = {
  InputError: 2,
  ModelError: 2,
  DataError: 2,
  DivergenceError: 2,
  CLIError: 2,
  CheckError: 1,
  BudgetError: 1,
  Interrupted: 130,
};

const DISK: Readonly<Record<string, string>> = {
  EACCES: "permission is denied; mend the permissions of the path, or choose another",
  EPERM: "the operation is not permitted; mend the permissions of the path, or choose another",
  EROFS: "the file system is read-only; choose another place",
  ENOENT: "there is no such file or folder; check the spelling",
  ENOTDIR: "part of the path is a file, where a folder was needed; move the file, or choose another path",
  EEXIST: "a file lies where a folder was needed; move the file, or choose another path",
  EISDIR: "it is a folder, where a file was needed; name a file",
  ENOSPC: "the disk is full; free some space",
  EDQUOT: "the quota of the disk is used up; free some space, or choose another place",
  EFBIG: "it is larger than this process may write; raise the limit (ulimit -f), or choose another place",
  EIO: "the disk reports a fault; check it, or choose another place",
  ELOOP: "its links lead in a circle; mend them, or choose another path",
  EMFILE: "too many files are open; close some, or raise the limit (ulimit -n)",
  ENAMETOOLONG: "the name is too long for this file system; choose a shorter one",
};

/** What to say of an error, and the code to end with. */
export function outcomeOf(error: unknown, command: string): Outcome {
  if (!(error instanceof Error)) return fault(`threw ${String(error)}`, command);
  const code = CODES[error.name];
  if (code !== undefined) return { code, message: error.message };
  const disk = diskError(error);
  if (disk !== undefined) return { code: 2, message: disk };
  return fault(error.name === "CompilerFault" ? error.message : `${error.name}: ${error.message}`, command);
}

/** An error of the file system, told by path where it has one; undefined for any other. */
function diskError(error: Error): string | undefined {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined) return undefined;
  if (path === undefined) return DISK[code] === undefined ? undefined : `a file cannot be read or written: ${DISK[code]}`;
  const doing = syscall === "open" || syscall === "read" ? "read or written" : "used";
  return `${path} cannot be ${doing}: ${DISK[code] ?? error.message}`;
}

function fault(message: string, command: string): Outcome {
  const lines = [message, "", "This is a fault of the compiler, not of your model; please report it."];
  if (!message.includes("reproduce: ")) lines.push("", `reproduce: ${command}`);
  if (!command.includes("--debug")) lines.push("Add --debug for the stack trace.");
  return { code: 3, message: lines.join("\n") };
}
