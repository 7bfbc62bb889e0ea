/** What an emitted file refuses, and in which words: everything that a caller passes in is looked at before anything changes. */

import type { Buffer, Module } from "../../loop/loop.ts";
import type { Facts, Meeting } from "../target.ts";
import type { Call, Checks, Fed } from "./checking.ts";
import { perRowOf, takenBy } from "./entry.ts";
import { printFeeding, printPacking } from "./frame.ts";
import { quoted, type Scope } from "./scope.ts";

/** The checks of a file that anybody may call: each says what is wrong, where, and how to mend it. */
export class AllChecks implements Checks {
  readonly #module: Module;
  readonly #known: readonly string[];
  readonly #scope: Scope;
  readonly #lists = new Map<string, string>();

  constructor(module: Module, { inputs }: Pick<Facts, "inputs">, scope: Scope) {
    this.#module = module;
    this.#known = inputs;
    this.#scope = scope;
  }

  /** Statements that throw where a call is not given what it takes: count and names, then kinds and values. */
  of({ name, entries, rows, count, finite }: Call): string[] {
    const taken = takenBy(this.#module, entries);
    const names = taken.map(([given]) => given);
    const lists = [names, [...new Set([...names, ...this.#known])]].map((list) => this.#listOf(list));
    const checks = taken.map(([given, buffer]) => {
      const perRow = perRowOf(buffer, rows);
      const args = (view: string): string =>
        `${view}batch[${quoted(given)}], ${perRow}, ${count === "none" ? rows : "count"}, ${quoted(given)}`;
      const view = `${this.#scope.view(buffer.name)}, `;
      return buffer.classes === undefined
        ? { kind: `checkArray(${args(view)});`, numbers: [`if (finite) checkNumbers(${args("")});`] }
        : { kind: `checkLabels(${args(view)}, ${buffer.classes});`, numbers: [] };
    });
    const numbers = finite ? checks.flatMap((one) => one.numbers) : [];
    return [
      ...(finite ? [`${entries.length === 1 || numbers.length > 0 ? "const finite = " : ""}isFiniteAsked(options);`] : []),
      ...(count === "none" ? [] : [count === "any" ? `checkCount(count, ${rows});` : checkFull(name, rows, count)]),
      `checkBatch(${[quoted(`${name} takes a batch`), "batch", ...new Set(lists)].join(", ")});`,
      ...checks.map(({ kind }) => kind),
      ...numbers,
    ];
  }

  /** The constant that holds the names. */
  #listOf(names: readonly string[]): string {
    const list = names.map(quoted).join(", ");
    const constant = this.#lists.get(list) ?? this.#scope.names.take("taken");
    this.#lists.set(list, constant);
    return constant;
  }

  feed(buffer: Buffer, given: string, { perRow, count }: Fed): readonly string[] {
    return [`feed(${this.#scope.view(buffer.name)}, batch[${quoted(given)}], ${perRow}, ${count});`];
  }

  hyper(name: string): string {
    return `checkHyper(hyper[${quoted(name)}], ${quoted(name)})`;
  }

  loss(value: string, phase: string | undefined): string {
    return `return finite ? checkLoss(${value}${phase === undefined ? "" : `, ${quoted(phase)}`}) : ${value};`;
  }

  construction(constructor: string, options: readonly { readonly name: string }[], seeded: boolean): string {
    return `checkRecord(${quoted(`${constructor} takes options`)}, options, [${["seed", ...options.map(({ name }) => name)].map(quoted).join(", ")}]);
  ${seeded ? "const seed = " : ""}checkSeed(options.seed);`;
  }

  packing(record: string): string {
    return printPacking(this.#module, record);
  }

  /** The lists that the checks so far compare with, each made once. */
  lists(): string {
    return [...this.#lists].map(([list, constant]) => `const ${constant}: readonly string[] = [${list}];`).join("\n  ");
  }

  functions(floats: string, text: string): string {
    return [printFeeding(text), printChecks(floats, text)].filter((part) => part !== "").join("\n\n");
  }
}

/** The statement that throws for a short batch, and says where rows meet. */
function checkFull(name: string, rows: number, { value, site, why }: Meeting): string {
  const what = name === "evaluate" ? "an evaluation" : "a step";
  return `checkFull(count, ${rows}, "${what}", ${quoted(`%${value}${site === "" ? "" : ` (${site})`}: ${why}`)});`;
}

/** What the statements above call, each text only where it is used, callers first. FLOATS stands for the array of floats. */
const TEXTS: readonly (readonly [name: string, text: string])[] = [
  [
    "checkCount",
    `/** How many rows of a batch are real. */
function checkCount(count: number, rows: number): void {
  if (!Number.isInteger(count) || count < 1 || count > rows)
    throw new RangeError(\`count needs a whole number from 1 to \${rows}, but got \${shown(count)}\`);
}`,
  ],
  [
    "checkFull",
    `/** Each row's result depends on the other rows, so no row may be missing. */
function checkFull(count: number, rows: number, what: string, where: string): void {
  if (count !== rows)
    throw new RangeError(\`\${what} needs a full batch of \${rows} rows, but got \${shown(count)}: in this model a row's result depends on the other rows of its batch, in \${where}. Leave the rest of the data out, or compile for a batch that divides it\`);
}`,
  ],
  [
    "isFiniteAsked",
    `const stepOptions: readonly string[] = ["finite"];

/** Whether a step is to refuse what is not finite. */
function isFiniteAsked(options: StepOptions | undefined): boolean {
  if (options === undefined) return false;
  checkRecord("step takes options", options, stepOptions);
  const { finite = false } = options;
  if (typeof finite === "boolean") return finite;
  throw new TypeError(\`finite needs true or false, but got \${shown(finite)}\`);
}`,
  ],
  [
    "checkBatch",
    `/** Nothing is missing from a batch, and nothing is in it but inputs of the model. */
function checkBatch(takes: string, batch: object, taken: readonly string[], known: readonly string[] = taken): void {
  let same = 0;
  for (const name in batch)
    if (name !== taken[same++]) {
      same = -1;
      break;
    }
  if (same > 0 && same === taken.length) return;
  checkRecord(takes, batch, known);
  for (const name of taken)
    if (!(name in batch)) throw new RangeError(\`\${name} is missing from the batch: \${takes} { \${taken.join(", ")} }\`);
}`,
  ],
  [
    "checkRecord",
    `/** A record of nothing but what is known. */
function checkRecord(takes: string, given: object, known: readonly string[]): void {
  if (typeof given !== "object" || given === null || Array.isArray(given) || ArrayBuffer.isView(given))
    throw new TypeError(\`\${takes} { \${known.join(", ")} }, but got \${shown(given)}\`);
  for (const name in given)
    if (!known.includes(name) && Object.hasOwn(given, name))
      throw new RangeError(\`\${takes} { \${known.join(", ")} } and no \${shown(name)}\`);
}`,
  ],
  [
    "checkLabels",
    `/** As checkArray, for labels: each of the real rows must name a class. */
function checkLabels(slot: Int32Array, given: Int32Array, perRow: number, count: number, name: string, classes: number): void {
  checkArray(slot, given, perRow, count, name);
  const used = perRow > 0 ? count * perRow : slot.length;
  for (let n = 0; n < used; n++) {
    const label = given[n]!;
    if (!(label >= 0 && label < classes))
      throw new RangeError(\`\${name}[\${n}] is \${label}, but labels are whole numbers from 0 to \${classes - 1}\`);
  }
}`,
  ],
  [
    "checkArray",
    `/** An input is an array of its slot's own kind: whole, or exactly its real rows. */
function checkArray(slot: Numbers, given: Numbers, perRow: number, count: number, name: string): void {
  const kind = slot[Symbol.toStringTag];
  if (!ArrayBuffer.isView(given) || given[Symbol.toStringTag] !== kind)
    throw new TypeError(\`\${name} needs \${slot.length} elements as \${kind}.from(…) makes them, but got \${shown(given)}\`);
  if (given.length === slot.length || (perRow > 0 && given.length === count * perRow)) return;
  throw new RangeError(\`\${name} needs \${slot.length} elements, but got \${given.length}\`);
}`,
  ],
  [
    "checkNumbers",
    `/** The real rows of an input hold neither NaN nor infinity. */
function checkNumbers(given: FLOATS, perRow: number, count: number, name: string): void {
  const used = perRow > 0 ? count * perRow : given.length;
  // in double, a sum of finite float32 numbers is finite; whatever else it is, the first of them is looked for
  let total = 0;
  let whole = 0;
  for (; whole + 4 <= used; whole += 4)
    total += given[whole]! + given[whole + 1]! + (given[whole + 2]! + given[whole + 3]!);
  for (let n = total - total === 0 ? whole : 0; n < used; n++) {
    const value = given[n]!;
    if (value - value !== 0)
      throw Object.assign(new RangeError(\`\${name}[\${n}] is \${value}\${perRow > 0 ? \`, in row \${Math.floor(n / perRow)} of the batch (counted from 0)\` : ""}; leave it out, or fill the value in\`), { input: name, at: n, value });
  }
}`,
  ],
  [
    "checkLoss",
    `/** A loss that is a number, or what it means that it is none. */
function checkLoss(loss: number, phase?: string): number {
  if (loss - loss === 0) return loss;
  throw Object.assign(new RangeError(\`the loss\${phase === undefined ? "" : \` of phase \${phase}\`} is \${loss} on finite inputs, and its weights are lost; take a smaller learning rate, or mend a logarithm of 0 or a division by 0\`), { loss, phase });
}`,
  ],
  [
    "checkHyper",
    `/** A live scalar must stay finite. */
function checkHyper(value: number, name: string): number {
  if (Number.isFinite(value)) return value;
  throw new RangeError(\`hyper.\${name} needs a finite number, but is \${shown(value)}\`);
}`,
  ],
  [
    "checkSeed",
    `/** Every seed that a number holds exactly. */
function checkSeed(seed: number = 0): number {
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new (typeof seed === "number" ? RangeError : TypeError)(\`seed needs a whole number from 0 to 2^53 − 1, but got \${shown(seed)}\`);
}`,
  ],
  [
    "checkModule",
    `/** A module that was compiled already. */
function checkModule(module: object, needed: string): object {
  if (Object.prototype.toString.call(module) === "[object WebAssembly.Module]") return module;
  throw new TypeError(\`module needs \${needed}, but got \${shown(module)}\`);
}`,
  ],
  [
    "shown",
    `/** A value in a message: numbers and texts themselves, of others the kind. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "bigint") return \`\${value}n\`;
  const isThing = (typeof value === "object" && value !== null) || typeof value === "function";
  return isThing ? Object.prototype.toString.call(value).slice(8, -1) : String(value);
}`,
  ],
];

/** The checks that a text calls, and those that they call. */
function printChecks(floats: string, text: string): string {
  const used: string[] = [];
  for (const [name, check] of TEXTS)
    if ([text, ...used].some((one) => one.includes(`${name}(`))) used.push(check.replaceAll("FLOATS", floats));
  return used.join("\n\n");
}
