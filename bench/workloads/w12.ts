import { adam, dense, input, model, mse, simpleRnn, size } from "adjoint";

/** The adding problem (Hochreiter and Schmidhuber 1997): a plain recurrence of 512 steps, 64 wide, sums the two numbers that are marked; Adam. */
export default model("w12", { batch: { train: 16, evaluate: 16, predict: 1 } }, ({ batch }) => {
  const steps = size("steps", 512, { check: 5 });
  const width = size("width", 64, { check: 4 });
  const x = input("x", [batch, steps, 2]);
  const y = input("y", [batch, 1]);
  const scores = dense(1, { name: "sum" })(simpleRnn(width)(x));
  return { loss: mse(scores, y), outputs: { scores }, optimizer: adam({ learningRate: 1e-3 }) };
});
