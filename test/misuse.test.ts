/** What plain JavaScript is told of a wrong argument: by an error of ours that names it, never by the engine's own. */

import * as adjoint from "adjoint";
import * as layerFunctions from "adjoint/functions";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Context, within } from "../compiler/model/context.ts";
import * as runtime from "../runtime/index.ts";
import { functionCalls } from "./misuse/functions.ts";
import { language } from "./misuse/language.ts";
import type { Row } from "./misuse/row.ts";
import { vocabulary } from "./misuse/vocabulary.ts";
import { runtimeCalls } from "./misuse/runtime.ts";
import { Late, wrongFor, type Kinds } from "./misuse/wrong.ts";
import { randomFrom } from "./support/sample.ts";

const HERE = { cite: (file: string): string => file.split("/").at(-1)!, textOf: (): undefined => undefined };

/** One argument broken: which, by what, and what a message may call it. */
interface Misuse {
  readonly title: string;
  readonly row: Row;
  readonly at: number;
  /** The option, where the argument is a record of options. */
  readonly option?: string;
  readonly value: unknown;
  readonly names: readonly string[];
}

const rows = [
  ...Object.entries(language),
  ...Object.entries(vocabulary),
  ...Object.entries(functionCalls).map(([name, row]) => [`functions: ${name}`, row] as const),
  ...Object.entries(runtimeCalls).map(([name, row]) => [`runtime: ${name}`, row] as const),
];
const NO_OPTIONS = [null, 2, "x", [], true, { "no such option": 1 }];

/** Every misuse that the tables know. */
const all: readonly Misuse[] = rows.flatMap(([title, row]) =>
  Object.entries(row.kinds).flatMap(([name, kind]: readonly [string, Kinds], at): Misuse[] => {
    if (typeof kind === "string") return wrongFor(kind).map((value) => ({ title, row, at, value, names: [name] }));
    const whole = NO_OPTIONS.map((value) => ({ title, row, at, value, names: ["options", "option"] }));
    const each = Object.entries(kind).flatMap(
      ([option, of]) => wrongFor(of as "text").map((value) => ({ title, row, at, option, value, names: [option] })), // options of options have rows of their own
    );
    return [...whole, ...each];
  }),
);

/** A value as it is, with the tensors in it made in the declaration in progress. */
const made = (value: unknown): unknown => (value instanceof Late ? value.make() : Array.isArray(value) ? value.map(made) : value);

/** What a call in a declaration is answered with, its valid arguments altered. */
async function answerTo(row: Row, alter: (given: unknown[]) => void): Promise<unknown> {
  const c = new Context("misused", "f32", HERE, { training: true, small: false, batch: 1 });
  try {
    await within(c, () => {
      const given = [...row.valid()];
      alter(given);
      return (row.call as (...args: unknown[]) => unknown)(...given);
    });
  } catch (error) {
    return error;
  }
  return "nothing";
}

const answerToMisuse = ({ row, at, option, value }: Misuse): Promise<unknown> =>
  answerTo(row, (given) => {
    while (given.length <= at) given.push(undefined);
    const wrong = made(value);
    given[at] = option === undefined ? wrong : { ...(given[at] as object), [option]: wrong };
  });

const OURS = ["ModelError", "RangeError", "TypeError"];
const ENGINE =
  /Cannot read|Cannot destructure|Cannot convert|is not a function|is not iterable|is not defined|undefined is not|reading '|Invalid array length|Maximum call stack|CompilerFault/;

/** What is wrong with the answer; nothing where it is ours and names the argument. */
function faultOf(misuse: Misuse, answer: unknown): string | undefined {
  const what = `${misuse.title}(${misuse.names[0]}: ${inspect(misuse.value)})`;
  if (!(answer instanceof Error)) return `${what}: ${String(answer)}`;
  const named = misuse.names.some((name) => answer.message.includes(name));
  if (OURS.includes(answer.name) && named && !ENGINE.test(answer.message)) return undefined;
  return `${what}: ${answer.name}: ${answer.message}`;
}

test("of everything public there is a call in the tables", () => {
  const functions = (module: object): string[] =>
    Object.entries(module).flatMap(([name, value]) => (typeof value === "function" && !/Error$/.test(name) ? [name] : []));
  expect(functions(adjoint).filter((name) => !(name in language) && !(name in vocabulary) && !(name in runtimeCalls))).toEqual([]);
  expect(functions(layerFunctions).filter((name) => !(name in functionCalls))).toEqual([]);
  expect(functions(runtime).filter((name) => !(name in runtimeCalls))).toEqual([]);
});

test("the calls of the tables are valid as they stand", async () => {
  for (const [title, row] of rows) expect(await answerTo(row, () => {}), title).toBe("nothing");
});

test("300 misuses are answered by errors of ours that name the argument", async () => {
  const random = randomFrom(17);
  const drawn = Array.from({ length: 300 }, () => all[Math.floor(random() * all.length)]!);
  const faults: string[] = [];
  for (const misuse of drawn) {
    const fault = faultOf(misuse, await answerToMisuse(misuse));
    if (fault !== undefined) faults.push(fault);
  }
  expect(faults).toEqual([]);
});
