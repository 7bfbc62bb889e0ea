"""Records layers: what Keras makes of weights and inputs that have the layouts of this project; see cases.py."""

import torch

from recording import case

torch.set_default_dtype(torch.float64)


def last(t, axis=1):
    """Channels to the end."""
    return torch.movedim(t, axis, -1)


def first(t, axis=1):
    """Channels back to their axis."""
    return torch.movedim(t, -1, axis)


def kernel(t):
    """[out, in, …window] as Keras has it: […window, in, out]."""
    return torch.movedim(t, (1, 0), (-2, -1))


def depthwise(t, channels):
    """[channels·multiplier, 1, …window] as Keras has it: […window, channels, multiplier]."""
    own = t.reshape(channels, t.shape[0] // channels, *t.shape[2:])
    return torch.movedim(own, (0, 1), (-2, -1))


def layer(name, make, options, weights, xs, of):
    """A layer under the name `l`; `of` takes the weights by name, then the inputs."""
    args = [[*make, {"name": "l", **options}], weights, xs]
    case(name, args, lambda _, w, given: of(w, *given), second=False)


def run(made, variables, *inputs, states=None, **call):
    """A Keras layer with these variables, in the order in which it made its own; gradients flow into them."""
    made.build(*([inputs[0].shape] if not isinstance(inputs[0], list) else [[x.shape for x in inputs[0]]])) if not made.built else None
    assert [tuple(v.shape) for v in made.trainable_variables] == [tuple(v.shape) for v in variables], made.trainable_variables
    return made.stateless_call(variables, states or [v.value for v in made.non_trainable_variables], *inputs, **call)[0]
