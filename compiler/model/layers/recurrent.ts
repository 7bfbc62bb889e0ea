/** The recurrent layers: simpleRnn, lstm and gru, a cell over all steps of a sequence, and a layer of both directions. */

import { kind as lawOf, oneOf, type Law } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import type { Activation } from "../activations.ts";
import { called, check } from "../arguments.ts";
import { GRU, LSTM, type Cell } from "../functions/recurrent.ts";
import { ACTIVATION, EXTENT, FLOATS } from "../kinds.ts";
import { callSite } from "../site.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { activated } from "./dense.ts";
import { giving, layerOptions, withScope, type Holds, type LayerOptions, type LayerScope } from "./layer.ts";
import { CALL, checkCall, OWN, RECURRENT, recurred, type Recurrence, type RecurrentCall, type RecurrentOptions } from "./recurrence.ts";

/** [n, N], or [n, t, N] for sequences. */
type Output<S extends Shape, N extends number, Sequences extends boolean> = FloatTensor<
  Sequences extends true ? readonly [S[0], S[1], N] : readonly [S[0], N]
>;
/** As many states as a layer has, [n, N] each. */
type States<S extends Shape, N extends number, Names extends readonly string[]> = {
  readonly [K in keyof Names]: FloatTensor<readonly [S[0], N]>;
};
type Direction = {
  kernel: readonly [number, number];
  recurrentKernel: readonly [number, number];
  bias: readonly [number];
  recurrentBias: readonly [number];
};

/** x [n, t, f] → [n, N], or [n, t, N] for sequences; with the states after it as a list, where they are asked for. */
export interface RecurrentLayer<
  N extends number,
  Sequences extends boolean,
  State extends boolean = false,
  Names extends readonly string[] = readonly ["h"],
> {
  <S extends Shape>(
    x: FloatTensor<S>,
    call?: RecurrentCall,
  ): State extends true ? readonly [Output<S, N, Sequences>, ...States<S, N, Names>] : Output<S, N, Sequences>;
  readonly kind: string;
}

const OPTIONS = layerOptions<RecurrentOptions>(RECURRENT);
const SIMPLE = layerOptions<SimpleRnnOptions>({ ...RECURRENT, activation: ACTIVATION });

/** What recurrent layers are, for `bidirectional`. */
const KNOWN = new WeakMap<object, Recurrence>();

/** The layer of a body that goes over a sequence; `held` are its parameters. */
function sequenceLayer<Layer>(
  kind: string,
  options: LayerOptions,
  returnState: boolean | undefined,
  held: readonly string[],
  body: (scope: LayerScope, x: FloatTensor, call: RecurrentCall) => { readonly output: Value; readonly states: readonly Value[] },
): Layer {
  const scoped = withScope(kind, options);
  const call = (x: FloatTensor, given: RecurrentCall = {}): Tensor | readonly Tensor[] => {
    const c = called(kind, { x, options: given }, { x: FLOATS, options: CALL });
    let states: readonly Value[] = [];
    const output = scoped.run((scope) => {
      const done = body(scope, x, given);
      states = done.states;
      return done.output;
    });
    return returnState === true ? [output, ...states.map((value) => c.tensor(value))] : output;
  };
  return giving(Object.assign(call, { kind, site: callSite() }), held, scoped.held) as unknown as Layer; // it states what the body makes of shapes
}

function recurrent<Layer extends object>(kind: string, units: number, options: RecurrentOptions, cell: Cell, laws: Law = OPTIONS): Layer {
  check(kind, { units, options }, { units: EXTENT, options: laws });
  const own: Recurrence = { kind, cell, units, options };
  const layer = sequenceLayer<Layer>(kind, options, options.returnState, OWN, (scope, x, call) => {
    const { initialState, mask } = call;
    checkCall(scope, x, scope.c.extents.of(units), cell.states, call);
    const reverse = options.goBackwards === true;
    const { outputs, last, states } = recurred(scope, x.value, own, { prefix: "", reverse, initialState, mask });
    return { output: options.returnSequences === true ? inOrder(scope, outputs, reverse) : last, states };
  });
  KNOWN.set(layer, own);
  return layer;
}

/** What went backwards comes in that order. */
const inOrder = ({ c: { g } }: LayerScope, outputs: Value, reverse: boolean): Value =>
  reverse ? g.reverse(outputs, { axes: [1] }) : outputs;

/** Options of `simpleRnn`. */
export interface SimpleRnnOptions<Sequences extends boolean = boolean, State extends boolean = boolean> extends RecurrentOptions<
  Sequences,
  State
> {
  /** Default: tanh. */
  readonly activation?: Activation;
}

/** h ← tanh(x·W + b + h·R + r). */
export const simpleRnn = <const N extends number, Sequences extends boolean = false, State extends boolean = false>(
  units: N,
  options: SimpleRnnOptions<Sequences, State> = {},
): RecurrentLayer<N, Sequences, State> & Holds<Direction> =>
  recurrent(
    "simpleRnn",
    units,
    options,
    {
      gates: 1,
      states: ["h"],
      step: (place, { input: [x], recurrent: [r] }) => [activated(place, place.c.g.add(x!, r!), options.activation ?? "tanh")],
    },
    SIMPLE,
  );

