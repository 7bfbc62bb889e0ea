/** The default target: trainer.ts, in which kernels are functions over views of one ArrayBuffer. */

import { Emitted } from "../emitted.ts";
import { factsFor, type Target } from "../target.ts";
import { aloneInTypeScript } from "./alone.ts";
import { functionsOf } from "./functions.ts";
import { scalar } from "./machine.ts";
import { printFile } from "./module.ts";
import { plain } from "./plain.ts";

export const typescript = {
  name: "typescript",
  suffix: "",
  asked: {},
  implied: { target: "typescript" },
  machine: scalar,
  understands: new Set(["float64", "sliced", "winograd", "gradients", "memory", "schedules", "plan"]),
  beside: new Set(["model.graph", "report.md"]),
  twin: plain,
  async emit(module, asked, kind = "trainer") {
    const facts = factsFor(kind, asked);
    return new Emitted(printFile(module, facts, functionsOf(module, { sliced: facts.sliced, twins: facts.twins }), kind));
  },
  alone: (kernels, arenaBytes) => aloneInTypeScript(kernels, arenaBytes),
} as const satisfies Target;
