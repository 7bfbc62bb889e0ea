"""Reductions, shapes, positions, products."""

import math

import torch
from torch.nn import functional as F

from recording import INF, SHAPES, begin, case, draw, floats, x

begin("reductions")

AXES = [([4], [0]), ([2, 3], [1]), ([2, 3], [0]), ([2, 3, 2], [0, 2]), ([2, 3], [-1]), ([1, 5], [0, 1])]


def keep(o):
    return o.get("keepDims", False)


def reduce(name, of, low=-2.0, high=2.0, extra=(), attrs=({}, {"keepDims": True})):
    for n, (shape, axes) in enumerate(AXES):
        for o in attrs[: 1 + n % len(attrs)] if n else attrs:
            case(name, [x(shape, low, high, n), axes, o], lambda v, a, o: of(v, [d % v.dim() for d in a], o))
    for some, axes in extra:
        case(name, [floats(some), axes, attrs[0]], lambda v, a, o: of(v, [d % v.dim() for d in a], o))


def prod(v, axes, o):
    for axis in sorted(axes, reverse=True):
        v = v.prod(axis, keepdim=keep(o))
    return v


reduce("sum", lambda v, a, o: v.sum(a, keepdim=keep(o)))
reduce("mean", lambda v, a, o: v.mean(a, keepdim=keep(o)))
reduce("max", lambda v, a, o: v.amax(a, keepdim=keep(o)), extra=[([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]], [1])])
reduce("min", lambda v, a, o: v.amin(a, keepdim=keep(o)), extra=[([[1.0, 1.0, 3.0], [2.0, 2.0, 2.0]], [1])])
reduce("prod", prod, extra=[([[2.0, 0.0, 3.0], [0.0, 0.0, 4.0]], [1]), ([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]], [0, 1])])
reduce("logSumExp", lambda v, a, o: torch.logsumexp(v, a, keepdim=keep(o)), extra=[([[500.0, 501.0], [-500.0, -501.0]], [1]), ([[INF, 1.0], [-INF, -INF]], [1])])
SPREADS = ({}, {"correction": 1}, {"keepDims": True, "correction": 1})






for n, (shape, axes) in enumerate(AXES):
    for o in SPREADS:
        case("variance", [x(shape, seed=n), axes, o], lambda v, a, o: v.var(a, correction=o.get("correction", 0), keepdim=keep(o)))
        case("std", [x(shape, seed=n), axes, o], lambda v, a, o: v.std(a, correction=o.get("correction", 0), keepdim=keep(o)))
case("std", [floats([[1.0, 1.0], [0.5, 0.5]]), [1], {}], lambda v, a, o: v.std(a, correction=0), second=False)

for p in (1, 2, 3, 1.5, 0.5, 0, INF, -INF):
    for shape, axes in (([5], None), ([2, 3], [1]), ([2, 3, 2], [0, 2])):
        o = {} if axes is None else {"axes": axes, "keepDims": p == 2 or p == INF}
        case("norm", [x(shape, 0.25, 2, seed=4) if p in (0.5, 1.5) else x(shape, seed=4), p, o], lambda v, p, o: torch.linalg.vector_norm(v, p, o.get("axes"), keep(o)))
for p in (1, 2, 3, 1.5, INF):
    case("norm", [floats([0.0, 0.0, 0.0]), p], lambda v, p: torch.linalg.vector_norm(v, p), second=False)
case("norm", [floats([3.0, 0.0, -4.0]), 1.5], lambda v, p: torch.linalg.vector_norm(v, p), second=False)

for n, (shape, axis) in enumerate([([4], 0), ([2, 3], 1), ([2, 3], 0), ([2, 3, 2], 1), ([2, 3], -1), ([2, 2, 2], -2)]):
    for o in ({}, {"keepDims": True}):
        case("argmax", [x(shape, seed=n), axis, o], lambda v, a, o: v.argmax(a, keepdim=keep(o)))
        case("argmin", [x(shape, seed=n), axis, o], lambda v, a, o: v.argmin(a, keepdim=keep(o)))