/** i, f, o = σ(…), g = tanh(…), c ← f⊙c + i⊙g, h ← o⊙tanh(c) (Hochreiter & Schmidhuber 1997). */
export const lstm = <const N extends number, Sequences extends boolean = false, State extends boolean = false>(
  units: N,
  options: RecurrentOptions<Sequences, State> = {},
): RecurrentLayer<N, Sequences, State, readonly ["h", "c"]> & Holds<Direction> => recurrent("lstm", units, options, LSTM);

/** r, z = σ(…), n = tanh(x·W + b + r⊙(h·R + r)), h ← (1 − z)⊙n + z⊙h (Cho et al. 2014, with PyTorch's bias inside r⊙). */
export const gru = <const N extends number, Sequences extends boolean = false, State extends boolean = false>(
  units: N,
  options: RecurrentOptions<Sequences, State> = {},
): RecurrentLayer<N, Sequences, State> & Holds<Direction> => recurrent("gru", units, options, GRU);

/** Options of `bidirectional`. */
export interface BidirectionalOptions extends LayerOptions {
  /** How the outputs of the two directions become one: one after the other along the features, or their sum, product or mean. Default: concat. */
  readonly mergeMode?: "concat" | "sum" | "mul" | "ave";
}

/** x [n, t, f] → what its layer gives, both directions of it; as many states again. */
export interface BidirectionalLayer<Out> {
  (
    x: FloatTensor,
    call?: RecurrentCall,
  ): Out extends readonly unknown[] ? readonly [output: FloatTensor, ...states: FloatTensor[]] : FloatTensor;
  readonly kind: string;
  readonly forward: Holds<Direction>;
  readonly backward: Holds<Direction>;
}

const RECURRENT_LAYER = lawOf(
  "a recurrent layer, such as lstm(8)",
  (value) => typeof value === "function" && KNOWN.has(value),
  "Make one by lstm, gru or simpleRnn.",
);
const BIDIRECTIONAL = layerOptions<BidirectionalOptions>({ mergeMode: oneOf("concat", "sum", "mul", "ave") });
const DIRECTIONS = ["forward", "backward"] as const;

/**
 * A recurrent layer over a sequence and over the same backwards, each with parameters of its own, `<name>.forward.kernel` and
 * `<name>.backward.kernel` (Schuster & Paliwal 1997; Keras's Bidirectional). Outputs lie where their inputs do. With `returnState` it gives the
 * states of the first direction, then those of the second, and `initialState` takes them so. Throws a ModelError for a layer that is given tensors.
 */
export function bidirectional<Out extends FloatTensor | readonly FloatTensor[]>(
  layer: { readonly kind: string } & ((x: FloatTensor) => Out),
  options: BidirectionalOptions = {},
): BidirectionalLayer<Out> {
  check("bidirectional", { layer, options }, { layer: RECURRENT_LAYER, options: BIDIRECTIONAL });
  const own = KNOWN.get(layer)!; // as its law says
  const { cell, units: declared, options: told } = own;
  const { mergeMode = "concat", name = told.name, trainable = told.trainable } = options;
  const scope = { ...(name === undefined ? {} : { name }), ...(trainable === undefined ? {} : { trainable }) };
  const held = DIRECTIONS.flatMap((which) => OWN.map((parameter) => `${which}.${parameter}`));
  return sequenceLayer("bidirectional", scope, told.returnState, held, (scope, x, call) => {
    const { initialState, mask } = call;
    const given = OWN.find((parameter) => told[parameter] !== undefined);
    if (given !== undefined)
      scope.fail(`has two directions with parameters of their own, but its ${own.kind} was given one ${given}`, `Leave out ${given}.`);
    const count = cell.states.length;
    const names = DIRECTIONS.flatMap((which) => cell.states.map((state) => `${which}.${state}`));
    checkCall(scope, x, scope.c.extents.of(declared), names, call);
    const isBackwards = told.goBackwards === true;
    const [forward, backward] = DIRECTIONS.map((which, k) =>
      recurred(scope, x.value, own, {
        prefix: `${which}.`,
        reverse: (which === "backward") !== isBackwards,
        initialState: initialState?.slice(k * count, (k + 1) * count),
        mask,
      }),
    ) as [ReturnType<typeof recurred>, ReturnType<typeof recurred>];
    const output =
      told.returnSequences === true
        ? inOrder(scope, merged(scope, mergeMode, forward.outputs, backward.outputs), isBackwards)
        : merged(scope, mergeMode, forward.last, backward.last);
    return { output, states: [...forward.states, ...backward.states] };
  });
}

function merged({ c, c: { g, float } }: LayerScope, mode: NonNullable<BidirectionalOptions["mergeMode"]>, a: Value, b: Value): Value {
  switch (mode) {
    case "concat":
      return g.concat([a, b], { axis: c.typeOf(a).shape.length - 1 });
    case "sum":
      return g.add(a, b);
    case "mul":
      return g.mul(a, b);
    case "ave":
      return g.mul(g.add(a, b), g.literal(0.5, float));
  }
}
