"""Functions under layers: windows, strides, padding, dilation, groups, statistics."""

import torch
from torch.nn import functional as F

from recording import begin, case, draw, floats, x

begin("layers")


def ends(o, n):
    p = o.get("padding", 0)
    return [p] * n if isinstance(p, int) else p


def conv(n, transposed=False):
    of = getattr(F, f"conv_transpose{n}d" if transposed else f"conv{n}d")

    def run(v, k, o):
        own = {"stride": o.get("strides", 1), "padding": ends(o, n), "dilation": o.get("dilation", 1), "groups": o.get("groups", 1)}
        if transposed:
            own["output_padding"] = o.get("outputPadding", 0)
        return of(v, k, o.get("bias"), **own)

    return run


SPACE = {1: [5], 2: [4, 3], 3: [3, 3, 3]}
for n, space in SPACE.items():
    window = [3, 2, 2][:n] if n < 3 else [2, 2, 1]
    each = list(range(1, n + 1))
    bias = lambda k, seed: x([k], seed=seed)
    for seed, o in enumerate(({}, {"bias": bias(2, 9)}, {"strides": 2}, {"padding": 1}, {"padding": 1, "strides": [2] * n, "bias": bias(2, 8)}, {"dilation": 2, "padding": 2}, {"padding": [1, 0, 1][:n], "dilation": [1, 2, 1][:n]}, {"strides": [1, 2, 1][:n], "padding": 1})):
        case(f"functions.conv{n}d", [x([2, 2, *space], seed=seed), x([2, 2, *window], seed=seed + 5), o], conv(n))
    for seed, o in enumerate(({"groups": 2}, {"groups": 2, "padding": 1, "bias": bias(4, 3)})):
        case(f"functions.conv{n}d", [x([1, 2, *space], seed=seed), x([4, 1, *window], seed=seed + 5), o], conv(n))
    for seed, o in enumerate(({}, {"bias": bias(2, 9)}, {"strides": 2}, {"padding": 1}, {"strides": 2, "outputPadding": 1}, {"strides": 2, "padding": 1, "outputPadding": 1}, {"dilation": 2, "padding": 1}, {"dilation": 2, "strides": 2}, {"strides": [2] * n, "padding": 1, "bias": bias(2, 8)})):
        case(f"functions.conv{n}dTranspose", [x([1, 2, *space], seed=seed), x([2, 2, *window], seed=seed + 5), o], conv(n, True))
    for seed, o in enumerate(({"groups": 2}, {"groups": 2, "strides": 2, "bias": bias(4, 3)})):
        case(f"functions.conv{n}dTranspose", [x([1, 2, *space], seed=seed), x([2, 2, *window], seed=seed + 5), o], conv(n, True))

for seed, (k, o) in enumerate(((2, {}), (4, {}), (2, {"padding": 1}), (2, {"strides": 2}), (4, {"strides": [2, 1], "padding": 1}), (2, {"dilation": 2, "padding": 2}), (4, {"dilation": [2, 1], "padding": 1}), (4, {"bias": x([4], seed=4)}), (2, {"bias": x([2], seed=4), "padding": [1, 0]}))):
    case("functions.depthwiseConv2d", [x([2, 2, 4, 3], seed=seed), x([k, 1, 2, 2], seed=seed + 3), o], lambda v, k, o: conv(2)(v, k, {**o, "groups": 2}))
for seed, (shape, units, biased) in enumerate((([2, 3], 2, True), ([2, 3], 4, False), ([2, 2, 3], 2, True), ([1, 2], 1, True), ([3, 1], 2, False), ([2, 1, 2, 2], 3, True), ([4], 2, False), ([5, 2], 2, True))):
    case("functions.dense", [x(shape, seed=seed), x([shape[-1], units], seed=seed + 3), {"bias": x([units], seed=seed + 4)} if biased else {}], lambda v, k, o: F.linear(v, k.T, o.get("bias")))
for seed, (tokens, v, w) in enumerate((([3], 4, 2), ([2, 3], 4, 2), ([], 3, 2), ([5], 2, 1), ([2, 2, 2], 3, 3), ([1], 1, 4), ([4, 1], 5, 2), ([2, 4], 3, 1))):
    i = (torch.arange(max(1, int(torch.tensor(tokens).prod()) if tokens else 1)) * 3 % v).reshape(tokens)
    case("functions.embedding", [i, x([v, w], seed=seed)], lambda i, t: F.embedding(i, t))


def pooled(n, of):
    if of == "max":
        return lambda v, k, o: getattr(F, f"max_pool{n}d")(v, k, o.get("strides"), ends(o, n), o.get("dilation", 1), o.get("ceilMode", False))
    return lambda v, k, o: getattr(F, f"avg_pool{n}d")(v, k, o.get("strides"), ends(o, n), o.get("ceilMode", False), o.get("paddedZeros") == "counted")


