/** Guarantees the plain twin of trainer.ts: the same statements and the same bits, each kernel the loops that its definitions say, a function of its arrays. */

import type { Module } from "../../loop/loop.ts";
import { Emitted } from "../emitted.ts";
import type { Target } from "../target.ts";
import { scalar } from "./machine.ts";
import { printFile } from "./module.ts";
import type { Kernels } from "./scope.ts";
import { printPlainFunction } from "./statement.ts";

const plainly = (module: Module): Kernels => ({
  arena: "const arena = new ArrayBuffer(ARENA_BYTES);",
  options: [],
  bound: () => [],
  call: (kernel, args, scope) => `${scope.kernel(kernel)}(${args.map(scope.view).join(", ")});`,
  print: (scope, needs) => module.kernels.map((kernel) => printPlainFunction(kernel, scope.kernel(kernel.name), needs)),
});

export const plain = {
  name: "plain",
  suffix: ".plain",
  asked: { plain: true },
  flags: {
    plain: {
      type: "boolean",
      description: "Write trainer.plain.ts: the same statements and bits, every kernel as its definitions say it, for reading",
    },
  },
  machine: { ...scalar, name: "plain", scheduled: false }, // the bits of trainer.ts, from loops that nobody tuned
  understands: new Set(),
  beside: new Set(),
  reading: "the TypeScript trainer without any schedule",
  emit: async (module, facts, kind = "trainer") => new Emitted(printFile(module, facts, plainly(module), kind)),
} as const satisfies Target;
