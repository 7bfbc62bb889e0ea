"""Elementwise functions: shapes, ends of domains, kinks, infinities."""

import math

import torch
from torch.nn import functional as F

from recording import INF, SHAPES, begin, case, draw, floats, x

begin("elementwise")


def unary(name, of, low=-2.0, high=2.0, points=(), shapes=SHAPES, second=True, attrs=()):
    """Of several shapes, and at the points that it treats apart."""
    for n, shape in enumerate(shapes):
        case(name, [x(shape, low, high, n), *attrs], of, second)
    for some in points:
        case(name, [floats(some), *attrs], of, second)


EDGE = [0.0, 1e4, -1e4, INF, -INF, math.nan]
BIG = [[0.0], [40.0, -40.0], [INF, -INF, math.nan]]
unary("rsqrt", torch.rsqrt, 0.25, 4, [[1e4, 1e-4], [0.0, INF, -1.0]])
unary("erfc", torch.erfc, -3, 3, [[0.0, 5.0, 9.0], [INF, -INF, math.nan]])
unary("exp2", torch.exp2, -3, 3, [[0.0, 30.0, -30.0], [INF, -INF, math.nan]])
unary("log2", torch.log2, 0.25, 4, [[1.0, 8.0, 1e-5], [0.0, INF, -1.0]])
unary("log10", torch.log10, 0.25, 4, [[1.0, 1000.0, 1e-5], [0.0, INF, -1.0]])
unary("tan", torch.tan, -1.4, 1.4, [[0.0, 10.0], [2.0, -3.0]])
unary("asin", torch.asin, -0.9, 0.9, [[0.0, 0.96875], [1.0, -1.0, 1.5]])
unary("acos", torch.acos, -0.9, 0.9, [[0.0, 0.96875], [1.0, -1.0, 1.5]])
unary("atan", torch.atan, -3, 3, [[0.0, 1e4, -1e4], [INF, -INF, math.nan]])
unary("sinh", torch.sinh, -3, 3, [[0.0, 1e-9, 20.0], [INF, -INF, math.nan]])
unary("cosh", torch.cosh, -3, 3, [[0.0, 1e-9, 20.0], [INF, -INF, math.nan]])
unary("asinh", torch.asinh, -3, 3, [[0.0, 1e-9, 1e4, -1e4], [INF, -INF, math.nan]])
unary("acosh", torch.acosh, 1.25, 4, [[1.0625, 1e4], [1.0, INF, 0.5]])
unary("atanh", torch.atanh, -0.9, 0.9, [[0.0, 1e-9, 0.96875], [1.0, -1.0, 2.0]])
unary("sign", torch.sign, points=[[0.0, -0.0], [INF, -INF]])
unary("floor", torch.floor, points=[[-0.5, 2.0, 1e9], [INF, -INF, math.nan]])
unary("ceil", torch.ceil, points=[[-0.5, 2.0, 1e9], [INF, -INF, math.nan]])
unary("trunc", torch.trunc, points=[[-0.5, 2.0, -1e9], [INF, -INF, math.nan]])
unary("round", torch.round, points=[[-0.5, 0.5, 1.5, 2.5, -2.5, 0.49999999999], [INF, -INF, math.nan]])
unary("square", torch.square, points=[[0.0, 1e4], [INF, -INF]])

FAR = [[0.0, 30.0, -30.0], [300.0, -300.0], [INF, -INF]]
unary("logSigmoid", F.logsigmoid, points=FAR)
unary("softsign", F.softsign, points=[[0.0, 1e4, -1e4], [0.5]])
unary("mish", F.mish, points=[[0.0, 30.0, -30.0], [300.0]])
unary("relu6", F.relu6, -2, 8, [[0.0, 6.0], [INF, -INF]])
# PyTorch's own slope is a sixth rounded to float32
unary("hardSigmoid", lambda v: F.relu6(v + 3) / 6, -5, 5, [[-3.5, 3.5], [INF, -INF]])
unary("hardSwish", F.hardswish, -5, 5, [[-3.5, 3.5, 0.0], [1e4, -1e4]])
for low, high in ((-1.0, 1.0), (-0.5, 2.0), (0.25, 0.75)):
    for shape in ([4], [2, 3]):
        case("hardtanh", [x(shape), low, high], F.hardtanh)
    case("hardtanh", [floats([low, high, INF, -INF]), low, high], F.hardtanh)
for n in (0.5, 1.0, 0.0):
    for shape in ([5], [2, 3]):
        case("softshrink", [x(shape), n], F.softshrink)
        case("hardshrink", [x(shape), n], F.hardshrink)
    case("softshrink", [floats([n, -n, INF, -INF]), n], F.softshrink)
    case("hardshrink", [floats([n, -n, INF, -INF]), n], F.hardshrink)
for at, to in ((0.5, -1.0), (0.0, 0.0), (-0.25, 7.0)):
    for shape in ([5], [2, 3]):
        case("threshold", [x(shape), at, to], F.threshold)
    case("threshold", [floats([at, 1e4, -1e4]), at, to], F.threshold)
