/** Guarantees a program's statements with the buffers they touch and the operations they do, without their loops: enough to place it. */

import { loadsOf } from "../loop/build.ts";
import type { Call, Definitions, Program } from "../loop/loop.ts";
import type { Pass } from "./pass.ts";
import { flopsOf } from "./cost.ts";
import { scalarCall } from "./schedule.ts";

export const outline: Pass<Definitions, Program> = {
  name: "outline",
  why: "statements without loops, for plans that are tried",
  run({ name, buffers, work, results }) {
    const byName = new Map(buffers.map((buffer) => [buffer.name, buffer]));
    const calls = work.map((item, n): Call => {
      if (item.kind === "scalar") return scalarCall(item.definition, item.storage, byName);
      const { group } = item;
      const touched = group.stages.flatMap(({ definition, storage }) => [
        ...loadsOf(definition.value).map(({ buffer }) => buffer),
        ...(storage === "local" ? [] : [definition.target ?? definition.name]),
      ]);
      const args = [...new Set(touched)].filter((buffer) => byName.has(buffer));
      return { kind: "call", kernel: `statement${n}`, args, group, doc: [] };
    });
    const kernels = calls.flatMap((call) => call.kind === "call" ? [{ name: call.kernel, doc: [], params: [], body: [], flops: flopsOf(call.group) }] : []); // prettier-ignore
    return { name, buffers, kernels, calls, results };
  },
};
