"""
Judges what write.ts wrote: every file passes onnx.checker, loads in ONNX Runtime, and gives what the trainer predicts, at one batch and at two.
Prints the table of models.md.

    pip install -r ../requirements.txt && npx tsx write.ts /tmp/onnx && python check.py /tmp/onnx > models.md
"""

import collections
import glob
import json
import os
import sys

import numpy
import onnx
import onnxruntime

NEAR = 1e-5
print("# Models in ONNX Runtime\n\nWritten by [check.py](check.py): the largest difference is beside the largest output.\n")
print("| model | bytes | difference | any batch | operators |\n| --- | --- | --- | --- | --- |")
wrong = []
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx"))):
    name = os.path.basename(path)[:-5]
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    with open(path[:-5] + ".json") as file:
        data = json.load(file)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    session = onnxruntime.InferenceSession(path, options)
    read = {one.name for one in session.get_inputs()}
    feed = {
        key: numpy.array(own["data"], dtype=numpy.int32 if own["integers"] else numpy.float32).reshape(own["shape"])
        for key, own in data["fed"].items()
        if key in read
    }
    outputs = session.run(None, feed)
    worst = 0.0
    for one, mine in zip(session.get_outputs(), outputs):
        theirs = numpy.array(data["outputs"][one.name], dtype=numpy.float32)
        assert numpy.isfinite(mine).all() and numpy.isfinite(theirs).all(), f"{name}: {one.name} is not finite"
        worst = max(worst, float(numpy.abs(mine.ravel() - theirs).max() / numpy.abs(theirs).max()))
    twice = data["open"] and len(feed) > 0
    if twice:
        both = session.run(None, {key: numpy.concatenate([value, value]) if value.ndim > 0 else value for key, value in feed.items()})
        if not all(numpy.allclose(two, numpy.concatenate([own, own]), atol=NEAR) for own, two in zip(outputs, both)):
            wrong.append(f"{name}: two batches are not twice one")
    if not worst <= NEAR:
        wrong.append(f"{name}: {worst}")
    kinds = collections.Counter(node.op_type for node in model.graph.node)
    print(f"| {name} | {os.path.getsize(path):,} | {worst:.1e} | {'yes' if twice else ''} | {', '.join(f'{kind} {n}' for kind, n in sorted(kinds.items()))} |")
if wrong:
    sys.exit("\n".join(wrong))