for alpha in (1.0, 0.5, 2.0):
    for shape in ([5], [2, 3]):
        case("celu", [x(shape), alpha], F.celu)
    case("celu", [floats([1e4, -1e4, 0.0]), alpha], F.celu, second=False)


def clip(v, low, high):
    """With ONNX's slope, 1 on the bounds too; PyTorch's there is 0 in 2.15, and was 1 in earlier ones."""
    return torch.where(v < low, low, torch.where(v > high, high, v))


for low, high in ((-1.0, 1.0), (-INF, 0.5), (0.0, INF), (-0.5, 0.5)):
    for shape in ([5], [2, 3]):
        case("clip", [x(shape), low, high], clip)
case("clip", [floats([-1.0, 1.0, INF, -INF, math.nan]), -1.0, 1.0], clip)
case("clip", [floats([0.5, 0.5]), 0.5, 0.5], clip)
for axis in (-1, 0, 1):
    case("glu", [x([4, 2, 6] if axis == -1 else [4, 6]), axis], lambda v, a: F.glu(v, a))
    case("glu", [x([2, 2], seed=3), axis], lambda v, a: F.glu(v, a))
    case("glu", [floats([[30.0, -30.0], [300.0, -300.0]]), axis], lambda v, a: F.glu(v, a))
for shape, slopes in (([4], [1]), ([2, 3], [3]), ([2, 3, 2], [3]), ([1, 2, 2, 2], [2]), ([2, 3], [1]), ([5, 1], [1]), ([3, 4], [4])):
    case("prelu", [x(shape), x(slopes, 0, 1, 5)], F.prelu)
case("prelu", [floats([[0.0, -0.0, 1e4]]), x([3], 0, 1)], F.prelu, second=False)

PAIRS = [([4], [4]), ([2, 3], [3]), ([2, 1], [1, 3]), ([3, 2], []), ([1], [2, 2]), ([2, 3, 1], [3, 2])]
for n, (a, b) in enumerate(PAIRS):
    case("logAddExp", [x(a, seed=n), x(b, seed=n + 9)], torch.logaddexp)
    case("atan2", [x(a, seed=n), x(b, seed=n + 9)], torch.atan2)
    case("fmod", [x(a, -4, 4, seed=n), x(b, 0.5, 2, seed=n + 9)], torch.fmod)
case("logAddExp", [floats([0.0, 500.0, -500.0]), floats([0.0, -500.0, -501.0])], torch.logaddexp)
case("logAddExp", [floats([INF, -INF, INF]), floats([0.0, 1.0, INF])], torch.logaddexp)
case("logAddExp", [floats([1.0, 2.0]), floats([1.0, 2.0])], torch.logaddexp)
case("atan2", [floats([0.0, 1.0, -1.0, 0.0]), floats([1.0, 0.0, 0.0, -1.0])], torch.atan2)
case("atan2", [floats([0.0]), floats([0.0])], torch.atan2)
case("atan2", [floats([INF, -INF, INF, 1.0]), floats([INF, INF, -INF, -INF])], torch.atan2)
case("fmod", [floats([-7.5, 7.5, -7.5, 7.5]), floats([2.0, -2.0, -2.0, 2.0])], torch.fmod)
case("fmod", [floats([6.0, -6.0, 0.0]), floats([2.0, 4.0, 3.0])], torch.fmod)

for n, shape in enumerate(SHAPES):
    case("isNaN", [x(shape, seed=n)], torch.isnan)
    case("isFinite", [x(shape, seed=n)], torch.isfinite)
case("isNaN", [floats(EDGE)], torch.isnan)
case("isNaN", [floats([math.nan])], torch.isnan)
case("isFinite", [floats(EDGE)], torch.isfinite)
case("isFinite", [floats([INF])], torch.isfinite)


def nan_to_num(v, o):
    return torch.nan_to_num(v, o.get("nan", 0.0), o.get("posinf"), o.get("neginf"))


for o in ({"posinf": 9.0, "neginf": -9.0}, {"nan": 1.5, "posinf": 1.0, "neginf": 0.0}, {"nan": -2.0, "posinf": 2.0, "neginf": -2.0}, {"nan": 7.0, "posinf": 0.0, "neginf": 0.0}):
    case("nanToNum", [floats(EDGE), o], nan_to_num)
    case("nanToNum", [x([2, 3]), o], nan_to_num)

for a, b, cond in (([4], [4], [4]), ([2, 3], [3], [2, 1]), ([], [2, 2], [2, 1]), ([3], [2, 1], []), ([1, 3], [2, 1], [2, 3]), ([2, 1, 2], [3, 1], [2])):
    c = draw(cond, seed=7) > 0
    case("where", [c, x(a), x(b, seed=2)], torch.where)
case("where", [torch.tensor([True, False, True]), floats([INF, 1.0, math.nan]), floats([0.0, -INF, 2.0])], torch.where)
case("where", [torch.tensor([True, False]), floats([1.0, 2.0]), 0.5], lambda c, a, b: torch.where(c, a, torch.tensor(b)))
for name, of in (("less", torch.lt), ("lessEqual", torch.le), ("greater", torch.gt), ("greaterEqual", torch.ge), ("equal", torch.eq), ("notEqual", torch.ne)):
    for n, (a, b) in enumerate(PAIRS):
        case(name, [x(a, -1, 1, n, 2), x(b, -1, 1, n + 9, 2)], of)
    case(name, [floats([INF, -INF, math.nan, 0.0]), floats([INF, 0.0, math.nan, -0.0])], of)
    case(name, [x([5], -1, 1, 3, 2), 0.5], of)

