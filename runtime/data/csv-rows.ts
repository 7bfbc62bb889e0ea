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
export function* csvRows(text: string, name: string, separator = ","): Generator<CsvRow, undefined> {
  const plain = new RegExp(`[^"\\r\\n${separator}]*`, "y");
  let [at, line, end] = [0, 1, text.length];
  while (LINE_END.test(text.charAt(end - 1))) end--;
  while (at < end) {
    const first = line;
    const cells: string[] = [];
    for (;;) {
      let cell = "";
      if (text[at] === '"') {
        do {
          const close = text.indexOf('"', at + 1) + 1;
          if (close === 0) throw error.openQuote(name, line);
          // with the quote that ends it, or that is one of two
          cell += text.slice(at + 1, close);
          at = close;
        } while (text[at] === '"');
        cell = cell.slice(0, -1);
        line += cell.split(LINE_END).length - 1;
      } else {
        plain.lastIndex = at;
        cell = plain.exec(text)![0];
        at += cell.length;
      }
      cells.push(cell);
      if (text[at] !== separator) break;
      at++;
    }
    if (at < text.length && !LINE_END.test(text[at]!)) throw error.strayQuote(name, line);
    at += text.startsWith("\r\n", at) ? 2 : 1;
    line++;
    yield { line: first, cells };
  }
  return undefined;
}

const LINE_END = /\r\n?|\n/;
