"""
Judges the steps that ../jax/write.ts wrote: every file passes onnx.checker, and ONNX Runtime takes five steps whose losses are the trainer's.
Prints the table of steps.md.

    pip install -r ../requirements.txt && npx tsx ../jax/write.ts /tmp/jax && python steps.py /tmp/jax > steps.md
"""

import collections
import glob
import json
import os
import sys

import numpy
import onnx
import onnxruntime

NEAR = 1e-4


def tensors_of(path):
    """The arrays of a safetensors file."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header, data = json.loads(file.read(length)), file.read()
    kinds = {"F32": numpy.float32, "F64": numpy.float64, "I32": numpy.int32}
    header.pop("__metadata__", None)
    return {
        name: numpy.frombuffer(data[one["data_offsets"][0] : one["data_offsets"][1]], kinds[one["dtype"]]).reshape(one["shape"])
        for name, one in header.items()
    }


def main():
    print("# Steps in ONNX Runtime\n\nWritten by [steps.py](steps.py): the largest relative difference of a loss of five steps.\n")
    print("| model | bytes | losses | operators |\n| --- | --- | --- | --- |")
    wrong = []
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx"))):
        name = os.path.basename(path)[:-5]
        if not os.path.exists(path[:-5] + ".safetensors"):
            continue
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level, options.intra_op_num_threads = 3, 1
        session = onnxruntime.InferenceSession(path, options)
        tensors = tensors_of(path[:-5] + ".safetensors")
        first = {key[len("f32 first ") :]: x for key, x in tensors.items() if key.startswith("f32 first ")}
        inputs = {one.name: one for one in session.get_inputs()}
        outputs = [one.name for one in session.get_outputs()]
        state = {key: x.reshape(inputs[key].shape) for key, x in first.items()}
        expected = tensors["f32 losses"]
        losses = []
        for n in range(len(expected)):
            start = f"batch {n} "
            batch = {key[len(start) :]: x for key, x in tensors.items() if key.startswith(start)}
            fed = {key: x for key, x in batch.items() if key in inputs} | state
            made = dict(zip(outputs, session.run(None, fed)))
            state = {key: made[f"{key}.next"] for key in state}
            losses.append([float(x) for key, x in sorted(made.items()) if not key.endswith(".next")])
        expected = numpy.asarray(expected)
        far = float(numpy.abs(numpy.asarray(losses) - expected).max() / max(numpy.abs(expected).max(), 1e-30))
        if not far <= NEAR:
            wrong.append(f"{name}: losses differ by {far:.1e}")
        kinds = collections.Counter(node.op_type for node in model.graph.node)
        print(f"| {name} | {os.path.getsize(path):,} | {far:.1e} | {', '.join(f'{kind} {n}' for kind, n in sorted(kinds.items()))} |", flush=True)
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
