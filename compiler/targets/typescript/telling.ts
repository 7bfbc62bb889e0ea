/**
 * Guarantees that an entry point reads as what it computes: its parts (forward, update, backward) as regions, a heading where another layer
 * or composition begins, and above every statement its number and its mathematics, nodes, laws and model lines.
 */

import { isLeft, type Call, type Doc, type Entry } from "../../loop/loop.ts";
import { loopAround } from "../../loop/turns.ts";
import { lineComments } from "./comment.ts";
import { folded, isAdjoint, nameOfComposition, updateOf, type Line } from "./fold.ts";

/** Indentation of an entry's statements. */
const INDENTED = 4;
const IN_A_LOOP = 6;

/** What stands around a statement. */
export interface Told {
  /** Before its comment: ends and begins of regions, rules, headings. */
  readonly above: readonly string[];
  readonly comment: readonly string[];
}

/** The statements of an entry, and which of them loops repeat. */
export type Calls = Pick<Entry, "calls" | "loops">;

/** How a language writes comments: what begins the mark of a region, and a text at an indentation, in as many lines as it takes. */
export interface Comments {
  readonly begins: string;
  lines(text: string, indentation: number): readonly string[];
}

type Part = "forward" | "update" | "backward";

/** What a statement leaves to others. */
const storedBy = (call: Call): ReadonlySet<string> =>
  call.kind === "call"
    ? new Set(call.group.stages.flatMap((stage) => (isLeft(stage) ? [stage.definition.name] : [])))
    : new Set([call.kind === "let" ? call.name : call.definition.name]);

/** What a statement computes under a name of its own: stages of a kernel, or one scalar. */
const namesOf = (call: Call): string[] =>
  call.kind === "call"
    ? call.group.stages.map(({ definition }) => definition.name)
    : [call.kind === "let" ? call.name : call.definition.name];

