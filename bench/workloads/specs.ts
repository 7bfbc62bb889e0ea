/** Guarantees what the workloads are in words that every peer's builder reads; the models beside this file say the same to adjoint. */

/** A layer with weights, or a pooling by two. */
export type LayerSpec =
  | { readonly kind: "dense"; readonly units: number; readonly activation?: "relu" | "tanh" }
  | { readonly kind: "conv"; readonly filters: number; readonly kernel: number; readonly padding: number }
  | { readonly kind: "pool" };

export interface Spec {
  readonly batch: number;
  readonly input: readonly number[];
  readonly layers: readonly LayerSpec[];
  readonly loss: "softmax" | "svm" | "mse" | "skipgram";
  /** What is no list of layers: those peers have it that have a program of that name. */
  readonly program?: "gpt" | "lstm" | "rnn" | "mobilenet" | "dcgan";
  /** Shape of y without the batch; default: none. */
  readonly target?: readonly number[];
  /** Labels are below it; default: 10. */
  readonly classes?: number;
  readonly l2?: number;
  readonly optimizer: {
    readonly kind: "sgd" | "adam" | "adamw";
    readonly rate: number;
    readonly momentum?: number;
    readonly beta1?: number;
    readonly decay?: number;
  };
}

const dense = (units: number, activation?: "relu" | "tanh"): LayerSpec => ({
  kind: "dense",
  units,
  ...(activation === undefined ? {} : { activation }),
});
const conv = (filters: number, kernel: number, padding: number): LayerSpec => ({ kind: "conv", filters, kernel, padding });
const pool: LayerSpec = { kind: "pool" };

/** Layers in order; `input` without the batch, images as channels, height, width; every convolution is followed by relu. */
export const SPECS: Readonly<Record<string, Spec>> = {
  w1: { batch: 32, input: [784], layers: [dense(128, "relu"), dense(10)], loss: "softmax", optimizer: { kind: "sgd", rate: 0.1 } },
  "w1-b128": { batch: 128, input: [784], layers: [dense(128, "relu"), dense(10)], loss: "softmax", optimizer: { kind: "sgd", rate: 0.1 } },
  w2: { batch: 32, input: [3072], layers: [dense(128, "relu"), dense(10)], loss: "softmax", optimizer: { kind: "adam", rate: 1e-3 } },
  w3: { batch: 256, input: [3072], layers: [dense(100, "relu"), dense(10)], loss: "svm", l2: 1e-3, optimizer: { kind: "sgd", rate: 1e-3 } },
  w4: {
    batch: 64,
    input: [1, 28, 28],
    layers: [conv(6, 5, 0), pool, conv(16, 5, 0), pool, dense(120, "relu"), dense(84, "relu"), dense(10)],
    loss: "softmax",
    optimizer: { kind: "sgd", rate: 0.01, momentum: 0.9 },
  },
  w5: {
    batch: 64,
    input: [3, 32, 32],
    layers: [conv(32, 3, 1), conv(32, 3, 1), pool, conv(64, 3, 1), conv(64, 3, 1), pool, dense(512, "relu"), dense(10)],
    loss: "softmax",
    optimizer: { kind: "adam", rate: 1e-3 },
  },
  w6: {
    batch: 16,
    input: [2],
    layers: [dense(16, "tanh"), dense(16, "tanh"), dense(1)],
    loss: "mse",
    target: [1],
    optimizer: { kind: "sgd", rate: 0.1 },
  },
  w7: {
    ...{ program: "gpt", batch: 12, input: [64], target: [64], layers: [], loss: "softmax", classes: 65 },
    optimizer: { kind: "adamw", rate: 1e-3, decay: 0.1 },
  },
  w8: {
    ...{ program: "lstm", batch: 32, input: [64], target: [64], layers: [], loss: "softmax", classes: 65 },
    optimizer: { kind: "adam", rate: 1e-3 },
  },
  // y is the noise that images are made of
  w9: {
    ...{ program: "dcgan", batch: 32, input: [3, 32, 32], target: [100], layers: [], loss: "softmax" },
    optimizer: { kind: "adam", rate: 2e-4, beta1: 0.5 },
  },
  w10: {
    ...{ program: "mobilenet", batch: 32, input: [3, 64, 64], layers: [], loss: "softmax" },
    optimizer: { kind: "sgd", rate: 0.05, momentum: 0.9 },
  },
  w12: {
    ...{ program: "rnn", batch: 16, input: [512, 2], target: [1], layers: [], loss: "mse" },
    optimizer: { kind: "adam", rate: 1e-3 },
  },
  // words of two tables: y itself, x one that stands near it and five that do not
  w11: { batch: 256, input: [6], layers: [], loss: "skipgram", classes: 20_000, optimizer: { kind: "sgd", rate: 0.025 } },
};
