/** `adjoint compile`: a model's files, all of them and only after its check holds. */

import { join } from "node:path";
import { defineCommand } from "citty";
import { compile as compileModel, type Compiled, type CompileOptions } from "../compile.ts";
import { withoutCertificate } from "../check/certificate.ts";
import type { Stage } from "../driver/observe.ts";
import { measurePasses } from "../explain/passes.ts";
import { pipeline, type Road } from "../passes/index.ts";
import { choiceOf, OPTIONAL } from "../passes/selection.ts";
import { PASS_COLUMNS, passRows } from "../targets/report.ts";
import { printDiagnostic } from "../graph/error.ts";
import { COMMON } from "./arguments.ts";
import { loadProject, requireOutside, type Project } from "./config.ts";
import { checkDrift, explainDrift } from "./drift.ts";
import { InputError, suggestion } from "./errors.ts";
import { fileOf, TARGETS, targetOf } from "../targets/index.ts";
import { wordsOf } from "../targets/words.ts";
import { requireGenerated } from "./generated.ts";
import { BESIDE, pathAt, shownPlace, stemOf, type Place } from "./place.ts";
import { readHeader } from "./header.ts";
import { jobsOf } from "./jobs.ts";
import type { CompileJson, Results } from "./json.ts";
import { loadModel, type LoadedModel } from "./load-model.ts";
import { grouped, note, paint, progress, result, resultJson, table } from "./output.ts";
import { measured, schedulesOf, writeSchedules } from "./schedules.ts";
import { TARGET_FLAGS } from "./targets.ts";
import { watch } from "./watch.ts";
import { readText, requireWritable, writeFiles, writeOneFile } from "./write-files.ts";

