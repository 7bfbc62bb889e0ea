/** Bytes of a text file to its characters, or the reason why they are none. */

import * as error from "./error.ts";

/**
 * UTF-8 to text, without a byte-order mark.
 *
 * @throws DataError naming the first byte that is not UTF-8
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    // what is no text is a TypeError; anything else is a text longer than the engine's strings
    throw (cause instanceof TypeError ? error.notUtf8 : error.textTooLong)(name);
  }
}
