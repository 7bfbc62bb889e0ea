"""
Programs that take the tensors of layers: for each the starting weights, what is fed, and PyTorch's losses and weights over three steps of
gradient descent, in float64 (test/pytorch/programs.test.ts declares them again).
"""

import json
import os

import torch
from torch.nn import functional as F

from recording import draw, flat

STEPS, RATE = 3, 0.25
FOUND = {}


def small(shape, seed):
    return draw(shape, -0.5, 0.5, seed, 64)


def program(name, start, batch, loss_of, after=lambda w, batch: None):
    """`loss_of(weights, batch)`; the weights that it is differentiated in are those of `start`."""
    w = {key: value.clone().requires_grad_(True) for key, value in start.items()}
    losses, weights = [], []
    for _ in range(STEPS):
        loss = loss_of(w, batch)
        for key, g in zip(w, torch.autograd.grad(loss, list(w.values()), allow_unused=True)):
            if g is not None:
                w[key] = (w[key] - RATE * g).detach().requires_grad_(True)
        after(w, batch)
        losses.append(float("%.12g" % loss.item()))
        weights.append({key: flat(value) for key, value in w.items()})
    FOUND[name] = {
        "start": {key: {"s": list(value.shape), "x": flat(value)} for key, value in start.items()},
        "batch": {key: {"s": list(value.shape), "x": flat(value)} for key, value in batch.items()},
        "losses": losses,
        "weights": weights,
    }


tokens = torch.tensor([[0, 3, 1], [4, 2, 2]])
program(
    "tied",
    {"table": small([5, 3], 1), "hidden": small([3, 3], 2)},
    {"tokens": tokens, "next": torch.tensor([[3, 1, 0], [2, 2, 4]])},
    lambda w, b: F.cross_entropy((torch.tanh(F.embedding(b["tokens"], w["table"]) @ w["hidden"]) @ w["table"].T).reshape(-1, 5), b["next"].reshape(-1)),
)

U = {"u": F.normalize(small([3], 5) + 1, dim=0)}


def spectral(w, b):
    """One step of the power method; u and v are taken for constants, as in torch.nn.utils.spectral_norm."""
    k = w["kernel"]
    with torch.no_grad():
        v = F.normalize(k @ U["u"], dim=0)
        U["u"] = F.normalize(k.T @ v, dim=0)
    sigma = v @ k @ U["u"]
    return F.mse_loss(b["x"] @ (k / sigma), b["y"])


first = U["u"].clone()
program("spectral", {"kernel": small([4, 3], 3)}, {"x": draw([5, 4], seed=6), "y": draw([5, 3], seed=7), "u": first}, spectral)

program(
    "weightNorm",
    {"v": small([3, 2, 2, 2], 8), "g": small([3], 9) + 1, "bias": small([3], 10)},
    {"x": draw([2, 2, 4, 4], seed=11), "y": draw([2, 3, 3, 3], seed=12)},
    lambda w, b: F.mse_loss(torch.tanh(F.conv2d(b["x"], w["g"].reshape(-1, 1, 1, 1) * w["v"] / w["v"].reshape(3, -1).norm(dim=1).reshape(-1, 1, 1, 1), w["bias"])), b["y"]),
)


def network(x, kernel, bias, head):
    h = torch.tanh(F.conv2d(x, kernel, bias, padding=1))
    return h.mean((2, 3)) @ head


def maml(w, b):
    """One inner step through a convolution, differentiated."""
    names = ["kernel", "bias", "head"]
    inner = F.mse_loss(network(b["x"], *[w[n] for n in names]), b["y"])
    fast = [w[n] - 0.5 * g for n, g in zip(names, torch.autograd.grad(inner, [w[n] for n in names], create_graph=True))]
    return F.mse_loss(network(b["x2"], *fast), b["y2"])


program(
    "maml",
    {"kernel": small([2, 1, 3, 3], 13), "bias": small([2], 14), "head": small([2, 2], 15)},
    {"x": draw([3, 1, 4, 4], seed=16), "y": draw([3, 2], seed=17), "x2": draw([3, 1, 4, 4], seed=18), "y2": draw([3, 2], seed=19)},
    maml,
)


def curved(w, b):
    """A gradient's length and a curvature along v, both of the layer's kernel, as terms of the loss."""
    y = torch.tanh(b["x"] @ w["kernel"] + w["bias"])
    loss = F.mse_loss(y, b["y"])
    (g,) = torch.autograd.grad(loss, [w["kernel"]], create_graph=True)
    (hv,) = torch.autograd.grad((g * b["v"]).sum(), [w["kernel"]], create_graph=True)
    return loss + 0.5 * (g * g).sum() + 0.25 * (hv * b["v"]).sum()


program("curvature", {"kernel": small([3, 2], 20), "bias": small([2], 21)}, {"x": draw([4, 3], seed=22), "y": draw([4, 2], seed=23), "v": draw([3, 2], seed=24)}, curved)

program(
    "hypernetwork",
    {"from": small([2, 8], 25), "head": small([2, 3], 26)},
    {"z": draw([2], seed=27), "x": draw([2, 1, 3, 3], seed=28), "y": draw([2, 3], seed=29)},
    lambda w, b: F.mse_loss(torch.tanh(F.conv2d(b["x"], (b["z"] @ w["from"]).reshape(2, 1, 2, 2))).mean((2, 3)) @ w["head"], b["y"]),
)


def write(folder):
    with open(os.path.join(folder, "programs.json"), "w") as file:
        body = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in FOUND.items())
        file.write("{\n" + body + "\n}\n")
