/** Definitions, the groups that they share loops in, and results; printed and read back. */

import type { Definition, Doc, EntryResult, Group, Stage, Storage } from "../loop.ts";
import { docLine, readDocs } from "./doc.ts";
import { printIndex, readIndex } from "./index-expression.ts";
import type { Reader } from "./reader.ts";
import { readScalar, scalarText } from "./scalar.ts";
import { enter, withStage, type Scope } from "./scope.ts";
import { DTYPES, printAxes, printName, readAxis, readShape } from "./words.ts";

/** Where a definition is stored, if not in a buffer of its own. */
export function placeOf({ target, segment }: Definition): string {
  if (segment !== undefined) return ` at ${printName(segment.of)}[${segment.at.map(printIndex).join(", ")}]`;
  return target === undefined ? "" : ` into ${printName(target)}`;
}

function readSegment(r: Reader, scope: Scope): NonNullable<Definition["segment"]> {
  const of = r.name("a buffer");
  r.eat("[");
  return { of, at: r.list("]", () => readIndex(r, scope)) };
}

/** `// doc` lines, then `word name[axes]: dtype by op into target = value`. */
export function definitionLines(word: string, d: Definition, scope: Scope): string[] {
  const usual = d.shape.length === d.axes.length && d.shape.every((n, axis) => n === d.axes[axis]!.extent);
  const shape = usual ? "" : ` shape [${d.shape.join(",")}]`;
  const into = placeOf(d);
  const head = `${word} ${printName(d.name)}[${printAxes(d.axes)}]: ${d.dtype}${shape} by ${printName(d.op)}${into}`;
  return [...d.doc.map(docLine), `${head} = ${scalarText(d.value, enter(scope, d.axes))}`];
}

/** What definitionLines wrote; `doc` are the lines before it. */
export function readDefinition(r: Reader, scope: Scope, doc: readonly Doc[]): Definition {
  const name = r.name("a definition");
  r.eat("[");
  const axes = r.list("]", () => readAxis(r));
  r.eat(":");
  const dtype = r.word(DTYPES);
  const dims = r.has("shape") ? readShape(r) : axes.map(({ extent }) => extent);
  r.eat("by");
  const op = r.name("an op");
  const inside = enter(scope, axes);
  const target = r.has("into") ? { target: r.name("a buffer") } : r.has("at") ? { segment: readSegment(r, inside) } : {};
  r.eat("=");
  const value = readScalar(r, inside);
  return { name, dtype, shape: dims, axes, value, ...target, op, doc };
}

const STORAGES = ["buffer", "local", "total", "places"] as const satisfies readonly Storage[];

/** Stages in order; each may read the ones before it. */
export function stageLines(group: Group, scope: Scope): string[] {
  let inside = enter(scope, group.axes);
  return group.stages.flatMap(({ definition, storage }) => {
    const lines = definitionLines(storage, definition, inside);
    inside = withStage(inside, definition);
    return lines;
  });
}

/** What stageLines wrote, with the shared axes before. */
export function readGroup(r: Reader, scope: Scope): Group {
  r.eat("(");
  const axes = r.list(")", () => readAxis(r));
  let inside = enter(scope, axes);
  const stages = r.block((): Stage => {
    const doc = readDocs(r);
    const storage = r.word(STORAGES);
    const found = readDefinition(r, inside, doc);
    inside = withStage(inside, found);
    return { definition: found, storage };
  });
  return { axes, stages };
}

const RESULTS = ["loss", "output"] as const satisfies readonly EntryResult["kind"][];

/** `return loss name = value: f32[]`. */
export const resultLine = (r: EntryResult): string =>
  `return ${r.kind} ${printName(r.name)} = ${printName(r.value)}: ${r.dtype}[${r.shape.join(",")}]`;

/** What resultLine wrote. */
export function readResult(r: Reader): EntryResult {
  r.eat("return");
  const kind = r.word(RESULTS);
  const name = r.name("a result");
  r.eat("=");
  const value = r.name("a local or a buffer");
  r.eat(":");
  return { kind, name, value, dtype: r.word(DTYPES), shape: readShape(r) };
}
