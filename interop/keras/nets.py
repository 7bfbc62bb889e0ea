"""
Saves nets of Keras as TensorFlow.js keeps layers models, model.json and a shard of weights, with inputs, what Keras predicts of them, and three
steps of training: for imports.ts; the small ones also become test/imports/keras.json.gz.

    pip install -r requirements.txt && KERAS_BACKEND=torch python nets.py /tmp/nets [dist/models/mobilenet_v2 of the npm package nsfwjs]
"""

import base64
import gzip
import json
import os
import re
import subprocess
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy
from keras import layers as K

OUT = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
rng = numpy.random.default_rng(11)
keras.utils.set_random_seed(11)


def pictures():
    """A Sequential net over pictures: the kernel behind its Flatten is permuted."""
    net = keras.Sequential(
        [
            keras.Input((9, 8, 3), name="pixels"),
            K.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="stem"),
            K.BatchNormalization(name="norm"),
            K.ZeroPadding2D(((0, 1), (1, 0)), name="margin"),
            K.DepthwiseConv2D(3, depth_multiplier=2, name="apart"),
            K.LeakyReLU(name="leaky"),
            K.MaxPooling2D(2, strides=1, padding="same", name="pool"),
            K.Flatten(name="flat"),
            K.Dense(7, activation="tanh", name="hidden"),
            K.Dense(3, activation="softmax", name="kind"),
        ],
        name="pictures",
    )
    net.compile(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), "sparse_categorical_crossentropy")
    return net, [rng.standard_normal((4, 9, 8, 3))], [rng.integers(0, 3, 4)]


def branches():
    """A functional net of two inputs and two outputs: shared layers, merges, a model within, squeezed and excited."""
    a, b = keras.Input((6, 6, 2), name="left"), keras.Input((5,), name="right")
    conv = K.Conv2D(4, 3, padding="same", use_bias=False, name="conv")
    h = conv(a)
    h = K.ReLU(6.0, name="six")(K.BatchNormalization(momentum=0.9, epsilon=1e-4, scale=False, name="norm")(h))
    wide = K.SeparableConv2D(4, 3, padding="same", name="separable")(h)
    shares = K.Reshape((1, 1, 4), name="points")(K.GlobalAveragePooling2D(name="mean")(wide))
    shares = K.Conv2D(4, 1, activation="hard_sigmoid", name="excite")(shares)
    h = K.Add(name="sum")([h, K.Multiply(name="weighed")([wide, shares])])
    h = K.Concatenate(name="joined")([h, K.UpSampling2D(2, name="up")(K.AveragePooling2D(2, name="half")(h))])
    h = K.Conv2DTranspose(3, 2, strides=2, activation="elu", name="grow")(h)
    image = K.Cropping2D(((1, 2), (0, 3)), name="cut")(h)
    inner_in = keras.Input((5,), name="given")
    inner = keras.Model(inner_in, K.LayerNormalization(name="scale")(K.Dense(6, activation="swish", name="mix")(inner_in)), name="inner")
    features = inner(b)
    both = K.Concatenate(name="features")([K.Flatten(name="flat")(image), features, inner(K.Rescaling(0.5, 0.1, name="shift")(b))])
    yes = K.Dense(1, activation="sigmoid", name="yes")(both)
    net = keras.Model([a, b], [yes, image], name="branches")
    net.compile(keras.optimizers.SGD(0.1), ["binary_crossentropy", "mse"], loss_weights=[1, 0.5])
    return net, [rng.standard_normal((4, 6, 6, 2)), rng.standard_normal((4, 5))], [rng.integers(0, 2, (4, 1)).astype("float32"), rng.standard_normal((4, 9, 9, 3))]


