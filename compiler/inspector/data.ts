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
  readonly layers: readonly PageLayer[];
  readonly rows: readonly Row[];
  readonly passes: readonly PagePass[];
}

/** A node without what is another in each view and what the page finds by itself; what is usual is left out. */
export interface PageNode extends Pick<
  InspectedNode,
  "id" | "op" | "inputs" | "dtype" | "shape" | "part" | "line" | "law" | "of" | "gradient" | "next" | "replaces" | "loop"
> {
  /** Of what is given, left out. */
  readonly maths?: string;
  /** Where it is no line of the model's own file. */
  readonly site?: string;
  /** Its layer, by number. */
  readonly within?: number;
  /** Where it is not called as `of` says. */
  readonly forward?: string;
  readonly aliases?: InspectedNode["aliases"];
}

export type PagePass = InspectedPass;

/** A layer or a function in one, from the outside, and what it is. */
export interface PageLayer {
  readonly path: string;
  readonly words?: string;
}

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
        ...bare(nodes),
        rows: await layOut(nodes, source?.text),
        passes: passes.map((pass) => ({ ...pass, changes: shortened(pass.changes) })),
      })),
    ),
    views: await Promise.all(inspections.map(viewOf)),
  };
}

function bare(nodes: readonly InspectedNode[]): Pick<PageEntry, "nodes" | "layers"> {
  const layers = new Map<string, { readonly n: number; readonly layer: PageLayer }>();
  const ids = new Set(nodes.map(({ id }) => id));
  const within = ({ layer, words }: InspectedNode): { readonly within?: number } => {
    if (layer.length === 0) return {};
    const own = { path: layer.join(" › "), ...(words === undefined ? {} : { words }) };
    const key = JSON.stringify(own);
    const known = layers.get(key) ?? { n: layers.size, layer: own };
    layers.set(key, known);
    return { within: known.n };
  };
  const shown = nodes.map((node): PageNode => {
    const {
      home: _,
      statements: __,
      adjoints: ___,
      gradientOf: ____,
      layer: _____,
      words: ______,
      maths,
      site,
      forward,
      aliases,
      ...rest
    } = node;
    return {
      ...rest,
      ...within(node),
      ...(maths === node.id ? {} : { maths }),
      ...(node.line === undefined ? { site } : {}),
      ...(forward === undefined || (forward === node.of && ids.has(forward)) ? {} : { forward }),
      ...(aliases.length === 0 ? {} : { aliases }),
    };
  });
  return { nodes: shown, layers: [...layers.values()].map(({ layer }) => layer) };
}

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
