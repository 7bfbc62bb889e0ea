/** Base64 of bytes, on every engine: pages have no Buffer, and not all have Uint8Array's own. */

/** Characters a turn: engines bound the arguments of a call. */
const AT_ONCE = 0x8000;

export function base64(bytes: Uint8Array): string {
  let text = "";
  // applied, not spread: a list of arguments is read by position, a spread one by its iterator
  for (let at = 0; at < bytes.length; at += AT_ONCE)
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + AT_ONCE)) as string;
  return btoa(text);
}
