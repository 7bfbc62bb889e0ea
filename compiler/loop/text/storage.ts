/** Buffers, their first contents and their slots in the plan, printed and read back. */

import type { Buffer, Initial, Role, Slot } from "../loop.ts";
import { indexText, readIndex } from "./index-expression.ts";
import type { Reader } from "./reader.ts";
import { scopeOf } from "./scope.ts";
import { DTYPES, printName, printNumber, readShape } from "./words.ts";

const ROLES = ["input", "output", "constant", "parameter", "state", "hyper", "residual", "scratch"] as const satisfies readonly Role[];

const INITIALS = ["constant", "data", "seed", "uniform", "normal"] as const satisfies readonly Initial["kind"][];

function initialText(initial: Initial): string {
  switch (initial.kind) {
    case "constant":
      return `constant(${printNumber(initial.value)})`;
    case "seed":
      return "seed()";
    case "data":
      return `data(${initial.values.map(printNumber).join(", ")})`;
    case "uniform":
      return `uniform(${printNumber(initial.low)}, ${printNumber(initial.high)}) stream ${initial.stream}`;
    case "normal":
      return `normal(${printNumber(initial.mean)}, ${printNumber(initial.deviation)}) stream ${initial.stream}`;
  }
}

function readInitial(r: Reader): Initial {
  const kind = r.word(INITIALS);
  r.eat("(");
  const values = r.list(")", () => r.number());
  const [a = 0, b = 0] = values;
  if (kind === "data") return { kind, values };
  if (kind === "seed") return { kind };
  if (kind === "constant") return { kind, value: a };
  r.eat("stream");
  const stream = r.number();
  return kind === "uniform" ? { kind, low: a, high: b, stream } : { kind, mean: a, deviation: b, stream };
}

/** `buffer name: f32[2,3] parameter trainable = constant(0)`. */
export function bufferLine(b: Buffer): string {
  const parts = [`buffer ${printName(b.name)}: ${b.dtype}[${b.shape.join(",")}] ${b.role}`];
  if (b.classes !== undefined) parts.push(`classes ${b.classes}`);
  if (b.rows !== undefined) parts.push(b.rows === "none" ? "rowless" : `rows axis ${b.rows.axis} per ${b.rows.per}`);
  if (b.trainable !== undefined) parts.push(b.trainable ? "trainable" : "frozen");
  if (b.initial !== undefined) parts.push(`= ${initialText(b.initial)}`);
  if (b.window !== undefined) parts.push(`window of ${printName(b.window.of)} at ${indexText(b.window.at, NOTHING)}`);
  return parts.join(" ");
}

/** What bufferLine wrote. */
export function readBuffer(r: Reader): Buffer {
  r.eat("buffer");
  const name = r.name("a buffer");
  r.eat(":");
  const dtype = r.word(DTYPES);
  const dims = readShape(r);
  const role = r.word(ROLES);
  const classes = r.has("classes") ? { classes: r.number() } : {};
  const rows = readRows(r);
  const trainable = r.has("trainable") ? { trainable: true } : r.has("frozen") ? { trainable: false } : {};
  const first = r.has("=") ? { initial: readInitial(r) } : {};
  return { name, dtype, shape: dims, role, ...classes, ...rows, ...trainable, ...first, ...readWindow(r) };
}

const NOTHING = scopeOf([]);

function readWindow(r: Reader): Pick<Buffer, "window"> {
  if (!r.has("window")) return {};
  r.eat("of");
  const of = r.name("a buffer");
  r.eat("at");
  return { window: { of, at: readIndex(r, NOTHING) } };
}

function readRows(r: Reader): Pick<Buffer, "rows"> {
  if (r.has("rowless")) return { rows: "none" };
  if (!r.has("rows")) return {};
  r.eat("axis");
  const axis = r.number();
  r.eat("per");
  return { rows: { axis, per: r.number() } };
}

/** `name @ from .. to  live first..last  role`, in columns. */
export function slotLines(slots: readonly Slot[], roles: ReadonlyMap<string, string>): string[] {
  const rows = slots.map((s) => [
    printName(s.buffer),
    printNumber(s.offset),
    printNumber(s.offset + s.bytes),
    s.live === "always" ? "always" : `${s.live[0]}..${s.live[1]}`,
    [
      roles.get(s.buffer) ?? "",
      ...(s.of === undefined ? [] : ["of", printName(s.of)]),
      ...(s.over === undefined ? [] : ["over", printName(s.over)]),
    ].join(" "),
  ]);
  const wide = (column: number): number => Math.max(...rows.map((row) => row[column]!.length));
  return rows.map(([name, from, to, live, role]) =>
    `${name!.padEnd(wide(0))} @ ${from!.padStart(wide(1))} .. ${to!.padEnd(wide(2))}  live ${live!.padEnd(wide(3))}  ${role!}`.trimEnd(),
  );
}

/** One of those lines. */
export function readSlot(r: Reader): Slot {
  const { line: here } = r.peek();
  const name = r.name("a buffer");
  r.eat("@");
  const offset = r.number();
  r.eat("..");
  const bytes = r.number() - offset;
  r.eat("live");
  let live: Slot["live"] = "always";
  if (!r.has("always")) {
    const first = r.number();
    r.eat("..");
    live = [first, r.number()];
  }
  // the role repeats the buffer's
  if (r.peek().kind === "name" && r.peek().line === here && !r.is("over") && !r.is("of")) r.word(ROLES);
  const of = r.peek().line === here && r.has("of") ? r.name("a buffer") : undefined;
  const over = r.peek().line === here && r.has("over") ? r.name("a buffer") : undefined;
  return { buffer: name, offset, bytes, live, ...(of === undefined ? {} : { of }), ...(over === undefined ? {} : { over }) };
}