unary("abs", torch.abs, points=[[0.0, 1e4], [INF, -INF]])
unary("neg", torch.neg, points=[[0.0, 1e4], [INF, -INF]])
unary("exp", torch.exp, points=[[0.0, 30.0, -30.0], [INF, -INF]])
unary("expm1", torch.expm1, points=[[0.0, 1e-9, -30.0], [INF, -INF]])
unary("log", torch.log, 0.25, 4, [[1.0, 1e-5], [0.0, INF, -1.0]])


def trigamma(v):
    """The slope of ψ by Hurwitz's ζ: PyTorch's own is right to nine digits only."""
    above = torch.where(v < 0, 1 - v, v)
    return torch.where(v < 0, (math.pi / torch.sin(math.pi * v)) ** 2 - torch.special.zeta(torch.tensor(2.0), above), torch.special.zeta(torch.tensor(2.0), above))


class Digamma(torch.autograd.Function):
    @staticmethod
    def forward(context, v):
        context.save_for_backward(v)
        return torch.digamma(v)

    @staticmethod
    def backward(context, d):
        return d * trigamma(*context.saved_tensors)


class LogGamma(torch.autograd.Function):
    @staticmethod
    def forward(context, v):
        context.save_for_backward(v)
        return torch.lgamma(v)

    @staticmethod
    def backward(context, d):
        return d * Digamma.apply(*context.saved_tensors)


unary("lgamma", LogGamma.apply, 0.25, 6, [[1.0, 2.0, 30.0], [-0.5, -2.75], [1e-3, 1e4], [INF, 0.0]])
unary("digamma", Digamma.apply, 0.25, 6, [[1.0, 2.0, 30.0], [-0.5, -2.75], [1e-3, 1e4], [INF]])
unary("log1p", torch.log1p, -0.75, 4, [[0.0, 1e-9], [-1.0, INF, -2.0]])
unary("sqrt", torch.sqrt, 0.25, 4, [[1.0, 1e-4], [INF, -1.0]])
unary("recip", torch.reciprocal, 0.25, 4, [[1.0, -1e4], [INF, -INF]])
unary("sin", torch.sin, -4, 4, [[0.0, 100.0], [INF]])
unary("cos", torch.cos, -4, 4, [[0.0, 100.0], [INF]])
unary("erf", torch.erf, -3, 3, [[0.0, 5.0], [INF, -INF]])
unary("tanh", torch.tanh, points=FAR)
unary("sigmoid", torch.sigmoid, points=FAR)
unary("relu", F.relu, points=[[0.0, -0.0, 1e4], [INF, -INF]])
unary("silu", F.silu, points=[[0.0, 30.0, -30.0], [300.0]])
unary("selu", F.selu, points=[[30.0, -30.0], [INF, -INF]])
unary("softplus", F.softplus, points=[[15.0, -30.0], [19.0]])
for name, of, values in (("elu", F.elu, (1.0, 0.5)), ("leakyRelu", F.leaky_relu, (0.01, 0.3))):
    for value in values:
        for n, shape in enumerate(([4], [2, 3], [2, 1, 3])):
            case(name, [x(shape, seed=n), value], of)
        case(name, [floats([1e4, -1e4]), value], of)
for o in ({}, {"approximate": "tanh"}):
    for n, shape in enumerate(([4], [2, 3], [2, 1, 3])):
        case("gelu", [x(shape, seed=n), o], lambda v, o: F.gelu(v, approximate=o.get("approximate", "none")))
    case("gelu", [floats([0.0, 30.0, -30.0]), o], lambda v, o: F.gelu(v, approximate=o.get("approximate", "none")))
for name, of in (("softmax", F.softmax), ("logSoftmax", F.log_softmax)):
    for n, (shape, axis) in enumerate((([4], 0), ([2, 3], 1), ([2, 3], 0), ([2, 3, 2], 1), ([1], 0), ([2, 2, 3], -1), ([3, 1], -2))):
        case(name, [x(shape, seed=n), axis], lambda v, a, of=of: of(v, a))
    case(name, [floats([[500.0, -500.0, 499.0]]), -1], lambda v, a, of=of: of(v, a))
for name, of, low in (("add", torch.add, -2), ("sub", torch.sub, -2), ("mul", torch.mul, -2), ("div", torch.div, 0.5), ("maximum", torch.maximum, -2), ("minimum", torch.minimum, -2), ("pow", torch.pow, 0.5)):
    for n, (a, b) in enumerate(PAIRS):
        case(name, [x(a, low, 2, n), x(b, low, 2, n + 9)], of)
    case(name, [floats([1.0, 2.0]), floats([1.0, 3.0])], of)
    case(name, [floats([INF, 4.0]), floats([2.0, 0.5])], of, second=False)
