import { dense, input, model, mse, sgd, sigmoid, tanh } from "adjoint";
import { hidden } from "../src/width.ts";

export default model("xor", { batch: { train: 4, evaluate: 4, predict: 4 } }, ({ batch }) => {
  const x = input("x", [batch, 2]);
  const y = input("y", [batch, 1]);
  const guess = sigmoid(dense(1)(tanh(dense(hidden)(x))));
  return { loss: mse(guess, y), outputs: { guess }, optimizer: sgd({ learningRate: 2 }) };
});
