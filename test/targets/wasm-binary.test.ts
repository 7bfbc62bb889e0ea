/** The assembler makes the bytes that wabt makes of the same text, and knows each instruction by its number. Those of all models: wasm.test.ts. */

import { expect, test } from "vitest";
import { binaryOf } from "../../compiler/targets/wasm/binary.ts";
import { textOf } from "../../compiler/targets/wasm/assemble.ts";
import { ALIGNMENT, INSTRUCTIONS } from "../../compiler/targets/wasm/instructions.ts";
import type { WasmOptions } from "../../compiler/targets/wasm/text.ts";
import { lowered } from "../support/models.ts";
import { bytesByWabt } from "../support/wabt.ts";

const same = async (text: string): Promise<boolean> => (await bytesByWabt(text)).equals(binaryOf(text));

test.each<WasmOptions>([{ threads: 2 }, { sliced: true }, { relaxed: true }, { long: 1000 }])("mnist-mlp with %o", async (options) => {
  const { module } = await lowered("mnist-mlp", { target: "wasm" });
  expect(await same(textOf(module, options).text)).toBe(true);
});

/** Operands of an instruction, by the type that begins its name or by what it does. */
function operandsOf(name: string): { readonly immediates: string; readonly operands: readonly string[] } {
  const [of, does] = name.split(".") as [string, string | undefined];
  const type = of === "i32" || of === "f32" ? of : "v128";
  const own = `(local.get $${type})`;
  const one = of.startsWith("f32") ? "(local.get $f32)" : "(local.get $i32)";
  const lane = name.endsWith("_lane") ? "1" : "";
  if (does === undefined) return { immediates: "", operands: [own, own, "(local.get $i32)"] }; // select
  if (name in ALIGNMENT) {
    const value = /store/.test(name) || lane !== "" ? [own] : [];
    return { immediates: `offset=300 ${lane}`, operands: ["(local.get $i32)", ...value] };
  }
  if (/reinterpret|convert_i32_s|trunc_sat_f32_s/.test(name)) return { immediates: "", operands: [`(local.get $${/_f32/.test(name) ? "f32" : "i32"})`] };
  if (name === "i8x16.shuffle") return { immediates: Array.from({ length: 16 }, (_, n) => n).join(" "), operands: [own, own] };
  if (does === "splat") return { immediates: "", operands: [one] };
  if (does === "extract_lane") return { immediates: lane, operands: [own] };
  if (does === "replace_lane") return { immediates: lane, operands: [own, one] };
  if (/^(?:neg|abs|sqrt|floor|not|eqz|trunc_sat|convert)/.test(does)) return { immediates: "", operands: [own] };
  if (of === "i32x4" && /^sh/.test(does)) return { immediates: "", operands: [own, "(local.get $i32)"] };
  return { immediates: "", operands: Array.from({ length: /bitselect|madd/.test(does) ? 3 : 2 }, () => own) };
}

test.each(INSTRUCTIONS)("%s", async (name) => {
  const { immediates, operands } = operandsOf(name);
  // neither asks whether types agree
  const params = "(param $i32 i32) (param $f32 f32) (param $v128 v128)";
  expect(await same(`(module (memory 1 1) (func $f ${params} (${name} ${immediates} ${operands.join(" ")})))`)).toBe(true);
});

test("numbers of every length, and texts that say what is not there", async () => {
  const numbers = [0, 1, 63, 64, -1, -64, -65, 127, 128, 8191, 8192, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1].map((n) => `(i32.const ${n})`);
  const floats = ["0", "-0", "1.5", "inf", "-inf", "nan", "1.401298464324817e-45", "3.4028234663852886e38"].map((n) => `(f32.const ${n})`);
  const many = Array.from({ length: 200 }, (_, n) => `(local $l${n} ${["i32", "i32", "f32"][n % 3]})`).join(" ");
  expect(await same(`(module (memory (export "memory") 1 300) (func $f (export "f") ${many} ${[...numbers, ...floats].join(" ")} (local.set $l150 (i32.const 3))))`)).toBe(true);
  expect(() => binaryOf("(module (func $f (local.get $x)))")).toThrow("the text of the kernels has no $x among its locals");
  expect(() => binaryOf("(module (func $f (i64.clz (i32.const 1))))")).toThrow("the assembler has no instruction i64.clz");
});
