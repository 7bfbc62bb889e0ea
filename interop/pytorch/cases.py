"""
Writes the JSON files beside test/pytorch/*.test.ts: calls of the vocabulary, with the values and the first and second gradients that PyTorch
gives them in float64.

    pip install -r requirements.txt && python cases.py

A case is the arguments of a call as `adjoint` takes them, tensors as {x: data, s: shape} (i: integers, b: truth values), and what comes of
it: y, the gradients g of Σ w·y and h of Σ v·g in each tensor of floats, w and v being the weights below. What PyTorch gives no number is null.
"""

import json
import os

import elementwise, functional, layers, losses, optimizers, programs, recurrent, tensors  # noqa: F401, each records its calls
from recording import FILES

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "pytorch")
LEAST, LEAST_OF_OPTION = 8, 2

os.makedirs(HERE, exist_ok=True)
for name, rows in FILES.items():
    few = [key for key, cases in rows.items() if len(cases) < LEAST]
    assert not few, f"fewer than {LEAST} cases of {few}"
    for key, cases in rows.items():
        given = [option for row in cases for arg in row["args"] if isinstance(arg, dict) for option in arg.get("o", {})]
        rare = [option for option in sorted(set(given)) if given.count(option) < LEAST_OF_OPTION]
        assert not rare, f"fewer than {LEAST_OF_OPTION} cases of {rare} of {key}"
    functions = []
    for key, cases in rows.items():
        body = ",\n".join("    " + json.dumps(row, separators=(",", ":"), allow_nan=False) for row in cases)
        functions.append(f"  {json.dumps(key)}: [\n{body}\n  ]")
    with open(os.path.join(HERE, f"{name}.json"), "w") as file:
        file.write("{\n" + ",\n".join(functions) + "\n}\n")
    print(name, len(rows), "names", sum(map(len, rows.values())), "cases")

with open(os.path.join(HERE, "optimizers.json"), "w") as file:
    body = ",\n".join("  " + json.dumps(row, separators=(",", ":")) for row in optimizers.rows())
    file.write(f"[\n{body}\n]\n")

programs.write(HERE)
recurrent.write(HERE)
