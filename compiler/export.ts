/** A model for other engines: its graph of prediction with its weights, or the program that trains it. */

import { ModelError } from "./graph/error.ts";
import { suggestion } from "./graph/nearest.ts";
import type { Node } from "./graph/graph.ts";
import { traceOf } from "./driver/entries.ts";
import type { CompileOptions } from "./driver/options.ts";
import { programOf } from "./driver/program.ts";
import type { Engine, Program } from "./exports/engine.ts";
import { ENGINES } from "./exports/index.ts";
import { twinned, type Twins } from "./exports/twin.ts";
import type { Model } from "./model/declaration.ts";
import { VERSION } from "./version.ts";

/** What `exportModel` takes besides. */
export interface ExportOptions extends Pick<CompileOptions, "source"> {
  /** `onnx`. */
  readonly to: string;
  /** Parameters and state by name, as `trainer.parameters` and `trainer.state` have them. */
  readonly weights: Readonly<Record<string, ArrayLike<number>>>;
  /** Texts that the file keeps beside the model's name. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What `exportProgram` takes besides. */
export interface ProgramOptions extends Pick<CompileOptions, "source" | "batch" | "entries" | "dtype"> {
  /** `jax`, `stablehlo`, `onnx-step`. */
  readonly to: string;
}

/** The engine of that name. Throws a ModelError for one that nobody wrote, with the nearest. */
export function engineOf(name: string): Engine {
  const found = ENGINES.find((engine) => engine.name === name);
  if (found !== undefined) return found;
  const names = ENGINES.map((engine) => engine.name);
  throw new ModelError({
    code: "export/engine",
    site: "export",
    law: `there is no engine ${JSON.stringify(name)}${suggestion(name, names)}`,
    operands: [],
    remedy: `Engines are ${names.join(", ")}.`,
  });
}

/** A batch that prediction is declared at, and another: what grows from one to the other is the batch's. */
const BATCHES = [2, 3] as const;

function twinsOf(model: Model, source: CompileOptions["source"]): Twins {
  const at = (batch?: number) =>
    traceOf(model, "predict", { ...(source === undefined ? {} : { source }), ...(batch === undefined ? {} : { batch }) });
  const own = at();
  if (own.meeting !== undefined) return { graph: own.graph, batch: model.batch.predict };
  try {
    const [first, second] = BATCHES.map((batch) => at(batch).graph) as [typeof own.graph, typeof own.graph];
    const twins = twinned(first, BATCHES[0], second, BATCHES[1]);
    if (twins.other !== undefined) return twins;
  } catch (error) {
    // a declaration may know one batch only
    if (!(error instanceof ModelError)) throw error;
  }
  return { graph: own.graph, batch: model.batch.predict };
}

/**
 * The bytes of a model's file for another engine, and whether its batch is open.
 * Throws a ModelError for what the engine has no form for, at the model's line.
 */
export function exportModel(
  model: Model,
  { to, weights, metadata = {}, source }: ExportOptions,
): { readonly bytes: Uint8Array; readonly open: boolean } {
  const engine = engineOf(to);
  if (engine.of !== "prediction")
    throw new RangeError(`exportModel writes graphs of prediction, and ${to} takes what exportProgram writes`);
  const twins = twinsOf(model, source);
  const held = ({ name, op, attrs }: Node): ArrayLike<number> => {
    if (op === "hyper") return [attrs["value"] as number];
    if (op === "constant") return (attrs["initial"] as readonly [string, ...number[]]).slice(1) as number[];
    const found = Object.hasOwn(weights, name) ? weights[name] : undefined;
    if (found === undefined) throw new RangeError(`exportModel: weights lack ${name}`);
    return found;
  };
  const bytes = engine.print({ name: model.name, twins, weights: held, version: VERSION, metadata: { model: model.name, ...metadata } });
  return { bytes, open: twins.other !== undefined };
}

/**
 * The bytes of the program that trains a model, in another engine's source: forward and backward pass and update as they are before loops exist.
 * Throws a ModelError for what the engine has no form for, at the model's line.
 */
export async function exportProgram(model: Model, { to, ...options }: ProgramOptions): Promise<Uint8Array> {
  const engine = engineOf(to);
  if (engine.of !== "training") throw new RangeError(`exportProgram writes what trains, and ${to} takes what exportModel writes`);
  const { source } = options;
  const command = source === undefined ? "exportProgram(model)" : `adjoint export ${source.path} --to ${to}`;
  const program: Program = { ...(await programOf(model, options)), command };
  return engine.print(program);
}
