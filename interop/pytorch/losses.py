"""Losses: reductions, weights, labels that do not count, smoothed ones, rows that are far off."""

import torch
from torch.nn import functional as F

from recording import begin, case, draw, floats, x

begin("losses")

REDUCTIONS = ({}, {"reduction": "sum"}, {"reduction": "none"})


def how(o):
    return o.get("reduction", "mean")


def reduced(v, o):
    return {"mean": v.mean, "sum": v.sum, "none": lambda: v}[how(o)]()


NUMBERS = {
    "mse": (F.mse_loss, [{}]),
    "mae": (F.l1_loss, [{}]),
    "huber": (F.huber_loss, [{}, {"delta": 0.5}]),
    "smoothL1": (F.smooth_l1_loss, [{}, {"beta": 0.5}, {"beta": 2.0}]),
}
for name, (of, options) in NUMBERS.items():
    for n, shape in enumerate(([4], [2, 3], [3, 2, 2])):
        for own in options:
            for o in REDUCTIONS:
                case(name, [x(shape, seed=n), x(shape, seed=n + 5), {**own, **o}], lambda a, b, o, of=of: of(a, b, reduction=how(o), **{k: v for k, v in o.items() if k != "reduction"}))
for n, shape in enumerate(([4], [2, 3], [3, 2, 2])):
    for o in REDUCTIONS:
        case("logCosh", [x(shape, seed=n), x(shape, seed=n + 5), o], lambda a, b, o: reduced(torch.log(torch.cosh(a - b)), o))
        case("cosineSimilarity", [x([2, *shape], seed=n), x([2, *shape], seed=n + 5), o], lambda a, b, o: reduced(-F.cosine_similarity(a, b, -1, 1e-8), o))
        signs = draw(shape, seed=n + 7).sign() + (draw(shape, seed=n + 7) == 0)
        case("hinge", [x(shape, seed=n), floats(signs), o], lambda s, t, o: reduced(F.relu(1 - t * s), o))
        case("squaredHinge", [x(shape, seed=n), floats(signs), o], lambda s, t, o: reduced(F.relu(1 - t * s) ** 2, o))


def share(shape, seed):
    return floats(F.softmax(draw(shape, seed=seed), -1).mul(64).round().add(1).div(64 + shape[-1]))


for n, shape in enumerate(([2, 3], [4, 2], [2, 2, 3])):
    for o in REDUCTIONS:
        case("kl", [share(shape, n), share(shape, n + 3), o], lambda p, t, o: reduced((t * (t.log() - p.log())).sum(-1), o))


def smooth(t, o):
    e = o.get("labelSmoothing", 0)
    return t * (1 - e) + e / 2


def bce(s, t, o):
    w, t = o.get("posWeight"), smooth(t, o)
    if isinstance(w, torch.Tensor):  # PyTorch has no gradient in it
        return reduced(-(w * t * F.logsigmoid(s) + (1 - t) * F.logsigmoid(-s)), o)
    return F.binary_cross_entropy_with_logits(s, t, reduction=how(o), pos_weight=None if w is None else torch.tensor(w))


def binary(p, t, o):
    t = smooth(t, o)
    return reduced(-(t * p.log() + (1 - t) * (1 - p).log()), o)


def focal(s, t, o):
    t = smooth(t, o)
    p = torch.sigmoid(s)
    right = t * p + (1 - t) * (1 - p)
    value = (1 - right) ** o.get("gamma", 2) * F.binary_cross_entropy_with_logits(s, t, reduction="none")
    return reduced(value * (o["alpha"] * t + (1 - o["alpha"]) * (1 - t)) if "alpha" in o else value, o)


def dice(p, t, o):
    e = o.get("epsilon", 1e-7)
    p, t = p.reshape(p.shape[0], -1), t.reshape(p.shape[0], -1)
    return reduced(1 - (2 * (p * t).sum(1) + e) / (p.sum(1) + t.sum(1) + e), o)


for n, shape in enumerate(([4], [2, 3], [3, 2, 2])):
    t = floats((draw(shape, seed=n + 2) > 0).double())
    soft = floats(draw(shape, 0, 1, n + 4, 8))
    for o in REDUCTIONS:
        case("bceWithLogits", [x(shape, seed=n), soft, o], bce)
        case("bceWithLogits", [x(shape, seed=n), t, {**o, "posWeight": 3.0}], bce)
        case("bceWithLogits", [x(shape, seed=n), t, {**o, "posWeight": 0.5, "labelSmoothing": 0.25}], bce)
        case("bceWithLogits", [x(shape, seed=n), t, {**o, "labelSmoothing": 0.125}], bce)
        case("binaryCrossentropy", [x(shape, 0.125, 0.875, n), soft, o], binary)
        case("binaryCrossentropy", [x(shape, 0.125, 0.875, n), soft, {**o, "labelSmoothing": 0.25}], binary)
        for own in ({}, {"gamma": 1.5}, {"alpha": 0.25}, {"gamma": 0.0}, {"labelSmoothing": 0.125, "gamma": 3.0}):
            case("focal", [x(shape, seed=n), soft, {**own, **o}], focal)
        for own in ({}, {"epsilon": 1.0}):
            case("dice", [x(shape, 0.125, 0.875, n), soft, {**own, **o}], dice)
    weight = x([shape[-1]], 0.5, 2, 8)
    case("bceWithLogits", [x(shape, seed=n), t, {"posWeight": weight}], bce)
case("bceWithLogits", [floats([1e4, -1e4, 300.0]), floats([0.0, 1.0, 1.0]), {}], bce, second=False)
case("focal", [floats([1e4, -1e4, 300.0]), floats([0.0, 1.0, 1.0]), {}], focal, second=False)


