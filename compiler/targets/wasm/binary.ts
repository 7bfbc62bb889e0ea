/**
 * The binary form of the text that this target prints: folded expressions, names for all that is referred to, and the instructions of
 * instructions.ts. The bytes are those that wabt makes of the same text (test/targets/wasm-binary.test.ts, wasm.test.ts).
 *   (i32.add (local.get $a) (i32.const 4))   →   20 00  41 04  6a
 */

import { Bytes } from "./bytes.ts";
import { ALIGNMENT, opcodeOf } from "./instructions.ts";

/** A word, or what stands between two parentheses. */
type Node = string | List;
type List = readonly Node[];

/** The lists of a text, without its comments. */
function parse(text: string): List {
  const open: Node[][] = [[]];
  for (const [token] of text.matchAll(/;;[^\n]*|"[^"]*"|[()]|[^\s()";]+/g)) {
    if (token.startsWith(";;")) continue;
    if (token === "(") open.push([]);
    else if (token === ")") {
      const done = open.pop()!;
      open.at(-1)!.push(done);
    } else open.at(-1)!.push(token);
  }
  return open[0]!;
}

const isList = (node: Node): node is List => typeof node !== "string";
const wordsOf = (list: List): string[] => list.slice(1).filter((part): part is string => !isList(part));
/** Parts of a list that are lists of one kind, without the word that says so. */
const partsOf = (list: List, kind: string): List[] => list.flatMap((part) => (isList(part) && part[0] === kind ? [part] : []));
/** What a name in quotes says. */
const quoted = (word: Node | undefined): string => String(word).slice(1, -1);

const TYPES: Readonly<Record<string, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };
const [FUNCTION_TYPE, VOID, THEN_ELSE, END] = [0x60, 0x40, 0x05, 0x0b];

/** A function with its parameters, `(param $a i32)` each, or `(param i32 f32)` together where it is imported. */
interface Func {
  readonly list: List;
  /** As the section of types has it. */
  readonly type: string;
}

function funcOf(list: List): Func {
  const type = new Bytes().put(FUNCTION_TYPE);
  for (const kind of ["param", "result"]) {
    const types = partsOf(list, kind).flatMap((part) => wordsOf(part).filter((word) => !word.startsWith("$")));
    type.each(types, (one) => type.put(TYPES[one]!));
  }
  return { list, type: type.all.join() };
}

/** The bytes of a module's text. Throws a TypeError that names what it does not know. */
export function binaryOf(text: string): Uint8Array {
  const [module] = parse(text) as readonly [List];
  const imports = partsOf(module, "import");
  const own = partsOf(module, "func").map(funcOf);
  const functions = [...imports.flatMap((one) => partsOf(one, "func")).map(funcOf), ...own];
  const types = [...new Set(functions.map(({ type }) => type))];
  const typeOf = ({ type }: Func): number => types.indexOf(type);
  const memories = partsOf(module, "memory");
  const globals = partsOf(module, "global");
  const names = { functions: placesOf(functions.map(({ list }) => list)), globals: placesOf(globals) };

  const out = new Bytes().put(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
  const section = <Item>(id: number, items: readonly Item[], put: (item: Item, into: Bytes) => void): void => {
    if (items.length > 0) out.put(id).block(new Bytes().each(items, put));
  };
  section(1, types, (type, into) => into.put(...type.split(",").map(Number)));
  section(2, imports, ([, from, name, what], into) => {
    const list = what as List; // a function or a memory
    into.text(quoted(from)).text(quoted(name));
    if (list[0] === "memory") limits(list, into.put(0x02));
    else into.put(0x00).whole(typeOf(funcOf(list)));
  });
  section(3, own, (func, into) => into.whole(typeOf(func)));
  section(5, memories, limits);
  section(6, globals, ([, , type, value], into) => {
    const code = new Code({ ...names, locals: new Map() });
    code.all([value!]);
    into.put(TYPES[type as string]!, 0x00).append(code.bytes).put(END);
  });
  section(7, exportsOf(module, names.functions), ([name, kind, at], into) => into.text(name).put(kind).whole(at));
  section(10, own, ({ list }, into) => {
    const locals = partsOf(list, "local");
    const code = new Code({ ...names, locals: placesOf([...partsOf(list, "param"), ...locals]) });
    const body = new Bytes().each(runsOf(locals.map(([, , type]) => TYPES[type as string]!)), ([count, type], runs) =>
      runs.whole(count).put(type),
    );
    code.all(list.filter((part) => isList(part) && !HEAD.has(part[0] as string)));
    into.block(body.append(code.bytes).put(END));
  });
  return Uint8Array.from(out.all);
}

/** What a function's instructions come after. */
const HEAD: ReadonlySet<string> = new Set(["export", "param", "result", "local"]);

/** Where each of what begins with its kind and name stands. */
const placesOf = (lists: readonly List[]): ReadonlyMap<Node, number> => new Map(lists.map(([, name], at): [Node, number] => [name!, at]));

/** Pages at least and at most, of a memory that threads may share. */
function limits(memory: List, into: Bytes): void {
  const [least, most, shared] = wordsOf(memory);
  into.put(shared === undefined ? 0x01 : 0x03).whole(Number(least)).whole(Number(most));
}

/** A name, and the kind and place of what it names. */
type Export = readonly [name: string, kind: number, at: number];

/** The memory and the functions that say so. */
function exportsOf(module: List, functions: ReadonlyMap<Node, number>): Export[] {
  const memory = (name: Node | undefined): Export => [quoted(name), 0x02, 0];
  return module.filter(isList).flatMap((field): Export[] => {
    if (field[0] === "export") return [memory(field[1])];
    return partsOf(field, "export").map(([, name]): Export =>
      field[0] === "memory" ? memory(name) : [quoted(name), 0x00, functions.get(field[1]!)!],
    );
  });
}

/** Equal neighbours counted. */
function runsOf(types: readonly number[]): (readonly [count: number, type: number])[] {
  const runs: [number, number][] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.[1] === type) last[0]++;
    else runs.push([1, type]);
  }
  return runs;
}

