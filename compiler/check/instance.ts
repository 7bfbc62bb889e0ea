/**
 * The small instance of a model: few rows, and where the model declares no size(…), extents as small as leave it the same graph.
 * Candidates are tried in a fixed order, smallest first: space alone, then widths. One is taken where the declaration does not throw, where every
 * node has its counterpart (same-graph.ts), and where nothing that is computed over several elements is left with next to none.
 */

import { ModelError } from "../graph/error.ts";
import type { Graph } from "../graph/graph.ts";
import { sizeOf, type Shape } from "../graph/type.ts";
import { entriesOf, traceOf } from "../driver/entries.ts";
import type { CompileOptions, InstanceExtents } from "../driver/options.ts";
import type { ExtentMap } from "../model/extents.ts";
import type { BatchSizes, EntryKind, Model, Traced } from "../model/declaration.ts";
import { isSameGraph } from "./same-graph.ts";

/** Rows of the small instance. */
export const ROWS = 3;
const FEW: BatchSizes = { train: ROWS, evaluate: ROWS, predict: ROWS };

/** As lower and entriesOf take it, and as it is told of. */
export interface Instance {
  readonly batch: BatchSizes;
  readonly extents?: InstanceExtents;
  /** `checked at 6×6 of 32×32, 8 of 128`; undefined where extents are the model's own. */
  readonly told?: string;
}

/** A forward pass of so many scalar operations is checked as it is. */
const CHEAP = 2e5;

const ENTRIES = ["train", "evaluate", "predict"] as const satisfies readonly EntryKind[];
type Declared = Readonly<Record<EntryKind, Traced>>;
/** Extents that become smaller. */
type Smaller = Pick<ExtentMap, "space" | "width">;

const NOTHING: Smaller = { space: new Map(), width: new Map() };

/** Rows of the small instance: few, or the model's own where constants of its declaration have as many. */
export const instanceRows = (model: Model, options: Pick<CompileOptions, "source">): BatchSizes =>
  known.get(model)?.batch ?? (declaredAt(model, sourceOf(options), FEW) === undefined ? model.batch : FEW);

/** A model is a function of its instance: what was found for it once holds. */
const known = new WeakMap<Model, Instance>();

/** The small instance that a model is checked on. Throws a ModelError only where the declaration does at the model's own batch. */
export function smallInstance(model: Model, options: Pick<CompileOptions, "source">): Instance {
  const instance = known.get(model) ?? searched(model, sourceOf(options));
  known.set(model, instance);
  return instance;
}

const declared = new WeakMap<Model, ReturnType<typeof entriesOf>>();

/** The small instance's entries in float64, as they are declared. */
export function smallEntries(model: Model, options: Pick<CompileOptions, "source">): ReturnType<typeof entriesOf> {
  const entries =
    declared.get(model) ??
    entriesOf(model, { ...sourceOf(options), ...declarationOf(smallInstance(model, options)), dtype: "f64" }, "trainer");
  declared.set(model, entries);
  return entries;
}

/** How an instance is declared. */
export const declarationOf = ({ batch, extents }: Instance) => ({ batch, extents, small: true }) as const;

const sourceOf = ({ source }: Pick<CompileOptions, "source">): Pick<CompileOptions, "source"> => (source === undefined ? {} : { source });

function searched(model: Model, options: Pick<CompileOptions, "source">): Instance {
  const few = declaredAt(model, options, FEW);
  const batch = few === undefined ? model.batch : FEW;
  // what throws at its own batch throws once more, for the line
  const full = few ?? declaredAt(model, options, batch) ?? declaredIn(model, { ...options, batch, small: true });
  if (full.train.named?.sized === true || operationsOf(full.train.graph) <= CHEAP) return { batch };
  const search = new Search(model, { ...options, batch, small: true }, full);
  const found = search.smallest();
  return found === undefined ? { batch } : { batch, ...found };
}

const declaredIn = (model: Model, options: CompileOptions, besides?: typeof COMPARED): Declared => {
  const [train, evaluate, predict] = ENTRIES.map((entry) => traceOf(model, entry, options, besides)) as [Traced, Traced, Traced];
  return { train, evaluate, predict };
};

/** Declarations that are compared with one another look up no lines of the model. */
const COMPARED = { withoutLines: true } as const;

