/** Puts a reader under fire: whatever happens to a file, the reader ends in its data or in a DataError, within the memory of the file. */

import fc from "fast-check";
import { expect } from "vitest";
import { DataError } from "../../runtime/index.ts";

/** More than any reader needs for the small files of these tests; far less than what hostile ones declare. Bytes. */
const MOST = 2 ** 26;

/** What the reader makes of the bytes; undefined for a DataError. Any other error is thrown on. */
export function readOrRefuse<Result>(read: () => Result): Result | undefined {
  const before = process.memoryUsage().arrayBuffers;
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return undefined;
  } finally {
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MOST);
  }
}

/** Cut at any byte, or with bytes after its end, the file is refused. */
export function expectExactLength(file: Uint8Array, read: (bytes: Uint8Array) => unknown): void {
  for (let length = 0; length < file.length; length++) {
    expect(() => read(file.slice(0, length)), `cut at ${length}`).toThrowError(DataError);
  }
  for (const tail of [[0], [0x20], [0x0a, 0x0a], Array.from(file)]) {
    expect(() => read(Uint8Array.from([...file, ...tail])), "longer").toThrowError(DataError);
  }
}

/** Calls `judge` with what is read of the file with a few bits flipped, unless it is refused. */
export function flipBits<Result>(file: Uint8Array, read: (bytes: Uint8Array) => Result, judge: (result: Result) => void = () => {}): void {
  const bits = fc.array(fc.nat(file.length * 8 - 1), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(bits, (flipped) => {
      const bytes = file.slice();
      for (const bit of new Set(flipped)) bytes[bit >> 3]! ^= 1 << (bit & 7);
      const result = readOrRefuse(() => read(bytes));
      if (result !== undefined) judge(result);
    }),
    { numRuns: 1000 },
  );
}

/** Whatever bytes come, also after a plausible beginning. */
export function anyBytes(start: Uint8Array, read: (bytes: Uint8Array) => unknown): void {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(start.length), (tail, kept) => {
      readOrRefuse(() => read(Uint8Array.from([...start.subarray(0, kept), ...tail])));
    }),
    { numRuns: 1000 },
  );
}
