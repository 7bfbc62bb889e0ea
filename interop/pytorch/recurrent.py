"""
Recurrent layers with parameters of their own: for each model of layers what it is fed, and what torch's cells give over its steps, with first and
second gradients, in float64 (test/pytorch/recurrent.test.ts declares them again). Without masks it is also held to torch.nn.LSTM, GRU and RNN
here. Masks, and outputs that went backwards, follow Keras: a masked step keeps the states and repeats the output before it, zeros at first.
"""

import json
import os

import torch

from recording import draw, flat, gradients

CELLS = {"lstm": (torch.lstm_cell, 4, 2), "gru": (torch.gru_cell, 3, 1), "simpleRnn": (torch.rnn_tanh_cell, 1, 1)}
WHOLE = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "simpleRnn": torch.nn.RNN}
OWN = ("kernel", "recurrentKernel", "bias", "recurrentBias")
FOUND = {}


def tall(mask, like):
    return mask.reshape([*mask.shape, *[1] * (like.dim() - mask.dim())])


def direction(kind, x, w, states, mask, backwards):
    """Outputs where their inputs lie, the output that came last, and the states after it."""
    step, _, count = CELLS[kind]
    units = w["recurrentKernel"].shape[0]
    zero = torch.zeros(x.shape[0], units)
    states = [zero] * count if states is None else list(states)
    output, outputs = zero, [None] * x.shape[1]
    order = range(x.shape[1])
    for t in reversed(order) if backwards else order:
        given = tuple(states) if count == 2 else states[0]
        new = step(x[:, t], given, w["kernel"].T, w["recurrentKernel"].T, w["bias"], w["recurrentBias"])
        new = list(new) if count == 2 else [new]
        if mask is None:
            states, output = new, new[0]
        else:
            real = mask[:, t, None]
            states, output = [torch.where(real, a, b) for a, b in zip(new, states)], torch.where(real, new[0], output)
        outputs[t] = output
    return torch.stack(outputs, 1), output, states


def layer(one, x, w, states, mask):
    """What a layer gives: its output, and its states."""
    kind, o = one["kind"], one.get("options", {})
    backwards, merge, count = o.get("goBackwards", False), one.get("mergeMode"), CELLS[kind][2]
    zero = mask is not None and o.get("zeroOutputForMask", False)

    def towards(prefix, backwards, states):
        own = {key: w[prefix + key] for key in OWN}
        outputs, last, after = direction(kind, x, own, states, mask, backwards)
        if zero:
            outputs = torch.where(tall(mask, outputs), outputs, 0.0)
            last = torch.where(mask[:, 0 if backwards else -1, None], last, 0.0)
        return (outputs if o.get("returnSequences") else last), after

    if merge is None:
        output, after = towards("", backwards, states)
    else:
        a, after = towards("forward.", backwards, None if states is None else states[:count])
        b, others = towards("backward.", not backwards, None if states is None else states[count:])
        output = {"concat": lambda: torch.cat([a, b], -1), "sum": lambda: a + b, "mul": lambda: a * b, "ave": lambda: (a + b) / 2}[merge]()
        after = after + others
    return (torch.flip(output, [1]) if o.get("returnSequences") and backwards else output), after


def parameters(layers, width, seed):
    """Those of every layer, by the names that they have here."""
    found, known = {}, {}
    for one in layers:
        merge, kind = one.get("mergeMode"), one["kind"]
        base = kind if merge is None else "bidirectional"
        known[base] = known.get(base, 0) + 1
        name = base if known[base] == 1 else f"{base}_{known[base]}"
        wide = CELLS[kind][1] * one["units"]
        for side in ("",) if merge is None else ("forward.", "backward."):
            for own, shape in zip(OWN, ([width, wide], [one["units"], wide], [wide], [wide])):
                found[f"{name}.{side}{own}"] = draw(shape, -1, 1, f"{seed}{name}{side}{own}")
        one["name"] = name
        width = one["units"] * (2 if merge == "concat" else 1)
    return found


def check(layers, x, w, states, y):
    """torch.nn's own, of all the layers at once."""
    kind, units = layers[0]["kind"], layers[0]["units"]
    both = layers[0].get("mergeMode") == "concat"
    whole = WHOLE[kind](x.shape[2], units, len(layers), batch_first=True, bidirectional=both)
    for n, one in enumerate(layers):
        for side, ending in (("forward.", ""), ("backward.", "_reverse")) if both else (("", ""),):
            for own, theirs in zip(OWN, ("weight_ih", "weight_hh", "bias_ih", "bias_hh")):
                here = w[f"{one['name']}.{side}{own}"].detach()
                getattr(whole, f"{theirs}_l{n}{ending}").data = here.T if here.dim() == 2 else here
    count = CELLS[kind][2]
    given = None if states is None else [torch.stack(states[k::count]) for k in range(count)]
    outputs, after = whole(x, None if given is None else tuple(given) if count == 2 else given[0])
    after = [one for k in range(2 if both else 1) for one in ([a[k - (2 if both else 1)] for a in after] if count == 2 else [after[k - (2 if both else 1)]])]
    for mine, theirs in zip(y, [outputs, *after]):
        assert torch.allclose(mine, theirs, atol=1e-12), (kind, (mine - theirs).abs().max())


