"""
The workloads that are no list of layers in JAX's own words: the whole step, update included, in one jit on XLA's CPU backend, one core, images with
channels last as that backend likes them. Running statistics, which training does not read, are left out. Speaks bench/contender.ts's protocol.
"""
import json, os, sys

folder = sys.argv[1]
cores = sorted(os.sched_getaffinity(0))
os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from serving import serve

manifest = json.load(open(os.path.join(folder, "manifest.json")))
raw = open(os.path.join(folder, "data.bin"), "rb").read()
spec = manifest["spec"]


def array(entry):
    dtype = np.int32 if entry["dtype"] == "i32" else np.float32
    return np.frombuffer(raw, dtype, int(np.prod(entry["shape"])), entry["offset"]).reshape(entry["shape"])


def of_labels(scores, y):
    return -jnp.take_along_axis(jax.nn.log_softmax(scores), y[..., None], -1).mean()


def affine(p, name, x):
    return x @ p[f"{name}.kernel"] + p[f"{name}.bias"]


def normed(p, name, x, axes):
    centred = x - x.mean(axes, keepdims=True)
    deviation = lax.rsqrt(jnp.square(centred).mean(axes, keepdims=True) + 1e-5)
    return centred * deviation * p[f"{name}.gamma"] + p[f"{name}.beta"]


def batch_normed(p, name, x):
    return normed(p, name, x, (0, 1, 2))


NHWC = ("NHWC", "HWIO", "NHWC")


def convolved(p, name, x, stride=1, pad=(0, 0), groups=1):
    y = lax.conv_general_dilated(x, p[f"{name}.kernel"], (stride, stride), (pad, pad), dimension_numbers=NHWC, feature_group_count=groups)
    return y + p[f"{name}.bias"]