POOLED = {1: [7], 2: [5, 4], 3: [4, 3, 5]}
for n, space in POOLED.items():
    shared = (({}, 2), ({"strides": 1}, 2), ({"padding": 1}, 3), ({"ceilMode": True}, 2), ({"ceilMode": True, "strides": 2, "padding": 1}, 3), ({"strides": [1, 2, 1][:n], "padding": [1, 0, 1][:n]}, 2), ({"ceilMode": True, "strides": 3}, 2))
    for seed, (o, k) in enumerate(shared + (({"dilation": 2, "strides": 1}, 2), ({"dilation": 2, "padding": 1, "strides": 2}, 2), ({"dilation": 2, "ceilMode": True}, 2))):
        case(f"functions.maxPool{n}d", [x([1, 2, *space], seed=seed), k, o], pooled(n, "max"))
    for seed, (o, k) in enumerate(shared + (({"paddedZeros": "counted", "padding": 1}, 2), ({"paddedZeros": "counted", "padding": 1, "ceilMode": True}, 3), ({"paddedZeros": "counted", "ceilMode": True}, 2))):
        case(f"functions.avgPool{n}d", [x([1, 2, *space], seed=seed), k, o], pooled(n, "avg"))
    for seed, size in enumerate((1, 2, 3, [3, 2, 1][:n], [1, 4, 2][:n], 4, [2, 3, 4][:n], [5, 1, 3][:n])):
        case(f"functions.adaptiveAvgPool{n}d", [x([1, 2, *space], seed=seed), size], lambda v, s, n=n: getattr(F, f"adaptive_avg_pool{n}d")(v, s))
        case(f"functions.adaptiveMaxPool{n}d", [x([1, 2, *space], seed=seed), size], lambda v, s, n=n: getattr(F, f"adaptive_max_pool{n}d")(v, s))


def scaling(k, seed):
    return {"gamma": x(k, seed=seed), "beta": x(k, seed=seed + 1)}


def epsilon(o):
    return o.get("epsilon", 1e-5)


def batch_norm(v, o):
    """With gradients in given statistics too, which PyTorch's own has not."""
    axis = o.get("axis", 1) % v.dim()
    others = [a for a in range(v.dim()) if a != axis]
    own = lambda t: t.reshape([s if a == axis else 1 for a, s in enumerate(v.shape)])
    mean = own(o["mean"]) if "mean" in o else v.mean(others, keepdim=True)
    var = own(o["variance"]) if "variance" in o else v.var(others, correction=0, keepdim=True)
    y = (v - mean) / torch.sqrt(var + epsilon(o))
    if axis == 1 and "mean" not in o:
        g, b = o.get("gamma"), o.get("beta")
        return F.batch_norm(v, None, None, g, b, True, 0.0, epsilon(o))
    y = y * own(o["gamma"]) if "gamma" in o else y
    return y + own(o["beta"]) if "beta" in o else y


def statistics(k, seed):
    return {"mean": x([k], seed=seed), "variance": x([k], 0.25, 2, seed=seed)}


for seed, (shape, o) in enumerate((([4, 3], {}), ([4, 3], scaling([3], 5)), ([2, 3, 4], scaling([3], 6)), ([2, 2, 3, 2], {"epsilon": 0.25}), ([2, 3, 4], {**statistics(3, 7), **scaling([3], 8)}), ([1, 2], statistics(2, 3)), ([2, 3, 2, 2], {**statistics(3, 4), "epsilon": 0.5}), ([3, 4, 2], {"axis": 2, **scaling([2], 3)}), ([3, 2], {"axis": -1}))):
    case("functions.batchNorm", [x(shape, seed=seed), o], batch_norm)


def over(v, o):
    axes = o.get("axis", -1)
    return [a % v.dim() for a in (axes if isinstance(axes, list) else [axes])]


def layer_norm(v, o):
    axes = sorted(over(v, o))
    mean, var = v.mean(axes, keepdim=True), v.var(axes, correction=0, keepdim=True)
    own = lambda t: t.reshape([s if a in axes else 1 for a, s in enumerate(v.shape)])
    y = (v - mean) / torch.sqrt(var + epsilon(o))
    y = y * own(o["gamma"]) if "gamma" in o else y
    return y + own(o["beta"]) if "beta" in o else y


def rms_norm(v, o):
    axes = sorted(over(v, o))
    y = v / torch.sqrt((v * v).mean(axes, keepdim=True) + epsilon(o))
    return y * o["gamma"].reshape([s if a in axes else 1 for a, s in enumerate(v.shape)]) if "gamma" in o else y


