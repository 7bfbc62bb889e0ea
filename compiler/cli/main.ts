#!/usr/bin/env node
/** Guarantees that every invocation ends with the exit code of its outcome, and loads only the verb it needs. */

import { defineCommand, renderUsage, runCommand, type CommandDef } from "citty";
import { VERSION } from "../version.ts";
import { checkFlags } from "./arguments.ts";
import { inEngineWithFrames, optimizeLater } from "./engine.ts";
import { InputError, outcomeOf, suggestion, type ExitCode } from "./errors.ts";
import { onInterrupt } from "./interrupt.ts";
import { endProgress, keepStdout, note, paint, result, resultDrawn, tolerateClosedPipes } from "./output.ts";
import { onStray } from "./stray.ts";

// each verb's arguments have a type of their own, which no table of verbs can state
type Verb = CommandDef<never>;

/** What is over in seconds. */
const BRIEF: ReadonlySet<string> = new Set(["compile", "check", "verify", "summary", "inspect", "explain"]);

const VERBS: Readonly<Record<string, { readonly description: string; readonly load: () => Promise<unknown> }>> = {
  init: {
    description: "Write a project that trains",
    load: async () => (await import("./init.ts")).init,
  },
  compile: {
    description: "Compile models to the programs that train them",
    load: async () => (await import("./compile.ts")).compile,
  },
  check: {
    description: "Compare a model's gradients with numeric ones",
    load: async () => (await import("./check.ts")).check,
  },
  verify: {
    description: "Recompute the certificates of generated trainers",
    load: async () => (await import("./verify.ts")).verify,
  },
  summary: {
    description: "Show a model's parameters, operations and memory",
    load: async () => (await import("./summary.ts")).summary,
  },
  train: {
    description: "Train a model on the data it names, and test it",
    load: async () => (await import("./train.ts")).train,
  },
  import: {
    description: "Make a model's source of an ONNX file, with its weights beside it",
    load: async () => (await import("./import.ts")).importFrom,
  },
  export: {
    description: "Write a model with its weights for another engine",
    load: async () => (await import("./export.ts")).exportTo,
  },
  tune: {
    description: "Search for the best of a model's choices",
    load: async () => (await import("./tune.ts")).tune,
  },
  inspect: {
    description: "Show a model on one screen, or its graph, gradient, kernels and memory",
    load: async () => (await import("./inspect.ts")).inspect,
  },
  explain: {
    description: "Say why kernels, memory and gradients are as they are",
    load: async () => (await import("./explain.ts")).explain,
  },
};

async function main(raw: readonly string[]): Promise<void> {
  const [name, ...rest] = raw;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    if (name === undefined || rest[0] === undefined) return resultDrawn(await rootUsage());
    return main([rest[0], "--help"]);
  }
  if (name === "--version" || name === "-v") return result(VERSION);
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined) {
    const kind = name.startsWith("-") ? "flag" : "command";
    throw new InputError(`adjoint has no ${kind} ${name}${suggestion(name, Object.keys(VERBS))}; see adjoint --help`);
  }
  const ended = name === "init" ? undefined : await inEngineWithFrames();
  if (ended !== undefined) return void (process.exitCode = ended);
  if (BRIEF.has(name)) optimizeLater();
  const command = (await verb.load()) as Verb; // what defineCommand gave
  const flags = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (flags.includes("--help") || flags.includes("-h")) return resultDrawn(await renderUsage(command));
  checkFlags(name, rest, (await resolved(command.args)) ?? {});
  await runCommand(command, { rawArgs: rest });
}

const resolved = async <T>(value: T | Promise<T> | (() => T | Promise<T>) | undefined): Promise<T | undefined> =>
  typeof value === "function" ? await (value as () => T | Promise<T>)() : await value;

const rootUsage = (): Promise<string> =>
  renderUsage(
    defineCommand({
      meta: {
        name: "adjoint",
        version: VERSION,
        description: "Compiles a neural network to the TypeScript program that trains it",
      },
      subCommands: Object.fromEntries(Object.entries(VERBS).map(([name, { description }]) => [name, { meta: { description } }])),
    }),
  );

/** Says what went wrong; gives back the code to end with. */
function tell(error: unknown): ExitCode {
  const { code, message } = outcomeOf(error, `adjoint ${raw.join(" ")}`);
  note(`${paint.red("error")} ${message}`);
  if (raw.includes("--debug") && error instanceof Error) note(`\n${error.stack ?? ""}`);
  return code;
}

const raw = process.argv.slice(2);
Error.stackTraceLimit = 50;
tolerateClosedPipes();
keepStdout();
onInterrupt(() => {
  endProgress();
  note("interrupted");
  process.exit(130);
});
onStray((error) => process.exit(tell(error)));
try {
  await main(raw);
} catch (error) {
  process.exitCode = tell(error);
}
endProgress();
