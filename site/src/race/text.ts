/** The lecture's hyperparameters, and the model that a choice of them is. */

export const CONTROLS = {
  layers: { title: "Hidden layers", values: ["0", "1", "2", "3"] },
  units: { title: "Units a layer", values: ["8", "16", "32", "64", "128"] },
  activation: { title: "Activation", values: ["relu", "tanh", "sigmoid"] },
  optimizer: { title: "Optimizer", values: ["adam", "sgd"] },
  rate: { title: "Learning rate", values: ["0.0001", "0.001", "0.01", "0.1", "1"] },
  batch: { title: "Rows a batch", values: ["8", "32", "64", "128"] },
  epochs: { title: "Epochs", values: ["5", "10", "20", "40"] },
  dropout: { title: "Dropout", values: ["0", "0.2", "0.5"] },
  l2: { title: "L2 penalty", values: ["0", "0.0001", "0.001", "0.01"] },
} as const;

export type Control = keyof typeof CONTROLS;
export type Choice = Readonly<Record<Control, string>>;

export const FIRST: Choice = {
  layers: "1",
  units: "32",
  activation: "relu",
  optimizer: "adam",
  rate: "0.001",
  batch: "32",
  epochs: "10",
  dropout: "0",
  l2: "0",
};

/** The text of the model, as one would write it. */
export function modelText({ layers, units, activation, optimizer, rate, batch, dropout, l2 }: Choice): string {
  const count = Number(layers);
  const dropped = dropout !== "0" && count > 0;
  const penalized = l2 !== "0";
  const lines: string[] = [];
  let from = "x";
  const weights: string[] = [];
  for (let n = 1; n <= count; n++) {
    lines.push(
      `const W${n} = param("W${n}", [${n === 1 ? 784 : units}, ${units}], he());`,
      `const b${n} = param("b${n}", [${units}], zeros());`,
      `const hidden${n} = ${activation}(add(matmul(${from}, W${n}), b${n}));`,
    );
    weights.push(`W${n}`);
    from = `hidden${n}`;
    if (dropped) {
      lines.push(`const kept${n} = dropout(${dropout})(hidden${n});`);
      from = `kept${n}`;
    }
  }
  weights.push("W");
  lines.push(
    `const W = param("W", [${count === 0 ? 784 : units}, 10], glorot());`,
    `const b = param("b", [10], zeros());`,
    `const scores = add(matmul(${from}, W), b);`,
  );
  const names = [
    ...["accuracy", "add", "glorot", "input", "labels", "matmul", "model", optimizer, "param", "softmaxCrossEntropy", "zeros"],
    ...(count > 0 ? ["he", activation] : []),
    ...(dropped ? ["dropout"] : []),
    ...(penalized ? ["l2"] : []),
  ].sort();
  const loss = penalized ? `add(softmaxCrossEntropy(scores, y), l2([${weights.join(", ")}], ${l2}))` : "softmaxCrossEntropy(scores, y)";
  return `import { ${names.join(", ")} } from "adjoint";

export default model("digits", { batch: { train: ${batch}, evaluate: 100, predict: 1 } }, ({ batch }) => {
  const x = input("x", [batch, 784]);
  const y = labels("y", [batch], { classes: 10 });
${lines.map((line) => `  ${line}`).join("\n")}
  return {
    loss: ${loss},
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, y) },
    optimizer: ${optimizer}({ learningRate: ${rate} }),
  };
});
`;
}
