import { dense, flatten, sequential } from "adjoint";

export default sequential("keras-cifar10", [flatten(), dense(128, { activation: "relu" }), dense(10, { activation: "softmax" })]).compile({
  input: [3, 32, 32],
  optimizer: "adam",
  loss: "sparse_categorical_crossentropy",
  metrics: ["accuracy"],
  batchSize: 32,
});

export const data = { source: "synthetic", rows: 5000, seed: 1, epochs: 3, validation: 0.2 };
export const learns = { metric: "accuracy", atLeast: 0.3 };
