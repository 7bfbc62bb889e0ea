/** The net that learns digits, and the same with its weights held and its picture trained. */

export { NET as LEARNS } from "../digits/texts.ts";

export const DREAMS = `import { adam, add, labels, matmul, mean, model, mul, normal, param, relu, sigmoid, softmax, softmaxCrossEntropy, square, zeros } from "adjoint";

export default model("dream", { batch: 1 }, ({ batch }) => {
  const wanted = labels("wanted", [batch], { classes: 10 });
  const held = { trainable: false };
  const W1 = param("W1", [784, 100], zeros(), held);
  const b1 = param("b1", [100], zeros(), held);
  const W2 = param("W2", [100, 10], zeros(), held);
  const b2 = param("b2", [10], zeros(), held);
  const picture = param("picture", [1, 784], normal(-3, 0.1));
  const ink = sigmoid(picture);
  const hidden = relu(add(matmul(ink, W1), b1));
  const scores = add(matmul(hidden, W2), b2);
  return {
    loss: add(softmaxCrossEntropy(scores, wanted), mul(mean(square(ink)), 3)),
    outputs: { ink, sure: softmax(scores) },
    optimizer: adam({ learningRate: 0.05 }),
  };
});
`;
