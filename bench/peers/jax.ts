/** The workloads in jax-js's own words: the whole step, update included, in one jit, on its wasm backend. */

import { readFileSync } from "node:fs";
import { defaultDevice, init, jit, lax, nn, numpy as np, valueAndGrad, tree, type NdArray } from "@jax-js/jax";
import type { Contender, Workload } from "./workload.ts";

/** From bench/dist, where this file runs, as from here. */
const manifest = new URL("../node_modules/@jax-js/jax/package.json", import.meta.url);

type Arrays = readonly NdArray[];
/** Parameters, both moments, the number of steps. */
type State = readonly [params: Arrays, m: Arrays, v: Arrays, t: NdArray];

export async function build({ spec, parameters, batches }: Workload): Promise<Contender> {
  await init("wasm");
  defaultDevice("wasm");
  const { rate, kind, momentum } = spec.optimizer;
  const activation = { relu: nn.relu, tanh: np.tanh, none: (v: NdArray): NdArray => v };

  const scoresOf = (params: Arrays, x: NdArray): NdArray => {
    let at = 0;
    let value = x;
    let flat = spec.input.length === 1;
    for (const layer of spec.layers) {
      if (layer.kind === "pool") {
        value = lax.reduceWindow(value, np.max, [2, 2], [2, 2]);
        continue;
      }
      const [w, b] = [params[at]!.ref, params[at + 1]!.ref] as const;
      at += 2;
      if (layer.kind === "conv") {
        const p = [layer.padding, layer.padding];
        const z = lax.convGeneralDilated(value, w, [1, 1], [p, p]);
        value = nn.relu(z.add(b.reshape([layer.filters, 1, 1])));
        continue;
      }
      if (!flat) value = value.reshape([spec.batch, -1]);
      flat = true;
      value = activation[layer.activation ?? "none"](np.dot(value, w).add(b));
    }
    return value;
  };
  const lossOf = (params: Arrays, x: NdArray, y: NdArray): NdArray => {
    const scores = scoresOf(params, x);
    if (spec.loss === "softmax") {
      tree.dispose(params);
      return np.mean(np.sum(nn.logSoftmax(scores).mul(y), 1)).neg();
    }
    if (spec.loss === "mse") {
      tree.dispose(params);
      return np.mean(np.square(scores.sub(y)));
    }
    const own = np.sum(scores.ref.mul(y.ref), 1, { keepdims: true });
    const margins = nn.relu(scores.sub(own).add(1)).mul(np.subtract(1, y));
    let loss = np.mean(np.sum(margins, 1));
    for (const p of params) if (p.ndim === 2) loss = loss.add(np.sum(np.square(p.ref)).mul(spec.l2!));
    tree.dispose(params);
    return loss;
  };

  const stepOf = jit((params: Arrays, m: Arrays, v: Arrays, t: NdArray, x: NdArray, y: NdArray): readonly [NdArray, ...State] => {
    const [loss, grads] = valueAndGrad(lossOf)(
      params.map((p) => p.ref),
      x,
      y,
    );
    if (kind === "adam") {
      const next = t.add(1);
      const c1 = np.subtract(1, np.exp(next.ref.mul(Math.log(0.9))));
      const c2 = np.subtract(1, np.exp(next.ref.mul(Math.log(0.999))));
      const newM = m.map((one, n) => one.mul(0.9).add(grads[n]!.ref.mul(0.1)));
      const newV = v.map((one, n) => one.mul(0.999).add(np.square(grads[n]!).mul(0.001)));
      const out = params.map((p, n) => {
        const mHat = newM[n]!.ref.div(c1.ref);
        const vHat = newV[n]!.ref.div(c2.ref);
        return p.sub(mHat.div(np.sqrt(vHat).add(1e-8)).mul(rate));
      });
      tree.dispose([c1, c2]);
      return [loss, out, newM, newV, next];
    }
    if (momentum !== undefined) {
      const newM = m.map((one, n) => one.mul(momentum).add(grads[n]!));
      return [loss, params.map((p, n) => p.sub(newM[n]!.ref.mul(rate))), newM, v, t];
    }
    return [loss, params.map((p, n) => p.sub(grads[n]!.mul(rate))), m, v, t];
  });

  const fed = batches.map(({ x, y, shape }) => {
    const onehot = new Float32Array(10 * spec.batch);
    if (spec.loss !== "mse") y.forEach((label, n) => (onehot[n * 10 + label] = 1));
    return {
      x: np.array(x).reshape(shape),
      y: spec.loss === "mse" ? np.array(y).reshape([spec.batch, 1]) : np.array(onehot).reshape([spec.batch, 10]),
    };
  });
  const fresh = (): State => {
    const params = parameters.map(({ values, shape }) => np.array(values.slice()).reshape(shape));
    const zeros = (needed: boolean): Arrays => (needed ? parameters.map(({ shape }) => np.zeros(shape)) : []);
    return [params, zeros(kind === "adam" || momentum !== undefined), zeros(kind === "adam"), np.array(0)];
  };
  let state = fresh();
  const restore = (): void => void (state = fresh());
  const step = (n: number): number => {
    const { x, y } = fed[n % fed.length]!;
    const [loss, ...next] = stepOf(...state, x.ref, y.ref);
    state = next;
    return loss.item();
  };
  return {
    version: `jax-js ${(JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }).version} wasm`,
    restore,
    step,
  };
}