def quantified(of):
    def run(v, axes, o):
        for axis in sorted([a % v.dim() for a in axes], reverse=True):
            v = of(v, axis, keep(o))
        return v

    return run


for n, (shape, axes) in enumerate(AXES):
    for o in ({}, {"keepDims": True}):
        case("any", [draw(shape, seed=n) > 1, axes, o], quantified(lambda v, a, k: v.any(a, keepdim=k)))
        case("all", [draw(shape, seed=n) > -1, axes, o], quantified(lambda v, a, k: v.all(a, keepdim=k)))
for shape, axis in (([5], 0), ([2, 3], 0), ([2, 3], 1), ([2, 7], -1), ([2, 3, 2], 1), ([1], 0), ([8], 0)):
    case("cumprod", [x(shape), axis], lambda v, a: v.cumprod(a))
    case("cumsum", [x(shape), axis], lambda v, a: v.cumsum(a))
case("cumprod", [floats([2.0, 0.0, 3.0, 0.0, 4.0]), 0], lambda v, a: v.cumprod(a))
case("cumsum", [floats([2.0, 0.0, 3.0, 0.0, 4.0]), 0], lambda v, a: v.cumsum(a))

begin("shapes")

for shape, to in (([3], [2, 3]), ([2, 1], [2, 4]), ([], [2, 2]), ([1, 3], [4, 2, 3]), ([2, 3], [2, 3]), ([1], [5]), ([2, 1, 2], [2, 3, 2]), ([1, 1], [2, 2])):
    case("broadcastTo", [x(shape), to], lambda v, s: v.broadcast_to(s))
for shape, by in (([3], [2]), ([2, 3], [2, 1]), ([2, 2], [1, 3]), ([2], [3, 2]), ([2, 2], [2]), ([1, 2, 1], [2, 2, 2]), ([4], [1]), ([], [3])):
    case("tile", [x(shape), by], lambda v, r: v.tile(r))
for shape, n, axis in (([3], 2, 0), ([2, 3], 2, 1), ([2, 3], 3, 0), ([2, 2], 2, -1), ([2, 1, 2], 2, 1), ([2], 1, 0), ([1, 4], 2, -2), ([5], 4, 0)):
    case("repeat", [x(shape), n, axis], lambda v, n, a: v.repeat_interleave(n, a))
for shape, by, axes in (([5], 2, 0), ([5], -1, 0), ([2, 3], 1, 1), ([2, 3], 4, -1), ([3, 4], [1, 2], [0, 1]), ([3, 4], [-1, 5], [1, 0]), ([2, 2, 3], 0, 1), ([4], 8, 0), ([4, 2], 3, 0)):
    case("roll", [x(shape), by, axes], lambda v, s, a: v.roll(s, a))
for shape, to in (([2, 6], [3, -1]), ([12], [-1, 4]), ([2, 3, 2], [2, -1]), ([2, 3], [-1]), ([4], [2, 2]), ([6, 1], [-1, 3, 2]), ([1], [1, -1, 1]), ([2, 2, 2], [4, 2])):
    case("reshape", [x(shape), to], lambda v, s: v.reshape(s))


def sliced(v, start, limit, stride):
    """Ends and strides as JSON cannot give slices: what is infinite is the end itself."""
    for axis, (s, l, k) in enumerate(zip(start, limit, stride)):
        own = slice(None if abs(s) == INF else s, None if abs(l) == INF else l, k)
        v = v.index_select(axis, torch.tensor(range(v.shape[axis])[own]))
    return v


for shape, s, l, k in (
    ([5], [1], [4], [1]), ([5], [-3], [-1], [1]), ([5], [0], [INF], [2]), ([5], [4], [0], [-1]), ([5], [-1], [-INF], [-1]), ([6], [-1], [-INF], [-2]),
    ([3, 4], [0, -2], [2, INF], [1, 1]), ([3, 4], [2, 0], [-INF, 4], [-1, 3]), ([4, 4], [-2, 3], [-4, 0], [-1, -2]), ([2, 5, 2], [0, 3, 1], [2, 0, -INF], [1, -2, -1]),
):
    case("slice", [x(shape), s, l, k], sliced)