/** Nodes of which several statements tell. */
function sharedIn(calls: readonly Call[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(calls.flatMap(({ doc }) => doc.flatMap(({ node }) => (seen.has(node) ? [node] : (seen.add(node), [])))));
}

/** The nodes of those. */
const ownDocs = (call: Call): readonly Doc[] => {
  const names = namesOf(call);
  const own = call.doc.filter(({ node }) => names.includes(node));
  return own.length === 0 ? call.doc : own;
};

/** Copies for a kernel belong to the statement that reads them. */
export const isHelper = (call: Call): boolean => call.doc.every(({ role }) => / for /.test(role));

function ownPart(call: Call): Part | undefined {
  if (isHelper(call)) return undefined;
  const own = ownDocs(call);
  if (call.doc.every((doc) => updateOf(doc) !== undefined)) return "update";
  return own.some((doc) => !isAdjoint(doc) && updateOf(doc) === undefined && !/ again$/.test(doc.role)) ? "forward" : "backward";
}

/** The part of the step that each statement belongs to; one scalar of the backward pass between statements of the forward pass is among these. */
function partsOf(calls: readonly Call[]): Part[] {
  const own = calls.map(ownPart);
  const later = own.map(
    (part, n) => part ?? own.slice(n).find((next) => next !== undefined) ?? own.findLast((before) => before !== undefined)!,
  );
  return later.map((part, n) => {
    const isScalar = calls[n]!.kind !== "call";
    return part === "backward" && isScalar && later[n - 1] === "forward" && later[n + 1] === "forward" ? "forward" : part;
  });
}

/** A training entry, and its function. */
export interface Step {
  readonly entry: Calls;
  readonly name: string;
}

/** How an entry is told, statement by statement: with parts where it trains, else with references to the step that it repeats. */
export function tellingOf(
  entry: Calls,
  trains: boolean,
  step?: Step,
  comments: Comments = { begins: "// #", lines: lineComments },
): { readonly statements: readonly Told[]; readonly after: readonly string[] } {
  const { calls } = entry;
  const parts = partsOf(calls);
  const rules = new Set<string>();
  const before = step === undefined ? [] : linesOf(step.entry);
  const repeated = new Map(before.map(({ texts }, n) => [texts.join("\n"), n + 1]));
  const statements = linesOf(entry).map(({ heading, texts }, n): Told => {
    const begins = trains && parts[n] !== parts[n - 1];
    const above: string[] = begins ? [...(n === 0 ? [] : [`${comments.begins}endregion`]), `${comments.begins}region ${parts[n]}`] : [];
    if (begins) above.push(...rulesFrom(calls, parts, n, rules, comments));
    const loop = loopAround(entry.loops, n);
    // what stands above a loop is not in it
    if (heading !== undefined) above.push(...comments.lines(heading, loop === undefined || loop.first === n ? INDENTED : IN_A_LOOP));
    const same = texts.length > 1 ? repeated.get(texts.join("\n")) : undefined;
    const { doc } = calls[n]!;
    const own = same === undefined ? texts : [`as statement ${same} of ${step!.name}    ${nodesOf(doc)}  again, ${sitesOf(doc)}`];
    const comment = own.flatMap((text, at) =>
      comments.lines(at === 0 ? `${n + 1}. ${text}` : text, loop === undefined ? INDENTED : IN_A_LOOP),
    );
    return { above, comment };
  });
  return { statements, after: trains && calls.length > 0 ? [`${comments.begins}endregion`] : [] };
}

/** The heading and the lines of each statement of an entry. */
function linesOf(entry: Calls): { readonly heading: string | undefined; readonly texts: readonly string[] }[] {
  const { calls } = entry;
  const parts = partsOf(calls);
  const gradients = gradientsOf(calls);
  const statementOf = statementsBefore(entry);
  const titles = new Titles();
  const told = new Map<string, number>();
  const named = new Set(calls.flatMap(namesOf));
  const shared = sharedIn(calls);
  return calls.map((call, n) => {
    const lines = folded(call.doc, { stored: storedBy(call), gradients, told, named, shared });
    for (const { node } of call.doc) told.set(node, told.get(node) ?? n + 1);
    const heading = titles.before(lines, parts[n]!);
    const texts = lines.map((line) => lineText(line, titles, (node) => statementOf(node, n)));
    return { heading, texts: texts.length > 0 ? texts : [keptText(call)] };
  });
}

/** What no node is told of: a value that was computed apart, because others read the one before it, comes to its place. */
const keptText = (call: Call): string => `${targetsOf(call).join(", ")} as computed before: what it overwrites was read until here`;

const targetsOf = (call: Call): string[] => {
  if (call.kind === "let") return [call.name];
  const definitions = call.kind === "store" ? [call.definition] : call.group.stages.map(({ definition }) => definition);
  return definitions.map(({ name, target }) => target ?? name);
};

/** Cotangents, and what wrappers of rules make of them. */
const gradientsOf = (calls: readonly Call[]): ReadonlySet<string> =>
  new Set(
    calls.flatMap(({ doc }) =>
      doc.flatMap((one) => (isAdjoint(one) || (updateOf(one) !== undefined && one.node.startsWith("d_")) ? [one.node] : [])),
    ),
  );

/** The rules by which a run of statements updates, said once each, and where each parameter is updated. */
function rulesFrom(calls: readonly Call[], parts: readonly Part[], from: number, said: Set<string>, comments: Comments): string[] {
  const length = parts.slice(from).findIndex((part) => part !== parts[from]);
  const run = calls.slice(from, length < 0 ? undefined : from + length);
  const rules = new Set(
    run.flatMap(({ doc }) => doc.flatMap((one) => (updateOf(one) === undefined || one.within === undefined ? [] : [one.within]))),
  );
  return [...rules].flatMap((rule) => {
    if (said.has(rule)) return [];
    said.add(rule);
    const where = calls.flatMap((call, n) =>
      call.kind !== "call"
        ? []
        : call.doc.flatMap((one) =>
            one.within === rule && one.node === `${updateOf(one)!.of}_next` ? [`${updateOf(one)!.of} in ${n + 1}`] : [],
          ),
    );
    const list = where.length === 0 ? "" : ` Each w is updated where its gradient is finished: ${listed(where)}.`;
    const [name, words] = [nameOfComposition(rule), rule.slice(nameOfComposition(rule).length + 2)];
    return comments.lines(words === "" ? `${name}.${list}` : `${name}, of each parameter w with gradient g: ${words}.${list}`, INDENTED);
  });
}

/** A few, or the first and the last of many. */
const listed = (all: readonly string[]): string => (all.length <= 8 ? all.join(", ") : `${all[0]!}, …, ${all.at(-1)!}`);

/** Titles of compositions; their words are said once. */
class Titles {
  /** Those that the statement before is about. */
  #now: readonly string[] = [];
  readonly #said = new Set<string>();

  /** `layerNorm_2: μ, σ², x̂·γ + β`, and later `layerNorm_2`. */
  of(within: string): string {
    if (this.#said.has(within)) return nameOfComposition(within);
    this.#said.add(within);
    return within;
  }

  /** The heading where other compositions begin than those of the statement before, unless the lines name them. */
  before(lines: readonly Line[], part: Part): string | undefined {
    const isBackward = part === "backward";
    const own = lines.filter(({ docs, kind }) => (kind === "values" || kind === "whole") && isAdjoint(docs[0]!) === isBackward);
    const found = new Map<string, boolean>();
    for (const { docs, kind } of own) {
      const { within } = docs[0]!;
      if (within === undefined || updateOf(docs[0]!) !== undefined) continue;
      found.set(within, (found.get(within) ?? true) && kind === "whole" && !isBackward);
    }
    if (found.size === 0) return undefined;
    const open = [...found].flatMap(([within, isNamed]) => (isNamed || this.#now.includes(`${part} ${within}`) ? [] : [within]));
    this.#now = [...found.keys()].map((within) => `${part} ${within}`);
    if (open.length === 0) return undefined;
    return isBackward ? `— adjoint of ${open.map(nameOfComposition).join(", ")}` : `— ${open.map((within) => this.of(within)).join("; ")}`;
  }
}

/** `<mathematics>    %<nodes>  <role and laws>, <file>:<lines>`. */
function lineText({ maths, docs, kind }: Line, titles: Titles, statementOf: (node: string) => number | undefined): string {
  const title = kind === "whole" && !isAdjoint(docs[0]!) ? titles.of(docs[0]!.within!) : "";
  return `${maths}${title}    ${nodesOf(docs)}  ${whyOf(docs, kind, statementOf)}, ${sitesOf(docs)}`;
}

/** `%dot, %z1, %hidden`; of many, the first and the last. */
function nodesOf(docs: readonly Doc[]): string {
  const nodes = docs.map(({ node }) => `%${node}`);
  return nodes.length <= 4 ? nodes.join(", ") : `${nodes[0]!}…${nodes.at(-1)!}`;
}

function whyOf(docs: readonly Doc[], kind: Line["kind"], statementOf: (node: string) => number | undefined): string {
  const last = docs.at(-1)!;
  if (kind === "again" || kind === "update") return kind;
  if (isAdjoint(last)) return lawsOf(docs, kind, statementOf);
  return kind === "whole" ? `${docs.length} nodes` : last.role;
}

/**
 * `adjoint of dot (statement 4): d_b = aᵀ·d_y; add (statement 3): d_a = d_y, d_b = d_y`; of a composition, whose values are told in the
 * statements before, `adjoint of layerNorm (statement 3): mul: d_a = d_y ⊙ b; sqrt: …`.
 */
function lawsOf(docs: readonly Doc[], kind: Line["kind"], statementOf: (node: string) => number | undefined): string {
  const laws = new Map<string, Set<string>>();
  const places = new Set<string>();
  for (const { role, adjoint } of docs) {
    if (adjoint === undefined) continue;
    const statement = statementOf(adjoint.of);
    const place = statement === undefined ? `%${adjoint.of}` : `statement ${statement}`;
    places.add(place);
    const op = role.replace(/^adjoint of /, "");
    const of = kind === "whole" ? op : `${op} (${place})`;
    laws.set(of, (laws.get(of) ?? new Set()).add(adjoint.law));
  }
  const text = [...laws].map(([of, own]) => `${of}: ${[...own].join(", ")}`).join("; ");
  const within = docs[0]!.within;
  if (kind !== "whole" || within === undefined) return `adjoint of ${text}`;
  return `adjoint of ${nameOfComposition(within)} (${[...places].join(", ").replaceAll(", statement ", ", ")}): ${text}`;
}

/** `models/m.ts:10, 11`. */
function sitesOf(docs: readonly Doc[]): string {
  const sites = [...new Set(docs.map(({ site }) => site))];
  return sites.reduce((text, site, n) => {
    const file = site.slice(0, site.lastIndexOf(":") + 1);
    return n === 0 ? site : `${text}, ${sites[n - 1]!.startsWith(file) ? site.slice(file.length) : site}`;
  }, "");
}

/** The statement that computes a node for the one at `before`: the last one up to it, else the first. */
function statementsBefore({ calls, loops = [] }: Calls): (node: string, before: number) => number | undefined {
  const statements = new Map<string, number[]>();
  calls.forEach(({ doc }, n) => {
    for (const { node } of doc) statements.set(node, [...(statements.get(node) ?? []), n + 1]);
  });
  return (node, before) => {
    const all = statements.get(node);
    if (all !== undefined) return all.findLast((n) => n <= before + 1) ?? all[0];
    // a loop is no statement: the last loop that goes back is of the first one, and what stands before one is its own
    const back = loops.findIndex(({ last }) => last >= before);
    const forth = loops[loops.length - 1 - back];
    return back < 0 || forth === undefined || forth.last >= before ? undefined : forth.first + 1;
  };
}
