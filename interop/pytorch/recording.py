"""Records calls with what PyTorch makes of them; see cases.py."""


import math
import random

import torch

torch.set_default_dtype(torch.float64)
INF = math.inf


def weights(n, a, b, c):
    return torch.tensor([((a * i + b) % c - c / 2) / 4 for i in range(n)])


def value(v):
    """A number as JSON has it: twelve digits, infinities as words."""
    if isinstance(v, bool) or isinstance(v, int):
        return int(v)
    if math.isnan(v):
        return "nan"
    if math.isinf(v):
        return "inf" if v > 0 else "-inf"
    short = float("%.12g" % v)
    return int(short) if short == int(short) and abs(short) < 1e15 else short


def flat(t):
    # what PyTorch knows to be 0 has no storage until something is added to it
    dense = torch.zeros(t.shape).add(t.detach()) if t.dtype == torch.float64 else t
    return [value(v) for v in dense.reshape(-1).tolist()]


class Floats:
    """A tensor of floats in which gradients are taken."""

    def __init__(self, t):
        self.t = t.detach().clone().requires_grad_(True)


def floats(t):
    return Floats(torch.as_tensor(t, dtype=torch.float64))


def encode(a):
    if isinstance(a, Floats):
        return {"x": flat(a.t), "s": list(a.t.shape)}
    if isinstance(a, torch.Tensor):
        return {"b" if a.dtype == torch.bool else "i": flat(a), "s": list(a.shape)}
    if isinstance(a, (list, tuple)):
        return [encode(v) for v in a]
    if isinstance(a, dict):
        return {"o": {k: encode(v) for k, v in a.items()}}
    return value(a) if isinstance(a, float) else a


def leaves(a):
    if isinstance(a, Floats):
        return [a.t]
    if isinstance(a, (list, tuple)):
        return [t for v in a for t in leaves(v)]
    return [t for v in a.values() for t in leaves(v)] if isinstance(a, dict) else []


def plain(a):
    if isinstance(a, Floats):
        return a.t
    if isinstance(a, (list, tuple)):
        return [plain(v) for v in a]
    return {k: plain(v) for k, v in a.items()} if isinstance(a, dict) else a


def gradients(of, xs, a, b, c):
    """d Σ w·y / dx, zeros where nothing flows."""
    total = sum((weights(y.numel(), a, b, c).reshape(y.shape) * y).sum() for y in of)
    if not total.requires_grad:
        return [torch.zeros_like(x) for x in xs]
    found = torch.autograd.grad(total, xs, create_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(xs, found)]


def finite(gs):
    return all(bool(torch.isfinite(g).all()) for g in gs)


FILES = {}
FILE = None


def begin(name):
    global FILE
    FILE = FILES.setdefault(name, {})


def case(name, args, torch_of, second=True):
    """One call: `args` for adjoint; `torch_of` computes it of the same arguments."""
    out = torch_of(*[plain(a) for a in args])
    ys = list(out) if isinstance(out, (list, tuple)) else [out]
    xs = [t for a in args for t in leaves(a)]
    row = {"args": [encode(a) for a in args], "y": [{"s": list(y.shape), "d": flat(y)} for y in ys]}
    if xs and ys[0].dtype == torch.float64:
        g = gradients(ys, xs, 7, 3, 11)
        row["g"] = [flat(one) for one in g] if finite(g) else None
        if second and row["g"] is not None:
            try:
                h = gradients(g, xs, 5, 1, 13)
                row["h"] = [flat(one) for one in h] if finite(h) else None
            except RuntimeError as error:  # a few functions have no second derivative there
                assert "is not implemented" in str(error), error
    FILE.setdefault(name, []).append(row)


def draw(shape, low=-2.0, high=2.0, seed=1, grid=32):
    """Multiples of 1/grid, which need few digits, and never two of the same element by element."""
    rng = random.Random(f"{shape}{low}{high}{seed}")
    n = math.prod(shape)
    steps = int((high - low) * grid)
    return torch.tensor([low + rng.randrange(steps + 1) / grid for _ in range(n)]).reshape(shape)


def x(shape, low=-2.0, high=2.0, seed=1, grid=32):
    return floats(draw(shape, low, high, seed, grid))


SHAPES = [[4], [2, 3], [1], [], [2, 1, 3], [3, 2]]
