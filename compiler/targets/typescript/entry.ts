/** Guarantees that an entry point prints as straight-line code: feed the inputs, then one statement a call under its mathematics. */

import type { Buffer, Call, Entry, Module } from "../../loop/loop.ts";
import { loadsOf } from "../../loop/build.ts";
import { sizeOf } from "../../graph/type.ts";
import { printFill } from "./constant-tables.ts";
import { printNumber, printScalar, type Printer } from "./expression.ts";
import type { Checks, Fed } from "./checking.ts";
import type { Scope } from "./scope.ts";
import { isHelper, tellingOf } from "./telling.ts";

const inputsOf = (module: Module, entry: Entry): Buffer[] =>
  module.buffers.filter((buffer) => buffer.role === "input" && entry.buffers.includes(buffer.name));

/** The name under which the caller gives an input: buffers of later entries carry the entry's name. */
export const givenName = (buffer: Buffer, entry: Entry, module: Module): string =>
  entry === module.entries[0] ? buffer.name : buffer.name.slice(0, -entry.name.length - 1);

/** The compiler's own input: how many rows are real. */
export const LIVE_ROWS = "live rows";

export const fedBy = (module: Module, entry: Entry): Buffer[] =>
  inputsOf(module, entry).filter((buffer) => givenName(buffer, entry, module) !== LIVE_ROWS);

/** What entries take between them, each input once, under the name by which the caller gives it. */
export function takenBy(module: Module, entries: readonly Entry[]): readonly (readonly [given: string, Buffer])[] {
  const taken = new Map<string, Buffer>();
  for (const entry of entries)
    for (const buffer of fedBy(module, entry)) {
      const given = givenName(buffer, entry, module);
      taken.set(given, taken.get(given) ?? buffer);
    }
  return [...taken];
}

/** Elements that a row of the batch has in an input; 0 where the input is not cut by rows. */
export function perRowOf({ shape, rows: said }: Buffer, rows: number): number {
  const isCut = said === undefined ? shape[0] === rows : said !== "none" && said.axis === 0;
  return isCut ? sizeOf(shape) / rows : 0;
}

/** Copies the inputs into their slots. */
export const printFeeds = (
  module: Module,
  entry: Entry,
  rows: number,
  scope: Scope,
  checks: Checks,
  { count, finite }: Omit<Fed, "perRow">,
): string[] =>
  inputsOf(module, entry).flatMap((buffer) => {
    const given = givenName(buffer, entry, module);
    return given === LIVE_ROWS
      ? [`${scope.view(buffer.name)}[0] = ${count};`]
      : checks.feed(buffer, given, { perRow: perRowOf(buffer, rows), count, finite });
  });

/** The live scalars that an entry reads, each taken up once a call. */
export function printHypers(module: Module, entry: Entry, scope: Scope, checks: Checks): string[] {
  const read = new Set([
    ...entry.calls.flatMap((call) => (call.kind === "call" ? call.args : loadsOf(call.value).map(({ buffer }) => buffer))),
    ...entry.results.map(({ value }) => value),
  ]);
  return module.buffers
    .filter(({ name, role }) => role === "hyper" && read.has(name))
    .map(({ name }) => `${scope.view(name)}[0] = ${checks.hyper(name)};`);
}

/** Lines of a comment that needs no blank line around its statement. */
const FEW = 2;

/** The statements, numbered as the arena table counts them, each under what it computes; `trains` where they have a forward and a backward part. */
export function printStatements(module: Module, entry: Entry, scope: Scope, needs: Set<string>, trains: boolean): string[] {
  const printer: Printer = {
    bufferName: scope.array,
    localName: (name) => scope.local(entry.name, name),
    needs,
  };
  const bools = new Set(module.buffers.filter(({ dtype }) => dtype === "bool").map(({ name }) => name));
  const statement = (call: Call): string => {
    if (call.kind === "call") return scope.call(call.kernel, call.args, trains);
    const value = printScalar(call.value, printer);
    if (call.kind === "let") return `const ${scope.local(entry.name, call.name)} = ${value};`;
    return `${scope.array(call.buffer)}[0] = ${bools.has(call.buffer) ? `${value} ? 1 : 0` : value};`;
  };
  const [first] = module.entries;
  const step = trains || first === undefined ? undefined : { entry: first, name: first.name === "train" ? "step" : first.name };
  const { statements, after } = tellingOf(entry, trains, step);
  const lines = entry.calls.flatMap((call, n) => {
    const { above, comment } = statements[n]!;
    // what is told in few words stands together, and copies for a kernel with it
    const before = entry.calls[n - 1];
    const isLong = [comment, statements[n - 1]?.comment ?? []].some(({ length }) => length > FEW);
    const close = before === undefined || (above.length === 0 && (isHelper(before) || !isLong));
    const own = [...comment, statement(call)];
    return [...(close ? [] : [""]), ...above, ...beginning(entry, n), ...own, ...(isLast(entry, n) ? ["}"] : [])];
  });
  return [...lines, ...after];
}

/** The head of a loop that begins with a statement. */
function beginning({ loops = [] }: Entry, statement: number): string[] {
  const loop = loops.find(({ first }) => first === statement);
  if (loop === undefined) return [];
  const { name, extent } = loop.turn;
  const head = loop.reverse ? `let ${name} = ${extent - 1}; ${name} >= 0; ${name}--` : `let ${name} = 0; ${name} < ${extent}; ${name}++`;
  return [`for (${head}) {`];
}

const isLast = ({ loops = [] }: Entry, statement: number): boolean => loops.some(({ last }) => last === statement);

/** A scalar result: a local of the entry, or the one element of its buffer. */
export function printResult(entry: Entry, value: string, scope: Scope): string {
  const isLocal = entry.calls.some((call) => call.kind === "let" && call.name === value);
  return isLocal ? scope.local(entry.name, value) : `${scope.view(value)}[0]!`;
}

/** How a buffer gets its first contents, as a statement. */
export function printInitial(buffer: Buffer, scope: Scope, needs: Set<string>): string | undefined {
  const view = scope.view(buffer.name);
  const { initial } = buffer;
  if (initial === undefined) return undefined;
  switch (initial.kind) {
    case "constant":
      return initial.value === 0 ? undefined : `${view}.fill(${printNumber(initial.value)});`;
    case "seed":
      needs.add("randomBits");
      return `${view}.fill(randomBits(seed | 0, -1, 0, Math.floor(seed / 4294967296)));`;
    case "data":
      return printFill(buffer, scope, needs) ?? `${view}.set([${initial.values.map(printNumber).join(", ")}]);`;
    case "uniform":
      needs.add("fillUniform");
      return `fillUniform(${view}, seed, ${initial.stream}, ${[initial.high, ...(initial.low === -initial.high ? [] : [initial.low])].map(printNumber).join(", ")});`;
    case "normal":
      needs.add("fillNormal");
      return `fillNormal(${view}, seed, ${initial.stream}, ${printNumber(initial.mean)}, ${printNumber(initial.deviation)});`;
  }
}

/** Whether any of the first contents depends on the seed. */
export const isSeeded = (buffers: readonly Buffer[]): boolean =>
  buffers.some(({ initial }) => ["seed", "uniform", "normal"].includes(initial?.kind ?? ""));
