/** What is true of every inspection: whatever one part names is there, and names it back. */

import { flopsOfCalls } from "../../compiler/loop/flops.ts";
import type { Lowered } from "../../compiler/driver/lower.ts";
import type { InspectedBuffer, InspectedEntry, Inspection } from "../../compiler/explain/inspection/index.ts";

/** What is wrong with the links of an inspection, in words; and how many there are. */
export function linksOf({ entries, kernels, buffers, file, source }: Inspection): { readonly broken: string[]; readonly links: number } {
  const broken: string[] = [];
  let links = 0;
  const holds = (what: string, holds: boolean): void => {
    links++;
    if (!holds) broken.push(what);
  };
  const [ofKernel, ofBuffer] = [new Map(kernels.map((one) => [one.id, one])), new Map(buffers.map((one) => [one.id, one]))];
  const ofEntry = new Map(entries.map((entry) => [entry.name, { entry, nodes: new Map(entry.nodes.map((node) => [node.id, node])) }]));
  const length = file.text.split("\n").length;
  const inFile = (what: string, lines: { first: number; last: number } | undefined): void =>
    holds(`${what} has no lines`, lines !== undefined && lines.first >= 1 && lines.first <= lines.last && lines.last <= length);
  for (const { entry, nodes } of ofEntry.values()) {
    const name = (what: string): string => `${entry.name}: ${what}`;
    holds(name("ids are told twice"), nodes.size === entry.nodes.length);
    for (const node of entry.nodes) {
      for (const id of [
        ...node.inputs,
        ...node.adjoints,
        ...node.gradientOf,
        node.gradient,
        node.forward,
        node.next,
        node.replaces,
        node.loop,
      ])
        if (id !== undefined) holds(name(`${node.id} names ${id}, which is no node`), nodes.has(id));
      for (const id of node.adjoints)
        holds(name(`${id} does not name ${node.id}, by whose rule it is`), nodes.get(id)?.forward === node.id);
      if (node.part === "backward" && node.forward !== undefined)
        holds(
          name(`${node.forward} does not name ${node.id}, which is by its rule`),
          nodes.get(node.forward)!.adjoints.includes(node.id) || node.law === undefined,
        );
      for (const id of node.gradientOf) holds(name(`${id} has another gradient than ${node.id}`), nodes.get(id)?.gradient === node.id);
      if (node.gradient !== undefined)
        holds(name(`${node.gradient} is not ${node.id}'s`), nodes.get(node.gradient)!.gradientOf.includes(node.id));
      if (node.next !== undefined) holds(name(`${node.next} does not replace ${node.id}`), nodes.get(node.next)?.replaces === node.id);
      for (const number of node.statements)
        holds(name(`statement ${number} does not tell of ${node.id}`), entry.statements[number - 1]?.nodes.includes(node.id) === true);
      if (node.line !== undefined) holds(name(`${node.id} is of a line that is not there`), node.line <= source!.text.split("\n").length);
      const { home } = node;
      if (home.kind === "buffer")
        holds(
          name(`${home.buffer} does not hold ${node.id}`),
          ofBuffer.get(home.buffer)?.holds.some((one) => one.entry === entry.name && one.node === node.id) === true,
        );
      const makers =
        home.kind === "substituted" ? home.statements : "statement" in home && home.statement !== undefined ? [home.statement] : [];
      for (const number of makers)
        holds(name(`statement ${number} makes ${node.id} and does not tell of it`), node.statements.includes(number));
    }
    entry.statements.forEach((one, n) => {
      holds(name("statements are counted from 1"), one.number === n + 1);
      inFile(name(`statement ${one.number}`), one.lines);
      for (const id of one.nodes)
        holds(name(`${id} does not name statement ${one.number}`), nodes.get(id)?.statements.includes(one.number) === true);
      for (const id of new Set([...one.reads, ...one.writes]))
        holds(
          name(`${id} does not name statement ${one.number}`),
          ofBuffer.get(id)?.uses.some((use) => use.entry === entry.name && use.number === one.number) === true,
        );
      if (one.kernel !== undefined)
        holds(
          name(`${one.kernel} does not name statement ${one.number}`),
          ofKernel.get(one.kernel)?.statements.some((call) => call.entry === entry.name && call.number === one.number) === true,
        );
      for (const { statement } of one.apart)
        holds(name(`statement ${statement} is no neighbour`), entry.statements[statement - 1]?.kind === "kernel");
    });
    for (const { node } of entry.results) holds(name(`the result ${node} is no node`), nodes.has(node));
  }
  for (const { id, statements, lines } of kernels) {
    inFile(id, lines);
    for (const { entry, number } of statements)
      holds(`${id} is not called by statement ${number}`, ofEntry.get(entry)?.entry.statements[number - 1]?.kernel === id);
  }
  for (const { id, lines, holds: held, uses, over, of } of buffers) {
    inFile(id, lines);
    for (const other of [over, of]) if (other !== undefined) holds(`${id} names ${other}, which is no buffer`, ofBuffer.has(other));
    for (const { entry, node } of held) {
      const home = ofEntry.get(entry)?.nodes.get(node)?.home;
      holds(`${node} is not in ${id}`, home?.kind === "buffer" && home.buffer === id);
    }
    for (const { entry, number, does } of uses) {
      const one = ofEntry.get(entry)?.entry.statements[number - 1];
      holds(
        `statement ${number} does not name ${id}`,
        one?.reads.includes(id) === does.includes("read") && one.writes.includes(id) === does.includes("store"),
      );
    }
  }
  return { broken, links };
}

/** Buffers that lie over each other while both are held; a result that takes an operand's place meets it at one statement. */
export function overlapsIn({ buffers, entries }: Inspection): string[] {
  const whole = buffers.filter(({ of }) => of === undefined);
  const lifeIn = ({ name, statements }: InspectedEntry, { life }: InspectedBuffer): readonly [number, number] | undefined =>
    life === "always" ? [1, statements.length + 1] : life.entry === name ? [life.first, life.last] : undefined;
  return entries.flatMap((entry) =>
    whole.flatMap((a, n) =>
      whole.slice(n + 1).flatMap((b) => {
        const [first, second] = [lifeIn(entry, a), lifeIn(entry, b)];
        if (first === undefined || second === undefined || a.offset >= b.offset + b.bytes || b.offset >= a.offset + a.bytes) return [];
        const [from, to] = [Math.max(first[0], second[0]), Math.min(first[1], second[1])];
        const takes = (b.over === a.id && second[0] === first[1]) || (a.over === b.id && first[0] === second[1]);
        return from > to || takes ? [] : [`${entry.name}: ${a.id} and ${b.id} at statement ${from}`];
      }),
    ),
  );
}

/** What an inspection says of operations, beside what the plan says. */
export const flopsBeside = ({ entries }: Inspection, { module }: Lowered): readonly (readonly [number, number, number])[] =>
  entries.map((entry, n) => [
    entry.statements.reduce((sum, { flops, times }) => sum + flops * times, 0),
    entry.flops,
    flopsOfCalls(module.entries[n]!, module.kernels),
  ]);
