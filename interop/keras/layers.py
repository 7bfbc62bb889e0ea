"""Layers with weights, and of sequences and features."""

import torch
from keras import layers as K

from made import depthwise, first, kernel, last, layer, run
from recording import begin, floats, x

begin("layers")

MASK = torch.tensor([[True, True, False, True], [True, False, True, True]])
Q, V, KEY = x([2, 3, 2], seed=1), x([2, 4, 3], seed=2), x([2, 4, 2], seed=3)
SAME = x([2, 4, 2], seed=4)


def soft(name, of, options, weights, theirs, call):
    def value(w, q, v, given={}):
        mask = given.get("mask")
        return run(of(**theirs), list(w.values()), [q, v, given.get("key", v)], mask=None if mask is None else [None, mask, None], use_causal_mask=given.get("causal", False))

    layer(name, [], options, weights, call, value)


S, T = x([], seed=5), x([], seed=6)
for call in ([Q, SAME], [Q, V, {"key": KEY}], [Q, V, {"key": KEY, "mask": MASK}], [Q, V, {"key": KEY, "causal": True}], [Q, V, {"key": KEY, "mask": MASK, "causal": True}]):
    soft("attention", K.Attention, {}, {}, {}, call)
    soft("additiveAttention", K.AdditiveAttention, {}, {"scale": x([2], seed=7)}, {}, call)
soft("attention", K.Attention, {"useScale": True}, {"scale": S}, {"use_scale": True}, [Q, SAME])
soft("attention", K.Attention, {"scoreMode": "concat"}, {"scoreWeight": T}, {"score_mode": "concat"}, [Q, SAME])
soft("attention", K.Attention, {"scoreMode": "concat", "useScale": True}, {"scale": S, "scoreWeight": T}, {"score_mode": "concat", "use_scale": True}, [Q, SAME, {"mask": MASK}])
soft("additiveAttention", K.AdditiveAttention, {"useScale": False}, {}, {"use_scale": False}, [Q, SAME])

# rows as they are, in training
for n, iterations in enumerate((1, 2, 3, 1)):
    W, U = x([4, 3], seed=n), x([3], seed=n + 4)
    if n == 3:
        W = floats(torch.zeros(4, 3))

    def spectral(w, given, iterations=iterations):
        made = K.SpectralNormalization(K.Dense(3, use_bias=False), power_iterations=iterations)
        made.build((4, 4))
        return run(made, [given], torch.eye(4), states=[w["vector"][None]], training=True)

    layer("spectralNormalization", [], {"iterations": iterations}, {"vector": U.t.detach()}, [W], spectral)

WINDOW = {1: [3], 2: [2, 3]}
SPACE = {1: [6], 2: [4, 5]}
OPTIONS = [({}, {}), ({"padding": "same", "depthMultiplier": 2}, {"padding": "same", "depth_multiplier": 2}), ({"strides": 2, "useBias": False}, {"strides": 2, "use_bias": False}), ({"strides": 2, "padding": "same"}, {"strides": 2, "padding": "same"}), ({"dilation": 2}, {"dilation_rate": 2})]
for n in (1, 2):
    for seed, (o, theirs) in enumerate(OPTIONS):
        m = o.get("depthMultiplier", 1)
        image = x([2, 2, *SPACE[n]] if "dilation" not in o else [2, 2, *[e + 2 for e in SPACE[n]]], seed=seed)
        bias = lambda units: {"bias": x([units], seed=seed + 3)} if o.get("useBias", True) else {}
        own = {k: v for k, v in o.items() if k != "useBias"} | ({"useBias": False} if "useBias" in o else {})
        each = x([2 * m, 1, *WINDOW[n]], seed=seed + 1)

        def separable(w, v, n=n, theirs=theirs):
            of = [K.SeparableConv1D, K.SeparableConv2D][n - 1](3, WINDOW[n], **theirs)
            return first(run(of, [depthwise(w["depthwise"], 2), kernel(w["pointwise"]), *([w["bias"]] if "bias" in w else [])], last(v)))

        def apart(w, v, n=n, theirs=theirs):
            of = [K.DepthwiseConv1D, K.DepthwiseConv2D][n - 1](WINDOW[n], **theirs)
            return first(run(of, [depthwise(w["kernel"], 2), *([w["bias"]] if "bias" in w else [])], last(v)))

        layer(f"separableConv{n}d", [3, WINDOW[n]], own, {"depthwise": each, "pointwise": x([3, 2 * m, *[1] * n], seed=seed + 2), **bias(3)}, [image], separable)
        layer(f"depthwiseConv{n}d", [WINDOW[n]], own, {"kernel": each, **bias(2 * m)}, [image], apart)

for n in (1, 2):
    for seed, (o, theirs) in enumerate((({}, {}), ({"padding": "same", "returnSequences": True}, {"padding": "same", "return_sequences": True}), ({"strides": 2, "padding": "same"}, {"strides": 2, "padding": "same"}), ({"strides": 2, "returnSequences": True}, {"strides": 2, "return_sequences": True}))):
        window = [2] if n == 1 else [2, 3]

        def recurrent(w, v, n=n, window=window, theirs=theirs):
            made = [K.ConvLSTM1D, K.ConvLSTM2D][n - 1](2, window, **theirs)
            y = run(made, [kernel(w["kernel"]), kernel(w["recurrentKernel"]), w["bias"]], last(v, 2))
            return first(y, 2 if theirs.get("return_sequences") else 1)

        weights = {"kernel": x([8, 2, *window], -1, 1, seed=seed), "recurrentKernel": x([8, 2, *window], -1, 1, seed=seed + 9), "bias": x([8], seed=seed)}
        layer(f"convLstm{n}d", [2, window], o, weights, [x([1, 3, 2, *([5] if n == 1 else [4, 3])], seed=seed)], recurrent)