def model(title, layers, shape, mask=None, begins=False, whole=False, second=False):
    x = draw(shape, seed=title)
    w = parameters(layers, shape[2], title)
    first = layers[0]
    sides = 1 if first.get("mergeMode") is None else 2
    states = [draw([shape[0], first["units"]], -1, 1, f"{title}{k}") for k in range(sides * CELLS[first["kind"]][2])] if begins else None
    leaves = {"x": x, **{f"state{k}": one for k, one in enumerate(states or [])}, **w}
    leaves = {key: value.clone().requires_grad_(True) for key, value in leaves.items()}
    given = None if states is None else [leaves[f"state{k}"] for k in range(len(states))]
    y = leaves["x"]
    for n, one in enumerate(layers):
        own = {key[len(one["name"]) + 1 :]: value for key, value in leaves.items() if key.startswith(one["name"] + ".")}
        y, after = layer(one, y, own, given if n == 0 else None, mask)
    ys = [y, *(after if layers[-1].get("options", {}).get("returnState") else [])]
    if whole:
        check(layers, leaves["x"], leaves, given, ys)
    g = gradients(ys, list(leaves.values()), 7, 3, 11)
    row = {
        "layers": layers,
        "leaves": {key: {"s": list(value.shape), "x": flat(value)} for key, value in leaves.items()},
        "y": [{"s": list(one.shape), "x": flat(one)} for one in ys],
        "g": [flat(one) for one in g],
    }
    if mask is not None:
        row["mask"] = {"s": list(mask.shape), "x": flat(mask)}
    if second:
        row["h"] = [flat(one) for one in gradients(g, list(leaves.values()), 5, 1, 13)]
    FOUND[title] = row


def of(kind, units, merge=None, **options):
    return {"kind": kind, "units": units, **({} if merge is None else {"mergeMode": merge}), "options": options}


ALL = {"returnSequences": True, "returnState": True}
MASK = torch.tensor([[True, True, False, True], [False, True, True, False], [False, False, False, False]])
LENGTHS = torch.tensor([[True, True, True, False], [True, False, False, False], [True, True, True, True]])
for kind in CELLS:
    model(f"{kind}: all it gives", [of(kind, 2, **ALL)], [2, 3, 2], whole=True, second=True)
    model(f"{kind}: initial states", [of(kind, 2, **ALL)], [2, 4, 3], begins=True, whole=True)
    model(f"{kind}: last output", [of(kind, 3)], [1, 3, 2])
    model(f"{kind}: backwards", [of(kind, 2, goBackwards=True, **ALL)], [2, 3, 2], begins=True)
    model(f"{kind}: backwards, last output", [of(kind, 2, goBackwards=True, returnState=True)], [2, 3, 2])
    model(f"{kind}: lengths", [of(kind, 2, **ALL)], [3, 4, 2], LENGTHS, second=True)
    model(f"{kind}: masked", [of(kind, 2, **ALL)], [3, 4, 2], MASK, begins=True)
    model(f"{kind}: masked, zeros", [of(kind, 2, zeroOutputForMask=True, **ALL)], [3, 4, 2], MASK, begins=True)
    model(f"{kind}: masked, backwards, last output", [of(kind, 2, goBackwards=True, zeroOutputForMask=True)], [3, 4, 2], MASK)
    model(f"{kind}: two layers", [of(kind, 2, returnSequences=True), of(kind, 2, **ALL)], [2, 3, 2], whole=True)
    for merge in ("concat", "sum", "mul", "ave"):
        model(f"{kind}: bidirectional, {merge}", [of(kind, 2, merge, **ALL)], [2, 3, 2], begins=merge != "sum", whole=merge == "concat")
    model(f"{kind}: bidirectional, last output", [of(kind, 2, "concat")], [2, 3, 2])
    model(f"{kind}: bidirectional, backwards, masked", [of(kind, 2, "concat", goBackwards=True, **ALL)], [3, 4, 2], MASK, begins=True)
    model(f"{kind}: two bidirectional layers", [of(kind, 2, "concat", returnSequences=True), of(kind, 2, "concat", **ALL)], [2, 3, 2], whole=True)


def write(folder):
    with open(os.path.join(folder, "recurrent.json"), "w") as file:
        body = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in FOUND.items())
        file.write("{\n" + body + "\n}\n")