for shape, at, axis in (
    ([5], [3], 0), ([2, 3], [2, 2], 1), ([3, 2], [4, 2], 0), ([2, 3], [2, 5], -1), ([2, 3, 2], [2, 1, 2], 1), ([2, 3, 2], [2, 4, 2], -2), ([4, 1], [2, 1], 0), ([1, 3], [1, 3], 1),
):
    index = torch.tensor([i * 7 % draw(shape).shape[axis] for i in range(math.prod(at))]).reshape(at)
    case("takeAlongAxis", [x(shape), index, axis], lambda v, i, a: torch.take_along_dim(v, i, a))
case("takeAlongAxis", [floats([INF, 1.0, math.nan, -INF]), torch.tensor([1, 3, 0]), 0], lambda v, i, a: torch.take_along_dim(v, i, a))
for shape, at, axis in (([4], [3], 0), ([3, 2], [2], 0), ([2, 3], [2], 1), ([2, 3], [2, 2], 1), ([2, 3, 2], [4], -2), ([2, 3, 2], [2, 2], 2), ([3], [], 0), ([2, 3], [], 1)):
    index = torch.tensor([i * 5 % draw(shape).shape[axis] for i in range(math.prod(at))]).reshape(at)
    case("gather", [x(shape), index, axis], lambda v, i, a: v.index_select(a, i.reshape(-1)).reshape(v.shape[: a % v.dim()] + i.shape + v.shape[a % v.dim() + 1 :]))
for shape in ([3, 3], [2, 4], [4, 2], [2, 2, 3]):
    for k in (0, 1, -1):
        case("tril", [x(shape), k], torch.tril)
        case("triu", [x(shape), k], torch.triu)
        case("diagonal", [x(shape), k], lambda v, k: v.diagonal(k, -2, -1))
    case("trace", [x(shape)], lambda v: v.diagonal(0, -2, -1).sum(-1))
    case("trace", [x(shape, seed=5)], lambda v: v.diagonal(0, -2, -1).sum(-1))
for m, n in ((2, 3), (1, 4), (3, 1), (1, 1), (4, 2), (2, 2), (5, 1), (3, 3)):
    case("outer", [x([m]), x([n], seed=3)], torch.outer)
for sizes in ((2, 3), (3,), (2, 1, 3), (1, 1), (4, 2), (2, 2, 2), (1, 3), (3, 1, 1)):
    case("meshgrid", [[x([n], seed=m) for m, n in enumerate(sizes)]], lambda vs: torch.meshgrid(*vs, indexing="ij"))
for shape, classes, axis in (([4], 3, -1), ([4], 3, 0), ([2, 3], 4, 1), ([2, 3], 4, 0), ([2, 3], 2, -1), ([], 3, 0), ([1], 5, 1), ([2, 2], 3, -2)):
    labels = torch.tensor([i * 2 % classes for i in range(math.prod(shape))]).reshape(shape)
    case("oneHot", [labels, classes, axis], lambda y, n, a: torch.nn.functional.one_hot(y, n).double().movedim(-1, a))

def padded(v, ends, o):
    """One axis after the other, as PyTorch pads some ranks only."""
    mode = o.get("mode", "constant")
    if mode == "constant":
        return torch.nn.functional.pad(v, [e for pair in reversed(ends) for e in pair], value=o.get("value", 0.0))
    for axis, (low, high) in enumerate(ends):
        n = v.shape[axis]
        at = [abs(i) if mode == "reflect" else max(i, 0) for i in range(-low, n + high)]
        at = [2 * (n - 1) - i if mode == "reflect" and i >= n else min(i, n - 1) for i in at]
        v = v.index_select(axis, torch.tensor(at))
    return v


for shape, ends in (([3], [[1, 2]]), ([2, 3], [[1, 0], [0, 2]]), ([3, 4], [[2, 1], [3, 3]]), ([3, 2], [[0, 2], [1, 0]])):
    for o in ({}, {"value": 1.5}, {"mode": "reflect"}, {"mode": "edge"}):
        case("pad", [x(shape), ends, o], padded)
case("pad", [floats([INF, 1.0]), [[1, 1]], {"value": 2.0}], padded)

