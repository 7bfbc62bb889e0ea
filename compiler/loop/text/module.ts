/** The canonical texts of a kernel, a program and a module: what is printed here reads back deep-equal. */

import type { Buffer, Entry, Kernel, Module, Program } from "../loop.ts";
import { resultLine } from "./definition.ts";
import { callLines, entryLines, loopLines, readEntry, readLine } from "./entry.ts";
import { kernelLines, readKernel } from "./kernel.ts";
import { block, indent, text } from "./layout.ts";
import { readWhole } from "./reader.ts";
import { scopeOf } from "./scope.ts";
import { bufferLine, readBuffer, readSlot, slotLines } from "./storage.ts";
import { printName, printNumber } from "./words.ts";

/** The canonical text of a kernel. */
export const printKernel = (k: Kernel): string => text(kernelLines(k));

/** Reads what printKernel wrote. */
export const parseKernel = (source: string): Kernel => readWhole(source, readKernel);

/** The canonical text of a program. */
export function printProgram(p: Program): string {
  const scope = scopeOf(p.buffers);
  return text(
    block(`program ${printName(p.name)}`, [
      ...p.buffers.map(bufferLine),
      ...p.kernels.flatMap(kernelLines),
      ...loopLines(p),
      ...p.calls.flatMap((call) => callLines(call, scope)),
      ...p.results.map(resultLine),
    ]),
  );
}

/** Reads what printProgram wrote. */
export const parseProgram = (source: string): Program =>
  readWhole(source, (r) => {
    r.eat("program");
    const name = r.name();
    r.eat("{");
    const buffers: Buffer[] = [];
    while (r.is("buffer")) buffers.push(readBuffer(r));
    const kernels: Kernel[] = [];
    while (r.is("kernel")) kernels.push(readKernel(r));
    return { name, buffers, kernels, ...readLine(r, scopeOf(buffers)) };
  });

/** The canonical text of a module: storage, plan, kernels, entries. */
export function printModule(m: Module): string {
  const roles = new Map(m.buffers.map((b) => [b.name, b.role]));
  const parts = [
    m.buffers.map(bufferLine),
    m.slots.length === 0 ? [] : block("plan", slotLines(m.slots, roles)),
    ...m.kernels.map(kernelLines),
    ...m.entries.map((e) => entryLines(e, scopeOf(m.buffers))),
  ].filter((lines) => lines.length > 0);
  const spaced = parts.flatMap((lines, n) => (n === 0 ? indent(lines) : ["", ...indent(lines)]));
  const head = `module ${printName(m.name)} arena ${printNumber(m.arenaBytes)}`;
  return text(spaced.length === 0 ? [`${head} {}`] : [`${head} {`, ...spaced, "}"]);
}

/** Reads what printModule wrote. */
export const parseModule = (source: string): Module =>
  readWhole(source, (r) => {
    r.eat("module");
    const name = r.name();
    r.eat("arena");
    const arenaBytes = r.number();
    r.eat("{");
    const buffers: Buffer[] = [];
    while (r.is("buffer")) buffers.push(readBuffer(r));
    const slots = r.has("plan") ? r.block(() => readSlot(r)) : [];
    const kernels: Kernel[] = [];
    while (r.is("kernel")) kernels.push(readKernel(r));
    const entries: Entry[] = [];
    while (!r.has("}")) entries.push(r.is("entry") ? readEntry(r, buffers) : r.expected("`entry` or `}`"));
    return { name, entries, buffers, kernels, slots, arenaBytes };
  });
