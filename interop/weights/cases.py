"""
Writes the files beside test/weights/: state dicts as PyTorch saves them and weights of Keras, with inputs and what the nets make of them.

    pip install -r requirements.txt && KERAS_BACKEND=torch python cases.py
"""

import os

import keras
import numpy
import torch
from keras import layers
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file

from nets import NETS

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "weights")
os.makedirs(HERE, exist_ok=True)
torch.manual_seed(7)
rng = numpy.random.default_rng(7)
x = torch.randn(4, 3, 6, 6)
tokens = torch.randint(0, 11, (4, 7))

for name, given in (("images", x), ("sequences", tokens)):
    net = NETS[name]()
    for key, value in net.state_dict().items():  # nothing is as it begins
        if value.dtype == torch.float32:
            value.add_(0.1 * torch.rand_like(value))
    net.eval()
    save_file(net.state_dict(), os.path.join(HERE, f"{name}.pytorch.safetensors"))
    with torch.no_grad():
        expected = net(given)
    save_file({"given": given.to(torch.int32 if given.dtype == torch.int64 else torch.float32), "expected": expected},
              os.path.join(HERE, f"{name}.pytorch.expected.safetensors"))

half = {"a": torch.tensor([0.0, -0.0, 1.5, 65504.0, 6e-8, -2.5e-5]), "b": torch.tensor([1.0, -3.1415926, 1e38, 1e-40, 0.0, 2.0])}
save_file({"half": half["a"].to(torch.float16), "brain": half["b"].to(torch.bfloat16), "double": half["b"].to(torch.float64)},
          os.path.join(HERE, "formats.safetensors"))
save_file({"half": half["a"].to(torch.float16).float(), "brain": half["b"].to(torch.bfloat16).float(), "double": half["b"]},
          os.path.join(HERE, "formats.expected.safetensors"))


def pixels():
    """x [n, 6, 6, 3], as Keras has pictures, -> [n, 5]; pooled, so that no flattening asks for an order."""
    given = keras.Input((6, 6, 3))
    h = layers.Conv2D(4, 3, padding="same", name="conv1")(given)
    h = layers.Activation("relu")(layers.BatchNormalization(epsilon=1e-5, name="bn1")(h))
    h = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, use_bias=False, name="depthwise")(h)
    h = layers.Conv2DTranspose(3, 2, strides=2, name="up")(h)
    h = layers.GlobalAveragePooling2D()(layers.Activation("tanh")(h))
    return keras.Model(given, layers.Dense(5, name="fc")(h))


def words():
    """tokens [n, 7] -> [n, 3]"""
    given = keras.Input((7,), dtype="int32")
    h = layers.Embedding(11, 6, name="embed")(given)
    h = layers.Conv1D(6, 3, padding="same", name="temporal")(h)
    h = layers.SimpleRNN(5, return_sequences=True, name="rnn")(h)
    h = layers.LSTM(8, return_sequences=True, name="lstm")(h)
    h = layers.GRU(8, return_sequences=True, name="gru")(h)
    h = layers.LayerNormalization(epsilon=1e-5, name="norm")(h)
    h = layers.MultiHeadAttention(2, 4, name="attention")(h, h)
    return keras.Model(given, layers.Dense(3, name="head")(layers.GlobalAveragePooling1D()(h)))


for name, net, given in (("images", pixels(), x.permute(0, 2, 3, 1).numpy()), ("sequences", words(), tokens.numpy())):
    for weight in net.weights:
        value = keras.ops.convert_to_numpy(weight)
        weight.assign(value + 0.1 * rng.random(value.shape).astype(numpy.float32))
    weights = {w.path: numpy.ascontiguousarray(keras.ops.convert_to_numpy(w)) for w in net.weights if w.dtype == "float32"}
    save_arrays(weights, os.path.join(HERE, f"{name}.keras.safetensors"))
    numpy.savez(os.path.join(HERE, f"{name}.keras.npz"), **weights)
    expected = keras.ops.convert_to_numpy(net(given, training=False)).astype(numpy.float32)
    save_arrays({"expected": expected}, os.path.join(HERE, f"{name}.keras.expected.safetensors"))
    print(name, {k: v.shape for k, v in weights.items()})
