/** The scopes that update rules append through: state by name, one owner a name, one write a target, an origin a node. */

import type { Builder } from "../graph/build.ts";
import { ModelError, type Diagnostic } from "../graph/error.ts";
import type { Attr, Value } from "../graph/graph.ts";
import type { TensorType } from "../graph/type.ts";
import { callsOn, opOf } from "../ops/index.ts";
import { STEP_COUNT, type Phase, type UpdateScope } from "./update.ts";

/** Storage by name; appended where the graph has none of that name. */
export function storage(builder: Builder, op: "state" | "hyper", name: string, type: TensorType, attrs: Record<string, Attr>): Value {
  const known = builder.valueNamed(name);
  return known !== undefined && opOf(builder.node(known).op).leaf ? known : builder.append(opOf(op), [], attrs, name, type);
}

/** STATE's number of steps taken. */
export const stepCount = (builder: Builder): Value =>
  storage(builder, "state", STEP_COUNT, { dtype: "i32", shape: [] }, { initial: ["constant", 0] });

/** A parameter and the gradient of its phase's loss. */
export interface Trained {
  readonly parameter: Value;
  readonly gradient: Value;
}

/** One scope a parameter; scalars that they share are made once. */
export function scopesOf(
  builder: Builder,
  phase: Phase,
  trained: readonly Trained[],
  hear: (advice: Diagnostic) => void = () => {},
): readonly UpdateScope[] {
  const g = callsOn(builder);
  const declared = builder.nodes.length;
  const shared = new Map<string, Value>();
  const written = new Set<Value>();
  // phases take their steps apart, so each has its own β^t; the one phase of a plain model needs no prefix
  const prefix = phase.name === "train" ? "" : `${phase.name}.`;

  return trained.map(({ parameter, gradient }): UpdateScope => {
    const { name, type, origin } = builder.node(parameter);
    const scalar: TensorType = { dtype: type.dtype, shape: [] };
    const fail = (law: string, remedy: string): never => {
      throw new ModelError({
        code: "optimizer/state",
        site: origin.site || builder.name,
        law: `${phase.rule.name}: ${law}`,
        operands: [],
        remedy,
      });
    };
    const state = (of: string, ofType: TensorType, initial: number): Value => {
      const value = storage(builder, "state", of, ofType, { initial: ["constant", initial] });
      if (value < declared)
        fail(
          `needs a state ${JSON.stringify(of)}, but the model declares a ${builder.node(value).op} of that name`,
          "Give the model's own another name.",
        );
      return value;
    };
    const write = (target: Value, value: Value): void => {
      if (written.has(target))
        fail(
          `${JSON.stringify(builder.node(target).name)} would be written twice in one step`,
          "Wrap a rule in ema or accumulate once, and train a parameter by one rule.",
        );
      written.add(target);
      builder.results.push({ kind: "write", target, value });
      const { op, origin: made } = builder.node(value);
      if (!opOf(op).leaf && made.role === "update") builder.rename(value, `${builder.node(target).name}_next`);
    };
    let rule = phase.rule.name;
    let within = rule;
    /** Runs the body with the origin of what it appends, which is restored afterwards. */
    const as = <T>(of: string, site: string, body: () => T): T => {
      const before = builder.origin;
      builder.origin = { role: "update", of, rule, site, within };
      const result = body();
      builder.origin = before;
      return result;
    };
    const share: UpdateScope["shared"] = (key, make) => {
      const known = shared.get(key);
      if (known !== undefined) return known;
      const value = as(key, phase.site ?? origin.site, () =>
        make({ state: (of, initial) => state(`${prefix}${of}`, scalar, initial), write }),
      );
      const node = builder.node(value);
      if (!node.name.endsWith("_next") && !opOf(node.op).leaf) builder.rename(value, key);
      shared.set(key, value);
      return value;
    };
    return {
      g,
      builder,
      parameter,
      gradient,
      by(named, body, words) {
        const outer = { rule, within };
        const mark = builder.nodes.length;
        rule = named;
        within = words === undefined ? named : `${named}: ${words}`;
        const result = as(name, origin.site, body);
        ({ rule, within } = outer);
        nameSteps(builder, mark);
        return result;
      },
      state: (of, initial, shape = type.shape) => state(`${name}.${of}`, { dtype: type.dtype, shape }, initial),
      shared: share,
      step: () => share("stepsTaken", () => g.cast(stepCount(builder), { to: type.dtype })),
      hyper: (of, value) => storage(builder, "hyper", of, scalar, { value }),
      write,
      advise: ({ code, law, remedy }) =>
        hear({ code, severity: "warning", site: origin.site || builder.name, law: `${rule}: ${law}`, operands: [], remedy }),
    };
  });
}

/** Intermediate steps that nobody named: `W_mul` for a `mul` in the update of W. */
function nameSteps(builder: Builder, mark: number): void {
  for (let at = mark; at < builder.nodes.length; at++) {
    const { name, op, origin } = builder.node(at as Value);
    const unnamed = name === op || (name.startsWith(`${op}_`) && /^\w+_\d+$/.test(name));
    if (unnamed && op !== "literal" && origin.role === "update") builder.rename(at as Value, `${origin.of}_${op}`);
  }
}
