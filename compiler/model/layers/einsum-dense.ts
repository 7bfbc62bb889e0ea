/** A dense layer whose product is written as an einsum. */

import { TEXT } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import type { Activation } from "../activations.ts";
import { einsum } from "../einsum.ts";
import { spread } from "../elementwise.ts";
import { glorot, zeros, type Initializer } from "../initializers.ts";
import { ACTIVATION, INITIALIZER, PER_AXIS } from "../kinds.ts";
import type { PerAxis } from "../functions/spatial.ts";
import type { FloatTensor } from "../tensor.ts";
import { activated } from "./dense.ts";
import { checked, layer, layerOptions, type Layer, type LayerOptions, type LayerScope } from "./layer.ts";

/** Options of `einsumDense`. */
export interface EinsumDenseOptions extends LayerOptions {
  readonly activation?: Activation;
  /** Letters of the result that the bias has. Default: none, and no bias. */
  readonly biasAxes?: string;
  /** Default: Glorot uniform. */
  readonly kernelInitializer?: Initializer;
  /** Default: zeros. */
  readonly biasInitializer?: Initializer;
}

const LAWS = {
  equation: TEXT,
  outputShape: PER_AXIS,
  options: layerOptions<EinsumDenseOptions>({
    activation: ACTIVATION,
    biasAxes: TEXT,
    kernelInitializer: INITIALIZER,
    biasInitializer: INITIALIZER,
  }),
};

/** The letters of x, of the kernel and of the result; ellipses have no extents that a kernel could take. */
function lettersOf({ fail }: LayerScope, equation: string): readonly [x: string, kernel: string, result: string] {
  const found = /^([A-Za-z]+),([A-Za-z]+)->([A-Za-z]+)$/.exec(equation.replaceAll(" ", ""));
  if (found === null)
    return fail(
      `needs an equation of x, its kernel and the result, such as "abc,cd->abd", but got ${JSON.stringify(equation)}`,
      "Name each axis by a letter.",
    );
  return found.slice(1) as unknown as readonly [string, string, string]; // three groups
}

/**
 * activation(einsum(equation, x, kernel) + bias): "abc,cd->abd" is dense. The output's shape, but for the batch axis, says how long the kernel's
 * own letters are (keras.layers.EinsumDense). Throws a ModelError for a letter of no known extent.
 */
export const einsumDense = (equation: string, outputShape: PerAxis, options: EinsumDenseOptions = {}): Layer =>
  layer(
    "einsumDense",
    checked("einsumDense", { equation, outputShape, options }, LAWS),
    (scope, x) => {
      const { c, fail } = scope;
      const [ofX, ofKernel, result] = lettersOf(scope, equation);
      const asked = typeof outputShape === "number" ? [outputShape] : outputShape;
      if (ofX.length !== x.shape.length)
        fail(`names ${ofX.length} axes, but x [${x.shape.join(",")}] has ${x.shape.length}`, "Name each axis of x.");
      if (asked.length !== result.length - 1)
        fail(
          `needs an extent for each letter of ${JSON.stringify(result)} but the first, but got [${asked.join(",")}]`,
          "Give one for each.",
        );
      const extentOf = (letter: string): number => {
        const own = ofX.indexOf(letter);
        if (own >= 0) return x.shape[own]!;
        const at = result.indexOf(letter);
        return at > 0
          ? c.extents.of(asked[at - 1]!)
          : fail(`knows no extent of the kernel's ${JSON.stringify(letter)}`, "Write it in x or in the result.");
      };
      const kernel = scope.param("kernel", [...ofKernel].map(extentOf), options.kernelInitializer ?? glorot());
      const product = einsum(equation, [x, c.tensor(kernel)] as readonly FloatTensor[]); // of floats
      const { biasAxes } = options;
      if (biasAxes === undefined) return activated(scope, product.value, options.activation);
      const missing = [...biasAxes].find((letter) => !result.includes(letter));
      if (missing !== undefined) fail(`needs biasAxes of the result's letters, but ${JSON.stringify(missing)} is none`, "Change biasAxes.");
      const bias = scope.param(
        "bias",
        [...result].filter((letter) => biasAxes.includes(letter)).map(extentOf),
        options.biasInitializer ?? zeros(),
      );
      const shape = [...result].map((letter) => (biasAxes.includes(letter) ? extentOf(letter) : 1));
      const wide: Value = spread(c, c.g.reshape(bias, { shape }), product.shape);
      return activated(scope, c.g.add(product.value, wide), options.activation);
    },
    ["kernel", "bias"],
  );
