"""What torch.nn.functional has besides: windows as tensors, places of maxima, distances, channels, and the losses of margins and likelihoods."""

import math

import torch
from torch.nn import functional as F

from layers import ends
from losses import how, reduced
from recording import begin, case, draw, floats, x

begin("functional")

REDUCTIONS = ({}, {"reduction": "sum"}, {"reduction": "none"})


def tuple_of(v):
    return tuple(v) if isinstance(v, list) else v


def patches(o):
    return {"dilation": tuple_of(o.get("dilation", 1)), "padding": tuple_of(o.get("padding", 0)), "stride": tuple_of(o.get("strides", 1))}


for seed, (shape, k, o) in enumerate((([1, 2, 4, 3], 2, {}), ([2, 1, 4, 4], [2, 3], {}), ([1, 2, 4, 4], 2, {"strides": 2}), ([1, 1, 4, 3], 3, {"padding": 1}), ([1, 2, 5, 4], 2, {"dilation": 2}), ([2, 2, 4, 4], [1, 2], {"strides": [2, 1], "padding": [0, 1]}), ([1, 1, 5, 5], 2, {"dilation": [2, 1], "padding": 1, "strides": 2}), ([1, 3, 2, 2], 2, {}))):
    case("unfold", [x(shape, seed=seed), k, o], lambda v, k, o: F.unfold(v, tuple_of(k), **patches(o)))
    y = F.unfold(draw(shape), tuple_of(k), **patches(o))
    case("fold", [x(list(y.shape), seed=seed), shape[2:], k, o], lambda v, s, k, o: F.fold(v, tuple_of(s), tuple_of(k), **patches(o)))

for seed, shape in enumerate(([4], [2, 3], [3, 2], [2, 1, 3], [2, 2], [1], [5], [3, 3])):
    case("softmin", [x(shape, seed=seed), *([0] if seed % 2 else [])], lambda v, a=-1: F.softmin(v, a))
    case("tanhShrink", [x(shape, seed=seed)], F.tanhshrink)
    for o in ({}, {"p": 1}, {"axis": 0}, {"epsilon": 0.5, "p": 3}):
        case("normalize", [x(shape, 0.25, 2, seed=seed), o], lambda v, o: F.normalize(v, o.get("p", 2), o.get("axis", -1), o.get("epsilon", 1e-12)))
case("normalize", [floats([[0.0, 0.0], [1.0, 2.0]]), {}], lambda v, o: F.normalize(v, 2, -1), second=False)
for seed, (a, b) in enumerate((([2, 3], [2, 3]), ([4], [4]), ([2, 3], [3]), ([2, 1, 3], [2, 3]), ([3, 2], [1, 2]))):
    for o in ({}, {"p": 1}, {"p": 3, "keepDims": True}, {"epsilon": 0.125}):
        case("pairwiseDistance", [x(a, seed=seed), x(b, seed=seed + 9), o], lambda a, b, o: F.pairwise_distance(a, b, o.get("p", 2), o.get("epsilon", 1e-6), o.get("keepDims", False)))
for seed, (shape, p) in enumerate((([3, 2], 2), ([2, 3], 2), ([4, 1], 2), ([5, 2], 2), ([3, 2], 1), ([4, 2], 3), ([3, 3], 1), ([2, 2], 4))):
    case("pdist", [x(shape, seed=seed), p], lambda v, p: torch.stack([(v[i] - v[j]).abs().pow(p).sum().pow(1 / p) for i in range(len(v)) for j in range(i + 1, len(v))]))

for seed, (shape, g) in enumerate((([1, 4, 2], 2), ([2, 6, 1, 2], 3), ([1, 6, 2, 2], 2), ([2, 2, 3], 1), ([1, 4, 1, 1, 2], 4), ([2, 4, 2, 2], 2), ([1, 8, 1], 4), ([1, 9, 2], 3))):
    case("channelShuffle", [x(shape, seed=seed), g], F.channel_shuffle)
for seed, (shape, n, o) in enumerate((([1, 4, 2], 2, {}), ([2, 3, 2, 2], 3, {}), ([1, 5, 1, 2], 5, {"alpha": 0.5}), ([1, 2, 3], 1, {"beta": 0.5, "alpha": 0.25}), ([1, 4, 2, 2], 2, {"k": 2.0, "alpha": 1.0}), ([2, 4, 3], 3, {"alpha": 1.0, "beta": 1.5}), ([1, 3, 1, 1, 2], 2, {"k": 0.5}), ([1, 6, 2], 4, {"alpha": 0.75, "k": 1.5}))):
    case("localResponseNorm", [x(shape, seed=seed), n, o], lambda v, n, o: F.local_response_norm(v, n, o.get("alpha", 1e-4), o.get("beta", 0.75), o.get("k", 1.0)))
