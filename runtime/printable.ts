/** Text from files and models as people may see it: whatever is not visible is written out, so that a terminal obeys none of it. */

/** Control and format characters (Unicode's Cc and Cf), and the two separators that end a line. */
export const INVISIBLE: RegExp = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** `\u001b` for the character itself; one escape for each of its UTF-16 units, as JSON and TypeScript write it. */
export const escaped = (character: string): string =>
  character.replace(/[^]/g, (unit) => `\\u${(0x10000 + unit.charCodeAt(0)).toString(16).slice(1)}`);

/** One line: line ends and tabs are written out as well. */
export const printable = (text: string): string => text.replace(INVISIBLE, escaped);

/** The same of several lines, in which line ends and tabs are those of the text. */
export const printableLines = (text: string): string =>
  text.replace(INVISIBLE, (character) => (character === "\n" || character === "\t" ? character : escaped(character)));