export const compile = defineCommand({
  meta: { name: "adjoint compile", description: "Compile models to the programs that train them" },
  args: {
    models: { type: "positional", required: false, description: "Model files (all of models/)" },
    out: { type: "string", valueHint: "folder", description: "Where to write a folder for each model (generated)" },
    beside: { type: "boolean", description: "Write beside each model: src/x.trainer.ts of src/x.model.ts" },
    entry: { type: "string", valueHint: "gradients", description: "Also write gradients.ts" },
    ...TARGET_FLAGS,
    memory: {
      type: "string",
      valueHint: "amount",
      description: "Most bytes of the trainer's arena, such as 512KB or 1MiB: what does not fit is computed again",
    },
    threads: {
      type: "string",
      valueHint: "number",
      description: "WebAssembly: divide kernels among this many threads, unless whoever makes a trainer says otherwise",
    },
    sliced: {
      type: "boolean",
      description:
        "Add stepInSlices to the trainer: a step that gives way every few milliseconds, with the same bits, for a page's main thread",
    },
    relaxed: {
      type: "boolean",
      description:
        "WebAssembly: use relaxed SIMD, faster where the processor has multiply-add; weights may then differ between machines in their last bits",
    },
    winograd: {
      type: "boolean",
      description: "Compute 3×3 convolutions of stride 1 by Winograd's algorithm: fewer products, larger rounding errors",
    },
    features: {
      type: "string",
      valueHint: "value",
      description: "Train from this value on, which is frozen up to there; predict gives it too, so that it is computed once an example",
    },
    js: { type: "boolean", description: "Also write trainer.js and trainer.d.ts, for those who import no TypeScript" },
    plan: { type: "boolean", description: "Also write model.plan: every kernel's loops and every buffer's place, as text" },
    force: { type: "boolean", description: "Overwrite a trainer.ts that no compile made" },
    watch: { type: "boolean", description: "Go on: compile a model again whenever it changes, or what it imports" },
    unchecked: { type: "boolean", description: "Do not check: for a quick look, as the trainer carries no certificate" },
    check: { type: "boolean", description: "Write nothing: make every file under generated/ again and compare" },
    print: { type: "string", valueHint: "pass", description: "Print what a pass made of each entry point" },
    stages: { type: "string", valueHint: "folder", description: "Write what every pass made, one file each" },
    "measure-schedules": {
      type: "boolean",
      description:
        "Measure on this machine which tiles and loop orders are fastest, and keep them in a file beside the model unless a whole step is slower with them; the bits stay the same",
    },
    timings: { type: "boolean", description: "Print how long each stage took, and what each pass did" },
    passes: {
      type: "string",
      valueHint: "list",
      description: `Run only some of the optional passes, for bisecting: none, ${OPTIONAL.slice(0, 3).join(",")}, or -fuse`,
    },
    ...COMMON,
  },
  async run({ args }) {
    const measures = args["measure-schedules"] === true;
    if (args.check === true && measures)
      throw new InputError("--check writes nothing, but --measure-schedules writes a file beside the model; give one of them");
    const alone = (["check", "watch", "unchecked"] as const).filter((flag) => args[flag] === true);
    if (args.check === true && alone.length > 1)
      throw new InputError(`--check compares what lies there with what a checked compile makes; leave out --${alone[1]!}`);
    const project = await loadProject();
    if (args.beside === true && args.out !== undefined)
      throw new InputError("--beside writes beside each model and --out into a folder; leave one of them out");
    if (args.out !== undefined) requireOutside("--out", args.out, project.folders, "--beside");
    const out = args.beside === true ? BESIDE : (args.out ?? project.out);
    if (args.check === true) return void (await check({ ...project, out }, args._, args.json === true));
    const jobs = jobsOf(project, out, args._, args);
    if (args.watch === true) return watch(jobs, out);
    const [job] = jobs;
    const keep = keepOf(args.print, args.stages !== undefined, {
      machine: targetOf(job?.target).machine,
      choice: choiceOf(job?.asked.passes),
      winograd: args.winograd === true,
    });
    if (args.stages !== undefined) requireWritable(args.stages);
    const done: CompileJson[] = [];
    for (const { model, place, target, asked } of jobs) {
      requireWritable(place.folder);
      if (args.force !== true) requireGenerated(place, target, asked.entries ?? []);
      const loaded = await loadModel(model);
      const schedules = measures ? await measured(loaded, { ...asked, target }) : schedulesOf(loaded, target).schedules;
      const compiled = await compileOne(loaded, {
        ...asked,
        target,
        keep,
        ...(args.unchecked === true && { effort: "none" as const }),
        ...(schedules !== undefined && { schedules }),
      });
      if (measures && schedules !== undefined) writeSchedules(loaded, target, schedules);
      if (args.stages !== undefined) writeStages(join(args.stages, stemOf(model)), compiled);
      const printed = compiled.lowered.observation.stages.filter(({ pass }) => isPass(pass, args.print));
      const made = args.unchecked === true ? keepingCertificates(place, compiled) : compiled.files;
      const all: readonly (readonly [string, string | Uint8Array])[] = [...made, ...compiled.binaries];
      const files = writeFiles(place.folder, new Map(all.map(([name, contents]) => [`${place.prefix}${name}`, contents])));
      for (const [path, flag] of staleIn(place, compiled)) note(`${path} is of an earlier compile; add ${flag} to renew it, or remove it`);
      const json: CompileJson = {
        model: compiled.model,
        folder: place.folder,
        files,
        arenaBytes: compiled.lowered.module.arenaBytes,
        ...(schedules === undefined ? {} : { schedules: schedules.path }),
        timings: compiled.timings,
        diagnostics: compiled.diagnostics,
        ...(args.timings === true ? { passes: measurePasses(compiled.lowered) } : {}),
        ...(args.print === undefined ? {} : { stages: printed.map(({ entry, pass, after }) => ({ entry, pass, text: after })) }),
      };
      done.push(json);
      for (const diagnostic of compiled.diagnostics) note(`${paint.yellow("warning")} ${printDiagnostic(diagnostic)}\n`);
      if (args.json === true) continue;
      if (args.print === undefined) result(report(json, place));
      else result(printed.map((stage) => stageText(stage)).join("\n\n"));
      if (args.timings === true) result(`${timingsTable(compiled)}\n\n${passTables(compiled)}`);
    }
    const [first] = done;
    if (args.json === true)
      resultJson((args._.length > 0 && done.length === 1 ? first! : { results: done }) satisfies Results<CompileJson>);
  },
});

/** What was made without a check; where a trainer lies there that only has its certificate besides, it stays as it is. */
function keepingCertificates(place: Place, { files }: Compiled): ReadonlyMap<string, string> {
  const kept = (name: string, text: string): string => {
    const found = readText(pathAt(place, name)) ?? "";
    return withoutCertificate(found) === withoutCertificate(text) ? found : text;
  };
  return new Map([...files].map(([name, text]) => [name, kept(name, text)]));
}

/** Files that are written where a flag asks for them, and how one is known that a compile wrote. */
const ON_REQUEST = [
  { file: "gradients.ts", option: "gradients", flag: "--entry gradients", isOurs: (text: string) => readHeader(text) !== undefined },
  { file: "model.plan", option: "plan", flag: "--plan", isOurs: (text: string) => text.startsWith("module ") },
] as const;

