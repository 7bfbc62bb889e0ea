/** Guarantees `adjoint compile`: a model's files, all of them and only after its check holds. */

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineCommand } from "citty";
import { compile as compileModel, type Compiled, type CompileOptions } from "../compile.ts";
import type { Stage } from "../driver/observe.ts";
import { measurePasses } from "../explain/passes.ts";
import { pipeline, type Road } from "../passes/index.ts";
import { choiceOf, OPTIONAL, parsePasses, type OptionalPass } from "../passes/selection.ts";
import { PASS_COLUMNS, passRows } from "../targets/report.ts";
import { printDiagnostic } from "../graph/error.ts";
import { amountOf, COMMON } from "./arguments.ts";
import { checkDrift, explainDrift } from "./drift.ts";
import { InputError, suggestion } from "./errors.ts";
import { DEFAULT, fileOf, targetOf } from "../targets/index.ts";
import { askedBefore, checkStems, requireGenerated, folderFor, modelFiles, targetsIn, trainerAsked } from "./generated.ts";
import { readHeader } from "./header.ts";
import type { CompileJson, Results } from "./json.ts";
import { loadModel, type LoadedModel } from "./load-model.ts";
import { grouped, note, paint, progress, result, resultJson, table } from "./output.ts";
import { measured, schedulesOf, writeSchedules } from "./schedules.ts";
import { requireTogether, TARGET_FLAGS, targetAsked } from "./targets.ts";
import { readText, requireWritable, writeFiles, writeOneFile } from "./write-files.ts";

export const compile = defineCommand({
  meta: { name: "adjoint compile", description: "Compile models to the programs that train them" },
  args: {
    models: { type: "positional", required: false, description: "Model files (all of models/)" },
    out: { type: "string", default: "generated", valueHint: "folder", description: "Where to write a folder for each model" },
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
    relaxed: {
      type: "boolean",
      description:
        "WebAssembly: use relaxed SIMD, faster where the processor has multiply-add; weights may then differ between machines in their last bits",
    },
    winograd: {
      type: "boolean",
      description: "Compute 3×3 convolutions of stride 1 by Winograd's algorithm: fewer products, larger rounding errors",
    },
    plan: { type: "boolean", description: "Also write model.plan: every kernel's loops and every buffer's place, as text" },
    force: { type: "boolean", description: "Overwrite a trainer.ts that no compile made" },
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
    if (args.check === true) return void (await check(args.out, args._, args.json === true));
    const models = args._.length > 0 ? [...new Set(args._)] : modelFiles();
    checkStems(args.out, models);
    const entries = entriesOf(args.entry);
    const memory = amountOf("memory", args.memory);
    const target = targetAsked(args)?.name;
    const threads = threadsOf(args.threads);
    requireTogether(targetOf(target), args);
    const passes = passesAsked(args.passes);
    const shaped = kernelsOf(threads, args.relaxed, args.winograd);
    const keep = keepOf(args.print, args.stages !== undefined, {
      machine: targetOf(target).machine,
      choice: choiceOf(passes),
      winograd: args.winograd === true,
    });
    if (args.stages !== undefined) requireWritable(args.stages);
    const done: CompileJson[] = [];
    const wanted = models.flatMap((model) => {
      const kept = args._.length > 0 ? [DEFAULT.name] : targetsIn(folderFor(args.out, model));
      return (target === undefined ? kept : [target]).map((of) => ({ model, target: of }));
    });
    for (const { model, target } of wanted) {
      const folder = folderFor(args.out, model);
      const before = args._.length > 0 ? {} : askedBefore(folder, target);
      const trainer = { ...(args._.length > 0 ? {} : trainerAsked(folder, target)), ...shaped };
      const asked = {
        ...before,
        ...(entries.length > 0 && { entries }),
        ...(memory !== undefined && { memory }),
        ...(passes !== undefined && { passes }),
        ...trainer,
        ...(args.plan === true && targetOf(target).understands.has("plan") && { plan: true }),
      };
      requireWritable(folder);
      if (args.force !== true) requireGenerated(folder, target, asked.entries ?? []);
      const loaded = await loadModel(model);
      const schedules = measures ? await measured(loaded, { ...asked, target }) : schedulesOf(loaded, target).schedules;
      const compiled = await compileOne(loaded, { ...asked, target, keep, ...(schedules !== undefined && { schedules }) });
      if (measures && schedules !== undefined) writeSchedules(loaded, target, schedules);
      if (args.stages !== undefined) writeStages(join(args.stages, folderFor("", model)), compiled);
      const printed = compiled.lowered.observation.stages.filter(({ pass }) => isPass(pass, args.print));
      const files = writeFiles(folder, new Map<string, string | Uint8Array>([...compiled.files, ...compiled.binaries]));
      for (const [path, flag] of staleIn(folder, compiled)) note(`${path} is of an earlier compile; add ${flag} to renew it, or remove it`);
      const json: CompileJson = {
        model: compiled.model,
        folder,
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
      if (args.print === undefined) result(report(json));
      else result(printed.map((stage) => stageText(stage)).join("\n\n"));
      if (args.timings === true) result(`${timingsTable(compiled)}\n\n${passTables(compiled)}`);
    }
    const [first] = done;
    if (args.json === true)
      resultJson((args._.length > 0 && done.length === 1 ? first! : { results: done }) satisfies Results<CompileJson>);
  },
});

/** Files that are written where a flag asks for them, and how one is known that a compile wrote. */
const ON_REQUEST = [
  { file: "gradients.ts", option: "gradients", flag: "--entry gradients", isOurs: (text: string) => readHeader(text) !== undefined },
  { file: "model.plan", option: "plan", flag: "--plan", isOurs: (text: string) => text.startsWith("module ") },
] as const;

/** Of these, what lies in the folder and was not made this time, with the flag that makes it. */
const staleIn = (folder: string, { files, lowered: { target } }: Compiled): (readonly [path: string, flag: string])[] =>
  ON_REQUEST.flatMap(({ file, option, flag, isOurs }) => {
    const [name, path] = [fileOf(file, target), join(folder, fileOf(file, target))];
    return target.understands.has(option) && !files.has(name) && isOurs(readText(path) ?? "") ? [[path, flag] as const] : [];
  });

async function compileOne({ model, source, shown }: LoadedModel, options: CompileOptions): Promise<Compiled> {
  return compileModel(model, {
    ...options,
    source,
    progress: (text) => progress(`${shown}: ${text}`),
  });
}

async function check(out: string, models: readonly string[], json: boolean): Promise<void> {
  const drift = await checkDrift(out, models, progress);
  if (json) resultJson(drift);
  else result(explainDrift(drift, out));
  process.exitCode = drift.holds ? 0 : 1;
}

type KernelOptions = Pick<CompileOptions, "threads" | "relaxed" | "winograd">;

const kernelsOf = (threads: number | undefined, relaxed: boolean | undefined, winograd: boolean | undefined): KernelOptions => ({
  ...(threads === undefined ? {} : { threads }),
  ...(relaxed === true ? { relaxed } : {}),
  ...(winograd === true ? { winograd } : {}),
});

/** More than this machine has is no error: the trainer may run on another. */
function threadsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InputError(`--threads needs a whole number from 1 to 9999, but got ${JSON.stringify(text)}`);
  if (Number(text) > availableParallelism())
    note(
      `--threads ${text}: this machine has ${availableParallelism()} cores, and a trainer takes no more threads than there are cores where it runs`,
    );
  return Number(text);
}

