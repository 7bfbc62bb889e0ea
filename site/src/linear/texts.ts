/** The models of the page, as a person would write them: what the scores are made of, and the loss. */

export type Idea = "lines" | "polar" | "two" | "hidden";
export type LossName = "softmaxCrossEntropy" | "svmLoss";

export const IDEAS: Readonly<Record<Idea, { readonly title: string; readonly says: string }>> = {
  lines: {
    title: "Lines",
    says: "Scores are linear in x and y, so regions end at straight lines. Rings and spirals are out of reach: no line separates them.",
  },
  polar: {
    title: "Polar features",
    says: "The same linear classifier, given (r, cos θ, sin θ) instead of (x, y). In the picture of r and θ its lines are lines again; in the plane they are circles.",
  },
  two: {
    title: "Two linear layers",
    says: "Sixteen units in between, and nothing else: W2·(W1·x) is one matrix times x, so it is lines again. The compiler says so when it compiles the model.",
  },
  hidden: {
    title: "Hidden units",
    says: "The same two layers with max(0, ·) between them. Each unit has a line of its own, drawn thin, on one side of which it is silent: the features are found by training.",
  },
};

export const CLASSES = 3;
/** Most points; the batch of the model. */
export const MOST = 240;

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join("\n");

/** The text of one model. */
export function modelText(idea: Idea, loss: LossName, units: number, rate: number): string {
  const polar = idea === "polar";
  const layers = idea === "two" || idea === "hidden";
  const features = polar
    ? [
        "const x = slice(points, [0, 0], [batch, 1]);",
        "const y = slice(points, [0, 1], [batch, 2]);",
        "const r = sqrt(add(add(square(x), square(y)), 1e-6));",
        "const polar = concatenate([r, div(x, r), div(y, r)], 1);",
      ]
    : [];
  const [from, width] = polar ? ["polar", 3] : ["points", 2];
  const scores = layers
    ? [
        `const W1 = param("W1", [2, ${units}], ${idea === "hidden" ? "he()" : "glorot()"});`,
        `const b1 = param("b1", [${units}], ${idea === "hidden" ? "uniform(-0.5, 0.5)" : "zeros()"});`,
        `const W2 = param("W2", [${units}, ${CLASSES}], glorot());`,
        `const b2 = param("b2", [${CLASSES}], zeros());`,
        idea === "hidden" ? "const hidden = relu(add(matmul(points, W1), b1));" : "const hidden = add(matmul(points, W1), b1);",
        "const scores = add(matmul(hidden, W2), b2);",
      ]
    : [
        `const W = param("W", [${width}, ${CLASSES}], glorot());`,
        `const b = param("b", [${CLASSES}], zeros());`,
        `const scores = add(matmul(${from}, W), b);`,
      ];
  const names = [
    ...["accuracy", "add", "glorot", "hyper", "input", "l2", "labels", "matmul", "model", "param", "sgd", loss, "zeros"],
    ...(polar ? ["concatenate", "div", "slice", "sqrt", "square"] : []),
    ...(idea === "hidden" ? ["he", "relu", "uniform"] : []),
  ].sort();
  return `import { ${names.join(", ")} } from "adjoint";

export default model("plane", { batch: { train: ${MOST}, evaluate: ${MOST}, predict: 1024 } }, ({ batch }) => {
  const points = input("points", [batch, 2]);
  const color = labels("color", [batch], { classes: ${CLASSES} });
${indented([...features, ...scores])}
  return {
    loss: add(${loss}(scores, color), l2([${layers ? "W1, W2" : "W"}], 1e-4)),
    outputs: { scores },
    metrics: { accuracy: accuracy(scores, color) },
    optimizer: sgd({ learningRate: hyper("learningRate", ${rate}) }),
  };
});
`;
}

/** Names of the parameters, in the order of the text. */
export const parametersOf = (idea: Idea): readonly string[] =>
  idea === "two" || idea === "hidden" ? ["W1", "b1", "W2", "b2"] : ["W", "b"];
