/** Guarantees that each parameter is trained by the rule of its group, and that the groups' own scalars are apart. */

import type { UpdateRule, UpdateScope } from "../../autodiff/update.ts";
import { listOf, optionsOf, required } from "../../graph/arguments.ts";
import { ModelError } from "../../graph/error.ts";
import { context } from "../context.ts";
import { covers } from "../layers/layer.ts";
import type { FloatTensor } from "../tensor.ts";
import { check, refuse } from "../arguments.ts";
import { PARAMETERS, RULE } from "../kinds.ts";

/** Parameters with an update rule of their own, for `groups`. */
export interface ParameterGroup {
  /** Tensors made by param, names of parameters, or names of layers, which stand for all of a layer's parameters. */
  readonly parameters: readonly (FloatTensor | string)[];
  readonly optimizer: UpdateRule;
}

/** The last group takes every parameter that no other names. */
export interface RemainingGroup {
  readonly parameters?: never;
  readonly optimizer: UpdateRule;
}

const LIST = listOf(
  "a list of groups, the last of an optimizer alone",
  optionsOf<ParameterGroup>({ parameters: PARAMETERS, optimizer: required(RULE) }, "a group, { parameters, optimizer }"),
);

/** A rule for each group of parameters: `groups([{ parameters: [W1, b1], optimizer: sgd() }, { optimizer: adam() }])`. */
export function groups(list: readonly [...ParameterGroup[], RemainingGroup]): UpdateRule {
  check("groups", { list }, { list: LIST });
  const members = list.map((group, n) => namesOf(group, n, list.length));
  const rules = list.map(({ optimizer }) => optimizer);
  const groupOf = (parameter: string): number => {
    const at = members.findIndex((names) => names.some((name) => covers(name, parameter)));
    return at < 0 ? list.length - 1 : at;
  };
  return {
    name: `groups(${rules.map(({ name }) => name).join(", ")})`,
    linear: rules.every(({ linear }) => linear),
    comparable: (parameter) => rules[groupOf(parameter)]!.comparable(parameter),
    period: rules.reduce((period, rule) => leastCommonMultiple(period, rule.period), 1),
    update(scopes) {
      if (scopes.length === 0) return; // no gradient reaches any parameter
      const named = scopes.map((scope) => ({ scope, name: scope.builder.node(scope.parameter).name }));
      checkMembers(
        members,
        named.map(({ name }) => name),
        scopes,
      );
      rules.forEach((rule, n) => {
        const own = named.filter(({ name }) => groupOf(name) === n);
        if (own.length > 0) rule.update(own.map(({ scope }) => apart(scope, `group${n + 1}.`)));
      });
    },
  };
}

/** Scalars under a prefix: two groups may both be Adam, with other β. */
const apart = (scope: UpdateScope, prefix: string): UpdateScope => ({
  ...scope,
  shared: (key, make) =>
    scope.shared(`${prefix}${key}`, ({ state, write }) => make({ state: (name, initial) => state(`${prefix}${name}`, initial), write })),
});

function namesOf({ parameters }: ParameterGroup | RemainingGroup, n: number, groupCount: number): readonly string[] {
  const isLast = n === groupCount - 1;
  if (isLast && parameters !== undefined)
    refuse(
      "groups",
      "the last group takes every parameter that no other names, but it names its own",
      "Add a last group of an optimizer alone: { optimizer: … }.",
    );
  if (!isLast && !(Array.isArray(parameters) && parameters.length > 0))
    refuse("groups", `group ${n + 1} needs parameters, but names none`, "List them, or make it the last group, which takes the rest.");
  return (parameters ?? []).map((parameter) => {
    if (typeof parameter === "string") return parameter;
    const { op, name, attrs } = context().builder.node(parameter.value);
    if (op !== "param" || attrs["trainable"] === false)
      refuse(
        "groups",
        `group ${n + 1} lists ${JSON.stringify(name)}, which is ${op === "param" ? "frozen" : `made by ${op}`}, not trained`,
        "List parameters made by param, not frozen.",
      );
    return name;
  });
}

/** Every member names something that is trained here, and no parameter has two groups. */
function checkMembers(members: readonly (readonly string[])[], trained: readonly string[], scopes: readonly UpdateScope[]): void {
  const fail = (law: string, remedy: string): never => {
    const { builder, parameter } = scopes[0]!;
    throw new ModelError({
      code: "optimizer/group",
      site: builder.node(parameter).origin.site || builder.name,
      law: `groups: ${law}`,
      operands: [],
      remedy,
    });
  };
  for (const name of members.flat())
    if (!trained.some((parameter) => covers(name, parameter)))
      fail(`no trained parameter or layer is called ${JSON.stringify(name)}`, `The trained parameters are ${trained.join(", ")}.`);
  for (const parameter of trained)
    if (members.filter((names) => names.some((name) => covers(name, parameter))).length > 1)
      fail(`parameter ${JSON.stringify(parameter)} is in two groups`, "Leave it in one of them.");
}

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest !== 0) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}
