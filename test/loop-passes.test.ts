/** What is true of the passes that make loops of a graph: each golden file reads before and after and keeps the meaning, and every pass of the compiler has one. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Graph } from "../compiler/graph/graph.ts";
import { parseGraph } from "../compiler/graph/parse.ts";
import { printGraph } from "../compiler/graph/print.ts";
import { verifyGraph } from "../compiler/graph/verify.ts";
import type { Module } from "../compiler/loop/loop.ts";
import { sgd } from "../compiler/model/optimizers/index.ts";
import { observe, type Observation, type Stage } from "../compiler/driver/observe.ts";
import { opOf } from "../compiler/ops/index.ts";
import { additions } from "../compiler/passes/graph/additions.ts";
import { checkPlan } from "../compiler/passes/placement/check-plan.ts";
import { fromRounded, pipeline, place, type Purpose, type Road } from "../compiler/passes/index.ts";
import { DEFAULT, targetOf } from "../compiler/targets/index.ts";
import { numerics } from "../compiler/passes/graph/numerics.ts";
import { runPass } from "../compiler/passes/pass.ts";
import { choiceOf } from "../compiler/passes/selection.ts";
import { difference, meaningOf, meaningOfModule } from "./support/meaning.ts";
import { feedOf } from "./support/random-graph.ts";

/** The roads that the golden files name; batches are of 4 rows. */
const roads: Readonly<Record<string, Partial<Road>>> = {
  "": {},
  " for wasm": { machine: targetOf("wasm").machine },
  " in two parts": { parts: { rows: 4, parts: 2 } },
  " without fusion": { choice: choiceOf([]) },
};

const here = (path: string): string => new URL(`passes/${path}`, import.meta.url).pathname;
const files = readdirSync(here(""), { recursive: true, encoding: "utf8" }).sort();
const textOf = (file: string): string => readFileSync(here(file), "utf8");
const golden = files.filter((file) => file.endsWith(".loops"));

interface Case {
  readonly title: string;
  readonly from: Graph;
  readonly pass: string;
  readonly how: string;
}

function readCase(file: string): Case {
  const text = textOf(file);
  const [, pass = "", how = ""] = /^\/\/ pass: (\w+)(.*)$/m.exec(text) ?? [];
  const from = text.slice(text.indexOf("// from\n") + 8, text.search(/^\/\/ (before|pass)/m));
  return { title: text.split("\n", 1)[0]!, from: parseGraph(from), pass, how };
}

/** A graph on its way to a module, and the texts around one pass. */
function compiled({ from, pass, how }: Case): { readonly module: Module; readonly stage: Stage } {
  const road = roads[how];
  if (road === undefined) throw new RangeError(`there is no way to compile "${how}"`);
  const observation: Observation = { timings: [], stages: [] };
  const watch = observe(from.name, observation, (name) => name === pass, "");
  const { machine = DEFAULT.machine } = road;
  const program = fromRounded({ ...road, machine }).run(runPass(additions(machine), numerics.run(from), watch), watch);
  const module = runPass(place(from.name, { machine }), [program], watch);
  const [stage, ...others] = observation.stages;
  if (stage === undefined || others.length > 0) throw new RangeError(`"${pass}${how}" does not run once`);
  return { module, stage };
}

describe("golden files", () => {
  test.each(golden)("%s", async (file) => {
    const one = readCase(file);
    verifyGraph(one.from, opOf);
    const { module, stage } = compiled(one);
    checkPlan(module);
    for (const seed of [1, 2, 3]) {
      const feed = feedOf(one.from, seed);
      expect(difference(meaningOfModule(module, feed), meaningOf(one.from, feed), 1e-12)).toBeUndefined();
    }
    expect(stage.after).not.toBe(stage.before);
    const [before, after] = [stage.before, stage.after].map((text) => text.trimEnd());
    const text = [
      one.title,
      "",
      "// from",
      printGraph(one.from),
      "// before",
      before,
      "",
      `// pass: ${one.pass}${one.how}`,
      "",
      "// after",
      `${after}\n`,
    ];
    await expect(text.join("\n")).toMatchFileSnapshot(here(file));
  });
});

test("every pass has a golden file, in a folder of its name", () => {
  const phase = { name: "train", rule: sgd({ learningRate: 0.5 }) };
  const purposes: readonly Purpose[] = [{ kind: "train", phase, counts: true }, { kind: "gradients", phase }, { kind: "forward" }];
  const names = purposes.flatMap((purpose) =>
    [{ winograd: true }, { choice: choiceOf([]) }].flatMap((road) =>
      pipeline(purpose, { ...DEFAULT, ...road }).passes.map(({ name }) => name),
    ),
  );
  const shown = files.flatMap((file) => {
    const [folder = "", name] = file.split("/");
    return name !== undefined && textOf(file).includes(`\n// pass: ${folder}`) ? [folder] : [];
  });
  expect(new Set(shown)).toEqual(new Set([...names, place("all", DEFAULT).name]));
});
