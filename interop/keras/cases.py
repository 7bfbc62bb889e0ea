"""
Writes test/keras/layers.json: layers and losses of the vocabulary with the values and gradients that Keras gives them in float64; and
test/keras/optimizers.json: weights after some steps of its optimizers.

    pip install -r requirements.txt && python cases.py

A case of a loss, or of another function, is as ../pytorch/cases.py records it. Of a layer its arguments are three: those that make it, its
weights by name, and those of the call; gradients are taken in weights and inputs. Images are [n, c, …] here and [n, …, c] in Keras.
"""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "pytorch"))

import keras  # noqa: E402
from keras.src.backend.common import dtypes  # noqa: E402

# of its backends only TensorFlow's keeps float64 without being told
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")

import functions, images, layers, rules  # noqa: E402, F401, each records its calls
from recording import FILES  # noqa: E402

os.makedirs(os.path.join(HERE, "..", "..", "test", "keras"), exist_ok=True)
parts = []
for kind, rows in FILES.items():
    named = []
    for key, cases in rows.items():
        body = ",\n".join("      " + json.dumps(row, separators=(",", ":"), allow_nan=False) for row in cases)
        named.append(f"    {json.dumps(key)}: [\n{body}\n    ]")
    parts.append(f"  {json.dumps(kind)}: {{\n" + ",\n".join(named) + "\n  }")
with open(os.path.join(HERE, "..", "..", "test", "keras", "layers.json"), "w") as file:
    file.write("{\n" + ",\n".join(parts) + "\n}\n")
with open(os.path.join(HERE, "..", "..", "test", "keras", "optimizers.json"), "w") as file:
    file.write("[\n" + ",\n".join("  " + json.dumps(row, separators=(",", ":")) for row in rules.rows()) + "\n]\n")
