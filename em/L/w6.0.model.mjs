// bench/workloads/w6.ts
import { add, glorot, input, matmul, model, mse, param, sgd, tanh, zeros } from "file:///work/main/dist/index.js";
var w6_default = model("w6", { batch: { train: 16, evaluate: 16, predict: 1 } }, ({ batch }) => {
  const x = input("x", [batch, 2]);
  const y = input("y", [batch, 1]);
  const W1 = param("W1", [2, 16], glorot());
  const b1 = param("b1", [16], zeros());
  const W2 = param("W2", [16, 16], glorot());
  const b2 = param("b2", [16], zeros());
  const W3 = param("W3", [16, 1], glorot());
  const b3 = param("b3", [1], zeros());
  const first = tanh(add(matmul(x, W1), b1));
  const second = tanh(add(matmul(first, W2), b2));
  const out = add(matmul(second, W3), b3);
  return { loss: mse(out, y), outputs: { out }, optimizer: sgd({ learningRate: 0.1 }) };
});
export {
  w6_default as default
};
