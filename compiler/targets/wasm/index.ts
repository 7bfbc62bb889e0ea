/** The WebAssembly targets: the TypeScript trainer's step over kernels in a module, whose bytes the file holds or that lies beside it. */

import { Emitted } from "../emitted.ts";
import { factsFor, type Target } from "../target.ts";
import { printFile } from "../typescript/module.ts";
import { aloneInWasm } from "./alone.ts";
import { assemble } from "./assemble.ts";
import { simd } from "./machine.ts";
import { exportsOf, type Where } from "./module.ts";

const shared = (where: Where) =>
  ({
    suffix: ".wasm",
    machine: simd,
    understands: new Set(["threads", "sliced", "relaxed", "winograd", "gradients", "memory", "schedules", "plan"]),
    beside: new Set(["report.md"]),
    async emit(module, asked, kind = "trainer") {
      const facts = factsFor(kind, asked);
      const assembled = assemble(module, facts);
      const text = printFile(module, facts, exportsOf(module, where, facts, kind, assembled), kind);
      return new Emitted(text, { bytes: assembled.bytes, ...(where === "external" && { file: `${kind}.wasm` }) });
    },
    alone: aloneInWasm,
  }) as const satisfies Partial<Target>;

export const wasm = {
  name: "wasm",
  asked: { target: "wasm" },
  implied: { wasm: "embedded" },
  ...shared("embedded"),
} as const satisfies Target;

/** The bytes lie beside the file, and whoever makes a trainer gives the compiled module. */
export const wasmExternal = {
  name: "wasm-external",
  asked: { target: "wasm", wasm: "external" },
  flags: {
    wasm: {
      type: "string",
      valueHint: "external",
      description: "Where the bytes go: embedded (in the file) or external (trainer.wasm)",
    },
  },
  ...shared("external"),
  apart: true,
} as const satisfies Target;
