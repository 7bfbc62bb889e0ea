/** What is true in the editor: shapes are literal types, and a mismatch is a sentence. */

import { fileURLToPath } from "node:url";
import { Project, ts } from "ts-morph";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

const HEAD = `import { add, concatenate, conv2d, dense, div, dropout, embedding, exp, flatten, input, labels, lstm, matmul, max, maxPool2d, mean, mul, param, relu, reshape, softmax, softmaxCrossEntropy, sum, transpose, zeros, type FloatTensor, type Layer } from "adjoint";
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <A, B>(_same: Same<A, B>): void => {};
void [add, concatenate, conv2d, dense, div, dropout, embedding, exp, flatten, input, labels, lstm, matmul, max, maxPool2d, mean, mul, param, relu, reshape, softmax, softmaxCrossEntropy, sum, transpose, zeros, is];
export type Used = FloatTensor | Layer;
`;

/** Text of the body, and what the complaint must contain; an empty list where there must be none. */
const snippets: Readonly<Record<string, { readonly body: string; readonly says: readonly string[] }>> = {
  "inner dims of a product": {
    body: `matmul(input("x", [256, 3072]), param("W", [300, 100], zeros()));`,
    says: ["matmul needs columns of a = rows of b, but 3072 ≠ 300"],
  },
  "shapes that do not broadcast": {
    body: `add(input("x", [32, 10]), param("b", [9], zeros()));`,
    says: ["add needs shapes that broadcast, but [32, 10] and [9] do not"],
  },
  "the op that was called": {
    body: `div(input("x", [2, 3]), input("z", [3, 2]));`,
    says: ["div needs shapes that broadcast, but [2, 3] and [3, 2] do not"],
  },
  "a vector of another length": {
    body: `matmul(input("x", [4]), param("W", [3, 2], zeros()));`,
    says: ["matmul needs columns of a = rows of b, but 4 ≠ 3"],
  },
  "labels where floats are needed": {
    body: `exp(labels("y", [3], { classes: 2 }));`,
    says: ['"i32"'],
  },
  "a loss of no scalar": {
    body: `const loss: FloatTensor<readonly []> = sum(input("x", [2, 3]), [0]); void loss;`,
    says: ["readonly []"],
  },
  "a layer's units where the loss has other classes": {
    body: `const scores = dense(10)(input("x", [32, 784])); const narrow: FloatTensor<readonly [32, 9]> = scores; void narrow;`,
    says: ["Type '10' is not assignable to type '9'"],
  },
  "exact shapes of layers": {
    body: `
const hidden = dropout(0.5)(dense(128, { activation: "relu", name: "hidden" })(input("x", [32, 784])));
is<typeof hidden["shape"], readonly [32, 128]>(true);
const words = dense(5)(embedding(100, 16)(labels("t", [32, 7], { classes: 100 })));
is<typeof words["shape"], readonly [32, 7, 5]>(true);
const last = lstm(8)(words);
is<typeof last["shape"], readonly [32, 8]>(true);
const all = lstm(8, { returnSequences: true })(words);
is<typeof all["shape"], readonly [32, 7, 8]>(true);
const [every, , cell] = lstm(8, { returnSequences: true, returnState: true })(words);
is<typeof every["shape"], readonly [32, 7, 8]>(true);
is<typeof cell["shape"], readonly [32, 8]>(true);
const image = maxPool2d(2)(conv2d(6, 5, { activation: "relu" })(input("i", [32, 3, 28, 28])));
is<typeof image["shape"], readonly [32, 6, number, number]>(true);
const scores = dense(10)(flatten()(image));
is<typeof scores["shape"], readonly [32, 10]>(true);
const square = reshape([28, 28])(input("f", [32, 784]));
is<typeof square["shape"], readonly [32, 28, 28]>(true);
const largest = max(softmax(words), [1, 2]);
is<typeof largest["shape"], readonly [32]>(true);
const joined = dense(4)(concatenate([hidden, last]));
is<typeof joined["shape"], readonly number[]>(true);
const list: readonly Layer[] = [conv2d(6, 5), maxPool2d(2), flatten(), dense(10, { activation: softmax }), dropout(0.5), lstm(3), reshape([2, 5])];
void list;`,
    says: [],
  },
  "exact shapes of a correct program": {
    body: `
const x = input("x", [32, 784]);
const x2 = param("x2", [784, 128], zeros());
const hidden = relu(add(matmul(x, param("W", [784, 128], zeros())), param("b", [128], zeros())));
is<typeof hidden["shape"], readonly [32, 128]>(true);
const scores = matmul(hidden, param("V", [128, 10], zeros()));
is<typeof scores["shape"], readonly [32, 10]>(true);
const loss = softmaxCrossEntropy(scores, labels("y", [32], { classes: 10 }));
is<typeof loss["shape"], readonly []>(true);
const [times, along] = [matmul(input("r", [784]), x2), matmul(x, input("c", [784]))];
is<typeof times["shape"], readonly [128]>(true);
is<typeof along["shape"], readonly [32]>(true);
const narrow = sum(x, [1], { keepDims: true });
is<typeof narrow["shape"], readonly [32, 1]>(true);
const turned = transpose(x);
is<typeof turned["shape"], readonly [784, 32]>(true);
const flat = reshape(x, [25088]);
is<typeof flat["shape"], readonly [25088]>(true);
const column = mul(input("c", [32, 1]), input("r", [1, 784]));
is<typeof column["shape"], readonly [32, 784]>(true);
const scaled = mul(x, 2);
is<typeof scaled["shape"], readonly [32, 784]>(true);
const total = mean(x);
is<typeof total["shape"], readonly []>(true);`,
    says: [],
  },
  "dims known only when declared": {
    body: `
export const declare = (batch: number): void => {
  const z = add(matmul(input("x", [batch, 784]), param("W", [784, 10], zeros())), param("b", [10], zeros()));
  is<typeof z["shape"], readonly [number, 10]>(true);
};`,
    says: [],
  },
};

test("a mismatch is a sentence in the editor; a correct program has exact shapes", () => {
  const project = new Project({ tsConfigFilePath: `${root}tsconfig.json`, skipAddingFilesFromTsConfig: true });
  for (const [name, { body }] of Object.entries(snippets)) project.createSourceFile(`${root}test/snippet ${name}.ts`, `${HEAD}${body}\n`);
  for (const [name, { says }] of Object.entries(snippets)) {
    const file = project.getSourceFileOrThrow(`${root}test/snippet ${name}.ts`);
    const found = file.getPreEmitDiagnostics().map((one) => ts.flattenDiagnosticMessageText(one.compilerObject.messageText, "\n"));
    expect(found, name).toHaveLength(says.length);
    says.forEach((sentence, n) => expect(found[n], name).toContain(sentence));
  }
}, 60_000);
