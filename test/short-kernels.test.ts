/** How emitted kernels are short: what is done with each element is said once, rows are given, what only renames goes. */

import { describe, expect, test } from "vitest";
import { format } from "../compiler/driver/emit.ts";
import type { Kernel } from "../compiler/loop/loop.ts";
import { parseKernel } from "../compiler/loop/text/index.ts";
import { Names } from "../compiler/loop/identifier.ts";
import { printKernels } from "../compiler/targets/typescript/functions.ts";
import { Outline } from "../compiler/targets/typescript/outline.ts";
import { sharedName, sharingOf } from "../compiler/targets/typescript/shared.ts";
import { shortened } from "../compiler/targets/typescript/short.ts";
import { printPlainFunction } from "../compiler/targets/typescript/statement.ts";

const kernel = (text: string, doc = "y = x"): Kernel => parseKernel(text.replace("{", `{\n  // ${doc}`));

/** Kernels as a file has them. */
async function printed(kernels: readonly Kernel[]): Promise<string> {
  const needs = new Set<string>();
  const texts = printKernels(
    kernels,
    new Outline(kernels),
    new Names(),
    needs,
    sharingOf({ kernels, entries: [] }, () => true),
    (one, common, shared) => printPlainFunction(one, shared === undefined ? one.name : sharedName(shared), needs, common, shared),
  );
  return format(texts.join("\n\n"));
}

const update = (at: string, n: string): string => `
    let b_m_next${n}: f32 = round(add(mul(b_m[${at}], 0.9), sum${n}))
    b_m[${at}] = b_m_next${n}
    b[${at}] = sub(b[${at}], b_m_next${n})`;

describe("what is done with each element of a tile", () => {
  test("is one function, called for each, that names a weight and its state shortly", async () => {
    const text = await printed([
      kernel(
        `kernel sumMomentum_4(x: f32[4] read, b_m: f32[4] update, b: f32[4] update) flops 0 {
  for i in 0..4 step 2 {
    let sum0: f32 = x[i]
    let sum1: f32 = x[i + 1]${update("i", "0")}${update("i + 1", "1")}
  }
}
`,
        "b_m′[i] = b_m[i]·0.9 + x[i]",
      ),
    ]);
    expect(text).toContain("momentum(m, w, i, sum0);\n    momentum(m, w, i + 1, sum1);");
    expect(text).toContain(`/**
 * m′ = m·0.9 + sum
 * w′ = w − m′
 */
function momentum(m: Float32Array, w: Float32Array, at: number, sum: number): void {
  const m_next = fround(m[at]! * 0.9 + sum);
  m[at] = m_next;
  w[at] = w[at]! - m_next;
}`);
  });

  test("stays where something after it reads what it names", async () => {
    const one = kernel(`kernel k(x: f32[4] read, b_m: f32[4] update, b: f32[4] update) flops 0 {
  let sum0: f32 = x[0]
  let sum1: f32 = x[1]${update("0", "0")}${update("1", "1")}
  b[3] = add(b_m_next0, b_m_next1)
}
`);
    expect(await printed([one])).not.toContain("function element");
  });
});

const rows = (name: string, n: number): Kernel =>
  kernel(`kernel ${name}(x: f32[${n * 3}] read, y: f32[${n * 3}] write) flops 0 {
  for i in 0..${n} {
    for j in 0..3 {
      y[3·i + j] = neg(x[3·i + j])
    }
  }
}
`);

