import { add, constant, model, mul, param, sgd } from "adjoint";

export default model("circuit", {}, () => {
  const x = param("x", [], constant(-2));
  const y = param("y", [], constant(5));
  const z = param("z", [], constant(-4));
  const q = add(x, y);
  const f = mul(q, z);
  return { loss: f, outputs: { f }, optimizer: sgd({ learningRate: 1 }) };
});
