/** What is true of every model of models/: it names its data and what it must learn, starts as its loss says, and its files stay fast. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { describe, expect, test } from "vitest";
import { inputsOf } from "../compiler/cli/inputs.ts";
import type { Model } from "../compiler/model/declaration.ts";
import { stripTypes } from "../compiler/targets/strip.ts";
import { lowered, memoryOf, modelNames, modelText } from "./support/models.ts";
import { batchOf, loadTrainer } from "./support/trainer.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

type Learns =
  | { readonly metric: "accuracy" | "found" | "times"; readonly atLeast: number }
  | { readonly metric: "loss"; readonly shareOfFirst: number }
  | { readonly generator: string; readonly within: number }
  | { readonly detects: string; readonly atLeast: number }
  | { readonly writes: string; readonly atLeast: number };

/** Shares of what else is measured: nearest neighbours, how much more a score is raised, precision, captions. */
const OTHERS = { found: 0.95, times: 2, detects: 0.8, writes: 0.9 } as const;

interface ModelFile {
  readonly default: Model;
  readonly data?: { readonly source: string; readonly epochs: number; readonly classes?: number };
  readonly learns?: Learns;
}

const files = new Map<string, ModelFile>();
for (const name of modelNames) files.set(name, (await import(/* @vite-ignore */ `${root}models/${name}.ts`)) as ModelFile);

/** Classes of the one label of a row; undefined where there is none. */
const classesOf = (name: string): number | undefined =>
  inputsOf(files.get(name)!.default, undefined).find(
    ({ role, row, classes }) => role === "target" && row.length === 0 && classes !== undefined,
  )?.classes;

// circuit has nothing to learn from
const learners = modelNames.filter((name) => name !== "circuit");

describe.each(learners)("%s", (name) => {
  const { data, learns } = files.get(name)!;

  test("is called as its file", () => {
    expect(files.get(name)!.default.name).toBe(name);
  });

  test("names its data, and a threshold that means something", () => {
    expect(data?.source).toMatch(/^(mnist|cifar10|synthetic)$/);
    expect(data?.epochs).toBeGreaterThanOrEqual(1);
    if (learns === undefined) throw new Error(`models/${name}.ts exports no learns`);
    if ("generator" in learns) expect(learns.within).toBeLessThanOrEqual(0.2);
    else if ("shareOfFirst" in learns) expect(learns.shareOfFirst).toBeLessThanOrEqual(0.5);
    else if (!("metric" in learns)) expect(learns.atLeast).toBe(OTHERS["detects" in learns ? "detects" : "writes"]);
    else if (learns.metric !== "accuracy") expect(learns.atLeast).toBe(OTHERS[learns.metric]);
    else {
      // three times chance; of two classes that is out of reach, and nearly all must be right
      const classes = data?.classes ?? classesOf(name)!;
      expect(learns.atLeast).toBeGreaterThanOrEqual(Math.min(3 / classes, 0.95));
      expect(learns.atLeast).toBeLessThan(1);
    }
  });
});

const isSvm = (name: string): boolean => /\bsvmLoss\(|"multiclass_svm"/.test(modelText(name));
const classifiers = learners.filter((name) => classesOf(name) === 10 && JSON.stringify(files.get(name)!.learns).includes("accuracy"));

describe("with weights near 0, scores are equal", () => {
  test.each(classifiers)("%s loses ln 10 a row, or nine margins of 1", async (name) => {
    const small = await lowered(name, { batch: 8, small: true });
    const trainer = (await loadTrainer(small)).createTrainer();
    for (const weights of Object.values(trainer.parameters)) weights.forEach((w, n) => (weights[n] = 1e-3 * w));
    const loss = trainer.step(batchOf(small.module, "train", memoryOf(small.module, 3)));
    const expected = isSvm(name) ? 9 : Math.log(10);
    expect(Math.abs(loss / expected - 1)).toBeLessThanOrEqual(0.01);
  });

  test("both kinds are among them", () => {
    expect(classifiers.length).toBeGreaterThanOrEqual(10);
    expect(new Set(classifiers.map(isSvm)).size).toBe(2);
  });
});

// V8 never optimizes a function above this: it stays an order of magnitude slower, silently
const MOST_BYTECODE = 61_440;

/**
 * Bytes of what the engine caches of each function of a module, compiled by itself: its bytecode and the tables beside it, so
 * never less than the bytecode alone (of alexnet's 78 functions 1.5 to 11 times as much).
 */
const functionsOf = (code: string) =>
  ["", "  "].flatMap((indent) =>
    [...code.matchAll(new RegExp(`^${indent}(?:export )?(function (\\w+)\\([\\s\\S]*?^${indent}\\})$`, "gm"))].map(
      // parenthesized, so that it is compiled at once
      ([, text, name]) => ({ name: name!, bytes: new Script(`(${text})`, { produceCachedData: true }).cachedData!.length }),
    ),
  );

describe("no function is too long for the engine's optimizer", () => {
  const committed = readdirSync(`${root}generated`).flatMap((name) =>
    readdirSync(`${root}generated/${name}`)
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `generated/${name}/${file}`),
  );

  test.each(committed)("%s", async (file) => {
    const found = functionsOf(await stripTypes(readFileSync(`${root}${file}`, "utf8")));
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining([/trainer(\.\w+)?\.ts$/.test(file) ? "createTrainer" : "createGradients", "bytes"]),
    );
    // a constructor runs once, and has no loop of its own
    const once = ["createTrainer", "createGradients"];
    expect(found.filter(({ name, bytes }) => bytes > MOST_BYTECODE && !once.includes(name))).toEqual([]);
  });

  test("one that is would be seen, at the top and inside another", () => {
    // add two elements and store the sum: at least ten bytes each
    const long = `function long(x) {\n${"x[7] += x[8];\n".repeat(MOST_BYTECODE / 10)}}`;
    const inside = `function short() {\n${long.replace(/^(?=function|\}$)/gm, "  ")}\n}`;
    for (const code of [long, inside]) {
      const { bytes } = functionsOf(code).find(({ name }) => name === "long")!;
      expect(bytes).toBeGreaterThan(MOST_BYTECODE);
    }
  });
});
