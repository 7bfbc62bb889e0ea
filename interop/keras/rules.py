"""
Update rules that PyTorch has not, or not in float64: the weights that Keras's optimizers reach on ½ Σ a·(w − c)², as ../pytorch/optimizers.py has them.
"""

import keras
import torch

from optimizers import STEPS, quadratic


class ScheduleFree(keras.optimizers.ScheduleFreeAdamW):
    """Assigns by another tensor: over PyTorch Keras writes into the one that the update still reads as the old momentum."""

    def assign(self, variable, value):
        variable._value = value.detach().clone()

    def assign_add(self, variable, value):
        self.assign(variable, variable.value + value)

    def assign_sub(self, variable, value):
        self.assign(variable, variable.value - value)


WORDS = {
    "learningRate": "learning_rate",
    "weightDecay": "weight_decay",
    "beta1": "beta_1",
    "beta2": "beta_2",
    "epsilon": "epsilon",
    "learningRatePower": "learning_rate_power",
    "initialAccumulator": "initial_accumulator_value",
    "l1": "l1_regularization_strength",
    "l2": "l2_regularization_strength",
    "l2Shrinkage": "l2_shrinkage_regularization_strength",
    "beta": "beta",
    "momentum": "momentum",
    "nesterov": "nesterov",
    "steps": "ns_steps",
    "rmsRate": "rms_rate",
}
CASES = {
    "ftrl": (
        keras.optimizers.Ftrl,
        [[3], [2, 4]],
        [
            {},
            {"learningRate": 0.5},
            {"learningRate": 0.5, "learningRatePower": -0.75, "initialAccumulator": 0.5},
            {"learningRate": 0.5, "l1": 0.5},
            {"learningRate": 0.5, "l1": 0.25, "l2": 0.5, "l2Shrinkage": 0.125, "beta": 0.25},
        ],
    ),
    "lamb": (
        keras.optimizers.Lamb,
        [[3], [2, 4], [2, 3, 2]],
        [
            {},
            {"learningRate": 0.125},
            {"learningRate": 0.125, "beta1": 0.5, "beta2": 0.75},
            {"learningRate": 0.25, "epsilon": 0.5},
        ],
    ),
    "scheduleFreeAdamw": (
        ScheduleFree,
        [[3], [2, 4], [2, 3, 2]],
        [
            {},
            {"learningRate": 0.125},
            {"learningRate": 0.125, "beta1": 0.5, "beta2": 0.75},
            {"learningRate": 0.25, "epsilon": 0.5, "weightDecay": 0.25},
        ],
    ),
    "muon": (
        keras.optimizers.Muon,
        [[2, 4], [4, 2], [3, 3]],
        [
            {"weightDecay": 0.0},
            {"learningRate": 0.125, "weightDecay": 0.25},
            {"learningRate": 0.5, "momentum": 0.5, "nesterov": False, "weightDecay": 0.0},
            {"learningRate": 0.5, "steps": 2, "rmsRate": 0.5, "weightDecay": 0.125},
        ],
    ),
}


def weights(make, options, shape):
    start, target, curvature = (torch.tensor(values, dtype=torch.float64).reshape(shape) for values in quadratic(shape))
    w = keras.Variable(start.numpy(), dtype="float64", name="w")
    optimizer = make(**{WORDS[key]: value for key, value in options.items()})
    optimizer.build([w])
    found = []
    for _ in range(STEPS):
        optimizer.apply([curvature * (w.value.detach() - target)], [w])
        found.append([float("%.12g" % v) for v in w.value.detach().flatten().tolist()])
    return found


def rows():
    for name, (make, shapes, all_options) in CASES.items():
        for shape in shapes:
            for options in all_options:
                yield {"rule": name, "options": options, "shape": shape, "weights": weights(make, options, shape)}
