/** Guarantees `adjoint explain`: why a model's program is as it is — its kernels and memory, one tensor, or one kernel. */

import { defineCommand } from "citty";
import { explainKernel, explainModel, type KernelFacts, type ModelFacts, type Neighbour } from "../explain/model.ts";
import { explainTensor, tensorNames, type Home, type TensorFacts, type TensorInEntry, type Use } from "../explain/tensor.ts";
import { lower } from "../driver/lower.ts";
import { DEFAULT } from "../targets/index.ts";
import type { Roofline } from "../passes/loops/cost.ts";
import { COMMON } from "./arguments.ts";
import { InputError, suggestion } from "./errors.ts";
import type { ExplainJson } from "./json.ts";
import { loadModel } from "./load-model.ts";
import { grouped, paint, result, resultJson, table } from "./output.ts";
import { schedulesOf } from "./schedules.ts";
import { TARGET, targetNamed } from "./targets.ts";

export const explain = defineCommand({
  meta: { name: "adjoint explain", description: "Say why a model's kernels, memory and gradients are as they are" },
  args: {
    model: { type: "positional", required: false, description: "A model file" },
    name: { type: "positional", required: false, description: "A tensor or a kernel of it" },
    target: TARGET,
    ...COMMON,
  },
  async run({ args }) {
    const [file, given, ...more] = args._;
    if (file === undefined)
      throw new InputError(
        "adjoint explain needs a model: adjoint explain models/<name>.ts, and after it, if you like, the name of a tensor or a kernel",
      );
    if (more.length > 0)
      throw new InputError(`adjoint explain takes one model and one name, but got ${args._.join(" and ")}; run it once for each`);
    const loaded = await loadModel(file);
    const { model, source, shown } = loaded;
    const target = targetNamed(args.target) ?? DEFAULT.name;
    const lowered = await lower(model, { source, target, ...schedulesOf(loaded, target) });
    const name = given?.replace(/^%/, "");
    const facts: ExplainJson | undefined =
      name === undefined ? explainModel(lowered) : (explainKernel(lowered, name) ?? explainTensor(lowered, name));
    if (facts === undefined) {
      const names = [...tensorNames(lowered), ...lowered.module.kernels.map((kernel) => kernel.name)];
      throw new InputError(
        `${shown} compiles to nothing called ${JSON.stringify(name)}${suggestion(name!, names)}; adjoint inspect ${shown} lists its tensors and kernels`,
      );
    }
    if (args.json === true) return resultJson(facts);
    result("arenaBytes" in facts ? showModel(facts) : "kernel" in facts ? showKernel(facts) : showTensor(facts));
  },
});

const right = "right" as const;
const bytes = (n: number): string => `${grouped(n)} bytes`;
const list = (names: readonly string[]): string => names.join(", ");

/** Microseconds, three digits. */
const micros = ({ seconds }: Roofline): string => {
  const shown = Number((seconds * 1e6).toPrecision(3));
  return shown >= 1000 ? grouped(Math.round(shown)) : String(shown);
};

const limit = ({ limit: by, share }: Roofline): string =>
  by === "arithmetic" ? by : `memory (${(100 * share).toFixed(0)} % of the arithmetic)`;

/** Buffers that are named at the peak; the rest are counted. */
const SHOWN_AT_PEAK = 8;

function showModel({ model, arenaBytes, entries }: ModelFacts): string {
  const shown = entries.map(({ entry, arenaBytes: end, lowerBound, kernels, peak }) => {
    const held = peak.held.slice(0, SHOWN_AT_PEAK).map(({ buffer, role, bytes: n }) => [`  ${buffer}`, role, grouped(n)]);
    const rest = peak.held.slice(SHOWN_AT_PEAK);
    const others = [`  ${rest.length} more`, "", grouped(rest.reduce((n, one) => n + one.bytes, 0))];
    return [
      paint.bold(`── ${entry}`),
      "",
      table(
        [
          { head: "statement", align: right },
          { head: "kernel" },
          { head: "FLOPs", align: right },
          { head: "bytes moved", align: right },
          { head: "at best, µs", align: right },
          { head: "limited by" },
          { head: "stores" },
        ],
        kernels.map((one) => [
          String(one.statement),
          one.kernel,
          grouped(one.flops),
          grouped(one.bytesMoved),
          micros(one.atBest),
          limit(one.atBest),
          list(one.stores),
        ]),
      ),
      "",
      `arena ${bytes(end)}, lower bound ${bytes(lowerBound)}; the most is held at statement ${peak.statement}: ${bytes(peak.bytes)}`,
      table([{ head: "  held" }, { head: "as" }, { head: "bytes", align: right }], rest.length === 0 ? held : [...held, others]),
    ].join("\n");
  });
  return [`model ${paint.bold(model)}, arena ${bytes(arenaBytes)}`, ...shown].join("\n\n");
}

