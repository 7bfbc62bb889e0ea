/** One reading of amounts of memory: a number and its unit, where KB is 1000 bytes and KiB 1024. */

import { ModelError } from "./error.ts";

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/**
 * Of an arena. WebAssembly's addresses have 32 bits, as have the buffers of some engines; a vector load may touch the 16 bytes after the
 * arena.
 */
export const MOST_BYTES = 2 ** 32 - 16;

/** What an amount of memory looks like, for messages. */
export const AMOUNT = `a number and a unit, such as 512KB or 1.5MiB: ${Object.keys(UNITS).join(", ")} (KB is 1000 bytes, KiB 1024)`;

/** Whole bytes of `512KB`, `1.5 MiB` or `4096B`; undefined for any other text. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([KMG]i?B|B)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const bytes = Math.floor(Number(amount) * UNITS[unit]!);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The smallest whole number of KB, or of bytes below 10 KB, that holds so many bytes. */
export const asBudget = (bytes: number): string => (bytes < 10_000 ? `${bytes}B` : `${Math.ceil(bytes / 1000)}KB`);

/** An amount of memory as it was given. */
export interface Budget {
  readonly text: string;
  readonly bytes: number;
}

/** A budget as a model or a command gives it. Throws a ModelError for any other text. */
export function readBudget(model: string, text: string): Budget {
  const bytes = parseBytes(text);
  if (bytes !== undefined) return { text: text.replaceAll(" ", ""), bytes };
  throw new ModelError({
    code: "model/memory",
    site: model,
    law: `memory needs ${AMOUNT}; but got ${JSON.stringify(text)}`,
    operands: [],
    remedy: "Give the most bytes that the trainer's one arena may take.",
  });
}
