/** What is true of the vocabulary: an op is one file and one line, and everything else follows from them. */

import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, expect, test } from "vitest";
import type { Compiled } from "../compiler/compile.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "adjoint-op-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (path: string): string => join(folder, path);

/** The one file: its gradient calls the op itself, with the attributes that it declares. */
const ROLL = `
import { f32 } from "../graph/type.ts";
import type { Value } from "../graph/graph.ts";
import { remainder, shift } from "../loop/index-expression.ts";
import type { Op } from "./op.ts";

/** y[i] = x[(i + by) mod n]. */
export const roll: Op<"roll", [x: Value], { readonly by: number }> = {
  name: "roll",
  arity: 1,
  exact: true,
  maths: ([x], { by }) => \`\${x} rolled by \${by}\`,
  infer: ([x]) => x,
  laws: ["d_x = d_y rolled back"],
  vjp: ({ g, node, cotangent }) => g.roll(cotangent, { by: node.type.shape[0]! - node.attrs.by }),
  evaluate([x], { by }, y) {
    const n = y.data.length;
    for (let i = 0; i < n; i++) y.data[i] = x.data[(i + by) % n]!;
  },
  define: ({ at, read, attrs: { by }, type }) => read[0](remainder(shift(at[0]!, by), type.shape[0]!)),
  samples: [{ inputs: [f32(5)], attrs: { by: 2 } }],
};
`;

/** A model that calls it, and calls that its declaration forbids. */
const USE = `
import { compile } from "./compiler/compile.ts";
import { model, mul, param, normal, sgd, sum } from "./compiler/index.ts";
import { context } from "./compiler/model/context.ts";
import type { FloatTensor, Tensor } from "./compiler/model/tensor.ts";
import { ops, opOf, type OpName } from "./compiler/ops/index.ts";

const rolled = (x: Tensor): FloatTensor => {
  const c = context();
  return c.run(() => c.tensor(c.g.roll(x.value, { by: 2 })) as FloatTensor);
};

export const wrong = (x: Tensor): unknown => [
  // @ts-expect-error it has an attribute
  context().g.roll(x.value),
  // @ts-expect-error which is a number
  context().g.roll(x.value, { by: "2" }),
  // @ts-expect-error and one operand
  context().g.roll(x.value, x.value, { by: 2 }),
];

export const name: OpName = "roll";
export const known: boolean = opOf(name) === (ops.roll as unknown);
export const compiled = () =>
  compile(
    model("rolling", { batch: 1 }, () => {
      const w = param("w", [5], normal(0, 1));
      const v = param("v", [5], normal(0, 1));
      return { loss: sum(mul(rolled(mul(w, w)), v)), optimizer: sgd({ learningRate: 0.1 }) };
    }),
  );
`;

cpSync(join(root, "compiler"), at("compiler"), { recursive: true });
cpSync(join(root, "runtime"), at("runtime"), { recursive: true });
symlinkSync(join(root, "node_modules"), at("node_modules"));
writeFileSync(at("package.json"), JSON.stringify({ type: "module" }));
writeFileSync(at("compiler/ops/roll.ts"), ROLL);
appendFileSync(at("compiler/ops/list.ts"), 'export { roll } from "./roll.ts";\n');
writeFileSync(at("use.ts"), USE);

test("its call is typed, by one file and one line, and what is called otherwise does not compile", () => {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: undefined, files: ["use.ts"] }, ts.sys, folder);
  const program = ts.createProgram([at("use.ts")], options);
  const found = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  expect(found).toEqual([]);
}, 120_000); // a whole program is type-checked

test("a model that calls it is differentiated, checked and printed", async () => {
  const use = (await import(at("use.ts"))) as { readonly known: boolean; compiled(): Promise<Compiled> };
  expect(use.known).toBe(true);
  const { check, files } = await use.compiled();
  expect(check!.tensors.filter(({ name, method }) => name === "w" && method === "central differences")).toHaveLength(1);
  expect(check!.holds).toBe(true);
  expect(files.get("trainer.ts")).toContain("d_x = d_y rolled back");
});
