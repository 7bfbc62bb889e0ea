"""
Judges the steps that ../jax/fuzz.ts wrote: ONNX Runtime takes two, the second with a row less, as the float64 reference of the declared graph does, within
what float32 may be off.

    npx tsx ../jax/fuzz.ts /tmp/fuzz 200 && python fuzz.py /tmp/fuzz
"""

import glob
import os
import sys

import numpy
import onnx
import onnxruntime
from steps import tensors_of


def main():
    wrong, programs, compared = [], 0, 0
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx"))):
        name = os.path.basename(path)[:-5]
        tensors = tensors_of(path[:-5] + ".safetensors")
        bounds = {key.removeprefix("f32 "): x[0] for key, x in tensors.items() if key.startswith("f32 ")}
        if not bounds:
            continue  # compared in double only
        programs += 1
        try:
            for key, own in meaning(path, tensors).items():
                if key not in bounds:
                    continue
                compared += 1
                off = numpy.abs(own.astype(numpy.float64).ravel() - tensors[f"expected {key}"]).max(initial=0)
                if not off <= bounds[key]:
                    raise ArithmeticError(f"{key}: off by {off:.1e}, the bound is {bounds[key]:.1e}")
        except Exception as error:  # one that does not run is one that differs
            wrong.append(f"{name}: {type(error).__name__}: {str(error)[:300]}")
            print(wrong[-1], flush=True)
    print(f"ONNX Runtime, float32: {programs} random models, {compared} tensors compared, {len(wrong)} differ")
    sys.exit(1 if wrong else 0)


def meaning(path, tensors):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    session = onnxruntime.InferenceSession(path, options)
    inputs = {one.name: one for one in session.get_inputs()}
    outputs = [one.name for one in session.get_outputs()]
    state = {
        key.removeprefix("first "): x.astype(kind_of(inputs[key.removeprefix("first ")])).reshape(inputs[key.removeprefix("first ")].shape)
        for key, x in tensors.items()
        if key.startswith("first ") and key.removeprefix("first ") in inputs
    }
    found = {}
    losses = [one for one in outputs if not one.endswith(".next")]
    for n, count in enumerate(tensors["counts"], start=1):
        start = f"feed {n} "
        batch = {key[len(start) :]: x for key, x in tensors.items() if key.startswith(start) and key[len(start) :] in inputs}
        batch = {key: x.astype(kind_of(inputs[key])) for key, x in batch.items()}
        if "count" in inputs:
            batch["count"] = numpy.asarray(count, kind_of(inputs["count"]))
        made = dict(zip(outputs, session.run(None, {**state, **batch})))
        state = {key: made[f"{key}.next"] for key in state}
        found |= {f"step {n} loss {'train' if one == 'loss' else one}": made[one] for one in losses}
        found |= {f"step {n} {key}": x for key, x in state.items()}
    return found


def kind_of(given):
    return {"tensor(float)": numpy.float32, "tensor(int32)": numpy.int32, "tensor(double)": numpy.float64}[given.type]


if __name__ == "__main__":
    main()