function declaredAt(model: Model, options: Pick<CompileOptions, "source">, batch: BatchSizes): Declared | undefined {
  try {
    return declaredIn(model, { ...options, batch, small: true }, COMPARED);
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

class Search {
  readonly #model: Model;
  readonly #options: CompileOptions;
  readonly #full: Declared;
  readonly #shapes: Readonly<Record<EntryKind, readonly Shape[]>>;

  constructor(model: Model, options: CompileOptions, full: Declared) {
    this.#model = model;
    this.#options = options;
    this.#full = full;
    const shapes = ({ graph }: Traced): readonly Shape[] => graph.nodes.flatMap(({ op, type }) => (op === "literal" ? [] : [type.shape]));
    this.#shapes = { train: shapes(full.train), evaluate: shapes(full.evaluate), predict: shapes(full.predict) };
  }

  smallest(): Pick<Instance, "extents" | "told"> | undefined {
    const named = this.#named();
    let best: { readonly smaller: Smaller; readonly extents: InstanceExtents } | undefined;
    const first = (candidates: Iterable<Smaller>): boolean => {
      for (const smaller of candidates) {
        const extents = this.#fits(smaller);
        if (extents === undefined) continue;
        best = { smaller: { space: smaller.space, width: extents.train.width }, extents };
        return true;
      }
      return false;
    };
    first(spaces(named.space));
    const { space, width } = best?.smaller ?? NOTHING;
    const known = (more: ReadonlyMap<number, number>): Smaller => ({ space, width: new Map([...width, ...more]) });
    const all = [...named.width].filter((extent) => !width.has(extent));
    if (!first(widths(all).map(known)))
      // one by one, the largest first: what the declaration itself counts on stays
      for (const extent of all.sort((a, b) => b - a)) {
        const before = best?.smaller.width ?? width;
        first(widths([extent]).map((one) => ({ space, width: new Map([...before, ...one]) })));
      }
    return best && { extents: best.extents, told: toldOf(best.smaller) };
  }

  #named(): Readonly<Record<keyof Smaller, ReadonlySet<number>>> {
    const of = (kind: keyof Smaller) => new Set(ENTRIES.flatMap((entry) => [...(this.#full[entry].named?.[kind] ?? [])]));
    // a scan of fewer steps would be another graph
    const unrolled = new Set(ENTRIES.flatMap((entry) => [...(this.#full[entry].named?.unrolled ?? [])]));
    return { space: of("space"), width: new Set([...of("width")].filter((extent) => !unrolled.has(extent))) };
  }

  /** The extents of every entry, where the small declaration is the same in each; a second try knows what reshapes made of the first. */
  #fits(smaller: Smaller, again = true): InstanceExtents | undefined {
    const found = new Map<number, number>();
    const map = (entry: EntryKind): ExtentMap => ({ ...smaller, full: this.#shapes[entry], found });
    const extents = { train: map("train"), evaluate: map("evaluate"), predict: map("predict") };
    for (const entry of ENTRIES) {
      if (this.#isSame(entry, extents)) continue;
      const more = [...found].filter(([extent, of]) => smaller.width.get(extent) !== of);
      if (!again || more.length === 0) return undefined;
      return this.#fits({ ...smaller, width: new Map([...smaller.width, ...more]) }, false);
    }
    return extents;
  }

  #isSame(entry: EntryKind, extents: InstanceExtents): boolean {
    try {
      const { graph } = traceOf(this.#model, entry, { ...this.#options, extents }, COMPARED);
      return isSameGraph(this.#full[entry].graph, graph);
    } catch (error) {
      // a user's own check of shapes may throw what it likes
      if (error instanceof Error) return false;
      throw error;
    }
  }
}

/** Sides to try for the smallest image; those of one parity have windows and padding alike. */
const SIDES = [4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128];

/** Images of every side in proportion to the smallest one. */
function* spaces(named: ReadonlySet<number>): Iterable<Smaller> {
  const sides = [...named].filter((side) => side > 4).sort((a, b) => a - b);
  const [least] = sides;
  if (least === undefined) return;
  for (const side of SIDES) {
    const own = least % 2 === 0 ? side : side - 1;
    if (own >= least) return;
    const space = new Map(
      sides.map((one) => [one, Math.round(one / least) * least === one ? (one / least) * own : alike(one, (one * own) / least)]),
    );
    yield { space, width: new Map() };
  }
}

/** The number of the parity of `extent` that is next to `wanted`. */
const alike = (extent: number, wanted: number): number => {
  const near = Math.max(2, Math.round(wanted));
  return Math.min(extent, (near - extent) % 2 === 0 ? near : near + 1);
};

/** Widths up to here stay. */
const NARROW = 12;
/** What heads and groups may have to divide, and what products of widths may be shared between. */
const UNITS = [4, 8, 16, 32];
const SCALES = [32, 16, 8, 4, 2];

/** Widths to try: a few units each, others a few odd ones; then all of them divided alike, so that sums and products of them stay true. */
function widths(named: readonly number[]): ReadonlyMap<number, number>[] {
  const wide = named.filter((extent) => extent > NARROW).sort((a, b) => a - b);
  if (wide.length === 0) return [];
  const inUnits = UNITS.map(
    (unit) =>
      new Map(
        wide.map((extent, n) => [extent, Math.min(extent, extent % unit === 0 ? unit * (1 + (n % 3)) : 5 + (extent % 2) + 2 * (n % 3))]),
      ),
  );
  const inScale = SCALES.map(
    (scale) => new Map(wide.filter((extent) => extent % scale === 0 && extent / scale > 1).map((extent) => [extent, extent / scale])),
  );
  return [...inUnits, ...inScale].map(changed).filter(({ size }) => size > 0);
}

const changed = (map: ReadonlyMap<number, number>): ReadonlyMap<number, number> => new Map([...map].filter(([from, to]) => to < from));

/** Multiplications and additions of one evaluation, about. */
function operationsOf({ nodes }: Graph): number {
  return nodes.reduce((total, { op, inputs, type }) => {
    const terms = op === "dot" || op === "conv" ? nodes[inputs[1]!]!.type.shape : [];
    const own = op === "conv" ? sizeOf(terms.slice(1)) : op === "dot" ? Math.max(1, sizeOf(terms) / (type.shape.at(-1) ?? 1)) : 1;
    return total + sizeOf(type.shape) * own;
  }, 0);
}

function toldOf({ space, width }: Smaller): string {
  const images = [...space].map(([from, to]) => `${to}×${to} of ${from}×${from}`);
  return `checked at ${[...images, ...[...width].map(([from, to]) => `${to} of ${from}`)].join(", ")}`;
}
