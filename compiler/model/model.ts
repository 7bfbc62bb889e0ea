/** Guarantees that a model is a function of its instance: declared anew, as one graph, for every entry point and size. */

import { readBudget } from "../graph/bytes.ts";
import { ModelError } from "../graph/error.ts";
import type { Value } from "../graph/graph.ts";
import { reachableFrom } from "../graph/walk.ts";
import { adviseDropped, adviseLinear } from "./advice.ts";
import type { Context } from "./context.ts";
import type { BatchSizes, Declaration, EntryKind, Instance, Model, ModelOptions, PhaseDeclaration, Traced } from "./declaration.ts";
import { checkDeclared, checkModel, instanceOf } from "./declared.ts";
import { generationOf } from "./generation.ts";
import { covers } from "./layers/layer.ts";
import type { Meeting } from "./rows.ts";
import { callSite } from "./site.ts";
import { tracer } from "./trace.ts";
import { freezeOthers } from "./trainable.ts";
import { withoutTurns } from "./turn.ts";

const batchSizes = (batch: ModelOptions["batch"] = 1): BatchSizes =>
  typeof batch === "number" ? { train: batch, evaluate: batch, predict: 1 } : batch;

/** Declares a model. `declare` is called once for each entry point. */
export function model(name: string, options: ModelOptions, declare: (instance: Instance) => Declaration): Model {
  checkModel(name, options, declare);
  const batch = batchSizes(options.batch);
  const site = callSite();
  const of = {};
  if (options.memory !== undefined) readBudget(name, options.memory);
  return {
    kind: "adjoint model",
    name,
    batch,
    ...(options.memory === undefined ? {} : { memory: options.memory }),
    trace: tracer(name, of, {
      declare: (c, instance) => {
        const declared = declare(instanceOf(c, instance, options, site));
        const { trainable } = options;
        if (trainable !== undefined) c.run(() => freezeOthers(c, trainable), site);
        return declared;
      },
      check: (c, declared) => checkDeclared(c, declared, site),
      finish,
    }),
  };
}

/** What one call of the declaration gave, as an entry point; `meeting` finds where rows meet in its results. */
function finish(c: Context, entry: EntryKind, declared: Declaration, meeting: (values: readonly Value[]) => Meeting | undefined): Traced {
  const phases: readonly PhaseDeclaration[] =
    "phases" in declared ? declared.phases : [{ name: "train", loss: declared.loss, optimizer: declared.optimizer }];
  const { builder } = c;
  if (phases.length === 0) c.fail("model/phases", "a model needs at least one phase", "Return { loss, optimizer } or { phases: [ … ] }.");
  for (const phase of phases) checkLoss(c, phase);
  const trained = phases.map((phase) => trainedNames(c, phase));
  checkReached(c, phases, trained);
  if (entry === "train") for (const [target, value] of c.assignments) builder.results.push({ kind: "write", target, value });
  if (entry !== "predict")
    for (const { name, loss } of phases)
      builder.results.push({
        kind: "loss",
        name: entry === "evaluate" && phases.length === 1 ? "loss" : name,
        value: loss.value,
      });
  const shown = entry === "evaluate" ? declared.metrics : entry === "predict" ? declared.outputs : {};
  for (const [name, tensor] of Object.entries(shown ?? {})) {
    if (entry === "evaluate" && tensor.shape.length > 0)
      c.fail(
        "model/metric",
        `metric ${JSON.stringify(name)} needs a scalar, but has [${tensor.shape.join(",")}]`,
        "Reduce it over its axes.",
      );
    builder.results.push({
      kind: entry === "evaluate" ? "loss" : "output",
      name,
      value: tensor.value,
    });
  }
  const generation = generationOf(c, declared);
  // told of once: by the loss, where it reads the same value
  const told = new Set(c.advice.map(({ code }) => code));
  if (entry === "train" && !told.has("advice/dropped"))
    for (const [name, { value }] of Object.entries(declared.outputs ?? {})) adviseDropped(c, `output ${JSON.stringify(name)}`, value);
  const found = meeting(builder.results.map(({ value }) => value));
  return {
    graph: withoutTurns(c, builder.graph()),
    layers: c.layers,
    kinds: c.kinds,
    advice: [...adviseLinear(c), ...c.advice],
    ...(found === undefined ? {} : { meeting: found }),
    wholeOutputs: entry === "predict" ? wholeOutputs(c) : [],
    ...(generation === undefined ? {} : { generation }),
    named: { ...c.extents.named, unrolled: c.unrolled, sized: c.sizes.size > 0 },
    phases: phases.map(({ name, optimizer: rule }, n) => {
      const parameters = trained[n];
      const site = rule.site === undefined ? {} : { site: c.cited(rule.site) };
      return { name, rule, ...site, ...(parameters === undefined ? {} : { parameters }) };
    }),
  };
}

/** Outputs of which the batch's rows are not one part after the other. */
const wholeOutputs = (c: Context): string[] =>
  c.builder.results.flatMap((result) => (result.kind === "output" && !isByRow(c, result.value) ? [result.name] : []));

function isByRow(c: Context, value: Value): boolean {
  const { shape } = c.typeOf(value);
  const rows = c.rows.along(c, value);
  return rows === undefined ? !c.rows.isRowless(c, value) : rows.axis === 0 && rows.per * rows.batch === shape[0];
}

/** The names of the parameters that a phase trains; undefined where it lists none. */
function trainedNames(c: Context, { name, parameters }: PhaseDeclaration): readonly string[] | undefined {
  const trainable = c.builder.nodes.flatMap((node) => (node.op === "param" && node.attrs["trainable"] !== false ? [node.name] : []));
  return parameters?.flatMap((listed) => {
    const of = typeof listed === "string" ? listed : c.builder.node(listed.value).name;
    const found = trainable.filter((parameter) => covers(of, parameter));
    if (found.length === 0)
      c.fail(
        "model/phase",
        `phase ${JSON.stringify(name)} trains ${JSON.stringify(of)}, but no trainable parameter or layer is called that`,
        `The trainable parameters are ${trainable.join(", ")}.`,
      );
    return found;
  });
}

function checkLoss(c: Context, { loss }: PhaseDeclaration): void {
  const node = c.builder.node(loss.value);
  if (node.type.shape.length > 0)
    throw new ModelError({
      code: "model/loss",
      site: node.origin.site || c.place,
      law: `a loss needs to be a scalar, but has [${node.type.shape.join(",")}]`,
      operands: [{ label: "loss", name: `%${node.name}`, type: node.type, site: `from ${node.op}  ${node.origin.site}`.trimEnd() }],
      remedy: "Average it over the batch and sum it over its other axes.",
    });
}

/** Every trainable parameter is reached by a loss of a phase that trains it. */
function checkReached(c: Context, phases: readonly PhaseDeclaration[], trained: readonly (readonly string[] | undefined)[]): void {
  const { nodes } = c.builder;
  const reached = phases.map(({ loss }) => reachableFrom(nodes, [loss.value]));
  nodes.forEach((node, at) => {
    if (node.op !== "param" || node.attrs["trainable"] === false) return;
    const isTrained = phases.some((_, n) => reached[n]![at] && (trained[n]?.includes(node.name) ?? true));
    if (isTrained) return;
    throw new ModelError({
      code: "model/unreached",
      site: node.origin.site || c.place,
      law: `parameter ${JSON.stringify(node.name)} is trainable, but no loss of any phase reaches it`,
      operands: [{ label: "parameter", name: `%${node.name}`, type: node.type }],
      remedy: "Use it in the loss, freeze it with { trainable: false }, or remove it.",
    });
  });
}
