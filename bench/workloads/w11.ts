import { batchMean, gather, labels, matmul, model, param, reshape, sgd, size, slice, softplus, sub, sum, uniform } from "adjoint";

/** Skip-gram with negative sampling: of each row a word, one that stands near it, and five that were drawn; SGD. */
export default model("w11", { batch: { train: 256, evaluate: 256, predict: 1 } }, ({ batch }) => {
  const vocabulary = size("vocabulary", 20_000, { check: 40 });
  const width = size("width", 128, { check: 8 });
  const x = labels("x", [batch, 6], { classes: vocabulary });
  const y = labels("y", [batch], { classes: vocabulary });
  const words = param("words", [vocabulary, width], uniform(-0.1, 0.1));
  const contexts = param("contexts", [vocabulary, width], uniform(-0.1, 0.1));
  const word = reshape([width, 1])(gather(words, y));
  const scores = reshape([6])(matmul(gather(contexts, x), word));
  // −log σ(s₀) − Σ log σ(−sⱼ), the one that stands near first
  const near = reshape([])(slice(scores, [0, 0], [batch, 1]));
  return { loss: batchMean(sub(sum(softplus(scores), [1]), near)), outputs: { scores }, optimizer: sgd({ learningRate: 0.025 }) };
});
