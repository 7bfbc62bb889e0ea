import { dense, sequential } from "adjoint";

/** 3072-128-10, relu, sparse softmax cross-entropy, Adam: the Keras example. */
export default sequential("w2", [dense(128, { activation: "relu" }), dense(10, { activation: "softmax" })]).compile({
  input: [3072],
  optimizer: "adam",
  loss: "sparse_categorical_crossentropy",
  batchSize: 32,
});