POOLED = {1: [7], 2: [5, 4], 3: [4, 3, 5]}
for n, space in POOLED.items():
    for seed, (p, k, o) in enumerate(((2, 2, {}), (1, 2, {}), (3, 2, {}), (2, 3, {"strides": 1}), (2, 2, {"ceilMode": True}), (3, 2, {"ceilMode": True, "strides": 2}), (2, [2, 1, 2][:n], {"strides": [1, 2, 1][:n]}), (4, 3, {"strides": 2}))):
        case(f"lpPool{n}d", [x([1, 2, *space], 0.25, 2, seed=seed), p, k, o], lambda v, p, k, o, n=n: getattr(F, f"lp_pool{n}d")(v, float(p), tuple_of(k) if n > 1 else (k if isinstance(k, int) else k[0]), tuple_of(o.get("strides")) if n > 1 or not isinstance(o.get("strides"), list) else o["strides"][0], o.get("ceilMode", False)))
    for seed, (k, o) in enumerate(((2, {}), (2, {"strides": 1}), (3, {"padding": 1}), (2, {"ceilMode": True}), (3, {"ceilMode": True, "strides": 2}), (2, {"dilation": 2, "strides": 1}), (2, {"dilation": 2, "padding": 1}), ([2, 1, 2][:n], {}), (3, {"strides": 2, "padding": 1}), (2, {"strides": [1, 2, 1][:n]}))):
        case(f"maxPool{n}dWithIndices", [x([1, 2, *space], seed=seed), k, o], lambda v, k, o, n=n: getattr(F, f"max_pool{n}d_with_indices")(v, k, o.get("strides"), ends(o, n), o.get("dilation", 1), o.get("ceilMode", False)))
    for seed, size in enumerate((1, 2, 3, [3, 2, 1][:n], [1, 3, 2][:n], [4, 3, 4][:n], [2, 3, 4][:n], [3, 1, 5][:n])):
        case(f"adaptiveMaxPool{n}dWithIndices", [x([1, 2, *space], seed=seed), size], lambda v, s, n=n: getattr(F, f"adaptive_max_pool{n}d_with_indices")(v, s))
    for seed, (shape, k, o) in enumerate((([1, 2, *space], 2, {}), ([2, 1, *space], 2, {}), ([1, 1, *space], [2, 1, 2][:n], {}), ([1, 3, *space], 3, {}), ([1, 1, *space], 2, {"size": space}), ([2, 2, *space], 2, {"strides": [2, 2, 2][:n]}), ([1, 2, *space], 2, {"strides": 2, "size": space}), ([1, 2, *space], 3, {"padding": 1, "strides": 2}), ([2, 1, *space], 2, {"padding": 1}))):
        of = getattr(F, f"max_pool{n}d_with_indices")
        pooled, indices = of(draw(shape, seed=seed), k, o.get("strides"), ends(o, n))
        each = lambda v: [v] * n if isinstance(v, int) else list(v)

        def unpool(v, i, k, o, n=n):
            k, s, p = each(k), each(o.get("strides", k)), each(o.get("padding", 0))
            size = o.get("size", [(e - 1) * s[a] - 2 * p[a] + k[a] for a, e in enumerate(v.shape[2:])])
            flat = torch.zeros([*v.shape[:2], math.prod(size)]).scatter(2, i.reshape([*v.shape[:2], -1]), v.reshape([*v.shape[:2], -1]))
            return flat.reshape([*v.shape[:2], *size])

        size = o.get("size") or [(e - 1) * each(o.get("strides", k))[a] - 2 * each(o.get("padding", 0))[a] + each(k)[a] for a, e in enumerate(pooled.shape[2:])]
        flat = indices.reshape(-1)
        if int(indices.max()) < math.prod(size) and all(len(set(row.tolist())) == row.numel() for row in indices.reshape(-1, math.prod(indices.shape[2:]))):
            case(f"maxUnpool{n}d", [x(list(pooled.shape), seed=seed + 3), indices, k, o], unpool)
        else:
            case(f"maxUnpool{n}d", [x(list(pooled.shape), seed=seed + 3), torch.arange(math.prod(pooled.shape[2:])).reshape(pooled.shape[2:]).expand(pooled.shape).contiguous(), k, o], unpool)

