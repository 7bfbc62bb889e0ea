/** Kernels as functions of the emitted file itself, over one ArrayBuffer. */

import { dividedKernels, divisionOf, SLICE, type Section } from "../../loop/divide.ts";
import type { Kernel, Module } from "../../loop/loop.ts";
import type { Names } from "../../loop/identifier.ts";
import type { Facts } from "../target.ts";
import { loopAround } from "../../loop/turns.ts";
import { namesOf } from "../../loop/uses.ts";
import { AllChecks } from "./checks.ts";
import { Outline } from "./outline.ts";
import type { Outlined } from "./outlined.ts";
import { THREEFRY } from "./random.ts";
import { eachTurn, type Kernels } from "./scope.ts";
import { givesUp, givesUpNumbers, numbersGiven, sharedName, sharingNumbers, sharingOf, type Shared, type Sharing } from "./shared.ts";
import { sectionName } from "../sections.ts";
import { SlicedCalls } from "./slices.ts";
import {
  givenNames,
  printArrayTypes,
  printKernelFunction,
  printOutlined,
  printPlainCall,
  printTakingFunction,
  type Common,
} from "./statement.ts";

/** Kernels over views of the arena, each bound once to the arrays that a statement gives it. */
export function functionsOf(
  module: Module,
  {
    sliced,
    outline = new Outline(module.kernels),
    sharing: given,
    turning,
    twins = new Map(),
  }: {
    readonly sliced?: true | undefined;
    readonly outline?: Outline;
    readonly sharing?: Sharing;
    /** Kernels that take their arrays at each call. */
    readonly turning?: readonly string[];
    /** What compute the same values in the file for readers, by kernel. */
    readonly twins?: Facts["twins"];
  } = {},
): Kernels {
  const divided = dividedKernels(module.kernels, divisionOf({ sliced }));
  const slices = sliced === true ? new SlicedCalls(module, divided, SLICE) : undefined;
  const givesUpItsOwn = givesUp(module);
  const byRows = given ?? sharingOf(module, (kernel) => !divided.has(kernel.name) && givesUpItsOwn(kernel));
  const sharing = given !== undefined || sliced === true ? byRows : sharingNumbers(module, byRows, givesUpNumbers(module));
  // bound to other arrays at each turn, a kernel would be compiled as often; of several arrays none is compiled into the code
  const taking = turning ?? (sliced === true ? [] : [...turningKernels(module), ...takingSeveral(module, sharing)]);
  return kernelsOver(module, outline, sharing, divided, slices, new Set(taking), twins);
}

function kernelsOver(
  module: Module,
  outline: Outline,
  sharing: Sharing,
  divided: ReadonlyMap<string, readonly Section[]>,
  slices: SlicedCalls | undefined,
  taking: ReadonlySet<string>,
  twins: NonNullable<Facts["twins"]>,
): Kernels {
  const kernels = new Map(module.kernels.map((kernel) => [kernel.name, kernel]));
  const takes = (kernel: string): boolean =>
    taking.has(kernel) || [...(sharing.get(kernel)?.rows.keys() ?? [])].some((one) => taking.has(one));
  const bound = new Map<string, { readonly name: string; readonly made: string }>();
  const nameOf = namesOfShared();
  const sections = new Map<string, string>();
  /** The identifier of a section after the first. */
  const sectionOf = (section: string, names: Names): string => {
    const known = sections.get(section) ?? names.take(section.replaceAll(".", "_"));
    sections.set(section, known);
    return known;
  };
  return {
    arena: "const arena = new ArrayBuffer(ARENA_BYTES);",
    options: [],
    checks: (module, facts, scope) => new AllChecks(module, facts, scope),
    randomBits: THREEFRY,
    contents: "told",
    idioms: (text) => [...(twins.size === 0 ? [] : TWINS), ...IDIOMS.flatMap(({ sign, lines }) => (sign.test(text) ? lines : []))],
    call(kernel, args, scope, trains) {
      const own = kernels.get(kernel)!;
      const shared = sharing.get(kernel);
      // what is divided is printed in its own words
      const names = givenNames(shared?.kernel ?? own, divided.has(kernel) ? undefined : outline);
      const given = args.map((arg, n) => (scope.array(arg) === names[n] ? names[n] : `${names[n]!}: ${scope.array(arg)}`));
      const name = shared === undefined ? scope.kernel(kernel) : nameOf(shared, scope.names, scope.kernel);
      const numbers = numbersGiven(shared, kernel);
      const rows = numbers.map((one) => `${one}, `).join("");
      const written = args.filter((_, n) => own.params[n]!.access !== "read").at(-1)!;
      if (takes(kernel)) return printPlainCall(name, args.map(scope.array), numbers);
      const turn = args.map(scope.turnOf).find((one) => one !== undefined);
      const boundTo = (section: string): string => {
        const called = section === name ? name : sectionOf(section, scope.names);
        const once = `${called}(${rows}{ ${given.join(", ")} })`;
        const made = turn === undefined ? once : eachTurn(turn, once);
        const one = bound.get(made) ?? {
          name: scope.names.take(`${name.replace(/_[\dN].*/, "")}_${scope.view(written)}`),
          made,
        };
        bound.set(made, one);
        return turn === undefined ? one.name : `${one.name}[${turn.name}]!`;
      };
      if (slices === undefined) return `${boundTo(name)}();`;
      return slices.call(kernel, name, trains, { call: (section, range) => `${boundTo(section)}(${range});`, part: boundTo });
    },
    bound: () => [...bound.values()].map(({ name, made }) => `const ${name} = ${made};`),
    print: (scope, needs) =>
      printKernels(module.kernels, outline, scope.names, needs, sharing, (of, common, shared) => {
        const name = shared === undefined ? scope.kernel(of.name) : nameOf(shared, scope.names, scope.kernel);
        const kernel = { ...of, doc: [...of.doc, ...twinNote(name, [...(shared?.rows.keys() ?? [of.name])], twins)] };
        if (takes(kernel.name)) return printTakingFunction(kernel, name, needs, common, shared, (block) => scope.names.take(block));
        const parts = divided.get(kernel.name);
        if (parts === undefined) return printKernelFunction(kernel, name, needs, "at stores", undefined, common, shared);
        return parts
          .map((section, n) =>
            printKernelFunction(
              { ...kernel, body: section.body },
              n === 0 ? name : sectionOf(sectionName(name, n), scope.names),
              needs,
              "at stores",
              undefined,
              undefined,
              undefined,
              section,
            ),
          )
          .join("\n\n");
      }),
  };
}

