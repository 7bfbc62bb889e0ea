/** The source of a model under construction: a line for each value, names that are no code, and the weights that go with it. */

import { numberText, shapeText, wordsIn, type Dim, type Kind } from "./code.ts";

/** A value that is computed when the model runs. */
export interface Computed {
  readonly kind: "tensor";
  readonly code: string;
  readonly dims: readonly Dim[];
  readonly of: Kind;
}

export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  /** Made each time that they are asked for, where they are not as in the file: a large file is never held twice. */
  readonly values: ArrayLike<number>;
}

/** A statement of the source, left out where nobody reads what it makes. */
export interface Line {
  readonly makes: readonly string[];
  readonly text: string;
  readonly weights: readonly Weight[];
}

/** A layer with weights, or a parameter, in the file's order. */
export interface Unit {
  readonly name: string;
  readonly weights: readonly string[];
}

/** The lines that somebody reads. */
export interface Finished {
  readonly lines: readonly string[];
  readonly weights: readonly Weight[];
  readonly units: readonly Unit[];
}

const RESERVED = new Set(
  "batch break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield await model adjoint arguments eval undefined NaN Infinity".split(
    " ",
  ),
);

/** Functions that sources call: no variable takes their names. */
const LANGUAGE =
  "abs acos acosh activation adam adamw adaptiveAvgPool1d adaptiveAvgPool2d adaptiveAvgPool3d adaptiveMaxPool1d adaptiveMaxPool2d adaptiveMaxPool3d add additiveAttention alphaDropout argmax argmin asin asinh atan atanh attention average avgPool1d avgPool2d avgPool3d batchNorm bceWithLogits bidirectional binaryCrossentropy broadcastTo cast categoricalCrossentropy ceil centerCrop celu clip concatenate constant conv1d conv1dTranspose conv2d conv2dTranspose conv3d conv3dTranspose cos cosh cropping1d cropping2d cropping3d cumsum dense depthwiseConv1d depthwiseConv2d div dot dropout einsum elu embedding equal erf exp expandDims flatten floor fmod gather gaussianDropout gaussianNoise gelu globalAveragePool1d globalAveragePool2d globalAveragePool3d globalMaxPool1d globalMaxPool2d globalMaxPool3d greater greaterEqual groupNorm gru hardSigmoid hardSwish hardshrink hinge huber input instanceNorm isNaN kl labels layerNorm leakyRelu less lessEqual log logCosh logSoftmax logSumExp logicalAnd logicalNot logicalOr lstm mae matmul max maxPool1d maxPool2d maxPool3d maximum mean min minimum mish mse mul multiHeadAttention neg normalization notEqual oneHot pad param permute pow prelu prod randomBrightness randomContrast randomCrop randomFlip randomRotation randomTranslation randomZoom recip relu relu6 repeatVector rescaling reshape resizing reversed rmsNorm rmsprop round scan selu separableConv1d separableConv2d sgd sigmoid sign silu simpleRnn sin sinh slice softmax softmaxCrossEntropy softplus softshrink softsign spatialDropout1d spatialDropout2d spatialDropout3d sqrt square squaredHinge squeeze sub sum takeAlongAxis tan tanh threshold tile transpose tril triu unitNormalization upsampling1d upsampling2d upsampling3d where zeroPadding1d zeroPadding2d zeroPadding3d zeros".split(
    " ",
  );

export class Source {
  /** Functions of the language that were called. */
  readonly called = new Set<string>();
  readonly #lines: Line[] = [];
  readonly #identifiers = new Set<string>(LANGUAGE);
  readonly #layers = new Set<string>();
  #pending: Weight[] = [];
  #lifted: Line[] | undefined;

  constructor(/** More names that no variable may take. */ taken: Iterable<string> = []) {
    for (const name of taken) this.#identifiers.add(name);
  }

  /** A function of the language. */
  call(name: string, ...args: readonly string[]): string {
    this.called.add(name);
    return `${name}(${args.join(", ")})`;
  }

  /** A function of the language, with what its first type is. */
  typed(name: string, type: string, ...args: readonly string[]): string {
    this.called.add("FloatTensor");
    return this.call(name, ...args).replace("(", () => `<${type}>(`);
  }