for n, space in ((2, [6, 5]), (3, [6, 5, 7])):
    for seed, (k, size) in enumerate(((2, 2), (2, 3), ([2, 1, 2][:n], 3), (1, 4), (3, 2), (2, [3, 2, 4][:n]), ([1, 2, 2][:n], 2), (2, 1))):
        u = floats(torch.tensor([[[((7 * a + 3 * c + 5 * seed) % 16 + 0.5) / 16 for a in range(n)] for c in range(2)]]))
        of = getattr(F, f"fractional_max_pool{n}d_with_indices")
        run = lambda v, k, s, o, of=of: of(v, tuple_of(k), tuple_of(s), _random_samples=o["samples"].detach())
        case(f"fractionalMaxPool{n}dWithIndices", [x([1, 2, *space], seed=seed), k, size, {"samples": u}], run)
        case(f"fractionalMaxPool{n}d", [x([1, 2, *space], seed=seed), k, size, {"samples": u}], lambda *a, run=run: run(*a)[0])

for seed, (lead, i, k, units, biased) in enumerate((([2], 3, 2, 2, False), ([3], 2, 2, 1, True), ([2, 2], 2, 3, 2, True), ([], 2, 2, 3, False), ([1, 2, 2], 1, 2, 2, True), ([4], 3, 1, 2, False), ([2], 2, 2, 4, True), ([3, 1], 2, 2, 2, False))):
    o = {"bias": x([units], seed=seed + 4)} if biased else {}
    case("bilinear", [x([*lead, i], seed=seed), x([*lead, k], seed=seed + 2), x([units, i, k], seed=seed + 3), o], lambda a, b, w, o: F.bilinear(a, b, w, o.get("bias")))
for seed, (n, t, v, w) in enumerate(((2, 3, 4, 2), (1, 2, 3, 3), (3, 1, 2, 2), (2, 4, 5, 1))):
    i = (torch.arange(n * t) * 3 % v).reshape(n, t)
    for o in ({}, {"mode": "sum"}, {"mode": "max"}, {"mode": "sum", "weights": x([n, t], seed=seed + 5)}):
        own = lambda i, e, o: e[i].amax(1) if o.get("mode") == "max" else (e[i] * o["weights"][..., None] if "weights" in o else e[i]).sum(1) / (1 if o.get("mode") == "sum" else i.shape[1])
        assert torch.allclose(own(i, draw([v, w]), {k: getattr(a, "t", a) for k, a in o.items()}), F.embedding_bag(i, draw([v, w]), mode=o.get("mode", "mean"), per_sample_weights=o["weights"].t if "weights" in o else None))
        case("embeddingBag", [i, x([v, w], seed=seed), o], own)
for seed, (n, size) in enumerate(((1, [2, 3]), (2, [3, 2]), (1, [1, 4]), (1, [2, 2, 3]), (2, [3, 1, 2]), (3, [2, 2]), (1, [4, 4]), (1, [1, 1, 2]))):
    for corners in (False, True):
        case("affineGrid", [x([n, len(size), len(size) + 1], seed=seed), size, corners], lambda t, s, c: F.affine_grid(t, [t.shape[0], 1, *s], c))


def signs(shape, seed):
    d = draw(shape, seed=seed)
    return floats(d.sign() + (d == 0))


def multilabel(s, t, o):
    """With gradients in the targets too, which PyTorch's own has not."""
    pairs = t[:, :, None] * (1 - t[:, None]) * F.relu(1 - s[:, :, None] + s[:, None])
    return reduced(pairs.sum((1, 2)) / s.shape[1], o)


