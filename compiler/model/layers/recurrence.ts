/** The recurrence under the recurrent layers: a cell over all steps as one scan, in either direction, with initial states and masks. */

import type { Value } from "../../graph/graph.ts";
import { sameShape } from "../../graph/type.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { FLAG, listOf, optionsOf, type Laws } from "../../graph/arguments.ts";
import type { BoolTensor } from "../comparisons.ts";
import { spread } from "../elementwise.ts";
import { gatesOf, type Cell } from "../functions/recurrent.ts";
import { glorot, zeros, type Initializer } from "../initializers.ts";
import { FLOATS, INITIALIZER, TRUTHS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { declareTurn, swapped } from "../turn.ts";
import { begun, type LayerOptions, type LayerScope } from "./layer.ts";

/** Options of `lstm` and `gru`. */
export interface RecurrentOptions<Sequences extends boolean = boolean, State extends boolean = boolean> extends LayerOptions {
  /** Every step's output, [n, t, units], rather than the last one's, [n, units]. Default: false. */
  readonly returnSequences?: Sequences;
  /** Gives the states after the last step as well: [output, h], of an lstm [output, h, c]. Default: false. */
  readonly returnState?: State;
  /** From the last step to the first; the outputs come in that order, the last step's first. Default: false. */
  readonly goBackwards?: boolean;
  /** The output of a masked step is 0, not that of the step before. Default: false. */
  readonly zeroOutputForMask?: boolean;
  /** Default: Glorot uniform. */
  readonly kernelInitializer?: Initializer;
  /** Default: Glorot uniform. */
  readonly recurrentKernelInitializer?: Initializer;
  /** Default: zeros. */
  readonly biasInitializer?: Initializer;
  /** Default: zeros. */
  readonly recurrentBiasInitializer?: Initializer;
  /** A tensor [f, gates·units] in the place of a parameter. */
  readonly kernel?: FloatTensor;
  /** A tensor [units, gates·units] in the place of a parameter. */
  readonly recurrentKernel?: FloatTensor;
  /** A tensor [gates·units] in the place of a parameter. */
  readonly bias?: FloatTensor;
  /** A tensor [gates·units] in the place of a parameter. */
  readonly recurrentBias?: FloatTensor;
}

/** What one call of a recurrent layer may be told. */
export interface RecurrentCall {
  /** The states before the first step, [n, units] each: [h], of an lstm [h, c]. Default: zeros. */
  readonly initialState?: readonly FloatTensor[];
  /** Which steps are real, [n, t]: a masked one keeps the states, and gives the output of the step before, zeros where none was (Keras). */
  readonly mask?: BoolTensor;
}

export const RECURRENT: Laws<Omit<RecurrentOptions, keyof LayerOptions>> = {
  returnSequences: FLAG,
  returnState: FLAG,
  goBackwards: FLAG,
  zeroOutputForMask: FLAG,
  kernelInitializer: INITIALIZER,
  recurrentKernelInitializer: INITIALIZER,
  biasInitializer: INITIALIZER,
  recurrentBiasInitializer: INITIALIZER,
  kernel: FLOATS,
  recurrentKernel: FLOATS,
  bias: FLOATS,
  recurrentBias: FLOATS,
};
export const CALL = optionsOf<RecurrentCall>({ initialState: listOf("a list of tensors of floats, such as [h]", FLOATS), mask: TRUTHS });

/** The parameters of one direction. */
export const OWN = ["kernel", "recurrentKernel", "bias", "recurrentBias"] as const;

/** A recurrent layer, before it is called. */
export interface Recurrence {
  readonly kind: string;
  readonly cell: Cell;
  /** As it was declared. */
  readonly units: number;
  readonly options: RecurrentOptions;
}

/** A direction over all steps. */
export interface Direction {
  /** What stands before the names of its parameters. */
  readonly prefix: string;
  readonly reverse: boolean;
  readonly initialState: readonly FloatTensor[] | undefined;
  readonly mask: BoolTensor | undefined;
}

/** What a direction gives. */
export interface Recurred {
  /** Each step's output where its input lies, [n, t, units]. */
  readonly outputs: Value;
  /** The output of the step that came last, [n, units]. */
  readonly last: Value;
  readonly states: readonly Value[];
}

/** Refuses what no recurrence goes over, and states and masks that do not fit it: `states` are how many, of all directions. */
export function checkCall(
  { c, fail }: LayerScope,
  x: FloatTensor,
  units: number,
  states: readonly string[],
  { initialState, mask }: RecurrentCall,
): void {
  const own = [c.operand("x", x.value)];
  if (x.shape.length !== 3)
    fail(`needs sequences of features [n, t, f], but got [${x.shape.join(",")}]`, "Reshape its input to sequences.", own);
  const [n, t] = x.shape as readonly [number, number, number];
  if (initialState !== undefined && initialState.length !== states.length)
    fail(`needs the initial states [${states.join(", ")}], but got ${initialState.length}`, "Change the list initialState.", own);
  initialState?.forEach((state, k) => {
    if (!sameShape(state.shape, [n, units]))
      fail(
        `needs the initial state ${states[k]} [n, units], here [${n},${units}], but got [${state.shape.join(",")}]`,
        "Change its shape.",
        [...own, c.operand(states[k]!, state.value)],
      );
  });
  if (mask !== undefined && !sameShape(mask.shape, [n, t]))
    fail(`needs a mask [n, t], here [${n},${t}], but got [${mask.shape.join(",")}]`, "Change the shape of the mask.", [
      ...own,
      c.operand("mask", mask.value),
    ]);
}

/** x·kernel + bias, over the last axis. */
function affine({ c, param }: LayerScope, x: Value, kernel: Parameter, bias: Parameter, width: number): Value {
  const { shape } = c.typeOf(x);
  const lead = shape.slice(0, -1);
  const weights = param(kernel.name, [shape.at(-1)!, width], kernel.initial);
  const product = c.g.dot(x, weights, dotAttrs([lead.length], [0]));
  const offset = param(bias.name, [width], bias.initial);
  return c.g.add(product, c.g.broadcast(offset, { axes: lead.map((_, axis) => axis), size: lead }));
}

interface Parameter {
  readonly name: string;
  readonly initial: Initializer | FloatTensor;
}

/** Goes over all steps of x [n, t, f], whose call was checked. */
export function recurred(
  scope: LayerScope,
  x: Value,
  { cell, units: declared, options }: Recurrence,
  { prefix, reverse, initialState, mask }: Direction,
): Recurred {
  const { c } = scope;
  const { g } = c;
  const units = c.extents.of(declared);
  const [n, t] = c.typeOf(x).shape as readonly [number, number, number];
  const named = (name: string, value: Value): Value => scope.named(`${prefix}${name}`, value);
  const place = { c, named };
  const parameter = (name: (typeof OWN)[number], initial: Initializer): Parameter => ({
    name: `${prefix}${name}`,
    initial: begun(scope, name, options, initial),
  });
  const width = cell.gates * units;
  // all steps at once, and one after the other in memory
  const inputs = named("inputs", affine(scope, swapped(c, x), parameter("kernel", glorot()), parameter("bias", zeros()), width));
  const zero = g.broadcast(g.literal(0, c.float), { axes: [0, 1], size: [n, units] });
  const first = initialState?.map(({ value }) => value) ?? cell.states.map(() => zero);
  // until a step is real the output is 0, whatever the states begin with
  const isApart = mask !== undefined && initialState !== undefined;
  c.unrolled.add(t);
  const { carries, stacked } = declareTurn(
    c,
    {
      initial: isApart ? [...first, zero] : first,
      xs: mask === undefined ? [inputs] : [inputs, swapped(c, mask.value)],
      steps: t,
      reverse,
      names: [...cell.states, "output"].map((name) => `${scope.name}.${prefix}${name}`),
    },
    (carried, [input, real]) => {
      const states = carried.slice(0, first.length);
      const recurrence = named(
        "recurrence",
        affine(scope, states[0]!, parameter("recurrentKernel", glorot()), parameter("recurrentBias", zeros()), width),
      );
      const next = cell.step(place, {
        input: gatesOf(c, input!, cell.gates),
        recurrent: gatesOf(c, recurrence, cell.gates),
        states,
      });
      named("h", next[0]!);
      if (real === undefined) return { carries: next, ys: [next[0]!] };
      const isReal = spread(c, g.reshape(real, { shape: [n, 1] }), [n, units]);
      const kept = next.map((value, k) => g.where(isReal, value, states[k]!));
      const output = isApart ? g.where(isReal, next[0]!, carried.at(-1)!) : kept[0]!;
      return { carries: isApart ? [...kept, output] : kept, ys: [output] };
    },
  );
  const outputs = swapped(c, stacked[0]!);
  const last = isApart ? carries.at(-1)! : carries[0]!;
  const states = carries.slice(0, first.length);
  if (mask === undefined || options.zeroOutputForMask !== true) return { outputs, last, states };
  const reals = g.reshape(mask.value, { shape: [n, t, 1] });
  const end = reverse ? 0 : t - 1;
  const real = g.reshape(g.slice(mask.value, { start: [0, end], limit: [n, end + 1], stride: [1, 1] }), { shape: [n, 1] });
  const orZero = (isReal: Value, value: Value): Value => {
    const { shape } = c.typeOf(value);
    const none = g.broadcast(g.literal(0, c.float), { axes: shape.map((_, axis) => axis), size: shape });
    return g.where(spread(c, isReal, shape), value, none);
  };
  return { outputs: orZero(reals, outputs), last: orZero(real, last), states };
}