def words():
    """A functional net over words: recurrences of all kinds, convolutions in time, attention."""
    tokens = keras.Input((7,), dtype="int32", name="tokens")
    h = K.Embedding(11, 6, name="table")(tokens)
    h = K.Conv1D(6, 3, padding="causal", activation="relu", name="causal")(h)
    h = K.Bidirectional(K.LSTM(3, return_sequences=True), name="both")(h)
    h = K.GRU(6, return_sequences=True, name="after")(h)
    h = K.GRU(6, reset_after=False, return_sequences=True, go_backwards=True, name="before")(h)
    h = K.LSTM(6, recurrent_activation="hard_sigmoid", return_sequences=True, name="hard")(h)
    h = K.MultiHeadAttention(2, 3, name="look")(h, h)
    h = K.Permute((2, 1), name="turned")(h)
    h = K.SimpleRNN(5, activation="relu", name="plain")(h)
    net = keras.Model(tokens, K.Dense(4, name="scores")(h), name="words")
    # Adam of Keras adds ε before it corrects the moments: no steps of ours are its
    net.compile(keras.optimizers.SGD(0.02, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return net, [rng.integers(0, 11, (4, 7)).astype("int32")], [rng.integers(0, 4, 4)]


def padded():
    """A functional net over padded words: masks made, handed on, merged, read by recurrences, attention and a mean, and left out of a loss."""
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    h = K.Embedding(9, 4, mask_zero=True, name="table")(tokens)
    h = K.Dropout(0.0, name="kept")(K.Dense(4, activation="tanh", name="mix")(h))
    a = K.LSTM(4, return_sequences=True, name="ahead")(h)
    b = K.Bidirectional(K.GRU(2, return_sequences=True), name="both")(h)
    h = K.Add(name="sum")([a, b])
    # what heads read has no mask afterwards: Keras takes it away
    h = K.LayerNormalization(name="norm")(K.Add(name="seen")([a, K.MultiHeadAttention(2, 2, name="look")(h, h)]))
    h = K.Concatenate(name="joined")([K.Attention(use_scale=True, name="soft")([h, a]), K.AdditiveAttention(name="added")([a, h])])
    tags = K.Dense(3, activation="softmax", name="tags")(h)
    kind = K.Dense(2, name="kind")(K.Concatenate(name="ends")([K.GlobalAveragePooling1D(name="mean")(h), K.GRU(3, name="last")(h)]))
    net = keras.Model(tokens, [tags, kind], name="padded")
    net.compile(keras.optimizers.SGD(0.1), ["sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy(from_logits=True)], loss_weights=[1, 0.5])
    words = rng.integers(1, 9, (4, 6)).astype("int32")
    for row, length in enumerate((6, 4, 1, 3)):
        words[row, length:] = 0
    words[3, 0] = 0  # padding before, too
    return net, [words], [rng.integers(0, 3, (4, 6)), rng.integers(0, 2, 4)]


def measured():
    """A Sequential net over masked measurements."""
    net = keras.Sequential(
        [
            keras.Input((5, 3), name="series"),
            K.Masking(-1.0, name="real"),
            K.SimpleRNN(4, return_sequences=True, go_backwards=True, name="back"),
            K.LSTM(4, return_sequences=True, zero_output_for_mask=True, name="zeros"),
            K.GRU(3, name="last"),
            K.Dense(1, name="value"),
        ],
        name="measured",
    )
    net.compile(keras.optimizers.SGD(0.1), "mse")
    series = rng.standard_normal((4, 5, 3))
    series[1, 3:] = -1
    series[2, 1] = -1
    return net, [series], [rng.standard_normal((4, 1))]


def prepared():
    """A Sequential net that prepares its pictures, and changes them in training by nothing, as all others are drawn."""
    pixels = 255 * rng.random((4, 10, 9, 3))
    known = K.Normalization(axis=-1, name="known")
    known.adapt(pixels)
    net = keras.Sequential(
        [
            keras.Input((10, 9, 3), name="pixels"),
            K.Resizing(8, 12, name="size"),
            K.CenterCrop(8, 9, name="middle"),
            K.RandomTranslation(0.0, 0.0, fill_mode="nearest", name="moved"),
            K.RandomRotation(0.0, fill_mode="constant", name="turned"),
            K.RandomZoom(0.0, name="zoomed"),
            K.RandomContrast(0.0, name="contrast"),
            K.RandomBrightness(0.0, name="brightness"),
            K.RandomCrop(8, 9, name="part"),
            known,
            K.Conv2D(5, 3, name="conv"),
            K.RMSNormalization(name="rms"),
            K.Resizing(5, 5, interpolation="bicubic", name="cubic"),
            K.AdaptiveAveragePooling2D((2, 3), name="evenly"),
            K.AdaptiveMaxPooling2D((2, 2), name="largest"),
            K.UnitNormalization(name="unit"),
            K.Resizing(3, 3, interpolation="nearest", name="near"),
            K.Flatten(name="flat"),
            K.Dense(3, activation="softmax", name="kind"),
        ],
        name="prepared",
    )
    net.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return net, [pixels], [rng.integers(0, 3, 4)]


def unwrapped(folder):
    """A model of an npm package whose JSON and shards are scripts."""
    read = "const m=require(process.argv[1]);process.stdout.write(typeof m==='string'?m:JSON.stringify(m))"
    script = lambda name: subprocess.run(["node", "-e", read, os.path.abspath(os.path.join(folder, name))], capture_output=True, check=True, text=True).stdout
    topology = json.loads(script("model.min.js"))
    shards = {path: base64.b64decode(script(path + ".min.js")) for group in topology["weightsManifest"] for path in group["paths"]}
    return topology, shards


def nsfw(folder):
    """The MobileNetV2 of nsfwjs, of Keras 2.2.4, its weights of 8 bits widened as TensorFlow.js does."""
    topology, shards = unwrapped(folder)
    config = topology["modelTopology"]["model_config"]["config"]
    for layer in config["layers"]:  # what Keras 3 no longer takes
        own = layer["config"]
        own.pop("sparse", None)
        if "batch_input_shape" in own:
            own["batch_shape"] = own.pop("batch_input_shape")
        if layer["class_name"] == "ReLU":
            own["negative_slope"], own["threshold"] = float(own.get("negative_slope", 0)), float(own.get("threshold", 0))
        for key in [key for key in own if key.endswith(("initializer", "regularizer", "constraint"))]:
            del own[key]
    net = keras.Model.from_config(config)
    held = {}
    for group in topology["weightsManifest"]:
        data, at = b"".join(shards[path] for path in group["paths"]), 0
        for weight in group["weights"]:
            size = int(numpy.prod(weight["shape"]))
            q = weight["quantization"]
            kind = numpy.dtype(q["dtype"])
            values = numpy.frombuffer(data, kind, size, at) * q["scale"] + q["min"]
            at += size * kind.itemsize
            held[weight["name"]] = values.astype("float32").reshape(weight["shape"])
    for layer in net.layers:
        for weight in layer.weights:
            own = f"{layer.name}/{weight.name}"
            weight.assign(held[own if own in held else own.replace("/kernel", "/depthwise_kernel")])
    topology, _ = unwrapped(folder)
    return net, topology, shards


def saved(net):
    """model.json and its one shard."""
    weights = [(w.path, numpy.asarray(keras.ops.convert_to_numpy(w), dtype="float32", order="C")) for w in net.weights if not SKIPPED.search(w.path)]
    manifest = [{"paths": ["group1-shard1of1.bin"], "weights": [{"name": n, "shape": list(v.shape), "dtype": "float32"} for n, v in weights]}]
    topology = {"keras_version": keras.__version__, "backend": "torch", "model_config": json.loads(net.to_json())}
    optimizer = keras.optimizers.serialize(net.optimizer)
    losses = [loss if isinstance(loss, str) else keras.losses.serialize_loss(loss) if hasattr(keras.losses, "serialize_loss") else keras.losses.serialize(loss) for loss in (net.loss if isinstance(net.loss, list) else [net.loss])]
    topology["training_config"] = {"loss": losses if len(losses) > 1 else losses[0], "loss_weights": getattr(net, "_loss_weights_here", None), "optimizer_config": optimizer}
    whole = {"format": "layers-model", "generatedBy": f"keras v{keras.__version__}", "modelTopology": topology, "weightsManifest": manifest}
    return whole, {"group1-shard1of1.bin": b"".join(v.tobytes() for _, v in weights)}


# seeds, and how much data statistics are of
SKIPPED = re.compile("seed_generator|/count$")


def listed(array):
    array = numpy.asarray(array)
    return {"dims": list(array.shape), "integers": array.dtype.kind in "iu", "data": array.ravel().tolist()}


def case(net, inputs, targets):
    """Inputs and outputs by name, and three steps: losses, and all weights after them by their paths."""
    out = net.predict_on_batch(inputs)
    out = out if isinstance(out, list) else [out]
    names = net.output_names if len(out) > 1 else [net.layers[-1].name]
    kept = {"inputs": {t.name: listed(v) for t, v in zip(net.inputs, inputs)}, "outputs": {n: listed(v) for n, v in zip(names, out)}}
    if targets is not None:
        before = [keras.ops.convert_to_numpy(w).copy() for w in net.weights]
        steps = [net.train_on_batch(inputs, targets) for _ in range(3)]
        kept["targets"] = [listed(t) for t in targets]
        kept["losses"] = [float(numpy.ravel(step)[0]) for step in steps]
        kept["weights"] = {w.path: listed(keras.ops.convert_to_numpy(w)) for w in net.weights if not SKIPPED.search(w.path)}
        for weight, value in zip(net.weights, before):
            weight.assign(value)
    return kept


def write(name, topology, shards, kept):
    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "model.json"), "w") as file:
        json.dump(topology, file)
    for path, data in shards.items():
        with open(os.path.join(folder, path), "wb") as file:
            file.write(data)
    with open(os.path.join(folder, "case.json"), "w") as file:
        json.dump(kept, file)
    print(name, kept.get("losses"))


small = {}
for make in (pictures, branches, words, padded, measured, prepared):
    net, inputs, targets = make()
    inputs = [v if v.dtype.kind == "i" else v.astype("float32") for v in inputs]
    for weight in net.weights:  # nothing is as it begins, and no variance is below 0
        if not SKIPPED.search(weight.path) and not weight.path.startswith("known/"):
            value = keras.ops.convert_to_numpy(weight)
            weight.assign(value + 0.1 * rng.random(value.shape).astype("float32"))
    if make in (branches, padded):
        net._loss_weights_here = [1, 0.5]
    topology, shards = saved(net)
    kept = case(net, inputs, targets)
    write(net.name, topology, shards, kept)
    small[net.name] = {"model": topology, "shards": {path: base64.b64encode(data).decode() for path, data in shards.items()}, **kept}

text = json.dumps(small, separators=(",", ":"))
text = re.sub(r"-?\d+\.\d{9,}(e-?\d+)?", lambda m: f"{float(m.group(0)):.9g}", text)
with open(os.path.join(HERE, "..", "..", "test", "imports", "keras.json.gz"), "wb") as file:
    file.write(gzip.compress(text.encode(), mtime=0))

if len(sys.argv) > 2:
    net, topology, shards = nsfw(sys.argv[2])
    picture = rng.random((1, 224, 224, 3)).astype("float32")
    write("nsfw", topology, shards, case(net, [picture], None))
