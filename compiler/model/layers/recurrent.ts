/** The recurrent layers with PyTorch's formulas: gates i, f, g, o and r, z, n, an input bias and a recurrent bias. */

import { FLAG, type Law } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { dotAttrs } from "../../ops/dot.ts";
import type { Activation } from "../activations.ts";
import { glorot, zeros } from "../initializers.ts";
import { scan } from "../scan.ts";
import { swapped } from "../turn.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { ACTIVATION, EXTENT } from "../kinds.ts";
import { activated } from "./dense.ts";
import { checked, layer, layerOptions, type LayerOptions, type LayerScope } from "./layer.ts";

/** Options of `lstm` and `gru`. */
export interface RecurrentOptions<Sequences extends boolean = boolean> extends LayerOptions {
  /** Every step's output, [n, t, units], rather than the last one's, [n, units]. Default: false. */
  readonly returnSequences?: Sequences;
}

/** x [n, t, f] → [n, N], or [n, t, N] for sequences. */
export interface RecurrentLayer<N extends number, Sequences extends boolean> {
  <S extends Shape>(x: FloatTensor<S>): FloatTensor<Sequences extends true ? readonly [S[0], S[1], N] : readonly [S[0], N]>;
  readonly kind: string;
}

const RECURRENT = layerOptions<RecurrentOptions>({ returnSequences: FLAG });
const SIMPLE = layerOptions<SimpleRnnOptions>({ returnSequences: FLAG, activation: ACTIVATION });

/** New hidden states from the input's and the recurrence's share of each gate, and the state carried besides. */
interface Cell {
  readonly gates: number;
  /** States carried besides the output. */
  readonly besides: number;
  step(
    scope: LayerScope,
    given: {
      readonly input: readonly Value[];
      readonly recurrent: readonly Value[];
      readonly h: Value;
      readonly besides: readonly Value[];
    },
  ): readonly [h: Value, ...besides: Value[]];
}

/** x·kernel + bias, over the last axis. */
function affine({ c, param }: LayerScope, x: Value, kernel: string, bias: string, width: number): Value {
  const { shape } = c.typeOf(x);
  const lead = shape.slice(0, -1);
  const weights = param(kernel, [shape.at(-1)!, width], glorot());
  const product = c.g.dot(x, weights, dotAttrs([lead.length], [0]));
  const offset = param(bias, [width], zeros());
  return c.g.add(product, c.g.broadcast(offset, { axes: lead.map((_, axis) => axis), size: lead }));
}

/** The gates of [n, gates·units], one after the other. */
function gatesOf({ c }: LayerScope, value: Value, gates: number, units: number): readonly Value[] {
  if (gates === 1) return [value];
  const [n] = c.typeOf(value).shape as readonly [number];
  return Array.from({ length: gates }, (_, k) => c.g.slice(value, { start: [0, k * units], limit: [n, (k + 1) * units], stride: [1, 1] }));
}

function recurrent<const N extends number, Sequences extends boolean>(
  kind: string,
  declared: N,
  options: RecurrentOptions<Sequences>,
  cell: Cell,
  laws: Law = RECURRENT,
): RecurrentLayer<N, Sequences> {
  return layer<RecurrentLayer<N, Sequences>>(
    kind,
    checked(kind, { units: declared, options }, { units: EXTENT, options: laws }),
    (scope, x) => {
      const { c } = scope;
      const units = c.extents.of(declared);
      if (x.shape.length !== 3)
        scope.fail(`needs sequences of features [n, t, f], but got [${x.shape.join(",")}]`, "Reshape its input to sequences.");
      const [n] = x.shape as readonly [number, number, number];
      const width = cell.gates * units;
      // all steps at once, and one after the other in memory
      const inputs = swapped(c, scope.named("inputs", affine(scope, swapped(c, x.value), "kernel", "bias", width)));
      const zero = c.g.broadcast(c.g.literal(0, c.float), { axes: [0, 1], size: [n, units] });
      const initial: readonly Tensor[] = Array.from({ length: 1 + cell.besides }, () => c.tensor(zero));
      const step = (carry: readonly Tensor[], x: FloatTensor) => {
        const [h, ...besides] = carry.map(({ value }) => value);
        const recurrence = scope.named("recurrence", affine(scope, h!, "recurrentKernel", "recurrentBias", width));
        const next = cell.step(scope, {
          input: gatesOf(scope, x.value, cell.gates, units),
          recurrent: gatesOf(scope, recurrence, cell.gates, units),
          h: h!,
          besides,
        });
        scope.named("h", next[0]);
        return { carry: next.map((value) => c.tensor(value)), y: c.tensor(next[0]) as FloatTensor }; // of floats
      };
      const { carry, ys } = scan(step, initial, c.tensor(inputs) as FloatTensor); // of floats
      return options.returnSequences === true ? ys.value : carry[0]!.value;
    },
  );
}

/** Options of `simpleRnn`. */
export interface SimpleRnnOptions<Sequences extends boolean = boolean> extends RecurrentOptions<Sequences> {
  /** Default: tanh. */
  readonly activation?: Activation;
}

/** h ← tanh(x·W + b + h·R + r). */
export const simpleRnn = <const N extends number, Sequences extends boolean = false>(
  units: N,
  options: SimpleRnnOptions<Sequences> = {},
): RecurrentLayer<N, Sequences> =>
  recurrent(
    "simpleRnn",
    units,
    options,
    {
      gates: 1,
      besides: 0,
      step: (scope, { input: [x], recurrent: [r] }) => [activated(scope, scope.c.g.add(x!, r!), options.activation ?? "tanh")],
    },
    SIMPLE,
  );

/** i, f, o = σ(…), g = tanh(…), c ← f⊙c + i⊙g, h ← o⊙tanh(c) (Hochreiter & Schmidhuber 1997). */
export const lstm = <const N extends number, Sequences extends boolean = false>(
  units: N,
  options: RecurrentOptions<Sequences> = {},
): RecurrentLayer<N, Sequences> =>
  recurrent("lstm", units, options, {
    gates: 4,
    besides: 1,
    step({ c: { g }, named }, { input, recurrent, besides: [before] }) {
      const [i, f, candidate, o] = input.map((x, k) => g.add(x, recurrent[k]!)) as [Value, Value, Value, Value];
      const kept = g.mul(named("f", g.sigmoid(f)), before!);
      const added = g.mul(named("i", g.sigmoid(i)), named("g", g.tanh(candidate)));
      const cell = named("c", g.add(kept, added));
      return [g.mul(named("o", g.sigmoid(o)), g.tanh(cell)), cell];
    },
  });

/** r, z = σ(…), n = tanh(x·W + b + r⊙(h·R + r)), h ← (1 − z)⊙n + z⊙h (Cho et al. 2014, with PyTorch's bias inside r⊙). */
export const gru = <const N extends number, Sequences extends boolean = false>(
  units: N,
  options: RecurrentOptions<Sequences> = {},
): RecurrentLayer<N, Sequences> =>
  recurrent("gru", units, options, {
    gates: 3,
    besides: 0,
    step({ c: { g, float }, named }, { input, recurrent, h }) {
      const r = named("r", g.sigmoid(g.add(input[0]!, recurrent[0]!)));
      const z = named("z", g.sigmoid(g.add(input[1]!, recurrent[1]!)));
      const n = named("n", g.tanh(g.add(input[2]!, g.mul(r, recurrent[2]!))));
      return [g.add(g.mul(g.sub(g.literal(1, float), z), n), g.mul(z, h))];
    },
  });