for seed, (shape, o, own) in enumerate((([2, 3], {}, [3]), ([2, 3, 4], {"axis": [1, 2]}, [3, 4]), ([2, 3, 2], {"axis": 1}, [3]), ([2, 3, 2, 2], {"axis": [-1, -2, -3]}, [3, 2, 2]), ([4], {"epsilon": 0.5}, [4]), ([2, 2, 3], {"axis": [0, 2], "epsilon": 0.125}, [2, 3]))):
    case("functions.layerNorm", [x(shape, seed=seed), o], layer_norm)
    case("functions.layerNorm", [x(shape, seed=seed), {**o, **scaling(own, seed)}], layer_norm)
    case("functions.rmsNorm", [x(shape, seed=seed), o], rms_norm)
    case("functions.rmsNorm", [x(shape, seed=seed), {**o, "gamma": x(own, seed=seed + 2)}], rms_norm)
for seed, (shape, groups, o) in enumerate((([2, 4], 2, {}), ([2, 4, 3], 2, scaling([4], 3)), ([1, 6, 2], 3, {}), ([2, 2, 2, 2], 1, scaling([2], 3)), ([2, 4, 2], 4, {"epsilon": 0.5}), ([2, 4, 3], 2, {"epsilon": 0.125}), ([2, 4, 2, 2], 2, {"gamma": x([4])}), ([1, 4, 2, 1, 2], 2, {"beta": x([4])}), ([3, 2, 3], 2, scaling([2], 4)))):
    case("functions.groupNorm", [x(shape, seed=seed), groups, o], lambda v, g, o: F.group_norm(v, g, o.get("gamma"), o.get("beta"), epsilon(o)))
for seed, (shape, o) in enumerate((([2, 3, 4], {}), ([2, 3, 4], scaling([3], 3)), ([1, 2, 2, 2], {}), ([2, 2, 3, 2], scaling([2], 3)), ([2, 2, 5], {"epsilon": 0.5}), ([2, 2, 4], {"epsilon": 0.125}), ([1, 1, 6], scaling([1], 2)), ([1, 2, 2, 1, 2], {}), ([2, 3, 2], scaling([3], 9)))):
    case("functions.instanceNorm", [x(shape, seed=seed), o], lambda v, o: F.instance_norm(v, None, None, o.get("gamma"), o.get("beta"), True, 0.0, epsilon(o)))


def attention(q, k, v, o):
    t, s = q.shape[-2], k.shape[-2]
    n = q.shape[-3] // k.shape[-3] if q.dim() > 2 else 1
    if n > 1:
        k, v = k.repeat_interleave(n, -3), v.repeat_interleave(n, -3)
    scores = q @ k.transpose(-1, -2) * o.get("scale", q.shape[-1] ** -0.5) + o.get("bias", 0)
    if o.get("causal"):
        scores = scores.masked_fill(torch.arange(s) > torch.arange(t)[:, None], -1e30)
    if "mask" in o:
        scores = scores.masked_fill(~o["mask"], -1e30)
    return torch.softmax(scores, -1) @ v


def seen(*shape):
    m = draw(list(shape), seed=31) > -0.5
    m[..., 0] = True
    return m


for seed, (q, k, v, o) in enumerate((
    ([3, 4], [2, 4], [2, 3], {}), ([3, 2], [3, 2], [3, 2], {"causal": True}), ([2, 3, 2], [2, 4, 2], [2, 4, 1], {"mask": seen(2, 3, 4)}), ([2, 3, 2], [2, 3, 2], [2, 3, 2], {"causal": True, "mask": seen(2, 1, 3)}),
    ([1, 2, 3, 2], [1, 2, 3, 2], [1, 2, 3, 2], {"bias": x([2, 3, 3], seed=5)}), ([3, 2], [3, 2], [3, 2], {"scale": 0.5}), ([1, 4, 2, 2], [1, 2, 3, 2], [1, 2, 3, 2], {}), ([2, 4, 3, 2], [2, 1, 3, 2], [2, 1, 3, 3], {"causal": True}),
    ([1, 2, 3, 2], [1, 1, 3, 2], [1, 1, 3, 2], {"bias": x([1, 3], seed=6), "mask": seen(3, 3), "scale": 2.0}),
)):
    case("scaledDotProductAttention", [x(q, seed=seed), x(k, seed=seed + 3), x(v, seed=seed + 6), o], attention)


