/** Activations as layers of their own, for models written as a list of layers. */

import { ACTIVATION } from "../kinds.ts";
import type { Activation } from "../activations.ts";
import { activated } from "./dense.ts";
import { checked, layer, layerOptions, type LayerOptions, type SameShapeLayer } from "./layer.ts";

/** `activation('relu')`, `activation(x => …)`. Throws a ModelError for an unknown name, with the nearest. */
export const activation = (of: Activation, options: LayerOptions = {}): SameShapeLayer =>
  layer<SameShapeLayer>("activation", checked("activation", { of, options }, { of: ACTIVATION, options: layerOptions({}) }), (scope, x) =>
    activated(scope, x.value, of),
  );