for seed, (equation, shape, units, k, biased, size) in enumerate((("ab,bc->ac", [2, 3], 4, [3, 4], "c", [4]), ("abc,cd->abd", [2, 3, 2], [3, 4], [2, 4], None, None), ("abc,cde->abde", [2, 3, 2], [3, 2, 3], [2, 2, 3], "de", [2, 3]), ("abc,cde->abde", [2, 3, 2], [3, 2, 3], [2, 2, 3], "e", [3]), ("abcd,cde->abe", [2, 2, 2, 3], [2, 4], [2, 3, 4], "e", [4]), ("abc,bd->adc", [2, 3, 2], [4, 2], [3, 4], "d", [4]))):

    def einsum(w, v, equation=equation, units=units, biased=biased):
        made = K.EinsumDense(equation, tuple(units) if isinstance(units, list) else units, bias_axes=biased, activation="tanh")
        made.build(v.shape)
        bias = [w["bias"].reshape(made.bias.shape)] if biased else []
        return run(made, [w["kernel"], *bias], v)

    layer("einsumDenseTanh", [equation, units], {} if biased is None else {"biasAxes": biased}, {"kernel": x(k, seed=seed), **({"bias": x(size, seed=seed)} if biased else {})}, [x(shape, seed=seed)], einsum)

layer("timeDistributedDense", [3], {}, {"kernel": x([2, 3]), "bias": x([3])}, [x([2, 4, 2])], lambda w, v: run(K.TimeDistributed(K.Dense(3)), [w["kernel"], w["bias"]], v))
TOKENS = torch.tensor([[0, 3, 1], [4, 2, 3]])
layer("reversibleEmbedding", [5, 2], {}, {"table": x([5, 2])}, [TOKENS], lambda w, i: run(K.ReversibleEmbedding(5, 2), [w["table"]], i))
layer("reverseEmbedding", [5, 2], {}, {"table": x([5, 2])}, [x([2, 3, 2])], lambda w, v: run(K.ReversibleEmbedding(5, 2), [w["table"]], v, reverse=True))

ROWS = torch.cat([x([3, 4]).t.detach(), torch.tensor([[3e-8, 0, -4e-8, 0]])])
layer("unitNormalization", [], {}, {}, [floats(ROWS)], lambda _, v: K.UnitNormalization()(v))
layer("unitNormalization", [], {"axis": 1}, {}, [x([2, 3, 4])], lambda _, v: K.UnitNormalization(axis=1)(v))
layer("unitNormalization", [], {"axis": [1, 2]}, {}, [x([2, 3, 4])], lambda _, v: K.UnitNormalization(axis=[1, 2])(v))
layer("repeatVector", [3], {}, {}, [x([2, 4])], lambda _, v: K.RepeatVector(3)(v))
for order in ([2, 1], [1, 2]):
    layer("permute", [order], {}, {}, [x([2, 3, 2])], lambda _, v, order=order: K.Permute(order)(v))
layer("permute", [[3, 1, 2]], {}, {}, [x([2, 3, 2, 4])], lambda _, v: K.Permute((3, 1, 2))(v))
layer("masking", [0.5], {}, {}, [floats(torch.tensor([[[0.5, 0.5], [1, 0.5], [0, 0]]]))], lambda _, v: K.Masking(0.5)(v))

layer("rescaling", [0.5, -1], {}, {}, [x([2, 3])], lambda _, v: K.Rescaling(0.5, -1)(v))
layer("normalization", [], None or {"mean": [0.5, 1, -2], "variance": [1, 4, 0.25]}, {}, [x([2, 3])], lambda _, v: K.Normalization(mean=[0.5, 1, -2], variance=[1, 4, 0.25])(v))
layer("normalization", [], {"mean": 0.5, "variance": 4}, {}, [x([2, 3])], lambda _, v: K.Normalization(axis=None, mean=0.5, variance=4)(v))
layer("normalization", [], {"axis": 1, "mean": [0.5, 1], "variance": [0, 4]}, {}, [x([2, 2, 3])], lambda _, v: K.Normalization(axis=1, mean=[0.5, 1], variance=[0, 4])(v))
layer("discretization", [[-1, 0, 0.5, 1.5]], {}, {}, [floats(torch.tensor([[-2.0, -1, -0.5, 0], [0.25, 0.5, 1.5, 9]]))], lambda _, v: K.Discretization(bin_boundaries=[-1, 0, 0.5, 1.5])(v))
for mode, theirs in (("oneHot", "one_hot"), ("multiHot", "multi_hot"), ("count", "count")):
    for shape in ([2, 3], [2, 1], [2, 2, 3]):
        if shape == [2, 2, 3] and mode != "oneHot":
            continue  # Keras says there that it takes the last axis, and takes axis 1
        i = (torch.arange(torch.Size(shape).numel()) * 3 % 4 * 2 % 5).reshape(shape)
        i.reshape(-1)[0] = 4
        layer("categoryEncoding", [5], {"outputMode": mode}, {}, [i], lambda _, v, theirs=theirs: K.CategoryEncoding(5, theirs)(v))
# K.IntegerLookup needs TensorFlow
