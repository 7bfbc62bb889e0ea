/** Base64 of bytes, on every engine: pages have no Buffer, and not all have Uint8Array's own. */

/** Characters a turn: engines bound the arguments of a call. */
const AT_ONCE = 0x8000;

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += AT_ONCE) text += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
  return btoa(text);
}
