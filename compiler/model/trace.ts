/**
 * Guarantees that a model is declared at the batch that is asked for with knowledge of where its rows lie: it is declared at a prime batch
 * first (rows.ts), once for each entry and size. Where that fails, or the declaration is another one there, nothing is known to be a row:
 * means are plain, which is right for a full batch, and short ones are refused.
 */

import { ModelError } from "../graph/error.ts";
import type { Attr, Value } from "../graph/graph.ts";
import { Context, within } from "./context.ts";
import type { Declaration, EntryKind, Instance, Model, Traced, TraceRequest } from "./declaration.ts";
import type { Steps } from "./decoding.ts";
import { stepsOf } from "./generation.ts";
import { Known, NO_ROWS, PRIMES, Probe, type Meeting, type RowAxis, type RowLaw } from "./rows.ts";

const NOBODY = { cite: (file: string): string => file, textOf: (): undefined => undefined };

/** What a model is made of. */
interface Declared {
  /** Calls the model's function. */
  declare(c: Context, instance: Instance): Declaration;
  /** Throws for what no declaration is. */
  check(c: Context, declared: Declaration): void;
  /** Makes an entry point of what was declared; `meeting` finds where rows meet in its results. */
  finish(c: Context, entry: EntryKind, declared: Declaration, meeting: (values: readonly Value[]) => Meeting | undefined): Traced;
}

/** A model's `trace`; `of` is the same for all calls of the model. */
export function tracer(name: string, of: object, model: Declared): Model["trace"] {
  const probes = new Map<string, Probe | undefined>();
  const probeOf = (entry: EntryKind, small: boolean, batch: number, decoding: Steps | undefined): Probe | undefined => {
    const key = `${entry} ${small} ${batch} ${decoding?.steps}`;
    if (!probes.has(key)) probes.set(key, probed(name, of, model, { entry, small, batch, decoding }));
    return probes.get(key);
  };
  /** A model that generates is declared for prediction once more, over one step. */
  const trace = (request: TraceRequest, decoding?: Steps): Traced => {
    const { entry, batch, float, small, extents, citation } = request;
    const training = entry === "train";
    const again = (c: Context, { generate }: Declaration): Steps | undefined =>
      entry === "predict" && generate !== undefined && decoding === undefined && request.whole !== true ? stepsOf(c, generate) : undefined;
    const declared = (law: RowLaw) => {
      const probing = request.withoutLines === true;
      const c = new Context(name, float, citation, { training, small, batch, extents, law, call: { entry, of }, probing, decoding });
      const declaration = within(c, () => {
        try {
          const result = model.declare(c, { batch, training });
          model.check(c, result);
          return result;
        } catch (error) {
          if (!(error instanceof ModelError)) throw error;
          if (decoding !== undefined) throw atOneStep(error, decoding);
          throw small ? tooSmall(error, c) : error;
        }
      });
      return { c, declaration };
    };
    if (batch === 1) {
      const { c, declaration } = declared(NO_ROWS);
      const steps = again(c, declaration);
      if (steps !== undefined) return trace(request, steps);
      const probe = probeOf(entry, small, PRIMES[0], decoding);
      // of a batch of one, what does not grow with it is that one row all the same
      sayRows(c, batch, (at, leading) => {
        const rows = probe?.input(c.builder.nodes[at]!.name);
        return rows?.axis === 0 ? { axis: 0, per: c.builder.nodes[at]!.type.shape[0]! } : leading;
      });
      return model.finish(c, entry, declaration, () => undefined);
    }
    for (const prime of PRIMES) {
      const probe = prime === batch ? undefined : probeOf(entry, small, prime, decoding);
      if (probe === undefined) continue;
      const known = new Known(probe, batch, extents !== undefined);
      const { c, declaration } = declared(known);
      const steps = again(c, declaration);
      if (steps !== undefined) return trace(request, steps);
      if (!known.agrees(c)) continue;
      const scales = c.builder.nodes.some(({ op, name }) => op === "input" && probe.input(name));
      sayRows(c, batch, (at, leading) => (scales ? known.along(c, at) : leading));
      return model.finish(
        c,
        entry,
        declaration,
        (values) => known.meeting(c, values) ?? (scales ? crosswise(c, entry, probe) : fixed(c, batch)),
      );
    }
    const { c, declaration } = declared(NO_ROWS);
    const steps = again(c, declaration);
    if (steps !== undefined) return trace(request, steps);
    sayRows(c, batch, (_, leading) => leading);
    return model.finish(c, entry, declaration, ([value]) => unknown(c, value));
  };
  return (request) => trace(request);
}

