/** `adjoint inspect`: a model on one screen, and every level between its declaration and its trainer as text. */

import { basename, dirname } from "node:path";
import { defineCommand } from "citty";
import { printGraph } from "../graph/print.ts";
import { lower, type Lowered } from "../driver/lower.ts";
import { printKernel } from "../loop/text/index.ts";
import { emit } from "../driver/emit.ts";
import { inspectionOf, type Inspection } from "../explain/inspection/index.ts";
import { measureCalls } from "../measured/calls.ts";
import { DEFAULT, fileOf, readingOf, type TargetName } from "../targets/index.ts";
import { COMMON, onlyModel } from "./arguments.ts";
import { InputError } from "./errors.ts";
import type { InspectJson, PageJson } from "./json.ts";
import { loadModel, type LoadedModel } from "./load-model.ts";
import { grouped, paint, progress, result, resultJson, table } from "./output.ts";
import { schedulesOf } from "./schedules.ts";
import { show as showSummary, summarize } from "./summary.ts";
import { TARGET, targetNamed } from "./targets.ts";
import { writeFiles } from "./write-files.ts";

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
    html: { type: "boolean", description: "Write a page that shows it all (inspect <model> --html <file.html>; <model>.html)" },
    measure: { type: "boolean", description: "With --html or --json: also run each kernel here, and show how long a call takes" },
    target: TARGET,
    ...COMMON,
  },
  async run({ args }) {
    const target = targetNamed(args.target) ?? DEFAULT.name;
    const measure = args.measure === true;
    if (args.html === true) return writePage(args._, target, { json: args.json === true, measure });
    const file = onlyModel("inspect", args._);
    const asked = SECTIONS.filter((section) => args[section] === true);
    if (args.all === true && asked.length > 0)
      throw new InputError(`--all shows everything already; leave it out, or ${asked.map((section) => `--${section}`).join(" and ")}`);
    const sections = args.all === true ? SECTIONS : asked;
    if (measure && (args.json !== true || args.all === true || asked.length > 0))
      throw new InputError("--measure adds to the page and to the data of a whole model; ask for it with --html, or with --json alone");
    const loaded = await loadModel(file);
    const { model, source } = loaded;
    const lowered = await lower(model, { source, target, ...schedulesOf(loaded, target), keep: (pass) => pass === "differentiate" });
    const overview = asked.length === 0 ? summarize(lowered) : undefined;
    if (args.json === true)
      return resultJson({
        model: model.name,
        ...(overview === undefined ? {} : { overview }),
        ...(args.all === true || overview === undefined ? {} : { inspection: await inspected(lowered, loaded, measure) }),
        ...Object.fromEntries(sections.map((section) => [section, data(lowered)[section]])),
      } satisfies InspectJson);
    const texts = sections.map((section) => `${paint.bold(`── ${HEADINGS[section]}`)}\n\n${show(lowered, section)}`);
    if (overview !== undefined) texts.unshift(showSummary(overview, args.all === true ? undefined : MOST_ROWS));
    if (sections.length === 0) texts.push(paint.dim(`More: ${SECTIONS.map((section) => `--${section}`).join(", ")}, --all`));
    result(texts.join("\n\n"));
  },
});

/** The inspection of what was lowered, with the trainer that is emitted of it; and with how long its kernels take, where that is measured. */
async function inspected(lowered: Lowered, { source, shown }: LoadedModel, measure: boolean): Promise<Inspection> {
  const { text } = await emit(lowered, "trainer");
  const seconds = measure ? await measureCalls(lowered, (what) => progress(`${shown}: ${what}`)) : undefined;
  return inspectionOf(lowered, { name: fileOf("trainer.ts", lowered.target), text }, source, seconds);
}

const PAGE = /\.html?$/i;

/** Writes the page of a model: what its target emits, and beside it what the same is for readers. */
async function writePage(
  given: readonly string[],
  target: TargetName,
  { json, measure }: { readonly json: boolean; readonly measure: boolean },
): Promise<void> {
  const files = given.filter((name) => !PAGE.test(name));
  const [page, ...more] = given.filter((name) => PAGE.test(name));
  if (more.length > 0) throw new InputError(`adjoint inspect writes one page, but got ${[page, ...more].join(" and ")}; name one of them`);
  const loaded = await loadModel(onlyModel("inspect", files));
  const { model, source, stem } = loaded;
  const inspections: Inspection[] = [];
  for (const one of [target, ...readingOf(target)]) {
    progress(`${loaded.shown}: compiling for ${one}`);
    inspections.push(await inspected(await lower(model, { source, target: one, ...schedulesOf(loaded, one) }), loaded, measure));
  }
  const [{ inspectorPage }, { pageAssets }] = await Promise.all([import("../inspector/page.ts"), import("./page-assets.ts")]);
  const path = page ?? `${stem}.html`;
  const text = await inspectorPage(inspections, await pageAssets("inspector"));
  const [written] = writeFiles(dirname(path), new Map([[basename(path), text]]));
  if (json) return resultJson({ model: model.name, file: path, bytes: written!.bytes } satisfies PageJson);
  result(`${paint.green("✓")} ${model.name}  ${path}  ${grouped(written!.bytes)} bytes; open it in a browser`);
}

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
