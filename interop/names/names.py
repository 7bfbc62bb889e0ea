"""
Writes elsewhere.json beside this file: the names of torch.nn.functional's functions, and of Keras 3's layers, losses and optimizers, which the
table docs/coverage.md is made of. Each library may be in an environment of its own; what is not installed keeps its names.

    pip install torch keras && KERAS_BACKEND=torch python names.py
"""

import inspect
import json
import os

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "elsewhere.json")
found = json.load(open(HERE)) if os.path.exists(HERE) else {}

# what torch.nn.functional imports for itself: of typing, of overriding functions, of another module
TORCH_OWN = {"assert_int_or_pair", "boolean_dispatch", "handle_torch_function", "has_torch_function", "has_torch_function_unary", "has_torch_function_variadic"}
# base classes, of which nobody makes an instance
KERAS_BASES = {"InputSpec", "Layer", "Wrapper", "Loss", "Optimizer", "OptimizerMap"}

try:
    import torch
    from torch.nn import functional as F

    names = [name for name in dir(F) if not name.startswith("_") and callable(getattr(F, name)) and name not in TORCH_OWN]
    found["torch"] = torch.__version__.split("+")[0]
    found["torch.nn.functional"] = [name for name in names if not name[0].isupper()]  # others are types
except ImportError:
    pass

try:
    import keras

    found["keras"] = keras.__version__
    for module in ("layers", "losses", "optimizers"):
        own = {}
        for name, of in vars(getattr(keras, module)).items():
            if inspect.isclass(of) and name not in KERAS_BASES:
                # of aliases the class's own name
                own[of.__name__ if hasattr(getattr(keras, module), of.__name__) else name] = of
        found[f"keras.{module}"] = sorted(own)
except ImportError:
    pass

with open(HERE, "w") as file:
    json.dump(found, file, indent=1)
    file.write("\n")