def gpt(p, x, y):
    numbered = lambda name, n: name if n == 1 else f"{name}_{n}"
    layer_normed = lambda n, h: normed(p, numbered("layerNorm", n), h, -1)
    h = p["embedding.table"][x] + p["positionalEncoding.table"]
    n, t, w = h.shape
    behind = jnp.tril(jnp.ones((t, t), bool))
    for block in range(1, 5):
        attention = numbered("multiHeadAttention", block)
        heads = lambda one: one.reshape(n, t, 4, w // 4).transpose(0, 2, 1, 3)
        q, k, v = map(heads, jnp.split(affine(p, f"{attention}.qkv", layer_normed(2 * block - 1, h)), 3, -1))
        scores = jnp.where(behind, q @ k.swapaxes(2, 3) / (w // 4) ** 0.5, -jnp.inf)
        mixed = (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(n, t, w)
        h = h + affine(p, f"{attention}.output", mixed)
        wide = jax.nn.gelu(affine(p, numbered("dense", 2 * block - 1), layer_normed(2 * block, h)), approximate=False)
        h = h + affine(p, numbered("dense", 2 * block), wide)
    return of_labels(layer_normed(9, h) @ p["scores.kernel"], y)


def lstm(p, x, y):
    own = p["embedding.table"][x.T] @ p["lstm.kernel"] + p["lstm.bias"] + p["lstm.recurrentBias"]

    def turn(carry, own):
        h, c = carry
        i, f, g, o = jnp.split(own + h @ p["lstm.recurrentKernel"], 4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[0], p["lstm.recurrentKernel"].shape[0]))
    _, hs = lax.scan(turn, (zeros, zeros), own)
    return of_labels(affine(p, "scores", hs), y.T)


def rnn(p, x, y):
    own = x.swapaxes(0, 1) @ p["simpleRnn.kernel"] + p["simpleRnn.bias"] + p["simpleRnn.recurrentBias"]
    turn = lambda h, own: (jnp.tanh(own + h @ p["simpleRnn.recurrentKernel"]), None)
    h, _ = lax.scan(turn, jnp.zeros((x.shape[0], p["simpleRnn.recurrentKernel"].shape[0])), own)
    return jnp.square(affine(p, "sum", h) - y).mean()


BLOCKS = [(16, 1), (24, 2), (24, 1), (32, 2), (32, 1)]


def mobilenet(p, x, y):
    relu6 = lambda v: jnp.minimum(jax.nn.relu(v), 6)
    norm = lambda name, v: batch_normed(p, f"{name}.norm", v)
    strided = lambda name, v, stride, groups=1: relu6(norm(name, convolved(p, name, v, stride, (2 - stride, 1), groups)))
    h = strided("stem", x, 2)
    for n, (to, stride) in enumerate(BLOCKS, 1):
        wide = relu6(norm(f"b{n}.expand", convolved(p, f"b{n}.expand", h)))
        deep = strided(f"b{n}.depth", wide, stride, wide.shape[3])
        out = norm(f"b{n}.project", convolved(p, f"b{n}.project", deep))
        h = h + out if stride == 1 and out.shape == h.shape else out
    return of_labels(affine(p, "scores", h.mean((1, 2))), y)


def images(p, z):
    def doubled(name, h):
        y = lax.conv_general_dilated(h, p[f"{name}.kernel"], (1, 1), ((2, 2), (2, 2)), lhs_dilation=(2, 2), dimension_numbers=NHWC)
        return y + p[f"{name}.bias"]

    h = affine(p, "g.spread", z).reshape(z.shape[0], -1, 4, 4).transpose(0, 2, 3, 1)
    h = jax.nn.relu(batch_normed(p, "g.norm0", h))
    h = jax.nn.relu(batch_normed(p, "g.norm1", doubled("g.up1", h)))
    h = jax.nn.relu(batch_normed(p, "g.norm2", doubled("g.up2", h)))
    return jnp.tanh(doubled("g.paint", h))


def judged(p, h):
    for n in (1, 2, 3):
        h = convolved(p, f"d.down{n}", h, 2, (1, 1))
        h = jax.nn.leaky_relu(h if n == 1 else batch_normed(p, f"d.norm{n}", h), 0.2)
    return affine(p, "d.judge", h.transpose(0, 3, 1, 2).reshape(h.shape[0], -1))


def own_layout(given):
    """Filters [kh, kw, in, out], those of transposed convolutions turned; the three projections of an attention as one."""
    p = {}
    for name, value in given.items():
        if value.ndim == 4:
            value = value.transpose(2, 3, 0, 1)[::-1, ::-1] if name.split(".")[1] in ("up1", "up2", "paint") else value.transpose(2, 3, 1, 0)
        p[name] = value
    for name in [one for one in p if one.endswith(".query.kernel")]:
        attention = name.removesuffix(".query.kernel")
        for part in ("kernel", "bias"):
            p[f"{attention}.qkv.{part}"] = np.concatenate([p.pop(f"{attention}.{one}.{part}") for one in ("query", "key", "value")], -1)
    return p


o = spec["optimizer"]
rate, momentum, beta1, decay = o["rate"], o.get("momentum", 0), o.get("beta1", 0.9), o.get("decay", 1e-2) if o["kind"] == "adamw" else 0


def updated(p, state, grads):
    m, v, t = state
    if o["kind"] == "sgd":
        m = {k: momentum * m[k] + grads[k] for k in p}
        return {k: p[k] - rate * m[k] for k in p}, (m, v, t)
    t = t + 1
    m = {k: beta1 * m[k] + (1 - beta1) * grads[k] for k in p}
    v = {k: 0.999 * v[k] + 0.001 * jnp.square(grads[k]) for k in p}
    c1, c2 = 1 - beta1**t, 1 - 0.999**t
    moved = {k: p[k] * (1 - rate * decay) - rate * (m[k] / c1) / (jnp.sqrt(v[k] / c2) + 1e-8) for k in p}
    return moved, (m, v, t)


def one_loss(program):
    def step(p, state, x, y):
        loss, grads = jax.value_and_grad(program)(p, x, y)
        return loss, *updated(p, state, grads)

    return step


def adversaries(p, state, x, z):
    """Images are made once; the judge learns from them, then the painter from the judge that has learned."""
    judge, painter = ({k: one for k, one in p.items() if k.startswith(name)} for name in ("d.", "g."))
    fake, back = jax.vjp(lambda g: images(g, z), painter)
    judging = lambda d: jax.nn.softplus(-judged(d, x)).mean() + jax.nn.softplus(judged(d, fake)).mean()
    loss, grads = jax.value_and_grad(judging)(judge)
    judge, of_judge = updated(judge, state[0], grads)
    painting, d_fake = jax.value_and_grad(lambda made: jax.nn.softplus(-judged(judge, made)).mean())(fake)
    painter, of_painter = updated(painter, state[1], back(d_fake)[0])
    return loss + painting, judge | painter, (of_judge, of_painter)


PROGRAMS = {"gpt": gpt, "lstm": lstm, "rnn": rnn, "mobilenet": mobilenet}
name = spec["program"]
jitted = jax.jit(adversaries if name == "dcgan" else one_loss(PROGRAMS[name]), donate_argnums=(0, 1))
last = lambda x: x.transpose(0, 2, 3, 1) if x.ndim == 4 else x
batches = [(jnp.asarray(last(array(b["x"]))), jnp.asarray(array(b["y"]))) for b in manifest["batches"]]
initial = own_layout({e["name"]: array(e) for e in manifest["parameters"]})


def restore():
    global params, state
    params = {k: jnp.array(one) for k, one in initial.items()}
    zeros = lambda part: {k: jnp.zeros_like(one) for k, one in params.items() if k.startswith(part)}
    own = lambda part: (zeros(part), zeros(part), jnp.zeros(()))
    state = (own("d."), own("g.")) if name == "dcgan" else own("")


def step(n):
    global params, state
    loss, params, state = jitted(params, state, *batches[n % len(batches)])
    return float(loss)


serve(step, restore, f"JAX {jax.__version__} on XLA's CPU")