for n, shape in enumerate(([4], [2, 3], [3, 2, 2])):
    for o in REDUCTIONS:
        a, b = x(shape, seed=n), x(shape, seed=n + 5)
        case("softMargin", [a, signs(shape, n + 7), o], lambda s, t, o: reduced(-F.logsigmoid(t * s), o))
        for m in ({}, {"margin": 0.5}):
            case("hingeEmbedding", [a, signs(shape, n + 7), {**m, **o}], lambda s, t, o: reduced(torch.where(t > 0, s, F.relu(o.get("margin", 1.0) - s)), o))
            case("marginRanking", [a, b, signs(shape, n + 7), {**m, **o}], lambda a, b, t, o: reduced(F.relu(-t * (a - b) + o.get("margin", 0.0)), o))
        for m in ({}, {"log": False}, {"full": True}, {"log": False, "full": True, "epsilon": 0.125}):
            case("poissonNll", [x(shape, 0.25, 3, seed=n), x(shape, 0.25, 4, seed=n + 5), {**m, **o}], lambda v, t, o: F.poisson_nll_loss(v, t, o.get("log", True), o.get("full", False), eps=o.get("epsilon", 1e-8), reduction="none" if False else how(o)) if not o.get("full") else reduced((v.exp() - t * v if o.get("log", True) else v - t * torch.log(v + o.get("epsilon", 1e-8))) + torch.where(t > 1, t * t.log() - t + 0.5 * torch.log(2 * math.pi * t), torch.zeros(())), o))
        for m in ({}, {"full": True}, {"epsilon": 1.0}):
            def gaussian(v, t, s, o):
                held = s + (s.detach().clamp(min=o.get("epsilon", 1e-6)) - s.detach())
                value = 0.5 * (held.log() + (v - t) ** 2 / held) + (0.5 * math.log(2 * math.pi) if o.get("full") else 0)
                return reduced(value, o)

            case("gaussianNll", [a, b, x(shape, 0.25, 2, seed=n + 3), {**m, **o}], gaussian)
        case("poisson", [x(shape, 0.25, 3, seed=n), x(shape, 0.25, 3, seed=n + 5), o], lambda v, t, o: reduced(v - t * torch.log(v + 1e-7), o))
        case("mape", [a, x(shape, 0.25, 2, seed=n + 5), o], lambda v, t, o: reduced(100 * (t - v).abs() / t.abs().clamp(min=1e-7), o))
        case("msle", [x(shape, 0.25, 2, seed=n), x(shape, 0.25, 2, seed=n + 5), o], lambda v, t, o: reduced((torch.log1p(t) - torch.log1p(v)) ** 2, o))
for n, (shape, lead) in enumerate((([2, 3], [2]), ([3, 2], [3]), ([2, 2, 3], [2, 2]))):
    for o in REDUCTIONS:
        a, b = x(shape, seed=n), x(shape, seed=n + 5)
        for m in ({}, {"margin": 0.25}):
            def cosine(a, b, t, o):
                c = (a * b).sum(-1) / torch.sqrt(((a * a).sum(-1) + 1e-12) * ((b * b).sum(-1) + 1e-12))
                return reduced(torch.where(t > 0, 1 - c, F.relu(c - o.get("margin", 0.0))), o)

            t = signs(lead, n + 7)
            if len(shape) == 2:
                assert torch.allclose(cosine(a.t, b.t, t.t, {**m, **o}), F.cosine_embedding_loss(a.t, b.t, t.t, m.get("margin", 0.0), reduction=how(o)))
            case("cosineEmbedding", [a, b, t, {**m, **o}], cosine)
        y = (shape[-1] - 1 - torch.arange(math.prod(lead)).reshape(lead)) % shape[-1]
        for m in ({}, {"p": 2}, {"margin": 0.5}, {"classWeights": [0.5, 1.5, 2.0][: shape[-1]]}):
            if len(shape) == 2:
                case("multiMargin", [a, y, {**m, **o}], lambda s, y, o: F.multi_margin_loss(s, y, o.get("p", 1), o.get("margin", 1.0), torch.tensor(o["classWeights"]) if "classWeights" in o else None, reduction=how(o)))
        hot = (draw(shape, seed=n + 11) > 0).double()
        if len(shape) == 2:
            lists = torch.full(shape, -1)
            for row, h in zip(lists, hot):
                found = h.nonzero().flatten()
                row[: len(found)] = found
            assert torch.allclose(multilabel(a.t, hot, o), F.multilabel_margin_loss(a.t, lists, reduction=how(o)))
            case("multilabelMargin", [a, floats(hot), o], multilabel)
        for m in ({}, {"classWeights": [0.5, 1.5, 2.0][: shape[-1]]}):
            case("multilabelSoftMargin", [a, floats(hot), {**m, **o}], lambda s, t, o: reduced((-(t * F.logsigmoid(s) + (1 - t) * F.logsigmoid(-s)) * (torch.tensor(o["classWeights"]) if "classWeights" in o else 1)).mean(-1), o))
        case("categoricalHinge", [a, y, o], lambda s, y, o: reduced(F.relu(1 + ((1 - F.one_hot(y, s.shape[-1])) * s).amax(-1) - (F.one_hot(y, s.shape[-1]) * s).sum(-1)), o), second=False)
        p = floats(F.softmax(draw(shape, seed=n), -1).mul(64).round().add(1).div(64 + shape[-1]))
        for m in ({}, {"gamma": 1.0}, {"alpha": 1.0, "gamma": 1.5}, {"labelSmoothing": 0.25}):
            def focal(p, y, o):
                e = o.get("labelSmoothing", 0)
                t = F.one_hot(y, p.shape[-1]) * (1 - e) + e / p.shape[-1]
                return reduced(-(o.get("alpha", 0.25) * (1 - p) ** o.get("gamma", 2) * t * p.log()).sum(-1), o)

            case("categoricalFocal", [p, y, {**m, **o}], focal)
        for m in ({}, {"q": 0.25}):
            case("generalizedCrossEntropy", [p, y, {**m, **o}], lambda p, y, o: reduced((1 - p.gather(-1, y[..., None])[..., 0] ** o.get("q", 0.5)) / o.get("q", 0.5), o))
        for m in ({}, {"alpha": 0.25, "beta": 0.75}, {"epsilon": 0.5}):
            def tversky(p, t, o):
                p, t = p.reshape(p.shape[0], -1), t.reshape(p.shape[0], -1)
                both = (p * t).sum(1)
                return reduced(1 - both / (both + o.get("alpha", 0.5) * (t * (1 - p)).sum(1) + o.get("beta", 0.5) * ((1 - t) * p).sum(1) + o.get("epsilon", 1e-7)), o)

            case("tversky", [p, floats(hot), {**m, **o}], tversky)
        for m in ({"logarithms": "first"}, {"logarithms": "both"}):
            t = floats(F.softmax(draw(shape, seed=n + 3), -1).mul(64).round().add(1).div(64 + shape[-1]))
            given = floats(t.t.log()) if m["logarithms"] == "both" else t
            case("kl", [floats(p.t.log()), given, {**m, **o}], lambda p, t, o: reduced(F.kl_div(p, t, reduction="none", log_target=o["logarithms"] == "both").sum(-1), o))