describe("kernels that differ in how many rows they take", () => {
  test("are one function to which the number is given; of one row there is no loop", () => {
    const single = kernel(`kernel neg_1x3_predict(x: f32[3] read, y: f32[3] write) flops 0 {
  for j in 0..3 {
    y[j] = neg(x[j])
  }
}
`);
    const all = [rows("neg_32x3", 32), rows("neg_250x3_evaluate", 250), single];
    const sharing = sharingOf({ kernels: all, entries: [] }, () => true);
    const shared = sharing.get("neg_32x3")!;
    expect(all.map(({ name }) => sharing.get(name))).toEqual([shared, shared, shared]);
    expect([...shared.rows]).toEqual([
      ["neg_32x3", 32],
      ["neg_250x3_evaluate", 250],
      ["neg_1x3_predict", 1],
    ]);
    expect(sharedName(shared)).toBe("neg_Nx3");
  });

  test("are printed once, with a loop that ends at what is given", async () => {
    const text = await printed([rows("neg_32x3", 32), rows("neg_250x3_evaluate", 250)]);
    expect(text.match(/function /g)).toHaveLength(1);
    expect(text).toContain("function neg_Nx3(x: Floats, y: Floats, rows: number): void {\n  for (let i = 0; i < rows; i++) for");
  });

  test("stay apart where a place depends on the number, or where they would lose by it", () => {
    const last = kernel(`kernel last_32x3(x: f32[96] read, y: f32[96] write) flops 0 {
  for i in 0..32 {
    y[i] = x[95]
  }
}
`);
    const other = kernel(`kernel last_16x3(x: f32[48] read, y: f32[48] write) flops 0 {
  for i in 0..16 {
    y[i] = x[47]
  }
}
`);
    expect(sharingOf({ kernels: [last, other], entries: [] }, () => true).size).toBe(0);
    const kernels = [rows("neg_32x3", 32), rows("neg_250x3_evaluate", 250)];
    expect(sharingOf({ kernels, entries: [] }, ({ name }) => name === "neg_32x3").size).toBe(0);
  });
});

test("a sum has the name of the value that it is, and what is read once stands where it is read", async () => {
  const text = await printed([
    kernel(`kernel k(x: f32[4] read, y: f32[2] write) flops 0 {
  var max: f32 = 0
  for k in 0..4 {
    max = max(max, x[k])
  }
  let largest: f32 = max
  y[0] = largest
  let once: f32 = x[3]
  y[1] = sub(once, largest)
}
`),
  ]);
  expect(text).toContain("largest = Math.max(largest, x[k]!);");
  expect(text).toContain("y[1] = x[3]! - largest;");
  expect(text).not.toMatch(/const (largest|once)/);
});

test("a constant that another part of the kernel reads keeps its name, where it would otherwise stand in its reader", () => {
  const { body } = kernel(`kernel copy_4(x: f32[4] read, y: f32[4] write) flops 0 {
  for i in 0..4 {
    let mean: f32 = x[i]
    y[i] = mean
  }
}
`);
  const [loop] = body;
  if (loop?.kind !== "for") throw new Error("the kernel is a loop");
  expect(shortened(loop.body).map(({ kind }) => kind)).toEqual(["store"]);
  expect(shortened(loop.body, new Set(["mean"]))).toEqual(loop.body);
});

test("a label that picks a term and is compared later has one name", async () => {
  const text = await printed([
    kernel(`kernel k(y: i32[1] read, x: f32[4] read, z: f32[4] write) flops 0 {
  for y_0 in 0..4 only y[0] {
    z[0] = x[y_0]
  }
  let y_1: i32 = y[0]
  for j in 0..4 {
    z[j] = select(eq(j, y_1), x[j], 0)
  }
}
`),
    kernel(`kernel l(y: i32[1] read, x: f32[4] read, z: f32[4] write) flops 0 {
  let y_0: i32 = y[0]
  for part in 0..4 only y_0 {
    z[0] = x[part]
  }
  z[1] = select(eq(1, y_0), x[1], 0)
}
`),
  ]);
  expect(text.match(/const \w+ = .*/g)).toEqual(["const y_0 = y[0]!;", "const y_0 = y[0]!;"]);
  expect(text).toContain("z[j] = j === y_0 ? x[j]! : 0");
  expect(text).toContain("if (0 <= y_0 && y_0 < 4) z[0] = x[y_0]!;");
});
