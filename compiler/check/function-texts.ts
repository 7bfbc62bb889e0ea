/**
 * Functions from texts, those whose texts differ in their numbers and in the names of their axes alone from one text: a model has many layers of one
 * form, and an engine reads, runs in and optimizes each text by itself.
 *   x0[1024 * i + k7] and x0[256 * i + k9]   →   (c0) => … x0[c0 * a0 + a1], with 1024 and with 256
 */

import { importText } from "../targets/strip.ts";

/** Text in quotes, places in the lists that a function is given, names (of properties with their dot), numbers. */
const TOKENS = /"(?:[^"\\]|\\.)*"|\b(?:x|d|own|sizes)\[\d+\]|\.?[A-Za-z_$][\w$]*|\d+(?:\.\d+)?(?:e[+-]?\d+)?/g;

/** Numbers of the form itself: starts, steps, truths. */
const KEPT: ReadonlySet<string> = new Set(["0", "1", "2"]);

/** Of more numbers there are not two functions of one form. */
const MOST = 200;

const isNumber = (token: string): boolean => token >= "0" && token < ":";

/** What a function is made of: a text by its name, and its numbers there. */
export interface FunctionOf {
  readonly name: string;
  readonly numbers: readonly number[];
}

export class FunctionTexts {
  readonly #names = new Map<string, string>();

  /** A function's text, in which `axes` are local names. */
  add(text: string, axes: readonly string[]): FunctionOf {
    const called = new Map(axes.map((axis, n) => [axis, `a${n}`]));
    const numbers: number[] = [];
    const form = text.replace(TOKENS, (token) => {
      if (!isNumber(token)) return called.get(token) ?? token;
      return KEPT.has(token) ? token : `c${numbers.push(Number(token)) - 1}`;
    });
    return numbers.length > MOST
      ? { name: this.#named(`() => ${text}`), numbers: [] }
      : { name: this.#named(made(form, numbers)), numbers };
  }

  #named(text: string): string {
    const name = this.#names.get(text) ?? `f${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }

  /** What gives each function. */
  async load<Text>(): Promise<(of: FunctionOf) => Text> {
    const code = [...this.#names].map(([text, name]) => `export const ${name} = ${text};`).join("\n");
    const makers = await importText<Readonly<Record<string, (...numbers: readonly number[]) => Text>>>(code);
    return ({ name, numbers }) => makers[name]!(...numbers);
  }
}

const made = (form: string, numbers: readonly number[]): string => `(${numbers.map((_, n) => `c${n}`).join(", ")}) => ${form}`;
