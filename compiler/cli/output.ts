/** Guarantees that results go to stdout, and notes and progress to stderr, in plain text wherever nobody is watching. */

import picocolors from "picocolors";

const { env, stderr, stdout } = process;
const CLEAR = "\r\x1b[2K";
/** Between plain lines of progress, milliseconds. */
const PLAIN_MS = 10_000;

/** Whether someone watches this stream, so that a line may be redrawn. */
const live = stderr.isTTY === true && !env["CI"] && env["TERM"] !== "dumb";
const colours = (stream: NodeJS.WriteStream): ReturnType<typeof picocolors.createColors> =>
  picocolors.createColors(
    stream.isTTY === true && !env["NO_COLOR"] && !env["CI"] && env["TERM"] !== "dumb",
  );

/** Whether results are read on a terminal as they come. */
export const watched = stdout.isTTY === true && !env["CI"] && env["TERM"] !== "dumb";

/** Colours of results and of notes. */
export const paint = colours(stdout);
export const paintNote = colours(stderr);

let drawn = false;
let shown = performance.now();

function clear(): void {
  if (drawn) stderr.write(CLEAR);
  drawn = false;
}

/** A result: what the command was asked for. */
export function result(text: string): void {
  clear();
  stdout.write(`${text}\n`);
}

/** The one object that `--json` prints. */
export const resultJson = (value: object): void => result(JSON.stringify(value, undefined, 2));

/** What is worth knowing besides the result. */
export function note(text: string): void {
  clear();
  stderr.write(`${text}\n`);
}

/** What is being done: redrawn on a terminal, now and then a line elsewhere. */
export function progress(text: string): void {
  if (live) {
    stderr.write(`${CLEAR}${paintNote.dim(text.slice(0, (stderr.columns ?? 80) - 1))}`);
    drawn = true;
  } else if (performance.now() - shown > PLAIN_MS) {
    shown = performance.now();
    stderr.write(`${text}\n`);
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

/** Rows under heads, columns two spaces apart. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ head }, n) =>
    Math.max(head.length, ...rows.map((row) => row[n]!.length)),
  );
  const pad = (text: string, n: number): string =>
    columns[n]!.align === "right" ? text.padStart(widths[n]!) : text.padEnd(widths[n]!);
  const line = (cells: readonly string[]): string => cells.map(pad).join("  ").trimEnd();
  const head = line(columns.map((column) => column.head));
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [paint.bold(head), paint.dim(rule), ...rows.map(line)].join("\n");
}

/** 2134336 → 2,134,336. */
export const grouped = (n: number): string => n.toLocaleString("en-US");
