/** Guarantees one reading of amounts of memory: a number and its unit, where KB is 1000 bytes and KiB 1024. */

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** What an amount of memory looks like, for messages. */
export const AMOUNT = `a number and a unit, such as 512KB or 1.5MiB: ${Object.keys(UNITS).join(", ")} (KB is 1000 bytes, KiB 1024)`; // prettier-ignore

/** Whole bytes of `512KB`, `1.5 MiB` or `4096B`; undefined for any other text. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([KMG]i?B|B)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const bytes = Math.floor(Number(amount) * UNITS[unit]!);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The smallest whole number of KB, or of bytes below 10 KB, that holds so many bytes. */
export const asBudget = (bytes: number): string =>
  bytes < 10_000 ? `${bytes}B` : `${Math.ceil(bytes / 1000)}KB`;
