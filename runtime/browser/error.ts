/** Every message of the browser's part: what is missing or full, and what to do. */

import { DataError } from "../error.ts";
import { engine } from "./engine.ts";

/** A worker that does not do what it was asked. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

export const noIndexedDb = (name: string): DataError =>
  new DataError(
    `checkpoints cannot be kept in the database ${name}: there is no IndexedDB here; use checkpointOPFS, or train without checkpoints`,
  );

export const noOpfs = (name: string): DataError =>
  new DataError(
    `checkpoints cannot be kept in the folder ${name}: there is no file system of the page's own here (it needs https, or localhost); ` +
      `use checkpointIndexedDB, or train without checkpoints`,
  );

export const unusable = (where: string, cause: unknown): DataError =>
  new DataError(`checkpoints cannot be kept in ${where} (${reasonOf(cause)}); give the page storage, or name another place`, { cause });

export const otherDatabase = (name: string): DataError =>
  new DataError(`the database ${name} is another program's: it holds no checkpoints; name another`);

export const noCheckpoint = (where: string, name: string): DataError => new DataError(`${where} holds no ${name}`);

/** What a store's write throws; of a full one with how full it is, unless it is the disk that is full. What was stored before is still there. */
export async function ofWrite(cause: unknown): Promise<unknown> {
  if (!(cause instanceof Error) || cause.name !== "QuotaExceededError") return cause;
  const { usage, quota } = (await engine.navigator?.storage?.estimate?.().catch(() => undefined)) ?? {};
  const isUsed = usage !== undefined && quota !== undefined && usage >= NEARLY * quota;
  const full = isUsed ? `: ${megabytes(usage)} of ${megabytes(quota)} are used` : "";
  return new DataError(`the browser's storage for this page is full${full}; remove what is not needed, or keep fewer checkpoints`, {
    cause,
  });
}

/** Of its quota a page may use: a write that does not fit leaves some. */
const NEARLY = 0.9;

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6).toLocaleString("en-US")} MB`;

export const notFetched = (address: string, cause: unknown): DataError =>
  new DataError(
    `${address} cannot be fetched (${reasonOf(cause)}); check the address and the connection, and whether its server lets this page read it`,
    { cause },
  );

export const badAnswer = (address: string, status: number, text: string): DataError =>
  new DataError(`${address} was answered by ${status}${text === "" ? "" : ` ${text}`}; check the address`);

export const answeredByPage = (address: string): DataError =>
  new DataError(
    `${address} was answered by a page, as servers do for what they do not have; put the file where the page's server finds it`,
  );

export const cutOff = (address: string, found: number, expected: number): DataError =>
  new DataError(`${address} broke off after ${found} of ${expected} bytes; fetch it again`);

export const brokenGzip = (address: string, cause: unknown): DataError =>
  new DataError(`${address} is not a whole gzip file (${reasonOf(cause)}); fetch the file again`, { cause });

export const neitherAnswered = (address: string, cause: unknown): DataError =>
  new DataError(`neither ${address} nor ${address}.gz can be fetched (${reasonOf(cause)}); put one of them there`, { cause });

export const noWorkers = (): WorkerError =>
  new WorkerError("there are no workers here; call fit itself, or run this where there are some: in a page");

export const ended = (asked: string, why: string): WorkerError =>
  new WorkerError(`${asked} was asked of a worker that ${why}; start another with trainInWorker`);

export const notStarted = (address: string, message: string): WorkerError =>
  new WorkerError(
    `the worker for ${address} failed${message === "" ? "" : ` (${message})`}; check that the address is that of an emitted trainer, ` +
      `as JavaScript, and that the page's policy lets workers run`,
  );

export const noTrainer = (address: string): WorkerError =>
  new WorkerError(`${address} exports no createTrainer; name a trainer that adjoint compile wrote`);