def rotary(v, o):
    t, d = v.shape[-2:]
    angle = torch.arange(t)[:, None] * o.get("base", 10000.0) ** (-torch.arange(0, d, 2) / d)
    turn = torch.polar(torch.ones_like(angle), angle)
    a, b = (v[..., 0::2], v[..., 1::2]) if o.get("interleaved") else (v[..., : d // 2], v[..., d // 2 :])
    real, imaginary = a * turn.real - b * turn.imag, b * turn.real + a * turn.imag
    return torch.stack([real, imaginary], -1).flatten(-2) if o.get("interleaved") else torch.cat([real, imaginary], -1)


for shape in ([3, 4], [2, 3, 2], [1, 2, 4, 6], [1, 2]):
    for o in ({}, {"interleaved": True}, {"base": 4.0}, {"base": 2.0, "interleaved": True}):
        case("rotaryEmbedding", [x(shape), o], rotary)

LEAST = -1.7580993408473766
for seed, (shape, mask) in enumerate((([4], [4]), ([2, 3], [2, 3]), ([2, 3], [2, 1]), ([2, 3, 2], [2, 3, 1]), ([2, 2, 2, 2], [2, 2, 1, 1]), ([5], [1]), ([3, 2], [2]), ([2, 4], []))):
    kept, p = draw(mask, seed=seed) > -0.5, (0.5, 0.25, 0.0, 0.75)[seed % 4]
    scale = ((1 - p) * (1 + p * LEAST * LEAST)) ** -0.5
    case("functions.dropout", [x(shape, seed=seed), kept, p], lambda v, k, p: torch.where(k, v / (1 - p), torch.zeros(())))
    case("functions.alphaDropout", [x(shape, seed=seed), kept, p], lambda v, k, p: torch.where(k, v, torch.tensor(LEAST)) * scale - scale * LEAST * p)

for seed, (n, width, units, biased) in enumerate(((2, 3, 2, True), (1, 2, 3, True), (3, 1, 2, False), (2, 2, 1, True), (1, 1, 1, True), (2, 4, 2, False), (3, 2, 2, True), (1, 3, 3, False))):
    for name, gates, states, step in (("lstmCell", 4, 2, torch.lstm_cell), ("gruCell", 3, 1, torch.gru_cell)):
        own = [x([n, units], seed=seed + 20 + k) for k in range(states)]
        o = {"bias": x([gates * units], seed=seed + 30), "recurrentBias": x([gates * units], seed=seed + 31)} if biased else {}
        args = [x([n, width], seed=seed), own if states == 2 else own[0], x([width, gates * units], seed=seed + 40), x([units, gates * units], seed=seed + 41), o]
        case(f"functions.{name}", args, lambda v, s, k, r, o, step=step: step(v, tuple(s) if isinstance(s, list) else s, k.T, r.T, o.get("bias"), o.get("recurrentBias")))


def interpolate(v, size, o):
    mode, n = o.get("mode", "nearest"), v.dim() - 2
    name = {"nearest": "nearest", "linear": ["linear", "bilinear", "trilinear"][n - 1], "cubic": "bicubic"}[mode]
    return F.interpolate(v, size, mode=name, **({} if mode == "nearest" else {"align_corners": o.get("coordinates") == "align_corners"}))


for seed, (shape, size) in enumerate((([1, 2, 4], [8]), ([2, 1, 5], [3]), ([1, 2, 3, 4], [6, 8]), ([1, 1, 4, 4], [3, 7]), ([2, 1, 3, 2], [3, 5]), ([1, 1, 2, 2, 3], [4, 2, 5]), ([1, 2, 3, 3], [1, 1]), ([2, 1, 6, 4], [3, 10]), ([1, 1, 4, 6], [6, 3]), ([1, 1, 1, 5], [4, 5]), ([1, 1, 3, 4], [19, 21]))):
    for o in ({}, {"mode": "linear"}, {"mode": "linear", "coordinates": "align_corners"}, {"mode": "cubic"}, {"mode": "cubic", "coordinates": "align_corners"}):
        if o.get("mode") != "cubic" or len(shape) == 4:
            case("resize", [x(shape, seed=seed), size, o], interpolate)
for seed, (shape, r) in enumerate((([1, 4, 2, 3], 2), ([2, 8, 1, 2], 2), ([1, 9, 2, 2], 3), ([2, 2, 3, 3], 1), ([1, 4, 1, 1], 2), ([1, 12, 2, 1], 2), ([3, 4, 2, 2], 2), ([1, 16, 1, 2], 4))):
    case("pixelShuffle", [x(shape, seed=seed), r], F.pixel_shuffle)
    case("pixelUnshuffle", [x([shape[0], shape[1] // (r * r) or 1, shape[2] * r, shape[3] * r], seed=seed), r], F.pixel_unshuffle)
for seed, (shape, to) in enumerate((([1, 2, 3, 4], [2, 2]), ([2, 1, 4, 3], [3, 2]))):
    for o in ({}, {"outside": "border"}, {"alignCorners": True}, {"outside": "border", "alignCorners": True}, {"mode": "nearest"}, {"mode": "nearest", "outside": "border"}):
        grid = x([shape[0], *to, 2], -1.2, 1.2, seed + 40, 517)
        case("gridSample", [x(shape, seed=seed), grid, o], lambda v, g, o: F.grid_sample(v, g, o.get("mode", "bilinear"), o.get("outside", "zeros"), o.get("alignCorners", False)), second=False)