  /** An identifier of its own, as near to a name as one can be. */
  identifier(name: string): string {
    const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
    const joined = words.map((word, n) => (n === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join("");
    const base = /^[A-Za-z]/.test(joined) ? joined : `v${joined}`;
    for (let n = 1; ; n++) {
      const own = n === 1 ? base : `${base}_${n}`;
      if (RESERVED.has(own) || this.#identifiers.has(own)) continue;
      this.#identifiers.add(own);
      return own;
    }
  }

  /** A layer's name of its own. */
  layer(name: string): string {
    for (let n = 1; ; n++) {
      const own = n === 1 ? name : `${name}_${n}`;
      if (this.#layers.has(own)) continue;
      this.#layers.add(own);
      return own;
    }
  }

  /** Whether a layer or a parameter is called that. */
  hasLayer(name: string): boolean {
    return this.#layers.has(name);
  }

  /** Weights of the layer whose line comes next. */
  hold(name: string, shape: readonly number[], values: ArrayLike<number> | (() => ArrayLike<number>)): void {
    if (typeof values !== "function") this.#pending.push({ name, shape, values });
    else
      this.#pending.push({
        name,
        shape,
        get values() {
          return values();
        },
      });
  }

  /** A line of its own for a value, with its shape and what there is to say of it. */
  named(name: string, code: string, dims: readonly Dim[], of: Kind = "float", note?: string): Computed {
    const own = this.identifier(name);
    this.statement([own], `const ${own} = ${code}; // ${shapeText(dims)}${note === undefined ? "" : `: ${note}`}`);
    return { kind: "tensor", code: own, dims, of };
  }

  /** A parameter of no layer, with its values. */
  weight(name: string, dims: readonly number[], values: ArrayLike<number>, isFrozen = false): Computed {
    const own = this.identifier(name);
    const more = isFrozen ? ["{ trainable: false }"] : [];
    const code = this.call("param", JSON.stringify(name), shapeText(dims), this.call("zeros"), ...more);
    this.#add({ makes: [own], text: `const ${own} = ${code};`, weights: [{ name, shape: dims, values }] });
    return { kind: "tensor", code: own, dims, of: "float" };
  }

  /** Numbers that are no weights. */
  numbers(name: string, dims: readonly number[], values: readonly number[], of: Kind = "float"): Computed {
    const own = this.identifier(name);
    const dtype = { float: undefined, integer: '{ dtype: "i32" }', truth: '{ dtype: "bool" }' }[of];
    const equal = values.every((value) => value === values[0]);
    // of 64 bits only the ends are beyond 32: "all of it"
    const text = (value: number): string =>
      of === "integer" ? String(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value))) : numberText(value);
    const given = equal ? text(values[0]!) : `[${values.map(text).join(", ")}]`;
    const code = this.call("constant", given, shapeText(dims), ...(dtype === undefined ? [] : [dtype]));
    this.#add({ makes: [own], text: `const ${own} = ${code};`, weights: [] });
    return { kind: "tensor", code: own, dims, of };
  }

  /** A statement that makes variables, with the weights that were held for it. */
  statement(makes: readonly string[], text: string): void {
    this.#add({ makes, text, weights: this.#pending });
    this.#pending = [];
  }

  /** The lines that `run` makes, apart: the body of a function. Parameters stay before it. */
  inside(run: () => void): readonly string[] {
    const before = this.#lifted;
    const own: Line[] = [];
    this.#lifted = own;
    run();
    this.#lifted = before;
    return own.map(({ text }) => text);
  }

  #add(line: Line): void {
    const inner = line.weights.length === 0 && !/= (param|constant)\(/.test(line.text);
    (inner ? (this.#lifted ?? this.#lines) : this.#lines).push(line);
  }

  /** The lines that somebody reads, with their weights; `read` are what stands after them. */
  finished(read: readonly string[]): Finished {
    const wanted = new Set(read.flatMap(wordsIn));
    const kept: Line[] = [];
    for (const line of this.#lines.toReversed()) {
      if (!line.makes.some((own) => wanted.has(own))) continue;
      kept.unshift(line);
      for (const word of wordsIn(line.text)) wanted.add(word);
    }
    const units = kept.flatMap(({ weights }) => {
      const names = new Set(weights.map(({ name }) => name.replace(/\.[^.]*$/, "")));
      return [...names].map((name) => ({
        name,
        weights: weights.filter((one) => one.name.replace(/\.[^.]*$/, "") === name).map((one) => one.name),
      }));
    });
    return { lines: kept.map(({ text }) => text), weights: kept.flatMap(({ weights }) => weights), units };
  }
}
