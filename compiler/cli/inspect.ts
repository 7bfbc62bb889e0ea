/** Guarantees `adjoint inspect`: a model on one screen, and every level between its declaration and its trainer as text. */

import { defineCommand } from "citty";
import { printGraph } from "../graph/print.ts";
import { lower, type Lowered } from "../driver/lower.ts";
import { printKernel } from "../loop/text/index.ts";
import { COMMON, onlyModel } from "./arguments.ts";
import { InputError } from "./errors.ts";
import type { InspectJson } from "./json.ts";
import { loadModel } from "./load-model.ts";
import { grouped, paint, result, resultJson, table } from "./output.ts";
import { show as showSummary, summarize } from "./summary.ts";

const SECTIONS = ["graph", "backward", "kernels", "live"] as const;
type Section = (typeof SECTIONS)[number];

/** Layers, or parameters, of the overview: with what stands around them they fit a screen of forty lines. */
const MOST_ROWS = 20;

const HEADINGS: Readonly<Record<Section, string>> = {
  graph: "Forward graph, as declared",
  backward: "After differentiation: every cotangent with the law that made it, then the updates",
  kernels: "Kernels",
  live: "Live ranges: bytes of the arena, and the statements between which they are held",
};

export const inspect = defineCommand({
  meta: { name: "adjoint inspect", description: "Show a model on one screen, or its graph, gradient, kernels and memory" },
  args: {
    model: { type: "positional", required: false, description: "A model file" },
    graph: { type: "boolean", description: "The forward graph instead" },
    backward: { type: "boolean", description: "The graph after differentiation instead" },
    kernels: { type: "boolean", description: "The kernels instead" },
    live: { type: "boolean", description: "The live ranges instead" },
    all: { type: "boolean", description: "Everything: the overview, and all of these" },
    ...COMMON,
  },
  async run({ args }) {
    const file = onlyModel("inspect", args._);
    const asked = SECTIONS.filter((section) => args[section] === true);
    if (args.all === true && asked.length > 0)
      throw new InputError(`--all shows everything already; leave it out, or ${asked.map((section) => `--${section}`).join(" and ")}`);
    const sections = args.all === true ? SECTIONS : asked;
    const { model, source } = await loadModel(file);
    const lowered = await lower(model, { source, keep: (pass) => pass === "differentiate" });
    const overview = asked.length === 0 ? summarize(lowered) : undefined;
    if (args.json === true)
      return resultJson({
        model: model.name,
        ...(overview === undefined ? {} : { overview }),
        ...Object.fromEntries(sections.map((section) => [section, data(lowered)[section]])),
      } satisfies InspectJson);
    const texts = sections.map((section) => `${paint.bold(`── ${HEADINGS[section]}`)}\n\n${show(lowered, section)}`);
    if (overview !== undefined) texts.unshift(showSummary(overview, args.all === true ? undefined : MOST_ROWS));
    if (sections.length === 0) texts.push(paint.dim(`More: ${SECTIONS.map((section) => `--${section}`).join(", ")}, --all`));
    result(texts.join("\n\n"));
  },
});

type Data = Required<Pick<InspectJson, Section>>;

function data({ entries, module, observation }: Lowered): Data {
  const roles = new Map(module.buffers.map(({ name, role }) => [name, role]));
  const ownerOf = (buffer: string): string => module.entries.find(({ buffers }) => buffers.includes(buffer))?.name ?? "all";
  return {
    graph: entries.map(({ name, traced }) => printGraph({ ...traced.graph, name }).trimEnd()).join("\n\n"),
    backward: observation.stages
      .filter(({ entry, before, after }) => entry !== "module" && before !== after)
      .map(({ after }) => after.trimEnd())
      .join("\n\n"),
    kernels: module.kernels.map((kernel) => printKernel(kernel).trimEnd()).join("\n\n"),
    live: module.slots.map(({ buffer, offset, bytes, live, over }) => ({
      entry: live === "always" ? "all" : ownerOf(buffer),
      buffer,
      role: roles.get(buffer) ?? "",
      offset,
      bytes,
      live,
      ...(over === undefined ? {} : { over }),
    })),
  };
}

function show(lowered: Lowered, section: Section): string {
  const shown = data(lowered);
  if (section !== "live") return shown[section];
  const right = "right" as const;
  const rows = [...shown.live].sort((a, b) => order(lowered, a.entry) - order(lowered, b.entry) || a.offset - b.offset);
  return table(
    [
      { head: "entry" },
      { head: "buffer" },
      { head: "role" },
      { head: "offset", align: right },
      { head: "bytes", align: right },
      { head: "statements" },
    ],
    rows.map(({ entry, buffer, role, offset, bytes, live, over }) => [
      entry,
      buffer,
      role,
      grouped(offset),
      grouped(bytes),
      `${live === "always" ? live : `${live[0] + 1}–${live[1] + 1}`}${over === undefined ? "" : `, written over ${over}`}`,
    ]),
  );
}

/** What is always held first, then the entries in their order. */
const order = ({ module }: Lowered, entry: string): number => module.entries.findIndex(({ name }) => name === entry);