/** What names stand for in one function. */
interface Names {
  readonly functions: ReadonlyMap<Node, number>;
  readonly globals: ReadonlyMap<Node, number>;
  readonly locals: ReadonlyMap<Node, number>;
}

/** Instructions that refer to what has a name. */
const REFERS: Readonly<Record<string, readonly [opcode: number, to: keyof Names]>> = {
  call: [0x10, "functions"],
  "local.get": [0x20, "locals"],
  "local.set": [0x21, "locals"],
  "local.tee": [0x22, "locals"],
  "global.get": [0x23, "globals"],
};

/** Writes instructions. */
class Code {
  readonly bytes = new Bytes();
  readonly #names: Names;
  readonly #labels: (Node | undefined)[] = [];

  constructor(names: Names) {
    this.#names = names;
  }

  /** Those among the parts of a list. */
  all(parts: List): void {
    for (const part of parts) if (isList(part)) this.#instruction(part);
  }

  #instruction(list: List): void {
    const [name, first] = list as readonly [string, Node | undefined];
    switch (name) {
      case "if":
        return this.#if(list);
      case "block":
      case "loop":
        this.bytes.put(name === "block" ? 0x02 : 0x03, VOID);
        this.#within(first, list);
        return void this.bytes.put(END);
      default:
    }
    this.all(list); // operands come first
    const refers = REFERS[name];
    if (refers !== undefined) return void this.bytes.put(refers[0]).whole(this.#place(refers[1], first));
    switch (name) {
      case "br_if":
        return void this.bytes.put(0x0d).whole(this.#labels.length - 1 - this.#labels.lastIndexOf(first));
      case "i32.const":
        return void this.bytes.put(0x41).signed(Number(first));
      case "f32.const":
        return void this.bytes.put(0x43).floats([String(first)]);
      case "v128.const":
        return this.#lanes(wordsOf(list));
      default:
        return this.#plain(name, wordsOf(list));
    }
  }

  #place(of: keyof Names, name: Node | undefined): number {
    const at = this.#names[of].get(name!);
    if (at === undefined) throw new TypeError(`the text of the kernels has no ${String(name)} among its ${of}`);
    return at;
  }

  /** A body that a branch to its label leaves, or begins again. */
  #within(label: Node | undefined, body: List): void {
    this.#labels.push(label);
    this.all(body);
    this.#labels.pop();
  }

  /** `(if (result t) condition (then …) (else …))`. */
  #if(list: List): void {
    const [[result], [then], [otherwise]] = ["result", "then", "else"].map((kind) => partsOf(list, kind)) as [List[], List[], List[]];
    this.all(list.filter((part) => part !== result && part !== then && part !== otherwise));
    this.bytes.put(0x04, result === undefined ? VOID : TYPES[result[1] as string]!);
    this.#within(undefined, then!);
    if (otherwise !== undefined) {
      this.bytes.put(THEN_ELSE);
      this.#within(undefined, otherwise);
    }
    this.bytes.put(END);
  }

  /** A constant of four lanes. */
  #lanes([shape, ...lanes]: readonly string[]): void {
    this.bytes.put(0xfd).whole(0x0c);
    if (shape === "f32x4") this.bytes.floats(lanes);
    else this.bytes.integers(lanes);
  }

  /** An instruction with what stands before its operands: how far from an address, which lanes. */
  #plain(name: string, words: readonly string[]): void {
    const { prefix, number } = opcodeOf(name);
    if (prefix === undefined) this.bytes.put(number);
    else this.bytes.put(prefix).whole(number);
    const offset = words.find((word) => word.startsWith("offset="));
    const alignment = ALIGNMENT[name];
    if (alignment !== undefined) this.bytes.whole(alignment).whole(Number(offset?.slice("offset=".length) ?? 0));
    this.bytes.put(...words.filter((word) => word !== offset).map(Number));
  }
}