function entriesOf(entry: string | undefined): readonly "gradients"[] {
  if (entry === undefined) return [];
  if (entry === "gradients") return [entry];
  throw new InputError(
    `there is no entry point ${JSON.stringify(entry)} to add${suggestion(entry, ["gradients"], "--entry ")}; --entry takes gradients`,
  );
}

/** Passes that repeat are numbered: `fold`, `fold-2`. */
const isPass = (stage: string, pass: string | undefined): boolean =>
  pass !== undefined && (stage === pass || stage.replace(/-\d+$/, "") === pass);

/** The optional passes that `--passes` lets run; undefined for all of them. */
function passesAsked(text: string | undefined): readonly OptionalPass[] | undefined {
  if (text === undefined) return undefined;
  const asked = parsePasses(text);
  if ("passes" in asked) return asked.passes;
  if ("mixed" in asked)
    throw new InputError(
      `--passes ${text} both names passes and leaves some out; list those that run, or, each after a minus, those that do not`,
    );
  throw new InputError(
    `--passes: ${JSON.stringify(asked.unknown)} is no pass that can be left out${suggestion(asked.unknown, OPTIONAL)}; those are ${OPTIONAL.join(", ")}`,
  );
}

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

function report({ model, folder, files, arenaBytes, schedules }: CompileJson): string {
  const written = files.filter((file) => file.written).length;
  const what =
    written === 0 ? "unchanged" : written === files.length ? `${written} files written` : `${written} of ${files.length} files written`;
  return `${paint.green("✓")} ${paint.bold(model)}  ${folder}/  arena ${grouped(arenaBytes)} bytes${schedules === undefined ? "" : `  schedules of ${schedules}`}  ${paint.dim(what)}`;
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
