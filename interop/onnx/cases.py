"""
Writes test/imports/cases.json.gz: for each operator that is imported some models of one node, their attributes drawn from a seed, with inputs and
what ONNX Runtime makes of them.

    pip install -r requirements.txt && python cases.py
"""

import base64
import gzip
import json
import os
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "..", "test", "imports", "cases.json.gz")
rng = numpy.random.default_rng(22)
onnxruntime.set_default_logger_severity(4)
# fused nodes may compute in other numbers: eight bits for widened weights
PLAIN = onnxruntime.SessionOptions()
PLAIN.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL


def pick(*choices):
    return choices[rng.integers(len(choices))]


def flip():
    return bool(rng.integers(2))


def values(*shape, low=-2.0, high=2.0):
    """Numbers that float16 holds, no two of a small tensor equal, so that no maximum is met twice."""
    size = int(numpy.prod(shape))
    spread = (rng.permutation(size) + 0.37) / max(size, 1) * (high - low) + low
    return spread.astype(numpy.float16).astype(numpy.float32).reshape(shape)


def positive(*shape):
    return values(*shape, low=0.25, high=2.5)


def ints(*numbers):
    return numpy.array(numbers, dtype=numpy.int64)


class Case:
    """One node, or a few: given inputs, initializers, and the opset."""

    def __init__(self, op, opset, inputs, initializers=(), attributes=None, outputs=1, more=(), free=False, order=None, named=None):
        self.op, self.opset, self.inputs = op, opset, dict(inputs)
        self.initializers = dict(initializers)
        self.free = free
        names = order if order is not None else [*self.inputs, *self.initializers]
        outs = named if named is not None else [f"y{n}" for n in range(outputs)]
        self.nodes = [helper.make_node(op, names, outs, name=f"the_{op}", **(attributes or {})), *more]
        self.outputs = [name for name in (more[-1].output if more else outs) if name != ""]
        self.attributes = attributes or {}

    def model(self):
        def info(name, array):
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            dims = list(array.shape)
            if self.free and dims:
                dims[0] = "N"
            return helper.make_tensor_value_info(name, kind, dims)

        graph = helper.make_graph(
            self.nodes,
            "g",
            [info(name, array) for name, array in self.inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(self.inputs["x"].shape) if self.op == "GroupNormalization" else None) for name in self.outputs],
            [numpy_helper.from_array(array, name) for name, array in self.initializers.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], producer_name="cases", ir_version=8 if self.opset < 19 else 10)
        try:
            return onnx.shape_inference.infer_shapes(model)
        except Exception:
            return model


