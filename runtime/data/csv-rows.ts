/** Splits the text of a CSV file into rows of cells as RFC 4180 describes them, and refuses all else. */

import * as error from "./error.ts";

export interface CsvRow {
  /** The line of the file on which the row begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * The rows one by one. Lines end in LF, CRLF or CR; cells are separated by commas, or what else is named; a cell in double
 * quotes may hold those, line ends and, doubled, quotes. Empty lines at the end of the file are no rows.
 *
 * @throws DataError naming the line of a quote that is never closed, or stands inside a cell
 */
export function* csvRows(text: string, name: string, separator = ","): Generator<CsvRow> {
  const stop = new RegExp(`["\\r\\n${separator}]`, "g");
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  let at = 0;
  let line = 1;
  while (at < end) {
    const first = line;
    const cells: string[] = [];
    for (;;) {
      let cell = "";
      if (text[at] === '"') {
        const opened = line;
        for (;;) {
          const close = text.indexOf('"', at + 1);
          if (close === -1) throw error.openQuote(name, opened);
          const piece = text.slice(at + 1, close);
          line += lineEnds(piece);
          cell += piece;
          at = close + 1;
          if (text[at] !== '"') break;
          cell += '"';
        }
      } else {
        stop.lastIndex = at;
        const until = stop.exec(text)?.index ?? text.length;
        cell = text.slice(at, until);
        at = until;
      }
      cells.push(cell);
      if (text[at] !== separator) break;
      at++;
    }
    if (at < text.length && text[at] !== "\r" && text[at] !== "\n") throw error.strayQuote(name, line);
    at += text.startsWith("\r\n", at) ? 2 : 1;
    line++;
    yield { line: first, cells };
  }
}

const lineEnds = (text: string): number => text.match(/\r\n|\r|\n/g)?.length ?? 0;