for a, b in (([3], [3]), ([3], [3, 2]), ([2, 3], [3]), ([2, 3], [3, 2]), ([2, 2, 3], [3]), ([3], [2, 3, 2]), ([2, 2, 3], [3, 2]), ([2, 3], [2, 3, 2]), ([2, 2, 3], [2, 3, 2]), ([2, 1, 2, 3], [2, 3, 2]), ([1, 2, 3], [2, 3, 1])):
    case("matmul", [x(a), x(b, seed=4)], torch.matmul)

for n, (shape, axis) in enumerate((([5], 0), ([2, 4], 1), ([4, 2], 0), ([2, 3, 2], 1), ([1], 0), ([2, 3], -1), ([7], -1), ([3, 1], 0), ([2, 2, 5], 2))):
    for o in ({}, {"descending": True}):
        case("sort", [x(shape, seed=n), axis, o], lambda v, a, o: torch.sort(v, dim=a, descending=o.get("descending", False), stable=True).values)
        case("argsort", [x(shape, seed=n), axis, o], lambda v, a, o: torch.argsort(v, dim=a, descending=o.get("descending", False), stable=True))
    case("cummax", [x(shape, seed=n, grid=512), axis], lambda v, a: v.cummax(a).values)
    for o in ({}, {"keepDims": True}):
        case("median", [x(shape, seed=n, grid=512), axis, o], lambda v, a, o: v.median(a, keepdim=keep(o)).values)
for ties in ([1.0, 0.0, 1.0, 0.0, 0.0], [INF, 1.0, -INF, INF], [math.nan, 1.0, math.nan, -1.0, INF]):
    for o in ({}, {"descending": True}):
        case("sort", [floats(ties), 0, o], lambda v, a, o: torch.sort(v, dim=a, descending=o.get("descending", False), stable=True).values)
        case("argsort", [floats(ties), 0, o], lambda v, a, o: torch.argsort(v, dim=a, descending=o.get("descending", False), stable=True))
for n, (shape, k, o) in enumerate((([5], 2, {}), ([2, 4], 3, {"axis": 1}), ([4, 2], 1, {"axis": 0}), ([2, 3, 2], 2, {"axis": 1, "largest": False}), ([1], 1, {}), ([6], 6, {"largest": False}), ([2, 5], 2, {"axis": -1, "largest": False}), ([3, 3], 3, {"axis": 0}))):
    case("topK", [x(shape, seed=n, grid=512), k, o], lambda v, k, o: v.topk(k, o.get("axis", -1), o.get("largest", True)))
def first(v, k, o):
    """Of equals the first comes first, which topk does not promise."""
    axis, largest = o.get("axis", -1), o.get("largest", True)
    order = torch.sort(v, dim=axis, descending=largest, stable=True)
    return order.values.narrow(axis, 0, k), order.indices.narrow(axis, 0, k)


for ties in ([1.0, 0.0, 1.0, 0.0, 0.0], [INF, 1.0, -INF, INF, -INF], [math.nan, 1.0, math.nan, -INF, INF]):
    for k in (3, 5):
        for o in ({}, {"largest": False}):
            case("topK", [floats(ties), k, o], first)
for k, o in ((16, {}), (17, {}), (16, {"largest": False, "axis": 0}), (20, {"largest": False})):
    case("topK", [x([20], seed=k, grid=4), k, o], first)
for n, (shape, at, axis) in enumerate((([5], [3], 0), ([2, 3], [2, 2], 1), ([3, 2], [4, 2], 0), ([2, 3], [2, 5], -1), ([2, 3, 2], [2, 1, 2], 1), ([2, 3, 2], [2, 4, 2], -2), ([4, 1], [2, 1], 0), ([1, 3], [1, 3], 1))):
    extent = shape[axis]
    index = torch.tensor([i * 7 % extent for i in range(math.prod(at))]).reshape(at)
    def last(v, i, u, a):
        """The last of equals, which PyTorch does not promise."""
        for k in range(i.shape[a]):
            v = v.scatter(a, i.narrow(a, k, 1), u.narrow(a, k, 1))
        return v
    case("scatter", [x(shape, seed=n), index, x(at, seed=n + 4), axis], last)
    case("scatterAdd", [x(shape, seed=n), index, x(at, seed=n + 4), axis], lambda v, i, u, a: v.scatter_add(a, i, u))