def spatial_attributes(rank, extents, kernel, pools=False):
    given = {}
    if flip():
        given["strides"] = [int(rng.integers(1, 4)) for _ in range(rank)]
    mode = pick("NOTSET", "NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
    dilated = not pools and mode in ("NOTSET", "VALID") and flip()
    if dilated:
        given["dilations"] = [int(rng.integers(1, 3)) for _ in range(rank)]
    if mode == "NOTSET":
        if flip():
            pads = [int(rng.integers(0, k)) if k > 1 else 0 for k in kernel]
            more = [int(rng.integers(0, k)) if k > 1 else 0 for k in kernel]
            given["pads"] = [*pads, *more]
    else:
        given["auto_pad"] = mode
    return given


def conv():
    rank = pick(1, 2, 2, 2, 3)
    groups = pick(1, 1, 2, 4)
    channels = 4 if groups > 1 else pick(1, 3)
    filters = pick(4, 8) if groups > 1 else pick(2, 5)
    extents = [int(rng.integers(5, 8)) for _ in range(rank)]
    kernel = [int(rng.integers(1, 4)) for _ in range(rank)]
    given = spatial_attributes(rank, extents, kernel)
    given["group"] = groups
    if flip():
        given["kernel_shape"] = kernel
    weights = {"w": values(filters, channels // groups, *kernel, low=-1, high=1)}
    if flip():
        weights["b"] = values(filters)
    return Case("Conv", pick(9, 11, 17, 22), {"x": values(2, channels, *extents)}, weights, given, free=flip())


def conv_transpose():
    rank = pick(1, 2, 2, 2, 3)
    groups = pick(1, 1, 2)
    channels, per = (4, 2) if groups > 1 else (2, 3)
    extents = [int(rng.integers(3, 5)) for _ in range(rank)]
    kernel = [int(rng.integers(2, 4)) for _ in range(rank)]
    given = {"group": groups, "strides": [int(rng.integers(1, 3)) for _ in range(rank)]}
    mode = pick("pads", "pads", "plain", "SAME_UPPER", "SAME_LOWER", "output_shape", "more")
    if mode == "pads":
        given["pads"] = [int(rng.integers(0, 2)) for _ in range(2 * rank)]
        if flip():
            given["dilations"] = [int(rng.integers(1, 3)) for _ in range(rank)]
    elif mode.startswith("SAME"):
        given["auto_pad"] = mode
    elif mode == "output_shape":
        given["output_shape"] = [(e - 1) * s + k - int(rng.integers(0, 2)) for e, s, k in zip(extents, given["strides"], kernel)]
    elif mode == "more":
        given["output_padding"] = [s - 1 for s in given["strides"]]
    weights = {"w": values(channels, per, *kernel, low=-1, high=1)}
    if flip():
        weights["b"] = values(per * groups)
    return Case("ConvTranspose", pick(9, 11, 17), {"x": values(2, channels, *extents)}, weights, given, free=flip())


def max_pool():
    rank = pick(1, 2, 2, 3)
    extents = [int(rng.integers(5, 9)) for _ in range(rank)]
    kernel = [int(rng.integers(2, 4)) for _ in range(rank)]
    given = spatial_attributes(rank, extents, kernel, pools=True)
    given["kernel_shape"] = kernel
    opset = pick(9, 10, 12, 17)
    if opset > 9 and "auto_pad" not in given:
        if flip():
            given["ceil_mode"] = 1
        if flip():
            given["dilations"] = [int(rng.integers(1, 3)) for _ in range(rank)]
    return Case("MaxPool", opset, {"x": values(2, 2, *extents)}, {}, given, free=flip())


def average_pool():
    rank = pick(1, 2, 2, 3)
    extents = [int(rng.integers(5, 9)) for _ in range(rank)]
    kernel = [int(rng.integers(2, 4)) for _ in range(rank)]
    given = spatial_attributes(rank, extents, kernel, pools=True)
    given["kernel_shape"] = kernel
    opset = pick(9, 10, 11, 19)
    if flip():
        given["count_include_pad"] = 1
    if opset > 9 and "auto_pad" not in given and flip():
        given["ceil_mode"] = 1
    return Case("AveragePool", opset, {"x": values(2, 2, *extents)}, {}, given, free=flip())


def global_pool():
    return Case(pick("GlobalAveragePool", "GlobalMaxPool"), pick(9, 17), {"x": values(2, 3, *[4] * pick(1, 2, 3))}, free=flip())


def gemm():
    turned = flip()
    given = {"transB": int(turned)}
    if flip():
        given["alpha"] = 0.5
    if flip():
        given["beta"] = 2.0
    w = values(4, 3) if turned else values(3, 4)
    bias = pick(None, (4,), (1, 4), (1,), (2, 4), ())
    given_bias = {} if bias is None else {"c": values(*bias)}
    if flip():
        return Case("Gemm", pick(11, 13), {"x": values(2, 3)}, {"w": w, **given_bias}, given)
    given["transA"] = int(flip())
    x = values(3, 2) if given["transA"] else values(2, 3)
    return Case("Gemm", pick(11, 13), {"x": x, "w": w, **given_bias}, {}, given)


def matmul():
    a, b = pick(((2, 3), (3, 4)), ((2, 5, 3), (3, 4)), ((2, 5, 3), (2, 3, 4)), ((2, 1, 5, 3), (3, 3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((4, 2, 3), (3,)), ((1, 2, 3), (5, 3, 2)))
    held = flip() and len(b) > 1
    return Case("MatMul", pick(9, 13), {"a": values(*a)} if held else {"a": values(*a), "b": values(*b)}, {"b": values(*b)} if held else {})


def elementwise():
    op = pick("Add", "Sub", "Mul", "Div", "Add", "Sub", "Mul", "Div", "Max", "Min", "Pow")
    a, b = pick(((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 3), ()), ((2, 1, 3), (4, 1)), ((3,), (2, 3)), ((2, 3, 4), (3, 1)), ((1,), (2, 3)), ((2, 3), (1, 1)), ((2, 3), (1, 1, 1)))
    left = positive(*a) if op == "Pow" else values(*a)
    right = positive(*b) if op == "Div" else values(*b)
    held = pick("none", "left", "right")
    given = {"a": left, "b": right}
    initial = {"left": ["a"], "right": ["b"], "none": []}[held]
    return Case(op, pick(9 if op not in ("Max", "Min") else 12, 13, 17), {k: v for k, v in given.items() if k not in initial}, {k: v for k, v in given.items() if k in initial}, order=["a", "b"])


def several():
    op = pick("Sum", "Max", "Min", "Mean")
    shapes = [pick((2, 3), (3,), (2, 1)) for _ in range(pick(1, 2, 3))]
    return Case(op, pick(9, 13), {f"x{n}": values(*shape) for n, shape in enumerate(shapes)})


UNARY = {
    9: ["Relu", "Sigmoid", "Tanh", "Exp", "Neg", "Abs", "Softplus", "Softsign", "Erf", "Sin", "Cos", "Atan", "Sinh", "Cosh", "Asinh", "Floor", "Ceil", "Sign", "Identity", "Selu"],
    11: ["Round"],
    14: ["HardSwish"],
    18: ["Mish"],
}
LIMITED = {"Log": positive, "Sqrt": positive, "Reciprocal": positive, "Acosh": lambda *s: 1 + positive(*s), "Asin": lambda *s: values(*s) / 4, "Acos": lambda *s: values(*s) / 4, "Atanh": lambda *s: values(*s) / 4, "Tan": lambda *s: values(*s) / 4}
unary_left = [(op, opset, values) for opset, ops in UNARY.items() for op in ops] + [(op, 9, make) for op, make in LIMITED.items()]


def unary():
    op, opset, make = unary_left.pop() if unary_left else ("Relu", 9, values)
    return Case(op, max(opset, pick(9, 17)), {"x": make(2, 5)}, free=flip())


def parametric():
    op = pick("LeakyRelu", "Elu", "HardSigmoid", "ThresholdedRelu", "Celu", "Shrink", "Gelu")
    given, opset = {}, 16
    if op == "Celu":
        opset = 12
    if op == "Gelu":
        opset = 20
        if flip():
            given["approximate"] = "tanh"
    elif op == "Shrink":
        given = {"bias": pick(0.0, 0.5, 0.25), "lambd": 0.5}
    elif flip():
        given["alpha"] = pick(0.3, 0.75)
        if op == "HardSigmoid":
            given["beta"] = 0.4
    return Case(op, opset, {"x": values(2, 7)}, {}, given, free=flip())


def clip():
    if flip():
        given = {}
        if flip():
            given["min"] = -0.5
        if flip():
            given["max"] = 0.75
        return Case("Clip", pick(9, 10), {"x": values(2, 7)}, {}, given)
    initial = {}
    order = ["x"]
    if flip():
        initial["lo"] = numpy.array(-0.75, dtype=numpy.float32)
        order.append("lo")
    else:
        order.append("")
    if flip():
        initial["hi"] = numpy.array(0.5, dtype=numpy.float32)
        order.append("hi")
    return Case("Clip", pick(11, 13), {"x": values(2, 7)}, initial, order=order)


def prelu():
    shape, slope = pick(((2, 3, 4, 4), (3, 1, 1)), ((2, 3), (3,)), ((2, 3, 4), (1,)), ((2, 3, 4), (3, 1)), ((2, 3, 4), (4,)), ((2, 3, 4, 4), (1, 3, 1, 1)))
    held = flip()
    return Case("PRelu", pick(9, 16), {"x": values(*shape)} if held else {"x": values(*shape), "s": values(*slope)}, {"s": values(*slope)} if held else {}, order=["x", "s"])


def softmax():
    op = pick("Softmax", "LogSoftmax")
    opset = pick(9, 11, 13)
    given = {}
    if flip():
        given["axis"] = pick(-1, 1, 2) if opset < 13 else pick(-2, -1, 0, 1, 2)
    if opset < 11 and given.get("axis", 1) < 0:
        given["axis"] = 2
    return Case(op, opset, {"x": values(2, 3, 4)}, {}, given)


def reduction():
    op = pick("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp")
    by_input = flip()
    opset = 18 if by_input else (11 if op == "ReduceSum" else pick(11, 13))
    axes = pick(None, [0], [1], [-1], [0, 2], [-2, -1], [1, 2])
    given = {}
    if flip():
        given["keepdims"] = pick(0, 1)
    x = positive(2, 3, 4) if op in ("ReduceLogSum", "ReduceProd", "ReduceL2") else values(2, 3, 4)
    if not by_input:
        if axes is not None:
            given["axes"] = axes
        return Case(op, opset, {"x": x}, {}, given)
    if axes is None and flip():
        given["noop_with_empty_axes"] = 1
    return Case(op, opset, {"x": x}, {} if axes is None else {"axes": ints(*axes)}, given)


def arg():
    given = {"axis": pick(-1, 0, 1)}
    if flip():
        given["keepdims"] = 0
    cast = helper.make_node("Cast", ["y0"], ["z"], to=TensorProto.FLOAT)
    return Case(pick("ArgMax", "ArgMin"), pick(11, 13), {"x": values(2, 3, 4)}, {}, given, more=[cast])


def cumsum():
    given = {}
    if flip():
        given["exclusive"] = 1
    if flip():
        given["reverse"] = 1
    return Case("CumSum", 14, {"x": values(2, 5)}, {"axis": numpy.array(pick(0, 1, -1), dtype=numpy.int64)}, given)


def batch_norm():
    rank = pick(0, 1, 2)
    given = {} if flip() else {"epsilon": 0.01, "momentum": 0.8}
    channels = 3
    held = {"s": values(channels), "b": values(channels), "m": values(channels), "v": positive(channels)}
    return Case("BatchNormalization", pick(9, 14, 15), {"x": values(2, channels, *[4] * rank)}, held, given, free=flip())


def norms():
    op = pick("LayerNormalization", "LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization")
    given = {} if flip() else {"epsilon": 0.01}
    if op == "InstanceNormalization":
        return Case(op, 9, {"x": values(2, 3, 5)}, {"s": values(3), "b": values(3)}, given, free=flip())
    if op == "GroupNormalization":
        return Case(op, 21, {"x": values(2, 4, 5)}, {"s": values(4), "b": values(4)}, {**given, "num_groups": pick(1, 2, 4)}, free=flip())
    axis = pick(-1, 1, 2, -2)
    shape = (3, 4) if axis in (1, -2) else (4,)
    held = {"s": values(*shape)}
    if op == "LayerNormalization" and flip():
        held["b"] = values(*shape)
    return Case(op, 17 if op == "LayerNormalization" else 23, {"x": values(2, 3, 4)}, held, {**given, "axis": axis}, free=flip())


def reshape():
    target = pick([2, 12], [2, -1], [0, -1], [0, 0, 2, 2], [-1, 4], [6, 4], [1, 2, 3, 4], [24])
    return Case("Reshape", pick(9, 14), {"x": values(2, 3, 4)}, {"s": ints(*target)})


def shapes():
    op = pick("Flatten", "Squeeze", "Unsqueeze", "Transpose", "Expand", "Tile", "Concat", "DepthToSpace", "SpaceToDepth", "Trilu", "Shape")
    if op == "Flatten":
        return Case(op, 13, {"x": values(2, 3, 4)}, {}, {"axis": pick(0, 1, 2, 3, -1)})
    if op == "Squeeze":
        axes = pick(None, [1], [-1], [1, 3])
        if axes is None:
            return Case(op, pick(9, 13), {"x": values(2, 1, 3, 1)})
        return Case(op, 13, {"x": values(2, 1, 3, 1)}, {"axes": ints(*axes)}) if flip() else Case(op, 11, {"x": values(2, 1, 3, 1)}, {}, {"axes": axes})
    if op == "Unsqueeze":
        axes = pick([0], [1], [-1], [0, 3], [-1, 1])
        return Case(op, 13, {"x": values(2, 3)}, {"axes": ints(*axes)}) if flip() else Case(op, 11, {"x": values(2, 3)}, {}, {"axes": axes})
    if op == "Transpose":
        return Case(op, 13, {"x": values(2, 3, 4)}, {}, pick({}, {"perm": [0, 2, 1]}, {"perm": [2, 0, 1]}, {"perm": [1, 0, 2]}))
    if op == "Expand":
        x, shape = pick(((3, 1), (2, 3, 4)), ((2, 1, 4), (3, 1)), ((1,), (2, 2)), ((2, 3), (2, 3)))
        return Case(op, 13, {"x": values(*x)}, {"s": ints(*shape)})
    if op == "Tile":
        return Case(op, 13, {"x": values(2, 3)}, {"r": ints(*pick((1, 2), (2, 1), (2, 3), (1, 1)))})
    if op == "Concat":
        axis = pick(0, 1, -1, -2)
        other = [2, 3, 4]
        other[axis] = 2
        return Case(op, 13, {"a": values(2, 3, 4), "b": values(*other)}, {}, {"axis": axis})
    if op == "DepthToSpace":
        return Case(op, 13, {"x": values(2, 8, 2, 3)}, {}, {"blocksize": 2, "mode": pick("DCR", "CRD")}, free=flip())
    if op == "SpaceToDepth":
        return Case(op, 13, {"x": values(2, 2, 4, 6)}, {}, {"blocksize": 2}, free=flip())
    if op == "Trilu":
        held = {"k": numpy.array(pick(-1, 0, 1), dtype=numpy.int64)} if flip() else {}
        return Case(op, 14, {"x": values(3, 4)}, held, {"upper": pick(0, 1)})
    more = [helper.make_node("Cast", ["y0"], ["c"], to=TensorProto.FLOAT), helper.make_node("Mul", ["c", "c"], ["d"]), helper.make_node("ReduceProd", ["d"], ["e"], keepdims=0), helper.make_node("Mul", ["x", "e"], ["z"])]
    return Case(op, 17, {"x": values(2, 3, 4)}, {}, pick({}, {"start": 1}, {"start": -2, "end": -1}), more=more)


def slices():
    if flip():
        given = {"starts": [pick(0, 1, -2)], "ends": [pick(2, 3, -1, 1000)], "axes": [pick(1, 2)]}
        given["starts"] = [pick(0, 1)]
        return Case("Slice", 9, {"x": values(2, 4, 5)}, {}, given)
    axes = pick([1], [2], [-1], [1, 2], [0, -1], [0])
    steps = [pick(1, 1, 2, -1, -2) for _ in axes]
    starts = [pick(0, 1, -5) if s > 0 else pick(-1, 3, 1000) for s in steps]
    ends = [pick(1000, 4, -1, 2**62) if s > 0 else pick(-1000, -(2**62)) for s in steps]
    if axes[0] == 0:
        starts[0], ends[0] = (0, 2) if steps[0] > 0 else (-1, -1000)
    held = {"s": ints(*starts), "e": ints(*ends), "a": ints(*axes)}
    if flip() or any(s != 1 for s in steps):
        held["t"] = ints(*steps)
    return Case("Slice", pick(10, 13), {"x": values(2, 4, 5)}, held)


def split():
    axis = pick(1, -1, 0)
    extent = [2, 6, 4][axis]
    opset = pick(11, 13, 18)
    if opset == 18 and flip():
        return Case("Split", 18, {"x": values(2, 6, 4)}, {}, {"axis": axis, "num_outputs": 2}, outputs=2)
    sizes = [1, extent - 1]
    if opset == 11:
        return Case("Split", 11, {"x": values(2, 6, 4)}, {}, {"axis": axis, "split": sizes}, outputs=2)
    return Case("Split", 13, {"x": values(2, 6, 4)}, {"s": ints(*sizes)} if flip() else {}, {"axis": axis}, outputs=2)


def pad():
    mode = pick("constant", "constant", "reflect", "edge")
    pads = [0, pick(0, 1, -1), pick(0, 2), 0, pick(0, 1), pick(0, 1, 2)]
    if mode != "constant":
        pads = [abs(p) for p in pads]
    if flip():
        return Case("Pad", pick(9, 10), {"x": values(2, 4, 5)}, {}, {"mode": mode, "pads": pads, **({"value": 0.5} if mode == "constant" and flip() else {})})
    held = {"p": ints(*pads)}
    order = ["x", "p"]
    if mode == "constant" and flip():
        held["v"] = numpy.array(-1.5, dtype=numpy.float32)
        order.append("v")
    opset = pick(13, 18)
    if opset == 18 and flip():
        held["p"] = ints(1, 2)
        held["a"] = ints(pick(-1, 1))
        order = [*order, *([""] if len(order) == 2 else []), "a"]
    return Case("Pad", opset, {"x": values(2, 4, 5)}, held, {"mode": mode}, order=order)


def gather():
    op = pick("Gather", "Gather", "GatherND", "GatherElements", "OneHot", "embedding", "computed")
    if op == "Gather":
        axis = pick(0, 1, 2, -1)
        at = pick(numpy.array(1), numpy.array([0, 1]), numpy.array([1, 0, -1]), numpy.array([[0, 1], [1, 0]]))
        return Case(op, pick(11, 13), {"x": values(2, 3, 4)}, {"i": at.astype(numpy.int64)}, {"axis": axis})
    if op == "GatherND":
        at = pick([[0], [1]], [[0, 1], [1, 2]], [[1, 2, 3], [0, 0, 1]], [[[0, -1]], [[1, 0]]], [[-1]])
        return Case(op, 13, {"x": values(2, 3, 4)}, {"i": ints(*at) if False else numpy.array(at, dtype=numpy.int64)})
    if op == "GatherElements":
        axis = pick(0, 1, -1)
        at = rng.integers(0, 2, size=(2, 3, 4) if flip() else (1, 2, 3)).astype(numpy.int64)
        return Case(op, 13, {"x": values(2, 3, 4)}, {"i": at}, {"axis": axis})
    if op == "OneHot":
        return Case(op, 11, {"i": rng.integers(0, 4, size=(2, 3)).astype(numpy.int64)}, {"d": numpy.array(4, dtype=numpy.int64), "v": numpy.array(pick([0, 1], [-1, 2]), dtype=numpy.float32)}, {"axis": pick(-1, 1, 0)})
    if op == "embedding":
        return Case("Gather", 13, {"i": rng.integers(0, 5, size=(2, 3)).astype(pick(numpy.int64, numpy.int32))}, {"t": values(5, 4)}, order=["t", "i"], free=flip())
    return Case("Gather", 13, {"x": values(2, 5, 3), "i": rng.integers(0, 2, size=(2,)).astype(numpy.int64)}, {}, {"axis": pick(0, 1, 2)})


def einsum():
    equation, shapes = pick(("bij,bjk->bik", ((2, 3, 4), (2, 4, 5))), ("ij,jk", ((2, 3), (3, 4))), ("...ij->...ji", ((2, 3, 4),)), ("bhqd,bhkd->bhqk", ((2, 2, 3, 4), (2, 2, 5, 4))), ("ij->i", ((2, 3),)), ("ij,ij->", ((2, 3), (2, 3))), ("...i,ij->...j", ((2, 3, 4), (4, 5))), ("i,j->ij", ((2,), (3,))), ("bi,bj,ij->b", ((2, 3), (2, 4), (3, 4))), ("ii->i", ((3, 3),)))
    return Case("Einsum", 12, {f"x{n}": values(*shape) for n, shape in enumerate(shapes)}, {}, {"equation": equation})


def where():
    a, b = pick(((2, 3), (2, 3)), ((3,), (2, 3)), ((), (2, 3)), ((2, 1), (3,)))
    compare = helper.make_node("Where", ["y0", "a", "b"], ["z"])
    held = flip() and a == ()
    given = {"x": values(2, 3), "w": values(*pick((2, 3), (3,), ()))}
    more = [compare]
    source = "y0"
    if flip():
        more = [helper.make_node("Not", ["y0"], ["n"]), helper.make_node("Where", ["n", "a", "b"], ["z"])]
    inputs = {**given, "a": values(*a), "b": values(*b)}
    initial = {"a": inputs.pop("a")} if held else {}
    return Case(pick("Less", "Greater", "Equal", "LessOrEqual", "GreaterOrEqual"), 16, inputs, initial, order=["x", "w"], more=more)


def logic():
    op = pick("And", "Or")
    nodes = [helper.make_node("Less", ["x", "u"], ["p"]), helper.make_node("Greater", ["x", "v"], ["q"]), helper.make_node(op, ["p", "q"], ["r"]), helper.make_node("Cast", ["r"], ["f"], to=1), helper.make_node("Mul", ["x", "f"], ["z"])]
    case = Case("Identity", 13, {"x": values(2, 5)}, {"u": values(5), "v": values(5)}, order=["x"], more=nodes)
    case.op = op
    return case


def resize():
    mode = pick("nearest", "linear")
    rank = pick(3, 4, 4)
    shape = (2, 2, *[int(rng.integers(3, 5)) for _ in range(rank - 2)])
    given = {"mode": mode}
    opset = pick(10, 11, 13, 19)
    factors = [pick(1.0, 2.0, 2.0, 0.5, 1.5, 3.0) for _ in range(rank - 2)]
    scales = numpy.array([1, 1, *factors], dtype=numpy.float32)
    if opset == 10:
        return Case(pick("Resize", "Resize"), 10, {"x": values(*shape)}, {"s": scales}, given, free=flip())
    given["coordinate_transformation_mode"] = pick("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
    if mode == "nearest":
        given["nearest_mode"] = pick("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    if flip():
        sizes = ints(*shape[:2], *[int(e * f) for e, f in zip(shape[2:], factors)])
        if opset == 11:
            none = numpy.array([], dtype=numpy.float32)
            return Case("Resize", opset, {"x": values(*shape)}, {"r": none, "s": none, "n": sizes}, given)
        return Case("Resize", opset, {"x": values(*shape)}, {"n": sizes}, given, order=["x", "", "", "n"])
    if opset == 11:
        return Case("Resize", opset, {"x": values(*shape)}, {"r": numpy.array([], dtype=numpy.float32), "s": scales}, given)
    return Case("Resize", opset, {"x": values(*shape)}, {"s": scales}, given, order=["x", "", "s"], free=flip())


def upsample():
    return Case("Upsample", 9, {"x": values(2, 2, 3, 3)}, {"s": numpy.array(pick([1, 1, 2, 2], [1, 1, 2, 3], [1, 1, 3, 3]), dtype=numpy.float32)}, {"mode": pick("nearest", "linear")}, free=flip())


def recurrent():
    op = pick("LSTM", "GRU", "RNN")
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    direction = pick("forward", "forward", "reverse", "bidirectional")
    dirs = 2 if direction == "bidirectional" else 1
    t, n, i, h = 4, 2, 3, 2
    given = {"hidden_size": h, "direction": direction}
    held = {"W": values(dirs, gates * h, i, low=-1, high=1), "R": values(dirs, gates * h, h, low=-1, high=1)}
    order = ["X", "W", "R"]
    inputs = {"X": values(t, n, i)}
    biased = flip()
    if biased:
        held["B"] = values(dirs, 2 * gates * h, low=-0.5, high=0.5)
    order.append("B" if biased else "")
    order.append("")
    start = pick("none", "none", "zeros", "given", "given")
    states = ["H", "C"] if op == "LSTM" else ["H"]
    if start != "none":
        for state in states:
            array = values(dirs, n, h) if start == "given" else numpy.zeros((dirs, n, h), numpy.float32)
            (inputs if start == "given" else held)[state] = array
            order.append(state)
    if op == "GRU":
        given["linear_before_reset"] = pick(0, 1)
    if op == "LSTM" and flip():
        held["P"] = values(dirs, 3 * h)
        order = [*order, *([""] * (7 - len(order))), "P"]
    if op == "RNN" and flip():
        given["activations"] = [pick("Relu", "Tanh")] * dirs
    if rng.integers(4) == 0:
        given["clip"] = 0.5
    while order[-1] == "":
        order.pop()
    all_outputs = ["Y", "Y_h", "Y_c"][: 3 if op == "LSTM" else 2]
    outs = pick(all_outputs, ["Y"], ["", "Y_h"], all_outputs)
    return Case(op, pick(9, 14), inputs, held, given, order=order, named=outs)


def dequantized():
    scale = numpy.array([0.5, 0.25, 0.125, 1.0], dtype=numpy.float32)
    w = rng.integers(-100, 100, size=(3, 4)).astype(numpy.int8)
    held = {"w": w, "s": scale if flip() else numpy.array(0.5, dtype=numpy.float32)}
    order = ["w", "s"]
    if flip():
        held["z"] = (rng.integers(-3, 3, size=held["s"].shape)).astype(numpy.int8)
        order.append("z")
    return Case("DequantizeLinear", 13, {"x": values(2, 3)}, held, {"axis": 1}, order=order, more=[helper.make_node("MatMul", ["x", "y0"], ["z0"])])


def half():
    w = values(3, 4).astype(numpy.float16)
    return Case("Cast", 13, {"x": values(2, 3)}, {"w": w}, {"to": 1}, order=["w"], more=[helper.make_node("MatMul", ["x", "y0"], ["z0"])])


def choice():
    then = helper.make_graph([helper.make_node("Relu", ["x"], ["t"])], "then", [], [helper.make_empty_tensor_value_info("t")])
    other = helper.make_graph([helper.make_node("Neg", ["x"], ["e"])], "else", [], [helper.make_empty_tensor_value_info("e")])
    nodes = [helper.make_node("Gather", ["y0", "at"], ["d"]), helper.make_node("Equal", ["d", "k"], ["c"]), helper.make_node("If", ["c"], ["z"], then_branch=then, else_branch=other)]
    case = Case("Shape", 17, {"x": values(2, 3)}, {"at": numpy.array(1, dtype=numpy.int64), "k": numpy.array(pick(3, 4), dtype=numpy.int64)}, order=["x"], more=nodes)
    case.op = "If"
    return case


def scan():
    h = helper.make_tensor_value_info("h", 1, [2, 3])
    x = helper.make_tensor_value_info("xt", 1, [2, 3])
    body = helper.make_graph([helper.make_node("Add", ["h", "xt"], ["s"]), helper.make_node("Tanh", ["s"], ["hn"]), helper.make_node("Mul", ["hn", "w"], ["out"])], "body", [h, x], [helper.make_tensor_value_info("hn", 1, [2, 3]), helper.make_tensor_value_info("out", 1, [2, 3])])
    backwards = pick(0, 1)
    given = {"body": body, "num_scan_inputs": 1, "scan_input_directions": [backwards], "scan_output_directions": [backwards]}
    return Case("Scan", pick(11, 17), {"h0": values(2, 3), "xs": values(4, 2, 3)}, {"w": values(3)}, given, order=["h0", "xs"], outputs=2)


PLAN = [(conv, 48), (conv_transpose, 30), (max_pool, 26), (average_pool, 26), (global_pool, 4), (gemm, 16), (matmul, 14), (elementwise, 36), (several, 8), (unary, len(unary_left)), (parametric, 16), (clip, 10), (prelu, 12), (softmax, 12), (reduction, 34), (arg, 6), (cumsum, 6), (batch_norm, 8), (norms, 16), (reshape, 10), (shapes, 34), (slices, 22), (split, 8), (pad, 20), (gather, 26), (einsum, 14), (where, 16), (logic, 4), (resize, 34), (upsample, 4), (recurrent, 40), (dequantized, 6), (half, 2), (choice, 3), (scan, 3)]


def packed(array):
    kinds = {"float32": "f32", "int64": "i32", "int32": "i32"}
    kind = kinds[str(array.dtype)]
    flat = array.astype("<f4" if kind == "f32" else "<i4").tobytes()
    return {"dims": list(array.shape), "dtype": kind, "data": base64.b64encode(flat).decode()}


cases, refused = [], []
for make, count in PLAN:
    for _ in range(count):
        case = make()
        try:
            model = case.model()
            onnx.checker.check_model(model)
            session = onnxruntime.InferenceSession(model.SerializeToString(), PLAIN)
            results = session.run(None, case.inputs)
        except Exception as error:  # what the runtime does not take is no case
            refused.append(f"{case.op} {case.attributes}: {str(error)[:160]}")
            continue
        if any(r.size == 0 for r in results):
            continue
        name = f"{len(cases)} {case.op}-{case.opset} {json.dumps({k: v for k, v in case.attributes.items() if k != 'body'})}"
        cases.append({"name": name, "op": case.op, "model": base64.b64encode(model.SerializeToString()).decode(), "inputs": {k: packed(v) for k, v in case.inputs.items()}, "outputs": {k: packed(numpy.asarray(v)) for k, v in zip(case.outputs, results)}})

os.makedirs(os.path.dirname(OUT), exist_ok=True)
with open(OUT, "wb") as file:
    file.write(gzip.compress(json.dumps(cases).encode(), 9, mtime=0))
print(len(cases), "cases,", os.path.getsize(OUT), "bytes,", len(refused), "that the runtime refuses", file=sys.stderr)
for line in refused:
    print("  ", line, file=sys.stderr)