function showKernel({ kernel, flops, unscheduled, loops, schedule, insteadOf, calls }: KernelFacts): string {
  const shown = calls.map((call) =>
    [
      paint.bold(`── ${call.entry}, statement ${call.statement}`) +
        `, ${bytes(call.bytesMoved)} moved, at best ${micros(call.atBest)} µs, limited by ${limit(call.atBest)}`,
      "",
      "stages, in order at each point",
      ...call.stages.map(({ text, storage, into }) => `  ${storage.padEnd(6)}  ${text}${into === undefined ? "" : ` into ${into}`}`),
      "",
      "nodes fused in it",
      ...call.nodes.map(({ maths, role, site }) => `  ${maths}    ${role}, ${site}`),
      ...call.neighbours.flatMap(showNeighbour),
    ].join("\n"),
  );
  const measured = insteadOf === undefined ? "" : `, as measured; the cost model would take ${insteadOf}`;
  return [
    `kernel ${paint.bold(kernel)}, ${grouped(flops)} FLOPs`,
    ...shown,
    `${paint.bold("── its loops")} before any schedule`,
    unscheduled,
    `${paint.bold("── its loops")} scheduled: ${schedule}${measured}`,
    loops,
  ].join("\n\n");
}

const showNeighbour = ({ side, kernel, statement, reasons }: Neighbour): string[] => [
  "",
  `not one with the kernel ${side} it, statement ${statement}, ${kernel}`,
  ...reasons.map(({ value, reason }) => `  ${value === undefined ? reason : `${value}: ${reason}`}`),
];

const showTensor = ({ tensor, entries }: TensorFacts): string =>
  [`tensor ${paint.bold(tensor)}`, ...entries.map((one) => [paint.bold(`── ${one.entry}`), "", ...showEntry(one)].join("\n"))].join("\n\n");

function showEntry({ type, maths, home, chain }: TensorInEntry): string[] {
  return [
    ...(maths.length === 0 ? [type] : [type, ...maths.map(({ maths: text, role, site }) => `${text}    ${role}, ${site}`)]),
    "",
    ...showHome(home),
    ...(chain.length === 0
      ? []
      : [
          "",
          "from the loss",
          ...chain.map(({ maths: text, adjoint, role, site }) => `  ${text}    ${role}: ${adjoint?.law ?? ""}, ${site}`),
        ]),
  ];
}

function showHome(home: Home): string[] {
  switch (home.kind) {
    case "movement":
      return ["is never stored: a movement, whose readers only look elsewhere"];
    case "constant":
      return ["is never stored: a constant of the code"];
    case "scalar":
      return [`is a local variable of the step, made by statement ${home.statement}`];
    case "substituted":
      return [
        "is never stored: its equation is written into",
        ...home.into.map(({ statement, kernel }) => `  statement ${statement}, ${kernel}`),
      ];
    case "local":
      return [
        `is never stored: a local of the loops of statement ${home.computed.statement}, ${home.computed.kernel}`,
        `  with ${list(home.computed.with)}`,
      ];
    case "buffer":
      return [
        `lives in ${home.buffer}, ${home.role}, bytes ${grouped(home.offset)} .. ${grouped(home.offset + home.bytes)}`,
        ...(home.over === undefined ? [] : [`written over ${home.over}, which dies there`]),
        ...(home.followedBy === undefined ? [] : [`${home.followedBy} is written over it where it dies`]),
        whyAlive(home),
        ...home.uses.map((use) => `  ${showUse(use)}`),
        ...(home.computed === undefined
          ? []
          : [
              `computed by statement ${home.computed.statement}, ${home.computed.kernel}${home.computed.with.length === 0 ? "" : `, with ${list(home.computed.with)}`}`,
            ]),
      ];
  }
}

function whyAlive({ life, uses }: Extract<Home, { kind: "buffer" }>): string {
  if (life === "always") return "held always, from step to step; touched by";
  const [first, last] = [uses[0]?.statement ?? life.from, uses.at(-1)?.statement ?? life.to];
  const from = life.because.given ? "the caller fills it before the first statement" : `statement ${first} makes it`;
  const to = life.because.shown ? "the caller reads it after the last" : `statement ${last} is the last to read it`;
  return `alive because ${from} and ${to}`;
}

const showUse = ({ statement, kernel, does, maths }: Use): string =>
  `${String(statement).padStart(3)}  ${does.padEnd(16)}  ${maths.join("; ")}${kernel === undefined ? "" : `    ${kernel}`}`;
