/** The straight line of an entry: calls, then results; printed and read back. */

import type { Buffer, Call, Entry, EntryResult, Turns } from "../loop.ts";
import { definitionLines, readDefinition, readGroup, readResult, resultLine, stageLines } from "./definition.ts";
import { docLine, readDocs } from "./doc.ts";
import { readBinding } from "./kernel.ts";
import { block } from "./layout.ts";
import type { Reader } from "./reader.ts";
import { readScalar, scalarText } from "./scalar.ts";
import { scopeOf, type Scope } from "./scope.ts";
import { DTYPES, printAxes, printName, printNumber, readAxis } from "./words.ts";

/** One statement of an entry: a call with its group, a local or a store. */
export function callLines(call: Call, scope: Scope): string[] {
  const doc = call.doc.map(docLine);
  switch (call.kind) {
    case "call": {
      const head = `call ${printName(call.kernel)}(${call.args.map(printName).join(", ")})`;
      return [...doc, ...block(`${head} over (${printAxes(call.group.axes)})`, stageLines(call.group, scope))];
    }
    case "let": {
      const value = scalarText(call.value, scope);
      scope.locals.set(call.name, call.dtype);
      return [...doc, `let ${printName(call.name)}: ${call.dtype} = ${value}`];
    }
    case "store": {
      const head = `store ${printName(call.buffer)}: ${call.dtype} = ${scalarText(call.value, scope)}`;
      return [...doc, ...block(head, definitionLines("define", call.definition, scope))];
    }
  }
}

/** What callLines wrote. */
function readCall(r: Reader, scope: Scope): Call {
  const doc = readDocs(r);
  const kind = r.word(["call", "let", "store"]);
  if (kind === "let") return { kind, ...readBinding(r, scope), doc };
  if (kind === "call") {
    const name = r.name("a kernel");
    r.eat("(");
    const args = r.list(")", () => r.name("a buffer"));
    r.eat("over");
    return { kind, kernel: name, args, group: readGroup(r, scope), doc };
  }
  const name = r.name("a buffer");
  r.eat(":");
  const dtype = r.word(DTYPES);
  r.eat("=");
  const value = readScalar(r, scope);
  r.eat("{");
  const inside = readDocs(r);
  r.eat("define");
  const found = readDefinition(r, scope, inside);
  r.eat("}");
  return { kind, buffer: name, dtype, value, definition: found, doc };
}

/** `turns t<16 of 3..7 reverse as lstm`: the calls, counted from 0, that run once a turn, and their node. */
export const loopLines = ({ loops = [] }: { readonly loops?: readonly Turns[] | undefined }): string[] =>
  loops.map(
    ({ node, turn, reverse, first, last }) =>
      `turns ${printName(turn.name)}<${turn.extent} of ${first}..${last}${reverse ? " reverse" : ""} as ${printName(node)}`,
  );

function readLoops(r: Reader): { readonly loops?: readonly Turns[] } {
  const loops: Turns[] = [];
  while (r.has("turns")) {
    const turn = readAxis(r);
    r.eat("of");
    const first = r.number();
    r.eat("..");
    const last = r.number();
    const reverse = r.has("reverse");
    r.eat("as");
    loops.push({ node: r.name("a node"), turn, reverse, first, last });
  }
  return loops.length === 0 ? {} : { loops };
}

/** An entry with the buffers it uses, its calls and its results. */
export function entryLines(e: Entry, scope: Scope): string[] {
  return block(`entry ${printName(e.name)} lowerBound ${printNumber(e.lowerBound)}`, [
    ...(e.buffers.length === 0 ? [] : [`uses ${e.buffers.map(printName).join(", ")}`]),
    ...loopLines(e),
    ...e.calls.flatMap((call) => callLines(call, scope)),
    ...e.results.map(resultLine),
  ]);
}

/** What entryLines wrote. */
export function readEntry(r: Reader, buffers: readonly Buffer[]): Entry {
  r.eat("entry");
  const name = r.name();
  r.eat("lowerBound");
  const lowerBound = r.number();
  const scope = scopeOf(buffers);
  r.eat("{");
  const uses: string[] = [];
  if (r.has("uses"))
    do uses.push(r.name("a buffer"));
    while (r.has(","));
  return { name, ...readLine(r, scope), buffers: uses, lowerBound };
}

/** Calls, then results, up to the closing brace. */
export function readLine(r: Reader, scope: Scope): { calls: Call[]; results: EntryResult[]; loops?: readonly Turns[] } {
  const loops = readLoops(r);
  const calls: Call[] = [];
  const results: EntryResult[] = [];
  while (!r.is("return") && !r.is("}")) calls.push(readCall(r, scope));
  while (!r.has("}")) results.push(readResult(r));
  return { calls, ...loops, results };
}
