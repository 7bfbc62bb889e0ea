/** What is true of the text forms: every stage of every model reads back as what was printed. */

import { DEFAULT } from "../compiler/targets/index.ts";
import { deepStrictEqual } from "node:assert/strict";
import { describe, expect, test } from "vitest";
import { parseGraph } from "../compiler/graph/parse.ts";
import { normaliseLiterals, printGraph } from "../compiler/graph/print.ts";
import { parseModule, parseProgram, printModule, printProgram } from "../compiler/loop/text/index.ts";
import { pipeline } from "../compiler/passes/index.ts";
import { lowered, modelNames } from "./support/models.ts";

const again: Readonly<Record<string, (text: string) => string>> = {
  graph: (text) => printGraph(parseGraph(text)),
  program: (text) =>
    text
      .split(/\n(?=program )/)
      .map((one) => printProgram(parseProgram(one)))
      .join("\n"),
  module: (text) => printModule(parseModule(text)),
};

const cases = modelNames.flatMap((name) => (["trainer", "gradients"] as const).map((kind) => ({ name, kind })));

describe.each(cases)("the $kind of $name", async ({ name, kind }) => {
  const { entries, module, observation } = await lowered(name, { batch: 4, small: true, keep: () => true }, kind);

  test.each(observation.stages.map((stage) => ({ ...stage, at: `${stage.entry}: ${stage.pass}` })))("$at", ({ before, after, pass }) => {
    for (const text of [before, after]) {
      const [level = ""] = text.split(" ", 1);
      const read = again[level];
      if (read !== undefined) expect(read(text)).toBe(text);
      else expect(pass).toMatch(/^(define|fuse|split|segments|pitch|pack|unroll|schedule|place)$/); // definitions have no parser
    }
  });

  test("as data, too: graphs up to their literals, programs, the module", () => {
    for (const { purpose, traced, program } of entries) {
      deepStrictEqual(parseGraph(printGraph(traced.graph)), normaliseLiterals(traced.graph));
      deepStrictEqual(parseProgram(printProgram(program)), program);
      expect(pipeline(purpose, DEFAULT).passes.length).toBeGreaterThan(10);
    }
    deepStrictEqual(parseModule(printModule(module)), module);
  });
});
