/** The assembler makes the bytes that wabt makes of the same text, whatever is asked for. Those of all models: wasm.test.ts. */

import { expect, test } from "vitest";
import { assemble } from "../../compiler/targets/wasm/assemble.ts";
import type { WasmOptions } from "../../compiler/targets/wasm/text.ts";
import { lowered } from "../support/models.ts";
import { bytesByWabt } from "../support/wabt.ts";

test.each<WasmOptions>([{ threads: 2 }, { sliced: true }, { relaxed: true }, { long: 1000 }])("mnist-mlp with %o", async (options) => {
  const { module } = await lowered("mnist-mlp", { target: "wasm" });
  const { text, bytes } = assemble(module, options);
  expect((await bytesByWabt(text)).equals(bytes)).toBe(true);
});