def entropy(s, y, o):
    """PyTorch has the classes second."""
    w = o.get("classWeights")
    w = None if w is None else torch.as_tensor(w, dtype=torch.float64)
    if y.dtype != torch.float64:
        return F.cross_entropy(s.movedim(-1, 1), y, w, ignore_index=o.get("ignoreIndex", -100), reduction=how(o), label_smoothing=o.get("labelSmoothing", 0))
    return F.cross_entropy(s.movedim(-1, 1), y.movedim(-1, 1), w, reduction=how(o), label_smoothing=o.get("labelSmoothing", 0))


def by_weights(logs, y, o):
    """A mean by weights in which there are gradients too."""
    own = o["classWeights"][y]
    return -(own * logs.gather(-1, y.unsqueeze(-1)).squeeze(-1)).sum() / own.sum()


def likelihood(s, y, o):
    w = o.get("classWeights")
    w = None if w is None else torch.as_tensor(w, dtype=torch.float64)
    return F.nll_loss(s.movedim(-1, 1), y, w, ignore_index=o.get("ignoreIndex", -100), reduction=how(o))


W = [0.5, 2.0, 1.25]
for n, shape in enumerate(([4, 3], [2, 2, 3])):
    labels = torch.tensor([i * 2 % 3 for i in range(draw(shape[:-1]).numel())]).reshape(shape[:-1])
    some = torch.where(torch.arange(labels.numel()).reshape(labels.shape) % 3 == 1, 3, labels)
    for o in REDUCTIONS:
        for own in ({}, {"labelSmoothing": 0.25}, {"classWeights": W}, {"classWeights": W, "labelSmoothing": 0.25}):
            case("softmaxCrossEntropy", [x(shape, seed=n), labels, {**own, **o}], entropy)
            case("softmaxCrossEntropy", [x(shape, seed=n), some, {**own, **o, "ignoreIndex": 3}], entropy)
            case("softmaxCrossEntropy", [x(shape, seed=n), share(shape, n), {**own, **o}], entropy)
        for own in ({}, {"classWeights": W}):
            case("nll", [x(shape, seed=n), labels, {**own, **o}], likelihood)
            case("nll", [x(shape, seed=n), some, {**own, **o, "ignoreIndex": 3}], likelihood)
    case("softmaxCrossEntropy", [x(shape, seed=n), labels, {"classWeights": x([3], 0.5, 2, 4)}], lambda s, y, o: by_weights(F.log_softmax(s, -1), y, o))
    case("nll", [x(shape, seed=n), labels, {"classWeights": x([3], 0.5, 2, 4)}], by_weights)
case("softmaxCrossEntropy", [floats([[1e4, 0.0, -1e4], [0.0, 0.0, 0.0]]), torch.tensor([2, 1]), {}], entropy, second=False)


def shares_entropy(p, y, o):
    """Σ −t·log p, t smoothed."""
    t = F.one_hot(y, 4).double()[..., :3] if y.dtype != torch.float64 else y
    e = o.get("labelSmoothing", 0)
    w = torch.as_tensor(o.get("classWeights", [1.0, 1.0, 1.0]), dtype=torch.float64)
    rows = -(w * (t * (1 - e) + e / 3) * p.log()).sum(-1)
    if y.dtype == torch.float64:
        return reduced(rows, o)
    counts = (y != 3).double()
    rows = rows * counts
    return rows.sum() / (w[y.clamp(max=2)] * counts).sum() if how(o) == "mean" else reduced(rows, o)


for n, shape in enumerate(([4, 3], [2, 2, 3])):
    labels = torch.tensor([i * 2 % 3 for i in range(draw(shape[:-1]).numel())]).reshape(shape[:-1])
    some = torch.where(torch.arange(labels.numel()).reshape(labels.shape) % 3 == 1, 3, labels)
    for o in REDUCTIONS:
        for own in ({}, {"labelSmoothing": 0.25}, {"classWeights": W}):
            case("categoricalCrossentropy", [share(shape, n), labels, {**own, **o}], shares_entropy)
            case("categoricalCrossentropy", [share(shape, n), some, {**own, **o, "ignoreIndex": 3}], shares_entropy)
            case("categoricalCrossentropy", [share(shape, n), share(shape, n + 2), {**own, **o}], shares_entropy)


def margins(s, y, o):
    own = s.gather(-1, y.unsqueeze(-1))
    return reduced((F.relu(s - own + 1).sum(-1) - 1), o)


for n, shape in enumerate(([4, 3], [2, 2, 3], [5, 3])):
    labels = torch.tensor([i * 2 % 3 for i in range(draw(shape[:-1]).numel())]).reshape(shape[:-1])
    for o in REDUCTIONS:
        case("svmLoss", [x(shape, seed=n), labels, o], margins)



def triplet(a, p, n, o):
    return F.triplet_margin_loss(a, p, n, o.get("margin", 1.0), o.get("p", 2.0), 1e-6, o.get("swap", False), reduction=how(o))


def contrastive(a, b, t, o):
    d = torch.linalg.vector_norm(a - b, 2, -1)
    return reduced(t * d**2 + (1 - t) * F.relu(o.get("margin", 1.0) - d) ** 2, o)


for n, shape in enumerate(([4, 3], [2, 2, 3])):
    for o in REDUCTIONS:
        for own in ({}, {"margin": 0.5}, {"swap": True}, {"p": 1.0}):
            case("triplet", [x(shape, seed=n), x(shape, seed=n + 3), x(shape, seed=n + 6), {**own, **o}], triplet)
        for own in ({}, {"margin": 3.0}):
            t = floats((draw(shape[:-1], seed=n + 2) > 0).double())
            case("contrastive", [x(shape, seed=n), x(shape, seed=n + 3), t, {**own, **o}], contrastive)
