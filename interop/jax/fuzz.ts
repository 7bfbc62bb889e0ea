/**
 * Writes random models of the fuzzer as programs in JAX and as steps in ONNX, with what the float64 reference of the declared graph makes of them and how
 * far a result may be off it, as the fuzzer has it, for fuzz.py and ../onnx/fuzz.py: `tsx interop/jax/fuzz.ts <folder> [programs] [seed] [doubts]`.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { exportProgram } from "../../compiler/export.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { writeSafetensors, type Tensor } from "../../runtime/safetensors.ts";
import { modelOf } from "../../test/fuzz/build.ts";
import { boundsOf, isPosed, LARGEST, referenceOf } from "../../test/fuzz/check.ts";
import { anyRecipe } from "../../test/fuzz/recipe.ts";
import { feedOf, planOf, startOf, type Plan } from "../../test/fuzz/run.ts";

const [folder, programs = "200", seed = "1", doubts = "1"] = process.argv.slice(2) as [string, ...string[]];
mkdirSync(folder, { recursive: true });

/** What a call is fed, as arrays of the shapes that its graph has: floats as float64, of which all are float32 values. */
function fedTo(
  plan: Plan,
  graph: Graph,
  call: number,
  count: number,
): readonly (readonly [name: string, shape: readonly number[], values: Float64Array | Int32Array])[] {
  const feed = feedOf(plan, graph, new Map(), call, count);
  return graph.nodes.flatMap((node) => {
    const values = node.op === "input" ? feed.get(node.name) : undefined;
    if (values === undefined) return [];
    return [[node.name, node.type.shape, node.type.dtype === "i32" ? Int32Array.from(values) : values] as const];
  });
}

let written = 0;
const discarded = { kink: 0, overflow: 0, float32: 0 };
for (const [n, recipe] of fc.sample(anyRecipe, { numRuns: Number(programs) * 2, seed: Number(seed) }).entries()) {
  if (written === Number(programs)) break;
  const model = modelOf(recipe);
  const plan = planOf(model, recipe.rows, recipe.seed);
  const reference = referenceOf(plan);
  if (![...reference.meaning.values()].every((values) => values.every(Number.isFinite))) {
    discarded.overflow++;
    continue;
  }
  const double = boundsOf(plan, reference, "f64", Number(doubts));
  if (double === undefined) {
    discarded.kink++;
    continue;
  }
  const single = reference.peak > LARGEST ? undefined : boundsOf(plan, reference, "f32", Number(doubts));
  if (single === undefined) discarded.float32++;
  const linear = plan.entries.every(({ purpose }) => purpose.kind !== "train" || purpose.phase.rule.linear);
  const tensors: Tensor[] = [];
  const put = (name: string, values: Float64Array | Int32Array, shape: readonly number[] = [values.length]): void =>
    void tensors.push({
      name,
      dtype: values instanceof Int32Array ? "I32" : "F64",
      shape,
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice(),
    });
  for (const [name, values] of startOf(plan)) put(`first ${name}`, values);
  const called = (name: string): Graph => plan.entries.find((entry) => entry.name === name)!.declared;
  const train = plan.entries.find(({ purpose }) => purpose.kind === "train")!.declared;
  const short = plan.counts[1]!;
  for (const [name, shape, values] of fedTo(plan, called("predict"), 0, plan.rows)) put(`feed predict ${name}`, values, shape);
  for (const [name, shape, values] of fedTo(plan, called("evaluate"), 1, short)) put(`feed evaluate ${name}`, values, shape);
  plan.counts.forEach((count, step) => {
    for (const [name, shape, values] of fedTo(plan, train, 2 + step, count)) put(`feed ${step + 1} ${name}`, values, shape);
  });
  put("counts", Int32Array.from(plan.counts));
  for (const [name, values] of reference.meaning) {
    put(`expected ${name}`, values);
    put(`f64 ${name}`, Float64Array.of(double.get(name)!));
    // what float32 says nothing about has no bound there
    if (single !== undefined && (linear || isPosed(name))) put(`f32 ${name}`, Float64Array.of(single.get(name)!));
  }
  const name = `random-${String(n).padStart(3, "0")}`;
  writeFileSync(join(folder, `${name}.safetensors`), writeSafetensors({ tensors, metadata: {} }));
  writeFileSync(join(folder, `${name}.py`), await exportProgram(model, { to: "jax" }));
  writeFileSync(join(folder, `${name}.onnx`), await exportProgram(model, { to: "onnx-step" }));
  written++;
}
console.log(
  `${written} programs; discarded: ${discarded.kink} decided by rounding, ${discarded.overflow} no numbers; ${discarded.float32} in double only`,
);
