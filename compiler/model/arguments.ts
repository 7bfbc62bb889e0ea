/** Guarantees that an argument outside its law is told by function, argument and model line, whether or not a model is being declared. */

import { nearWord, problemIn, shown, type Laws, type Problem } from "../graph/arguments.ts";
import { ModelError, type Operand } from "../graph/error.ts";
import { printType } from "../graph/type.ts";
import { context, declaring, isTensor, ownerOf, type Context } from "./context.ts";
import { callSite } from "./site.ts";

/** Throws a ModelError at the line that called into the layer language. */
export function refuse(of: string, law: string, remedy: string, operands: readonly Operand[] = []): never {
  const c = declaring();
  if (c !== undefined) return c.run(() => c.fail("argument", `${of}: ${law}`, remedy, operands));
  const at = callSite();
  const site = at === undefined ? of : `${at.file.split(/[\\/]/).at(-1)}:${at.line}`;
  throw new ModelError({ code: "argument", site, law: `${of}: ${law}`, operands, remedy });
}

/** Holds every argument to its law. Options are an argument too; a name that they do not know is refused: a misspelt rate would train at the default. */
export function check<Given extends object>(of: string, given: Given, laws: Laws<Given>): void {
  const problem = problemIn(given, laws);
  if (problem !== undefined) refuseProblem(of, problem);
}

/** The declaration in progress, for a function whose arguments hold their laws. */
export function called<Given extends object>(of: string, given: Given, laws: Laws<Given>): Context {
  const c = context();
  check(of, given, laws);
  c.compositions.next(of);
  return c;
}

/** Says of an argument what it needs to be, what came, and what mends it. */
export function refuseProblem(of: string, problem: Problem): never {
  const { path, law, got, unknown } = problem;
  if (unknown !== undefined) {
    const whose = path === "options" ? "has" : `${path} has`;
    refuse(
      of,
      `${whose} no option ${JSON.stringify(unknown)}${nearWord(problem)}`,
      `Its options are ${Object.keys(law.names ?? {}).join(", ")}.`,
    );
  }
  refuseForeign(of, path, got);
  const needs = path === "options" ? "needs" : `${path} needs`;
  refuse(of, `${needs} ${law.says}, but got ${described(got)}${nearWord(problem)}`, law.remedy ?? remedyOf(problem));
}

const remedyOf = ({ path, law }: Problem): string =>
  law.names !== undefined
    ? `Write { … } with names: ${Object.keys(law.names).join(", ")}.`
    : law.optional
      ? `Change ${path}, or leave it out for its default.`
      : `Change ${path}.`;

/** A value in a few words; of a tensor, which. */
export function described(value: unknown): string {
  if (!isTensor(value)) return shown(value);
  const type = printType({ dtype: value.dtype, shape: value.shape });
  return `the tensor %${ownerOf(value)!.builder.node(value.value).name} ${type}`;
}

/** A tensor of another declaration: in this one its number means another node, or none. */
export function refuseForeign(of: string, argument: string, value: unknown): void {
  const [here, owner] = [declaring(), ownerOf(value)];
  if (here === undefined || owner === undefined || owner === here || !isTensor(value)) return;
  const { name } = owner.builder.node(value.value);
  const whose =
    owner.call.of === here.call.of
      ? `an earlier call of this model's function, for ${owner.call.entry}`
      : `the model ${JSON.stringify(owner.builder.name)}`;
  refuse(
    of,
    `${argument} is %${name} of ${whose}, but belongs into the model ${JSON.stringify(here.builder.name)}, for ${here.call.entry}`,
    "Make it inside the function given to model(…), where it is used: each call of that function declares tensors of its own.",
    [owner.operand(argument, value.value)],
  );
}
