/** The fully connected layer: y = activation(x·kernel + bias) over the last axis. */

import { FLAG } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { activationOf, type Activation } from "../activations.ts";
import { glorot, zeros, type Initializer } from "../initializers.ts";
import { check } from "../arguments.ts";
import { ACTIVATION, EXTENT, FLOATS, INITIALIZER } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { affine } from "../functions/dense.ts";
import type { Place } from "../functions/place.ts";
import { begun, checked, layer, layerOptions, type Holds, type LastAxisLayer, type LayerOptions } from "./layer.ts";

/** Options of `dense`. */
export interface DenseOptions extends LayerOptions {
  readonly activation?: Activation;
  /** Default: true. */
  readonly useBias?: boolean;
  /** Default: Glorot uniform. */
  readonly kernelInitializer?: Initializer;
  /** Default: zeros. */
  readonly biasInitializer?: Initializer;
  /** A tensor [in, units] in the place of a parameter. */
  readonly kernel?: FloatTensor;
  /** A tensor [units] in the place of a parameter. */
  readonly bias?: FloatTensor;
}

/** The activation of a value; none leaves it as it is. */
export function activated({ c }: Pick<Place, "c">, value: Value, activation: Activation | undefined): Value {
  if (activation === undefined) return value;
  const made = activationOf(c, activation)(c.tensor(value) as FloatTensor); // layers compute floats
  check("activation", { "what the function returns": made }, { "what the function returns": FLOATS });
  return made.value;
}

/** x [n, …, in] → [n, …, N] */
export type DenseLayer<N extends number> = LastAxisLayer<N> & Holds<{ kernel: readonly [number, N]; bias: readonly [N] }>;

const DENSE = {
  units: EXTENT,
  options: layerOptions<DenseOptions>({
    activation: ACTIVATION,
    useBias: FLAG,
    kernelInitializer: INITIALIZER,
    biasInitializer: INITIALIZER,
    kernel: FLOATS,
    bias: FLOATS,
  }),
};

/**
 * x [n, …, in] → [n, …, units], with kernel [in, units] and bias [units].
 * Throws a ModelError for no units, or an input of rank below 2.
 */
export const dense = <const N extends number>(units: N, options: DenseOptions = {}): DenseLayer<N> =>
  layer<DenseLayer<N>>(
    "dense",
    checked("dense", { units, options }, DENSE),
    (scope, x) => {
      const rank = x.shape.length;
      if (rank < 2)
        scope.fail(`needs rows of features, [n, …, features], but got [${x.shape.join(",")}]`, "Give it a batch axis and a feature axis.");
      const width = scope.c.extents.of(units);
      const kernel = scope.param("kernel", [x.shape[rank - 1]!, width], begun(scope, "kernel", options, glorot()));
      if (options.useBias === false && options.bias !== undefined)
        scope.fail("was given a bias, and useBias: false", "Leave out one of them.");
      const bias = options.useBias === false ? undefined : () => scope.param("bias", [width], begun(scope, "bias", options, zeros()));
      return activated(scope, affine(scope, x.value, kernel, bias), options.activation);
    },
    ["kernel", "bias"],
  );
