/** LSTM layers whose products are convolutions: over sequences of signals, images or volumes. */

import { FLAG } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { convolution, plusBias } from "../functions/convolution.ts";
import { axesOf, checkImage, PADDING, type Padding, type PerAxis } from "../functions/spatial.ts";
import { glorot, zeros } from "../initializers.ts";
import { EXTENT, PER_AXIS } from "../kinds.ts";
import { scan } from "../scan.ts";
import type { FloatTensor, Tensor } from "../tensor.ts";
import { checked, layer, layerOptions, type Layer, type LayerOptions } from "./layer.ts";

/** Options of `convLstm1d`, `convLstm2d` and `convLstm3d`. */
export interface ConvLstmOptions extends LayerOptions {
  /** Default: 1. */
  readonly strides?: PerAxis;
  /** Default: `valid`. */
  readonly padding?: Padding;
  /** Every step's output, [n, t, filters, …], rather than the last one's. Default: false. */
  readonly returnSequences?: boolean;
}

const LAWS = {
  filters: EXTENT,
  kernelSize: PER_AXIS,
  options: layerOptions<ConvLstmOptions>({ strides: PER_AXIS, padding: PADDING, returnSequences: FLAG }),
};

function convLstm(spatial: 1 | 2 | 3, filters: number, kernelSize: PerAxis, options: ConvLstmOptions): Layer {
  const kind = `convLstm${spatial}d`;
  return layer(kind, checked(kind, { filters, kernelSize, options }, LAWS), (scope, x) => {
    const { c } = scope;
    const { g } = c;
    const { strides = 1, padding = "valid", returnSequences = false } = options;
    const units = c.extents.of(filters);
    const [n, steps, ...image] = x.shape as readonly [number, number, ...number[]];
    checkImage(scope, [n, ...image], spatial);
    // the input's share of all steps at once: [n·t, c, …]
    const frames = g.reshape(x.value, { shape: [n * steps, ...image] });
    const axes = axesOf(scope, [n * steps, ...image], "kernel", { window: kernelSize, strides, dilation: 1, padding });
    const window = axes.map((axis) => axis.window);
    const kernel = scope.param("kernel", [4 * units, image[0]!, ...window], glorot());
    const all = plusBias(scope, convolution(scope, frames, kernel, axes, 1), scope.param("bias", [4 * units], zeros()));
    const space = c.typeOf(all).shape.slice(2);
    const inputs = scope.named("inputs", g.reshape(all, { shape: [n, steps, 4 * units, ...space] }));
    const state = [n, units, ...space];
    const same = axesOf(scope, state, "kernel", { window: kernelSize, strides: 1, dilation: 1, padding: "same" });
    const zero = g.broadcast(g.literal(0, c.float), { axes: state.map((_, axis) => axis), size: state });
    const step = (carry: readonly Tensor[], x: FloatTensor) => {
      const [h, before] = carry.map(({ value }) => value) as [Value, Value];
      const recurrent = convolution(scope, h, scope.param("recurrentKernel", [4 * units, units, ...window], glorot()), same, 1);
      const sum = g.add(x.value, recurrent);
      const gate = (k: number): Value => {
        const start = [0, k * units, ...space.map(() => 0)];
        return g.slice(sum, { start, limit: [n, (k + 1) * units, ...space], stride: start.map(() => 1) });
      };
      const kept = g.mul(g.sigmoid(gate(1)), before);
      const cell = scope.named("c", g.add(kept, g.mul(g.sigmoid(gate(0)), g.tanh(gate(2)))));
      const next = scope.named("h", g.mul(g.sigmoid(gate(3)), g.tanh(cell)));
      return { carry: [c.tensor(next), c.tensor(cell)], y: c.tensor(next) as FloatTensor }; // of floats
    };
    const { carry, ys } = scan(step, [c.tensor(zero), c.tensor(zero)] as readonly Tensor[], c.tensor(inputs) as FloatTensor); // of floats
    return returnSequences ? ys.value : carry[0]!.value;
  });
}

/** x [n, t, c, s] → [n, filters, s']: an LSTM whose products are convolutions (Shi et al. 2015), gates i, f, g, o. Throws as conv1d does. */
export const convLstm1d = (filters: number, kernelSize: PerAxis, options: ConvLstmOptions = {}): Layer =>
  convLstm(1, filters, kernelSize, options);
/** x [n, t, c, h, w] → [n, filters, h', w']: an LSTM whose products are convolutions (Shi et al. 2015), gates i, f, g, o. Throws as conv2d does. */
export const convLstm2d = (filters: number, kernelSize: PerAxis, options: ConvLstmOptions = {}): Layer =>
  convLstm(2, filters, kernelSize, options);
/** x [n, t, c, d, h, w] → [n, filters, d', h', w']: an LSTM whose products are convolutions (Shi et al. 2015), gates i, f, g, o. Throws as conv3d does. */
export const convLstm3d = (filters: number, kernelSize: PerAxis, options: ConvLstmOptions = {}): Layer =>
  convLstm(3, filters, kernelSize, options);