for seed, rows in enumerate(([[1, 0, 1, 1]], [[0, 1], [1, 0], [1, 1]])):
    hot, width = torch.tensor(rows, dtype=torch.float64), len(rows[0])
    case("multilabelMargin", [x([len(rows), width], seed=seed + 20), floats(hot), {}], multilabel)
for seed, (n, t, classes, lengths) in enumerate(((1, 3, 3, [1]), (2, 5, 4, [2, 1]), (1, 4, 3, [2]), (2, 6, 3, [3, 2]), (1, 5, 2, [2]), (2, 4, 5, [2, 2]), (3, 4, 3, [1, 0, 2]), (1, 7, 4, [3]))):
    for o in REDUCTIONS:
        y = torch.zeros([n, max(lengths)], dtype=torch.long)
        for row, (k, y_row) in enumerate(zip(lengths, y)):
            y_row[:k] = torch.tensor([(3 * i + row + seed) % (classes - 1) + 1 for i in range(k)]) if k else y_row[:k]
        inputs = {"inputLengths": torch.tensor([t - (row % 2) for row in range(n)])} if seed % 2 else {}
        case("ctc", [x([n, t, classes], seed=seed), y, {**inputs, **o}], lambda s, y, o, lengths=lengths: reduced(F.ctc_loss(F.log_softmax(s, -1).transpose(0, 1), y, o.get("inputLengths", torch.full([s.shape[0]], s.shape[1])), torch.tensor(lengths), reduction="none"), o), second=False)


def circle(v, y, o):
    m, g = o.get("margin", 0.4), o.get("gamma", 80)
    d = F.relu(1 - v @ v.T)
    same, other = y[:, None] == y[None], ~torch.eye(len(y), dtype=torch.bool)
    never = torch.tensor(-math.inf)
    p = torch.where(same & other, -g * F.relu(m + d) * (m - d), never).logsumexp(1)
    n = torch.where(~same, g * F.relu(1 + m - d) * (1 - m - d), never).logsumexp(1)
    return reduced(-F.logsigmoid(-(p + n)), o)  # its softplus is linear above 20


for seed, y in enumerate(([0, 0, 1, 1], [0, 1, 0, 1, 0], [1, 1, 0, 0, 0])):
    for o in ({}, {"gamma": 4.0}, {"gamma": 2.0, "margin": 0.25}, {"gamma": 8.0, "reduction": "none"}):
        v = floats(F.normalize(draw([len(y), 3], seed=seed), dim=-1).mul(64).round().div(64))
        case("circle", [v, torch.tensor(y), o], circle, second=False)
