/** Hashes of texts that no checkout changes: line ends and a byte order mark are how a text is stored, not what it says. */

/** A text as hashes and comparisons see it: without a byte order mark, its lines ended by a line feed alone. */
export const canonicalText = (text: string): string => text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");

/** Hex digest of a text, as it is. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Hex digest of a file's text, the same for every checkout of it. */
export const textHash = (text: string): Promise<string> => sha256(canonicalText(text));
