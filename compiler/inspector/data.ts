/** What the page of an inspector holds: one or two inspections of a model, the graph they share laid out, and the colours of their texts. */

import type {
  InspectedBuffer,
  InspectedEntry,
  InspectedHome,
  InspectedKernel,
  InspectedNode,
  InspectedPass,
  InspectedStatement,
  Inspection,
} from "../explain/inspection/index.ts";
import { coloursOf } from "./colours.ts";
import { layOut, type Row } from "./layout.ts";

/** A text and the colours of its lines. */
export interface ColouredText {
  readonly name: string;
  readonly text: string;
  /** A line for each line: letters of kinds, each before its length; a letter alone goes on to the end, `.` is of no kind. */
  readonly colours: string;
}

export interface PageData {
  readonly version: string;
  readonly model: string;
  readonly source?: ColouredText;
  readonly entries: readonly PageEntry[];
  /** The first is what is emitted; the others compute the same for readers. */
  readonly views: readonly PageView[];
}

/** The graph of an entry, which all views share, and how it came to what is emitted. */
export interface PageEntry {
  readonly name: string;
  readonly kind: InspectedEntry["kind"];
  readonly nodes: readonly PageNode[];
  readonly rows: readonly Row[];
  readonly passes: readonly InspectedPass[];
}

/** A node without what is another in each view, and without what the page finds by itself. */
export type PageNode = Omit<InspectedNode, "home" | "statements" | "adjoints" | "gradientOf">;

export interface PageView {
  readonly target: string;
  readonly file: ColouredText;
  readonly arenaBytes: number;
  readonly entries: readonly PageRun[];
  readonly kernels: readonly PageKernel[];
  readonly buffers: readonly Omit<InspectedBuffer, "uses" | "holds">[];
}

/** What an entry is in one view. */
export interface PageRun {
  readonly flops: number;
  readonly arenaBytes: number;
  readonly lowerBound: number;
  readonly statements: readonly PageStatement[];
  /** By node, in their order. */
  readonly homes: readonly InspectedHome[];
}

export type PageStatement = Omit<InspectedStatement, "told" | "stages">;
export type PageKernel = Omit<InspectedKernel, "before" | "after" | "statements">;

/** Lines of a pass that are shown; a graph of thousands of nodes changes in most of them. */
const SHOWN_CHANGES = 60;

/** The page's data; the graph of all inspections is that of the first. */
export async function pageDataOf(inspections: readonly Inspection[]): Promise<PageData> {
  const [first] = inspections as readonly [Inspection, ...Inspection[]];
  const { version, model, source } = first;
  return {
    version,
    model,
    ...(source === undefined ? {} : { source: { name: source.path, text: source.text, colours: await coloursOf(source.text) } }),
    entries: await Promise.all(
      first.entries.map(async ({ name, kind, nodes, passes }) => ({
        name,
        kind,
        nodes: nodes.map(bare),
        rows: await layOut(nodes, source?.text),
        passes: passes.map((pass) => ({ ...pass, changes: shortened(pass.changes) })),
      })),
    ),
    views: await Promise.all(inspections.map(viewOf)),
  };
}

const bare = ({ home: _, statements: __, adjoints: ___, gradientOf: ____, ...node }: InspectedNode): PageNode => node;

async function viewOf({ target, file, arenaBytes, entries, kernels, buffers }: Inspection): Promise<PageView> {
  return {
    target,
    file: { ...file, colours: await coloursOf(file.text) },
    arenaBytes,
    entries: entries.map(({ flops, arenaBytes: end, lowerBound, statements, nodes }) => ({
      flops,
      arenaBytes: end,
      lowerBound,
      statements: statements.map(({ told: _, stages: __, ...statement }) => statement),
      homes: nodes.map(({ home }) => home),
    })),
    kernels: kernels.map(({ before: _, after: __, statements: ___, ...kernel }) => kernel),
    buffers: buffers.map(({ uses: _, holds: __, ...buffer }) => buffer),
  };
}

const shortened = (changes: InspectedPass["changes"]): InspectedPass["changes"] =>
  changes.length <= SHOWN_CHANGES
    ? changes
    : [...changes.slice(0, SHOWN_CHANGES), { name: "…", after: `and ${changes.length - SHOWN_CHANGES} more` }];