begin("einsum")
for text, shapes in (
    ("ij,jk->ik", [[2, 3], [3, 2]]), ("bij,bjk->bik", [[2, 2, 3], [2, 3, 2]]), ("ij->ji", [[2, 3]]), ("ij->", [[2, 3]]), ("ij->j", [[2, 3]]), ("ii->i", [[3, 3]]), ("ii", [[3, 3]]),
    ("i,i", [[4], [4]]), ("i,j->ij", [[2], [3]]), ("ij,ij->ij", [[2, 3], [2, 3]]), ("ij,j->ij", [[2, 3], [3]]), ("bhqd,bhkd->bhqk", [[1, 2, 2, 3], [1, 2, 2, 3]]), ("bhqk,bhkd->bqhd", [[1, 2, 2, 3], [1, 2, 3, 2]]),
    ("ij,jk,kl->il", [[2, 3], [3, 2], [2, 2]]), ("i,ij,j->", [[2], [2, 3], [3]]), ("...ij,...jk->...ik", [[2, 1, 2, 3], [2, 3, 2]]), ("...i->...", [[2, 2, 3]]), ("b...,b...->b...", [[2, 3], [2, 3]]), ("ji,jk", [[3, 2], [3, 2]]),
    ("ijk,ljk->il", [[2, 2, 3], [3, 2, 3]]), ("abc,cd,be->aed", [[2, 2, 3], [3, 2], [2, 2]]), ("iij->ij", [[2, 2, 3]]), ("ijj,j->i", [[2, 3, 3], [3]]), ("i j , j k -> i k", [[2, 3], [3, 1]]), ("iji->j", [[2, 3, 2]]),
):
    case("einsum", [text, [x(shape, seed=n) for n, shape in enumerate(shapes)]], lambda t, vs: torch.einsum(t, *vs))

begin("shapes")
for n, (shape, axis) in enumerate((([3], 0), ([3], 1), ([2, 3], 0), ([2, 3], 1), ([2, 3], -1), ([], 0), ([2, 3], -3), ([1, 1], 1))):
    case("expandDims", [x(shape, seed=n), axis], lambda v, a: v.unsqueeze(a))
    case("squeeze", [x([*shape[: axis % (len(shape) + 1)], 1, *shape[axis % (len(shape) + 1) :]], seed=n), axis], lambda v, a: v.squeeze(a))
for n, (shape, axis) in enumerate((([3], 0), ([2, 3], 0), ([2, 3], 1), ([2, 3], -1), ([2, 1, 2], 1), ([1], 0), ([2, 2], -2), ([4, 1], 1))):
    case("concatenate", [[x(shape, seed=n), x(shape, seed=n + 1), x(shape, seed=n + 2)], axis], lambda vs, a: torch.cat(vs, a))
    case("stack", [[x(shape, seed=n), x(shape, seed=n + 1)], axis], lambda vs, a: torch.stack(vs, a))
    case("reversed", [x(shape, seed=n), [axis]], torch.flip)
for n, (shape, parts, axis) in enumerate((([4], 2, 0), ([2, 6], 3, 1), ([2, 6], [1, 2, 3], 1), ([4, 2], [3, 1], 0), ([2, 2, 3], [1, 1], -2), ([3], [3], 0), ([6], [1, 5], -1), ([2, 4], 4, -1))):
    case("split", [x(shape, seed=n), parts, axis], lambda v, p, a: torch.split(v, p if isinstance(p, list) else v.shape[a] // p, a))
for n, (shape, order) in enumerate((([2, 3], [1, 0]), ([2, 3, 2], [2, 0, 1]), ([2, 3, 2], [0, 2, 1]), ([4], [0]), ([1, 3], [1, 0]), ([2, 2, 2, 1], [3, 1, 0, 2]), ([2, 3], [0, 1]), ([3, 1, 2], [1, 2, 0]))):
    case("transpose", [x(shape, seed=n), order], lambda v, o: v.permute(o))
