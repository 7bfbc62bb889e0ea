/** The programs beside a step in ONNX: what feeds it, and keeps what it gives back. */

export const PYTHON = `"""
Trains by the step in step.onnx: python step.py train.npz 3 trained.safetensors

It begins with the state in step.safetensors, goes over the rows of train.npz, arrays by the names of the
inputs, three times, and writes the state. Needs onnxruntime and numpy.
"""

import json
import sys

import numpy as np
import onnxruntime

KINDS = {"F32": np.float32, "F64": np.float64, "I32": np.int32}


def read(path):
    """The arrays of a safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    spans = {
        name: (KINDS[one["dtype"]], one["shape"], *one["data_offsets"])
        for name, one in header.items()
    }
    return {
        name: np.frombuffer(data[a:b], kind).reshape(shape)
        for name, (kind, shape, a, b) in spans.items()
    }


def write(path, arrays):
    header, end = {}, 0
    for name, x in arrays.items():
        kind = {"float32": "F32", "float64": "F64", "int32": "I32"}[x.dtype.name]
        header[name] = {
            "dtype": kind,
            "shape": list(x.shape),
            "data_offsets": [end, end + x.nbytes],
        }
        end += x.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(
            len(text).to_bytes(8, "little") + text + b"".join(x.tobytes() for x in arrays.values())
        )


def main(source, epochs, target):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # that inputs with a usual value may be left out is no fault
    session = onnxruntime.InferenceSession("step.onnx", options)
    names = [one.name for one in session.get_outputs()]
    state, data = read("step.safetensors"), np.load(source)
    inputs = {one.name: one.shape for one in session.get_inputs() if one.name not in state}
    size = next(iter(inputs.values()))[0]
    for epoch in range(int(epochs)):
        order, losses = np.random.default_rng(epoch).permutation(len(data[next(iter(inputs))])), []
        for first in range(0, len(order) - size + 1, size):
            batch = {name: data[name][order[first : first + size]] for name in inputs}
            made = dict(zip(names, session.run(None, {**state, **batch})))
            state = {name: made[f"{name}.next"] for name in state}
            losses.append(made[names[0]])
        print(f"epoch {epoch + 1}: {names[0]} {np.mean(losses):.4f}")
    write(target, state)


if __name__ == "__main__":
    main(*sys.argv[1:])
`;

export const JAVASCRIPT = `/**
 * Trains by the step in step.onnx, in a page or in Node, with onnxruntime-web:
 *
 *   const trainer = await openStep(ort, modelBytes, stateBytes); // step.onnx, step.safetensors
 *   const loss = await trainer.step({ x: new ort.Tensor("float32", x, [32, 784]), y: new ort.Tensor("int32", y, [32]) });
 */

const TYPES = { F32: ["float32", Float32Array], F64: ["float64", Float64Array], I32: ["int32", Int32Array] };
const NEXT = ".next";

/** The state in a safetensors file, as tensors by name. */
function stateOf(ort, bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const { __metadata__: _, ...header } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  return Object.fromEntries(
    Object.entries(header).map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
      const [type, Numbers] = TYPES[dtype];
      // a copy: slice() of a Buffer of Node is none
      const data = new Numbers(new Uint8Array(bytes.subarray(8 + length + from, 8 + length + to)).buffer);
      return [name, new ort.Tensor(type, data, shape)];
    }),
  );
}

/** A trainer over the step: state is what it keeps, tensors by name. */
export async function openStep(ort, model, bytes, options = {}) {
  // that inputs with a usual value may be left out is no fault
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3, ...options });
  const trainer = {
    state: stateOf(ort, bytes),
    /** One step on a batch of tensors, by the names of the inputs: the loss before the update, or one a phase. */
    async step(batch) {
      const made = await session.run({ ...trainer.state, ...batch });
      const losses = Object.entries(made).filter(([name]) => !name.endsWith(NEXT));
      trainer.state = Object.fromEntries(Object.keys(trainer.state).map((name) => [name, made[name + NEXT]]));
      if (losses.length === 1) return losses[0][1].data[0];
      return Object.fromEntries(losses.map(([name, { data }]) => [name, data[0]]));
    },
  };
  return trainer;
}
`;
