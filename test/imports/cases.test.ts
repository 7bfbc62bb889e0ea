/** Every operator that is imported, over its attributes: what the source computes is what ONNX Runtime made of it (interop/onnx/cases.py), and its gradients hold. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { evaluateGraph } from "../../compiler/check/evaluate.ts";
import { checkGradients } from "../../compiler/check/numeric-gradient.ts";
import { verdictOf } from "../../compiler/check/result.ts";
import { entriesOf, traceOf } from "../../compiler/driver/entries.ts";
import { importOnnx } from "../../compiler/imports/onnx/index.ts";
import type { Imported } from "../../compiler/imports/written.ts";
import { gradients } from "../../compiler/passes/graph/gradients.ts";
import { writeOut } from "../../compiler/passes/graph/write-out.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { sizeOf } from "../../compiler/graph/type.ts";
import { declared } from "./declared.ts";

interface Packed {
  readonly dims: readonly number[];
  readonly dtype: "f32" | "i32";
  readonly data: string;
}

interface Case {
  readonly name: string;
  readonly op: string;
  readonly model: string;
  readonly inputs: Readonly<Record<string, Packed>>;
  readonly outputs: Readonly<Record<string, Packed>>;
}

const CASES = JSON.parse(gunzipSync(readFileSync(new URL("./cases.json.gz", import.meta.url))).toString()) as readonly Case[];
const numbers = ({ dtype, data }: Packed): Float64Array => {
  const { buffer, byteOffset, length } = Buffer.from(data, "base64");
  const own = buffer.slice(byteOffset, byteOffset + length);
  return Float64Array.from(dtype === "f32" ? new Float32Array(own) : new Int32Array(own));
};

/** Contents of a graph's leaves: of the case, of the file, else as the language would begin. */
function feedOf(graph: Graph, { inputs }: Case, { weights }: Imported): ReadonlyMap<string, Float64Array> {
  const held = new Map(weights.map(({ name, values }) => [name, values]));
  return new Map(
    graph.nodes.flatMap(({ op, name, type, attrs }): readonly (readonly [string, Float64Array])[] => {
      const size = sizeOf(type.shape);
      if (op === "input" && inputs[name] !== undefined) return [[name, numbers(inputs[name])]];
      // targets: classes, or numbers unlike the outputs
      if (op === "input")
        return [[name, Float64Array.from({ length: size }, (_, n) => (type.dtype === "i32" ? n % Number(attrs["classes"]) : Math.sin(n)))]];
      if (op === "param" || op === "state") return [[name, Float64Array.from(held.get(name) ?? new Float64Array(size))]];
      if (op === "constant") return [[name, Float64Array.from((attrs["initial"] as readonly unknown[]).slice(1) as number[])]];
      if (op === "count") return [[name, Float64Array.of(2)]];
      return [];
    }),
  );
}

/** The rows that a case was computed with. */
const rowsOf = ({ inputs }: Case): number => Object.values(inputs)[0]!.dims[0] ?? 1;

const OPS = [...new Set(CASES.map(({ op }) => op))];
test("there are some hundreds of cases of all operators", () => {
  expect(CASES.length).toBeGreaterThan(400);
  expect(OPS.length).toBeGreaterThan(60);
});

const thorough = process.env["CASES"] === "all";
const only = process.env["CASE"];
describe.each(OPS)("%s", (op) => {
  test.each(CASES.filter((one) => one.op === op && (only === undefined || one.name.startsWith(`${only} `))))("$name", (one) => {
    // of what begins with 1 everywhere that is no batch
    const fixed = Object.values(one.inputs).every(({ dims }) => dims[0] === 1) ? { batch: 1 } : {};
    const imported = importOnnx(Buffer.from(one.model, "base64"), { name: "again", file: "case.onnx", ...fixed });
    if (only !== undefined) console.log(imported.source);
    const model = declared(imported);
    const { graph } = traceOf(model, "predict", { batch: rowsOf(one), dtype: "f64" });
    const values = evaluateGraph(graph, feedOf(graph, one, imported));
    for (const result of graph.results) {
      if (result.kind !== "output") continue;
      const [made, expected] = [values[result.value]!, numbers(one.outputs[result.name]!)];
      expect(graph.nodes[result.value]!.type.shape, result.name).toEqual(one.outputs[result.name]!.dims);
      const most = Math.max(1e-6, ...expected.map(Math.abs));
      const worst = Math.max(...made.data.map((value, n) => Math.abs(value - expected[n]!)));
      expect(worst / most, result.name).toBeLessThan(1e-5);
    }
    if (!thorough && CASES.indexOf(one) % 8 !== 0) return;
    const [entry] = entriesOf(model, { batch: rowsOf(one), dtype: "f64" }, "gradients");
    const { phase } = entry!.purpose as { readonly phase: Parameters<typeof gradients>[0] };
    const full = gradients(phase).run(writeOut.run(entry!.traced.graph) as Graph) as Graph;
    const loss = full.results.find(({ kind }) => kind === "loss")!.value;
    const found = checkGradients(full, loss, feedOf(full, one, imported), { coordinates: 2, directions: 1, quick: true, seed: 1 });
    for (const check of found) expect(verdictOf(check), check.name).not.toBe("wrong");
  });
});
