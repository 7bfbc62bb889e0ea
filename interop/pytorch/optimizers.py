"""
Update rules: the weights that PyTorch's optimizers reach in float64 on ½ Σ a·(w − c)², after each of some steps, in float64.
"""

import torch

START, TARGET, CURVATURE = [3.0, -2.0, 0.5], [1.0, 1.0, -1.0], [0.2, 3.0, 1.0]
STEPS = 8
SHAPES = [[3], [4, 2], [2, 3, 2]]

RULES = {
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "adam": lambda w, **o: torch.optim.Adam(w, amsgrad=True, **o),
    "adamw": lambda w, **o: torch.optim.AdamW(w, amsgrad=True, **o),
    "adafactor": torch.optim.Adafactor,
}
OPTIONS = [
    {},
    {"learningRate": 0.1},
    {"learningRate": 0.1, "beta1": 0.5},
    {"learningRate": 0.1, "beta2": 0.5},
    {"learningRate": 0.1, "epsilon": 0.01},
    {"learningRate": 0.05, "epsilon": 0.25},
    {"learningRate": 0.1, "weightDecay": 0.25},
    {"learningRate": 0.5, "beta1": 0.75, "beta2": 0.9375},
    {"learningRate": 0.02, "beta1": 0.0, "beta2": 0.75, "weightDecay": 0.5},
]


FACTORED = [
    {"learningRate": 0.5},
    {"learningRate": 0.5, "beta2Decay": -0.25},
    {"learningRate": 2.0, "epsilon1": 0.25, "epsilon2": 0.5},
    {"learningRate": 2.0, "clipThreshold": 1.5, "weightDecay": 0.125},
]


def quadratic(shape):
    """Start, target and curvature of so many weights."""
    if shape == [3]:
        return START, TARGET, CURVATURE
    count = 1
    for extent in shape:
        count *= extent
    return (
        [((7 * i + 3) % 11 - 5) / 2 for i in range(count)],
        [((5 * i + 1) % 7 - 3) / 2 for i in range(count)],
        [((3 * i + 2) % 5 + 1) / 2 for i in range(count)],
    )


def rule(name, options, shape):
    """The options in PyTorch's words."""
    own = {"lr": options.get("learningRate"), "eps": options.get("epsilon"), "weight_decay": options.get("weightDecay"), "momentum_decay": options.get("momentumDecay")}
    if name == "adafactor":
        own["beta2_decay"], own["d"] = options.get("beta2Decay"), options.get("clipThreshold")
        # its default is of the dtype, and ours of float32
        own["eps"] = (options.get("epsilon1", 2.0**-23), options.get("epsilon2", 1e-3))
    else:
        own["betas"] = (options.get("beta1", 0.9), options.get("beta2", 0.999))
    w = torch.tensor(quadratic(shape)[0]).reshape(shape).requires_grad_()
    return w, RULES[name]([w], **{key: value for key, value in own.items() if value is not None})


def weights(name, options, shape=[3]):
    w, optimizer = rule(name, options, shape)
    _, target, curvature = (torch.tensor(values).reshape(shape) for values in quadratic(shape))
    found = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        (0.5 * (curvature * (w - target) ** 2).sum()).backward()
        optimizer.step()
        found.append([float("%.12g" % v) for v in w.flatten().tolist()])
    return found


def rows():
    for shape in SHAPES:
        for options in FACTORED:
            yield {"rule": "adafactor", "options": options, "shape": shape, "weights": weights("adafactor", options, shape)}
    for name in (name for name in RULES if name != "adafactor"):
        for options in OPTIONS:
            yield {"rule": name, "options": {**options, **({"amsgrad": True} if name.startswith("adam") and name != "adamax" else {})}, "weights": weights(name, options)}
    for decay in (0.0, 0.02):
        options = {"learningRate": 0.1, "momentumDecay": decay}
        yield {"rule": "nadam", "options": options, "weights": weights("nadam", options)}
