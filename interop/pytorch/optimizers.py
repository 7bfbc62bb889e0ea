"""
Update rules: the weights that PyTorch's optimizers reach in float64 on ½ Σ a·(w − c)², after each of some steps, in float64.
"""

import torch

START, TARGET, CURVATURE = [3.0, -2.0, 0.5], [1.0, 1.0, -1.0], [0.2, 3.0, 1.0]
STEPS = 8

RULES = {
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "adam": lambda w, **o: torch.optim.Adam(w, amsgrad=True, **o),
    "adamw": lambda w, **o: torch.optim.AdamW(w, amsgrad=True, **o),
}
OPTIONS = [
    {},
    {"learningRate": 0.1},
    {"learningRate": 0.1, "beta1": 0.5},
    {"learningRate": 0.1, "beta2": 0.5},
    {"learningRate": 0.1, "epsilon": 0.01},
    {"learningRate": 0.1, "weightDecay": 0.25},
    {"learningRate": 0.5, "beta1": 0.75, "beta2": 0.9375},
    {"learningRate": 0.02, "beta1": 0.0, "beta2": 0.75, "weightDecay": 0.5},
]


def rule(name, options):
    """The options in PyTorch's words."""
    own = {"lr": options.get("learningRate"), "eps": options.get("epsilon"), "weight_decay": options.get("weightDecay"), "momentum_decay": options.get("momentumDecay")}
    own["betas"] = (options.get("beta1", 0.9), options.get("beta2", 0.999))
    w = torch.tensor(START, requires_grad=True)
    return w, RULES[name]([w], **{key: value for key, value in own.items() if value is not None})


def weights(name, options):
    w, optimizer = rule(name, options)
    found = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        (0.5 * (torch.tensor(CURVATURE) * (w - torch.tensor(TARGET)) ** 2).sum()).backward()
        optimizer.step()
        found.append([float("%.12g" % v) for v in w.tolist()])
    return found


def rows():
    for name in RULES:
        for options in OPTIONS:
            yield {"rule": name, "options": {**options, **({"amsgrad": True} if name.startswith("adam") and name != "adamax" else {})}, "weights": weights(name, options)}
    for decay in (0.0, 0.02):
        options = {"learningRate": 0.1, "momentumDecay": decay}
        yield {"rule": "nadam", "options": options, "weights": weights("nadam", options)}
