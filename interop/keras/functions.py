"""Functions of several tensors, and the losses that only Keras has."""

import torch
from keras import layers as K, losses as L

import recording
from recording import begin, case, floats, x

begin("functions")

A, B = x([2, 3], seed=1), x([2, 3], seed=2)
case("average", [[A, B, x([2, 3], seed=3)]], lambda parts: K.Average()(parts))
for a, b, axes in ((A, B, 1), (x([2, 3, 4]), x([2, 5, 4]), 2), (x([2, 3, 4]), x([2, 4, 5]), [2, 1]), (x([2, 3, 4]), x([2, 3]), 1), (x([2, 3]), x([2, 4, 3]), [1, 2])):
    for normalize in (False, True):
        case("dot", [a, b, {"axes": axes, "normalize": normalize}], lambda a, b, o: K.Dot(tuple(o["axes"]) if isinstance(o["axes"], list) else o["axes"], normalize=o["normalize"])([a, b]), second=False)

POSITIVE, TARGET = x([3, 2], 0.25, 3, seed=1), x([3, 2], 0.25, 3, seed=2)
LOW = floats(torch.tensor([[0.0, -1], [2, 0.5]]))
case("msle", [POSITIVE, TARGET], lambda p, t: L.MeanSquaredLogarithmicError()(t, p), second=False)
case("msle", [LOW, x([2, 2])], lambda p, t: L.MeanSquaredLogarithmicError()(t, p), second=False)
case("mape", [POSITIVE, TARGET], lambda p, t: L.MeanAbsolutePercentageError()(t, p), second=False)
case("mape", [x([2, 2]), LOW], lambda p, t: L.MeanAbsolutePercentageError()(t, p), second=False)
case("poisson", [POSITIVE, TARGET], lambda p, t: L.Poisson()(t, p), second=False)

case("logCosh", [x([3, 2]), TARGET], lambda p, t: L.LogCosh()(t, p), second=False)
SIGNS = floats(torch.tensor([[1.0, -1], [-1, 1], [1, 1]]))
case("hinge", [x([3, 2]), SIGNS], lambda p, t: L.Hinge()(t, p), second=False)
case("squaredHinge", [x([3, 2]), SIGNS], lambda p, t: L.SquaredHinge()(t, p), second=False)
YES = floats(torch.tensor([[1.0, 0], [0, 1], [1, 1]]))
for o in ({}, {"gamma": 1}, {"gamma": 1.5, "alpha": 0.25}, {"labelSmoothing": 0.1}):
    theirs = {"from_logits": True, "gamma": o.get("gamma", 2), "label_smoothing": o.get("labelSmoothing", 0), **({"alpha": o["alpha"], "apply_class_balancing": True} if "alpha" in o else {})}
    case("focal", [x([3, 2]), YES, o], lambda p, t, o, theirs=theirs: L.BinaryFocalCrossentropy(**theirs)(t, p), second=False)

P = floats(torch.softmax(x([4, 3], seed=4).t, 1))
Y = torch.tensor([2, 0, 1, 2])
hot = lambda y, n: torch.nn.functional.one_hot(y, n).double()
for o in ({}, {"gamma": 1}, {"gamma": 1.5, "alpha": 0.5}, {"labelSmoothing": 0.1}):
    theirs = {"label_smoothing" if k == "labelSmoothing" else k: v for k, v in o.items()}
    case("categoricalFocal", [P, Y, o], lambda p, y, o, theirs=theirs: L.CategoricalFocalCrossentropy(**theirs)(hot(y, 3), p), second=False)
    recording.FILE["categoricalFocal"][-1].pop("g")  # Keras makes rows of any numbers probabilities first
for o in ({}, {"q": 0.25}, {"q": 1}):
    case("generalizedCrossEntropy", [P, Y, o], lambda p, y, o: L.CategoricalGeneralizedCrossEntropy(**o)(y, p) if o.get("q") != 1 else (1 - (hot(y, 3) * p).sum(1)).mean(), second=False)
TRUTH = floats(torch.tensor([[1.0, 0, 0], [0, 1, 1]]))
SHARE = floats(torch.tensor([[0.75, 0.125, 0.5], [0.25, 0.625, 0.875]]))
for o in ({}, {"alpha": 0.25, "beta": 0.75}):
    case("tversky", [SHARE, TRUTH, o], lambda p, t, o: L.Tversky(axis=1, **o)(t, p), second=False)
for t in (Y, floats(hot(Y, 3))):
    case("categoricalHinge", [x([4, 3], seed=6), t], lambda p, t: L.CategoricalHinge()(t if t.dtype == torch.float64 else hot(t, 3), p), second=False)
UNIT = floats(torch.nn.functional.normalize(x([5, 3], seed=9).t, dim=1))
for y, o in (([0, 1, 0, 1, 0], {}), ([0, 1, 0, 1, 0], {"gamma": 4, "margin": 0.25}), ([0, 1, 0, 2, 1], {"gamma": 2}), ([0, 0, 0, 1, 0], {"gamma": 2})):
    case("circle", [UNIT, torch.tensor(y), o], lambda p, y, o: L.Circle(**o)(y, p), second=False)