/** What a declaration refuses at the sizes that it says to check it at, where it was made at its own before. */
function tooSmall(error: ModelError, { sizes }: Context): ModelError {
  const smaller = [...sizes].filter(([, { extent, check }]) => check < extent);
  if (smaller.length === 0) return error;
  const told = smaller.map(([name, { extent, check }]) => `size ${JSON.stringify(name)} is ${check} of ${extent}`).join(", ");
  return new ModelError({
    ...error.diagnostic,
    law: `at the small instance of the check, where ${told}: ${error.diagnostic.law}`,
    remedy: `Give ${smaller.map(([name]) => `size(${JSON.stringify(name)}, …)`).join(" and ")} a larger { check }: the least at which every layer still does its work.`,
  });
}

/**
 * What a declaration refuses over the one step of a model that generates, where all steps of it were declared before. What generation itself refuses
 * has its own remedy.
 */
function atOneStep(error: ModelError, { tokens, steps }: Steps): ModelError {
  const { diagnostic } = error;
  if (diagnostic.code.startsWith("generate/")) return error;
  return new ModelError({
    ...diagnostic,
    law: `over one step, as prediction runs where a model generates, and not the ${steps} of ${JSON.stringify(tokens)}: ${diagnostic.law}`,
    remedy: `Take extents of the steps from a tensor's shape, or write −1 for them, so that the declaration holds over one step too.`,
  });
}

/** Any result is where rows may meet. */
function unknown({ builder }: Context, value: Value | undefined): Meeting | undefined {
  if (value === undefined) return undefined;
  const { name, origin } = builder.node(value);
  return {
    value: name,
    site: origin.site,
    why: "the model's declaration is not the same at other batches, so that nothing is known of its rows",
  };
}

type Probed = Pick<TraceRequest, "entry" | "small" | "batch"> & { readonly decoding: Steps | undefined };

/**
 * The declaration at a prime batch; undefined where it throws, as the real one will, if it is wrong at any batch. Made twice: what differs
 * from call to call says nothing of the batch (and a counter that the function keeps to itself is left as odd or even as it was).
 */
function probed(name: string, of: object, model: Declared, { entry, small, batch, decoding }: Probed): Probe | undefined {
  const training = entry === "train";
  const once = (): Probe | undefined => {
    const law = new Probe(batch);
    const c = new Context(name, "f32", NOBODY, { training, small, batch, law, call: { entry, of }, probing: true, decoding });
    try {
      within(c, () => model.declare(c, { batch, training }));
      law.finish(c);
      return law;
    } catch {
      return undefined;
    }
  };
  const [first, second] = [once(), once()];
  return JSON.stringify(first?.twins) === JSON.stringify(second?.twins) ? first : undefined;
}

/** An input whose rows lie elsewhere than along its leading axis: a short batch of it has no agreed layout. */
function crosswise({ builder }: Context, entry: EntryKind, probe: Probe): Meeting | undefined {
  if (entry === "predict") return undefined;
  const axisOf = (name: string): number => probe.input(name)?.axis ?? 0;
  const found = builder.nodes.find(({ op, name }) => op === "input" && axisOf(name) > 0);
  return (
    found && {
      value: found.name,
      site: found.origin.site,
      why: `its rows lie along axis ${axisOf(found.name)}; put the batch's axis first, and transpose in the model`,
    }
  );
}

/** An input that is as long as the batch in a model none of whose inputs grows with it: its extent was written as a number. */
function fixed({ builder, whole }: Context, batch: number): Meeting | undefined {
  const found = builder.nodes.find(({ op, name, type }) => op === "input" && type.shape[0] === batch && !whole.has(name));
  return (
    found && {
      value: found.name,
      site: found.origin.site,
      why: "its first extent is the batch's, but does not grow with it; declare it by the batch that the declaration is given, or say { rows: false }",
    }
  );
}

type Place = Pick<RowAxis, "axis" | "per"> | undefined;

/** Says where an input's rows lie, if not along a leading axis as long as the batch: positions a row along an axis, or nowhere. */
function sayRows({ builder: { nodes }, whole }: Context, batch: number, rowsOf: (at: Value, leading: Place) => Place): void {
  nodes.forEach((node, at) => {
    if (node.op !== "input") return;
    const leading = node.type.shape[0] === batch ? { axis: 0, per: 1 } : undefined;
    const rows = whole.has(node.name) ? undefined : rowsOf(at as Value, leading);
    if (rows?.axis === leading?.axis && rows?.per === leading?.per) return;
    const said: Attr = rows === undefined ? [] : [rows.axis, rows.per];
    nodes[at] = { ...node, attrs: { ...node.attrs, rows: said } };
  });
}
