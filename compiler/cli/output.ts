/**
 * Guarantees that results go to stdout and all else to stderr, in plain text wherever nobody is watching; and that no character from a
 * file or a model commands the terminal: whoever prints says what, this file alone says how.
 */

import { stripVTControlCharacters } from "node:util";
import { printable, printableLines } from "../graph/printable.ts";

const { env, stderr, stdout } = process;
const CLEAR = "\r\x1b[2K";
/** Between plain lines of progress, milliseconds. */
const PLAIN_MS = 10_000;

const isWatched = (stream: NodeJS.WriteStream): boolean => stream.isTTY === true && !env["CI"] && env["TERM"] !== "dumb";

/** Whether someone watches this stream, so that a line may be redrawn. */
const live = isWatched(stderr);
/** Whether results are read on a terminal as they come. */
export const watched = isWatched(stdout);
/** Whether they may be coloured; and whether notes may. */
export const coloured = watched && !env["NO_COLOR"];
const colouredNotes = live && !env["NO_COLOR"];

/**
 * Colours stand in a text as characters that Unicode keeps for uses like this, and become escape sequences when it is printed, after every
 * escape sequence that is not ours was written out.
 */
const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
type Colour = keyof typeof COLOURS;
const NAMES = Object.keys(COLOURS) as Colour[]; // the keys of the line above
const markOf = (colour: Colour): string => String.fromCharCode(0xfdd0 + NAMES.indexOf(colour));
const END = "\ufdef";
const MARKED = /[\ufdd0-\ufdef]/g;
const SEQUENCES: ReadonlyMap<string, string> = new Map([
  ...NAMES.map((colour) => [markOf(colour), `\x1b[${COLOURS[colour]}m`] as const),
  [END, "\x1b[0m"],
]);

/** Colours of results and of notes, a line at most. */
export const paint = Object.fromEntries(
  NAMES.map((colour) => [
    colour,
    (text: string) => (coloured || colouredNotes ? `${markOf(colour)}${printable(text)}${END}` : printable(text)),
  ]),
) as Readonly<Record<Colour, (text: string) => string>>;

/** A text for a stream: colours where it has them, everything else visible. */
const shownOn = (stream: NodeJS.WriteStream, text: string): string =>
  printableLines(text).replace(MARKED, (mark) => ((stream === stdout ? coloured : colouredNotes) ? (SEQUENCES.get(mark) ?? "") : ""));

/** What writes results: nothing else does, once a model's own output goes elsewhere. */
const writeResult = stdout.write.bind(stdout) as (text: string) => boolean;

let drawn = false;
let shown = performance.now();

function clear(): void {
  if (drawn) stderr.write(CLEAR);
  drawn = false;
}

/** From now on, whatever else is written to stdout in this process goes to stderr: what a model prints is no result. */
export function keepStdout(): void {
  stdout.write = ((...given: Parameters<typeof stderr.write>) => {
    clear();
    return stderr.write(...given);
  }) as typeof stdout.write;
}

/** A result: what the command was asked for. */
export function result(text: string): void {
  clear();
  writeResult(`${shownOn(stdout, text)}\n`);
}

/** A result whose escape sequences are our own, and whose names are printable already: usage, curves. */
export function resultDrawn(text: string): void {
  clear();
  writeResult(`${coloured ? text : stripVTControlCharacters(text)}\n`);
}

/** The one object that `--json` prints; JSON has the same escapes, so that it reads back as it was. */
export function resultJson(value: object): void {
  clear();
  writeResult(`${printableLines(JSON.stringify(value, undefined, 2))}\n`);
}

/** What is worth knowing besides the result. */
export function note(text: string): void {
  clear();
  stderr.write(`${shownOn(stderr, text)}\n`);
}

/** What is being done: redrawn on a terminal, now and then a line elsewhere. */
export function progress(text: string): void {
  const line = printable(text);
  if (live) {
    stderr.write(`${CLEAR}${shownOn(stderr, paint.dim(line.slice(0, (stderr.columns ?? 80) - 1)))}`);
    drawn = true;
  } else if (performance.now() - shown > PLAIN_MS) {
    shown = performance.now();
    stderr.write(`${line}\n`);
  }
}

/** Removes an unfinished line of progress. */
export const endProgress = clear;

/** Ends quietly when the reader of a pipe has gone (`| head`). */
export function tolerateClosedPipes(): void {
  for (const stream of [stdout, stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      throw error;
    });
}

export interface Column {
  readonly head: string;
  readonly align?: "right";
}

/** Rows under heads, columns two spaces apart; a cell is one line, whatever it holds. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  const heads = columns.map(({ head }) => printable(head));
  const widths = heads.map((head, n) => Math.max(head.length, ...cells.map((row) => row[n]!.length)));
  const pad = (text: string, n: number): string => (columns[n]!.align === "right" ? text.padStart(widths[n]!) : text.padEnd(widths[n]!));
  const line = (row: readonly string[]): string => row.map(pad).join("  ").trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [paint.bold(line(heads)), paint.dim(rule), ...cells.map(line)].join("\n");
}

/** 2134336 → 2,134,336. */
export const grouped = (n: number): string => n.toLocaleString("en-US");