/** Kernels that statements give different arrays, by themselves or as one function that several are. */
function takingSeveral({ entries }: Module, sharing: Sharing): readonly string[] {
  const given = new Map<string | Shared, { readonly first: string; several: boolean }>();
  const functionOf = (kernel: string): string | Shared => sharing.get(kernel) ?? kernel;
  for (const { calls } of entries)
    for (const call of calls) {
      if (call.kind !== "call") continue;
      const key = functionOf(call.kernel);
      const made = [...numbersGiven(sharing.get(call.kernel), call.kernel), ...call.args].join();
      const known = given.get(key);
      if (known === undefined) given.set(key, { first: made, several: false });
      else known.several ||= known.first !== made;
    }
  const called = entries.flatMap(({ calls }) => calls.flatMap((call) => (call.kind === "call" ? [call.kernel] : [])));
  return called.filter((kernel) => given.get(functionOf(kernel))!.several);
}

/** Kernels that a loop calls. */
const turningKernels = ({ entries }: Module): string[] =>
  entries.flatMap(({ calls, loops }) =>
    calls.flatMap((call, n) => (call.kind === "call" && loopAround(loops, n) !== undefined ? [call.kernel] : [])),
  );

/** The name of a shared function, the same whenever it is asked for: that of one of its kernels, or a new one. */
export function namesOfShared(): (shared: Shared, names: Names, own: (kernel: string) => string) => string {
  const given = new Map<Shared, string>();
  return (shared, names, own) => {
    const name = sharedName(shared);
    if (!given.has(shared)) given.set(shared, shared.rows.has(name) ? own(name) : names.take(name));
    return given.get(shared)!;
  };
}

/** Where the loops of kernels stand as they were before any schedule. */
const TWINS = [
  "The plain twin of a kernel is in trainer.plain.ts, which --plain writes: the loops of its definitions, under its name or the one that its",
  "doc says. What copies an operand (widen, pad) has none.",
  "",
];

/** Which functions compute the same values there, where they are called otherwise. */
function twinNote(name: string, kernels: readonly string[], twins: NonNullable<Facts["twins"]>): readonly string[] {
  const all = [...new Set(kernels.flatMap((kernel) => twins.get(kernel) ?? []))];
  return all.join() === name || all.length === 0 ? [] : [`Plain ${all.length === 1 ? "twin" : "twins"}: ${all.join(", ")}.`];
}

/** What kernels do for engines, said where a file does it. */
const IDIOMS: readonly { readonly sign: RegExp; readonly lines: readonly string[] }[] = [
  {
    sign: /\): \(\) => void \{/,
    lines: [
      "What is there for engines, and changes no value:",
      "  const relu_h = relu_4x3({ x, h })   a kernel is a function bound to its arrays: an engine then reads their addresses as constants",
    ],
  },
  {
    sign: /\bfunction block\(/,
    lines: ["  block(j, i)                     what loops repeat, apart, so that an engine compiles it before the first step is over"],
  },
  {
    sign: /const a0 = /,
    lines: ["  const a0 = x[at]                 elements that a tile holds: a0, a1, … of one array, b0, b1, … of the next"],
  },
  { sign: /&= \d+;/, lines: ["  i &= 1023                       says how large an index is, so that no access is checked; it always is"] },
  {
    sign: /=== \S+\) break;/,
    lines: ["  if (k + 1 === 784) break;       keeps iterations that are written out from being mixed: registers then hold one of them"],
  },
];

/** Kernels, the functions that they have in common, and the types of their arrays. */
export function printKernels(
  kernels: readonly Kernel[],
  outline: Outline,
  names: Names,
  needs: Set<string>,
  sharing: Sharing,
  print: (kernel: Kernel, common: Common, shared: Shared | undefined) => string,
): string[] {
  const given = new Map<Outlined, string>();
  // a kernel calls them from within: none may be called as what a kernel has of its own, as an array concat beside the op
  const inside = new Set(kernels.flatMap((kernel) => [...givenNames(kernel, outline), ...namesOf(kernel.body)]));
  const nameOf = (one: Outlined): string => {
    let name = given.get(one);
    while (name === undefined || inside.has(name)) name = names.take(one.op);
    given.set(one, name);
    return name;
  };
  const seen = new Set<Shared>();
  const printed = kernels.flatMap((kernel) => {
    const shared = sharing.get(kernel.name);
    if (shared !== undefined && seen.has(shared)) return [];
    if (shared !== undefined) seen.add(shared);
    return [print(shared?.kernel ?? kernel, { outline, nameOf }, shared)];
  });
  const functions = [...given].map(([one, name]) => printOutlined(one, name, needs));
  return [printArrayTypes(needs), ...printed, ...functions].filter((text) => text !== "");
}
