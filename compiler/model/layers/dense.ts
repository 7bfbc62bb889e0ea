/** The fully connected layer: y = activation(x·kernel + bias) over the last axis. */

import { FLAG } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { activationOf, type Activation } from "../activations.ts";
import { glorot, zeros, type Initializer } from "../initializers.ts";
import { check } from "../arguments.ts";
import { ACTIVATION, EXTENT, FLOATS, INITIALIZER } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { checked, layer, layerOptions, type LastAxisLayer, type LayerOptions, type LayerScope } from "./layer.ts";

/** Options of `dense`. */
export interface DenseOptions extends LayerOptions {
  readonly activation?: Activation;
  /** Default: true. */
  readonly useBias?: boolean;
  /** Default: Glorot uniform. */
  readonly kernelInitializer?: Initializer;
  /** Default: zeros. */
  readonly biasInitializer?: Initializer;
}

/** The activation of a value; none leaves it as it is. */
export function activated({ c }: LayerScope, value: Value, activation: Activation | undefined): Value {
  if (activation === undefined) return value;
  const made = activationOf(c, activation)(c.tensor(value) as FloatTensor); // layers compute floats
  check("activation", { "what the function returns": made }, { "what the function returns": FLOATS });
  return made.value;
}

const DENSE = {
  units: EXTENT,
  options: layerOptions<DenseOptions>({
    activation: ACTIVATION,
    useBias: FLAG,
    kernelInitializer: INITIALIZER,
    biasInitializer: INITIALIZER,
  }),
};

/**
 * x [n, …, in] → [n, …, units], with kernel [in, units] and bias [units].
 * Throws a ModelError for no units, or an input of rank below 2.
 */
export const dense = <const N extends number>(units: N, options: DenseOptions = {}): LastAxisLayer<N> =>
  layer<LastAxisLayer<N>>("dense", checked("dense", { units, options }, DENSE), (scope, x) => {
    const { g } = scope.c;
    const rank = x.shape.length;
    if (rank < 2)
      scope.fail(`needs rows of features, [n, …, features], but got [${x.shape.join(",")}]`, "Give it a batch axis and a feature axis.");
    const features = x.shape[rank - 1]!;
    const width = scope.c.extents.of(units);
    const kernel = scope.param("kernel", [features, width], options.kernelInitializer ?? glorot());
    const product = g.dot(x.value, kernel, dotAttrs([rank - 1], [0]));
    if (options.useBias === false) return activated(scope, product, options.activation);
    scope.named("product", product);
    const bias = scope.param("bias", [width], options.biasInitializer ?? zeros());
    const lead = { axes: x.shape.slice(1).map((_, axis) => axis), size: x.shape.slice(0, -1) };
    return activated(scope, scope.named("z", g.add(product, g.broadcast(bias, lead))), options.activation);
  });