/** What lies beside a trainer whose kernels are not in its text. */
const APART = ["trainer.wasm", "gradients.wasm"];
const isWebAssembly = (text: string): boolean => text.startsWith("\0asm");

/** Of these, what lies there and was not made this time, with the flag that makes it. */
function staleIn(place: Place, { files, binaries, lowered: { target } }: Compiled): (readonly [path: string, flag: string])[] {
  const apart = TARGETS.find((one) => one.apart === true && one.suffix === target.suffix);
  const asked = [
    ...ON_REQUEST.filter(({ option }) => target.understands.has(option)).map((one) => ({ ...one, name: fileOf(one.file, target) })),
    ...(apart === undefined ? [] : APART.map((name) => ({ name, flag: wordsOf(apart), isOurs: isWebAssembly }))),
  ];
  return asked
    .filter(({ name, isOurs }) => !files.has(name) && !binaries.has(name) && isOurs(readText(pathAt(place, name)) ?? ""))
    .map(({ name, flag }) => [pathAt(place, name), flag]);
}

async function compileOne({ model, source, shown }: LoadedModel, options: CompileOptions): Promise<Compiled> {
  return compileModel(model, {
    ...options,
    source,
    progress: (text) => progress(`${shown}: ${text}`),
  });
}

async function check(project: Project, models: readonly string[], json: boolean): Promise<void> {
  const drift = await checkDrift(project, models, progress);
  if (json) resultJson(drift);
  else result(explainDrift(drift, project.out));
  process.exitCode = drift.holds ? 0 : 1;
}

/** Passes that repeat are numbered: `fold`, `fold-2`. */
const isPass = (stage: string, pass: string | undefined): boolean =>
  pass !== undefined && (stage === pass || stage.replace(/-\d+$/, "") === pass);

function keepOf(print: string | undefined, all: boolean, road: Road): (pass: string) => boolean {
  if (print === undefined) return () => all;
  const run = pipeline({ kind: "forward" }, road).passes.map(({ name }) => name);
  const passes = [...new Set([...run, "place"])];
  if (!passes.includes(print))
    throw new InputError(`there is no pass ${JSON.stringify(print)}${suggestion(print, passes)}; the passes are ${passes.join(", ")}`);
  return (pass) => all || pass === print;
}

const stageText = ({ entry, pass, after }: Stage): string => `// ${entry}, after ${pass}\n${after}`;

/** `03-fuse.txt` in a folder for each entry point, and what the first pass was given. */
function writeStages(folder: string, { lowered }: Compiled): void {
  const counts = new Map<string, number>();
  for (const stage of lowered.observation.stages) {
    const at = counts.get(stage.entry) ?? 0;
    counts.set(stage.entry, at + 1);
    const to = join(folder, stage.entry);
    if (at === 0) writeOneFile(join(to, "00-declared.txt"), `${stage.before}\n`);
    writeOneFile(join(to, `${String(at + 1).padStart(2, "0")}-${stage.pass}.txt`), `${stage.after}\n`);
  }
}

function report({ model, files, arenaBytes, schedules }: CompileJson, place: Place): string {
  const written = files.filter((file) => file.written).length;
  const what =
    written === 0 ? "unchanged" : written === files.length ? `${written} files written` : `${written} of ${files.length} files written`;
  return `${paint.green("✓")} ${paint.bold(model)}  ${shownPlace(place)}  arena ${grouped(arenaBytes)} bytes${schedules === undefined ? "" : `  schedules of ${schedules}`}  ${paint.dim(what)}`;
}

/** What each pass did, an entry after the other. */
const passTables = ({ lowered }: Compiled): string =>
  measurePasses(lowered)
    .map(
      ({ entry, facts }) =>
        `${paint.bold(entry)}\n${table(
          PASS_COLUMNS.map((head, n) => ({ head, ...(n > 0 ? { align: "right" as const } : {}) })),
          passRows(facts),
        )}`,
    )
    .join("\n\n");

function timingsTable({ timings }: Compiled): string {
  const total = timings.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rows = [...timings, { stage: "in all", milliseconds: total }];
  return table(
    [{ head: "stage" }, { head: "ms", align: "right" }],
    rows.map(({ stage, milliseconds }) => [stage, milliseconds.toFixed(1)]),
  );
}
