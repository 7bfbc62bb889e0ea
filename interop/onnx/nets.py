"""
Exports nets of torchvision with random weights, and takes along real files of packages, with an input of each and what ONNX Runtime makes of it:
for imports.ts.

    pip install -r requirements.txt && python nets.py /tmp/nets [folder of packaged .onnx files] && npx tsx imports.ts /tmp/nets
"""

import glob
import json
import os
import shutil
import sys

import numpy
import onnx
import onnxruntime

OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)
PLAIN = onnxruntime.SessionOptions()
PLAIN.intra_op_num_threads = 1
PLAIN.log_severity_level = 4

# nets of torchvision, the side of their pictures, and their published numbers of parameters
NETS = {
    "resnet18": (64, 11_689_512),
    "mobilenet_v2": (64, 3_504_872),
    "squeezenet1_1": (64, 1_235_496),
    "shufflenet_v2_x1_0": (64, 2_278_604),
    "efficientnet_b0": (64, 5_288_548),
    "mobilenet_v3_small": (64, 2_542_856),
}

# files of packages, their open extents, and inputs that are one number
FILES = {
    "pnet": {"sizes": {"M1": 24, "M2": 24}},
    "rnet": {},
    "onet": {},
    "magika": {"batch": 1},
    "silero_vad_openvino_16k": {"scale": 0.1},
    "silero_vad_op18_ifless": {"scale": 0.1, "sizes": {"sequence": 576}, "values": {"sr": 16000}},
    "silero_vad_half": {"scale": 0.1, "batch": 1, "sizes": {"sequence": 576}},
    "silero_vad_16k_op15": {"scale": 0.1, "batch": 1, "sizes": {"sequence": 576}, "values": {"sr": 16000}},
    "ch_ppocr_mobile_v2.0_cls_infer": {"sizes": {"p2o.DynamicDimension.1": 48, "p2o.DynamicDimension.2": 192}},
    "ch_PP-OCRv4_det_infer": {"strokes": True, "sizes": {"p2o.DynamicDimension.1": 64, "p2o.DynamicDimension.2": 64}},
    "ch_PP-OCRv4_rec_infer": {"sizes": {"p2o.DynamicDimension.1": 64}},
    "paraphrase-MiniLM-L3-v2": {"batch": 1, "sizes": {"sequence_length": 16}},
}


def record(path, given, **more):
    """The outputs of a file, beside it."""
    session = onnxruntime.InferenceSession(path, PLAIN)
    sizes, fixed = given.get("sizes", {}), given.get("values", {})
    rng = numpy.random.default_rng(5)
    feed, kept = {}, {}
    for one in session.get_inputs():
        shape = [dim if isinstance(dim, int) and dim > 0 else sizes.get(dim, 1) for dim in one.shape]
        if one.name in fixed:
            feed[one.name] = numpy.full(shape, fixed[one.name], dtype=numpy.int64)
            continue
        if one.type == "tensor(float)":
            array = (given.get("scale", 1) * rng.standard_normal(shape)).astype(numpy.float32)
            if given.get("strokes"):  # dark on light, as text is
                array = numpy.full(shape, 2, dtype=numpy.float32)
                array[..., 24:40, 8:56:8] = -2
        elif "mask" in one.name:  # the last quarter is padding
            array = numpy.ones(shape, dtype=numpy.int64)
            array[:, -(-3 * shape[1] // 4) :] = 0
        else:
            array = rng.integers(0, 256, size=shape).astype(numpy.int32 if one.type == "tensor(int32)" else numpy.int64)
        feed[one.name] = array
        kept[one.name] = {"dims": shape, "integers": array.dtype != numpy.float32, "data": array.ravel().tolist()}
    results = session.run(None, feed)
    outputs = {one.name: {"dims": list(value.shape), "data": value.ravel().tolist()} for one, value in zip(session.get_outputs(), results)}
    with open(path[:-5] + ".json", "w") as file:
        json.dump({**given, **more, "inputs": kept, "outputs": outputs}, file)
    print(os.path.basename(path), {k: v["dims"] for k, v in outputs.items()})


if len(sys.argv) > 2:
    for path in sorted(glob.glob(os.path.join(sys.argv[2], "**", "*.onnx"), recursive=True)):
        name = os.path.basename(path)[:-5]
        name = "magika" if "magika" in path else name
        if name in FILES:
            if os.path.dirname(path) != OUT.rstrip("/"):
                shutil.copy(path, os.path.join(OUT, f"{name}.onnx"))
            record(os.path.join(OUT, f"{name}.onnx"), FILES[name])

import torch
import torchvision

for name, (side, parameters) in NETS.items():
    torch.manual_seed(1)
    net = getattr(torchvision.models, name)(weights=None)
    own = sum(p.numel() for p in net.parameters())
    assert own == parameters, f"{name} has {own} parameters, not {parameters}"
    for key, value in net.state_dict().items():  # running statistics unlike those that a net begins with
        if key.endswith("running_mean"):
            value.add_(0.05 * torch.randn_like(value))
        if key.endswith("running_var"):
            value.mul_(0.8 + 0.4 * torch.rand_like(value))
    for mode in ("eval", "training"):
        path = os.path.join(OUT, f"{name}.{mode}.onnx")
        net.eval()
        torch.onnx.export(
            net,
            (torch.zeros(1, 3, side, side),),
            path,
            dynamo=False,
            opset_version=17,
            input_names=["x"],
            output_names=["logits"],
            dynamic_axes={"x": {0: "n"}, "logits": {0: "n"}},
            training=torch.onnx.TrainingMode.EVAL if mode == "eval" else torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=mode == "eval",
        )
        record(path, {}, parameters=parameters)
