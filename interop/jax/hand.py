"""
Six nets of models/ as one writes them by hand in JAX: a loss, jax.value_and_grad, an optimizer over the tree, one jit. Weights have the names and
the layout that they have there, so that both begin alike.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

EPSILON = 1e-5


def cross_entropy(scores, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(scores), y[..., None], axis=-1))


def dense(p, name, x):
    return x @ p[f"{name}.kernel"] + p[f"{name}.bias"]


def conv(x, kernel, stride=1, padding="SAME"):
    return lax.conv_general_dilated(x, kernel, (stride, stride), padding)


def max_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def mnist_mlp(p, s, batch):
    hidden = jax.nn.relu(batch["x"] @ p["W1"] + p["b1"])
    return cross_entropy(hidden @ p["W2"] + p["b2"], batch["y"]), s


def lenet(p, s, batch):
    def layer(name, x):
        return max_pool(jax.nn.relu(conv(x, p[f"{name}.kernel"], padding="VALID") + p[f"{name}.bias"][:, None, None]))

    x = layer("c3", layer("c1", batch["x"]))
    x = x.reshape(x.shape[0], -1)
    x = jax.nn.relu(dense(p, "f6", jax.nn.relu(dense(p, "f5", x))))
    return cross_entropy(dense(p, "scores", x), batch["y"]), s


def autoencoder(p, s, batch):
    code = dense(p, "code", jax.nn.relu(dense(p, "encoder", batch["x"])))
    image = jax.nn.sigmoid(dense(p, "image", jax.nn.relu(dense(p, "decoder", code))))
    return jnp.mean((image - batch["x"]) ** 2), s


def mini_resnet(p, s, batch):
    running = {}

    def norm(name, x):
        mean, variance = jnp.mean(x, axis=(0, 2, 3)), jnp.var(x, axis=(0, 2, 3))
        size = x.size // x.shape[1]
        running[f"{name}.mean"] = 0.9 * s[f"{name}.mean"] + 0.1 * mean
        running[f"{name}.variance"] = 0.9 * s[f"{name}.variance"] + 0.1 * variance * size / (size - 1)
        scale = p[f"{name}.gamma"] * lax.rsqrt(variance + EPSILON)
        return (x - mean[:, None, None]) * scale[:, None, None] + p[f"{name}.beta"][:, None, None]

    x = jax.nn.relu(norm("batchNorm", conv(batch["x"], p["stem.kernel"])))
    first = jax.nn.relu(norm("batchNorm_2", conv(x, p["conv2d.kernel"])))
    x = jax.nn.relu(x + norm("batchNorm_3", conv(first, p["conv2d_2.kernel"])))
    first = jax.nn.relu(norm("batchNorm_4", conv(x, p["conv2d_3.kernel"], 2)))
    body = norm("batchNorm_5", conv(first, p["conv2d_4.kernel"]))
    x = jax.nn.relu(body + norm("batchNorm_6", conv(x, p["conv2d_5.kernel"], 2)))
    return cross_entropy(dense(p, "scores", jnp.mean(x, axis=(2, 3))), batch["y"]), running


def char_lstm(p, s, batch):
    x = p["embedding.table"][batch["x"]].swapaxes(0, 1) @ p["lstm.kernel"] + p["lstm.bias"]

    def turn(carry, inputs):
        h, c = carry
        i, f, g, o = jnp.split(inputs + h @ p["lstm.recurrentKernel"] + p["lstm.recurrentBias"], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[1], p["lstm.recurrentKernel"].shape[0]))
    _, hidden = lax.scan(turn, (zeros, zeros), x)
    return cross_entropy(dense(p, "scores", hidden.swapaxes(0, 1)), batch["next"]), s


def char_transformer(p, s, batch):
    heads = 4

    def norm(name, x):
        mean, variance = jnp.mean(x, axis=-1, keepdims=True), jnp.var(x, axis=-1, keepdims=True)
        return (x - mean) * lax.rsqrt(variance + EPSILON) * p[f"{name}.gamma"] + p[f"{name}.beta"]

    def attention(name, x):
        rows, steps, width = x.shape
        q, k, v = (dense(p, f"{name}.{one}", x).reshape(rows, steps, heads, -1) for one in ("query", "key", "value"))
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / (width // heads) ** 0.5
        weights = jax.nn.softmax(jnp.where(jnp.tril(jnp.ones((steps, steps), bool)), scores, -1e30))
        return dense(p, f"{name}.output", jnp.einsum("bhqk,bkhd->bqhd", weights, v).reshape(rows, steps, width))

    x = p["embedding.table"][batch["x"]] + p["positionalEncoding.table"]
    for norms, attends, layers in (
        (("layerNorm", "layerNorm_2"), "multiHeadAttention", ("dense", "dense_2")),
        (("layerNorm_3", "layerNorm_4"), "multiHeadAttention_2", ("dense_3", "dense_4")),
    ):
        x = x + attention(attends, norm(norms[0], x))
        x = x + dense(p, layers[1], jax.nn.gelu(dense(p, layers[0], norm(norms[1], x)), approximate=False))
    return cross_entropy(dense(p, "scores", norm("layerNorm_5", x)), batch["next"]), s


def adam(rate, p, g, m, v, t, decay=0.0):
    """Adam, or AdamW with a decay: new parameters and moments."""
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    first, second = 1 - 0.9**t, 1 - 0.999**t

    def moved(p, m, v):
        return p - rate * (m / first / (jnp.sqrt(v / second) + 1e-8) + decay * p)

    return jax.tree.map(moved, p, m, v), m, v


def clipped(g, largest):
    norm = jnp.sqrt(sum(jnp.sum(x * x) for x in jax.tree.leaves(g)))
    return jax.tree.map(lambda x: x * jnp.minimum(1, largest / (norm + 1e-6)), g)


NETS = {
    "mnist-mlp": (mnist_mlp, partial(adam, 1e-3), None),
    "lenet": (lenet, partial(adam, 1e-3), None),
    "autoencoder": (autoencoder, partial(adam, 1e-3), None),
    "mini-resnet": (mini_resnet, partial(adam, 1e-3), None),
    "char-lstm": (char_lstm, partial(adam, 3e-3), 1.0),
    "char-transformer": (char_transformer, partial(adam, 1e-3, decay=0.01), None),
}


def step_of(name):
    """The compiled step of a net: (p, s, m, v, t), batch → the same anew, loss."""
    loss_of, optimizer, largest = NETS[name]

    @partial(jax.jit, donate_argnums=0)
    def step(state, batch):
        p, s, m, v, t = state
        (loss, s), g = jax.value_and_grad(loss_of, has_aux=True)(p, s, batch)
        if largest is not None:
            g = clipped(g, largest)
        p, m, v = optimizer(p, g, m, v, t + 1)
        return (p, s, m, v, t + 1), loss

    return step
