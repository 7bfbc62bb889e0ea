/** What a model may say of its own differentiation: another rule, or values to compute again instead of keeping. */

import { sameShape, type Shape } from "../graph/type.ts";
import { opOf } from "../ops/index.ts";
import { anyOf, FUNCTION, optionsOf, required } from "../graph/arguments.ts";
import { called, check } from "./arguments.ts";
import { FLOAT_TENSORS, FLOATS, TENSOR, TENSORS } from "./kinds.ts";
import type { FloatTensor, Tensor } from "./tensor.ts";

type Tensors = readonly FloatTensor[];

/** A function and its gradient rule, for `customVjp`. */
export interface CustomVjp<In extends Tensors, S extends Shape> {
  /** y as a function of the inputs. */
  readonly forward: (...inputs: In) => FloatTensor<S>;
  /** The cotangent of each input, from that of y; inputs and y may be read. */
  readonly backward: (cotangent: FloatTensor<S>, inputs: In, y: FloatTensor<S>) => Tensors;
}

const CUSTOM = optionsOf<CustomVjp<Tensors, Shape>>(
  { forward: required(FUNCTION), backward: required(FUNCTION) },
  "its options as { forward, backward }",
);

/**
 * A function with a gradient rule of its own (JAX's custom_vjp): d_x = backward(d_y, inputs, y), replayed wherever a loss is differentiated.
 * The check compares it with differences of `forward` as it does every other rule.
 */
export function customVjp<const In extends Tensors, S extends Shape>(options: CustomVjp<In, S>): (...inputs: In) => FloatTensor<S> {
  check("customVjp", { options }, { options: CUSTOM });
  const { forward, backward } = options;
  return (...inputs) => {
    const c = called("customVjp", { inputs }, { inputs: FLOAT_TENSORS });
    return c.run(() => {
      const y = forward(...inputs);
      check("customVjp", { "what forward returns": y }, { "what forward returns": FLOATS });
      const hole = c.g.hole(c.builder.typeOf(y.value));
      const gradients = backward(c.tensor(hole) as FloatTensor<S>, inputs, y); // the hole has y's type
      check("customVjp", { "what backward returns": gradients }, { "what backward returns": FLOAT_TENSORS });
      if (gradients.length !== inputs.length)
        c.fail(
          "customVjp/count",
          `customVjp needs one gradient an input, but backward returned ${gradients.length} for ${inputs.length}`,
          "Return an array with one tensor an input, in their order.",
        );
      gradients.forEach(({ shape }, n) => {
        if (!sameShape(shape, inputs[n]!.shape))
          c.fail(
            "customVjp/shape",
            `customVjp: the gradient of input ${n} has [${shape.join(",")}], but the input has [${inputs[n]!.shape.join(",")}]`,
            "Return each gradient in the shape of its input.",
          );
      });
      const rest = [...inputs, ...gradients].map(({ value }) => value);
      return c.tensor(c.g.customVjp([y.value, hole, ...rest], { inputs: inputs.length }));
    }) as FloatTensor<S>;
  };
}

/**
 * Runs `body` as a region whose intermediate values are not kept for the backward pass, but computed again there (JAX's checkpoint).
 * Its inputs and its result are kept. The same bits as without it; fewer bytes for more work. Throws a ModelError for a body with arguments.
 */
export function checkpoint<T extends Tensor | readonly Tensor[]>(body: () => T): T {
  const c = called("checkpoint", { body }, { body: FUNCTION });
  return c.run(() => {
    if (body.length > 0)
      c.fail(
        "checkpoint/body",
        "checkpoint takes a body without arguments, but this one has some",
        "Let it read the tensors around it: checkpoint(() => f(x)).",
      );
    const { nodes } = c.builder;
    const mark = nodes.length;
    const result = body();
    check("checkpoint", { "what body returns": result }, { "what body returns": anyOf("a tensor or a list of tensors", TENSOR, TENSORS) });
    const kept = new Set([result].flat().map((tensor) => (tensor as Tensor).value as number)); // T is one tensor or several
    const region = c.nextRegion();
    for (let at = mark; at < nodes.length; at++) {
      const node = nodes[at]!;
      if (opOf(node.op).leaf === true || kept.has(at)) continue;
      nodes[at] = { ...node, attrs: { ...node.attrs, checkpoint: region } };
    }
    return result;
  });
}
