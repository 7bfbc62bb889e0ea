"""
Judges what write.ts wrote: every program starts with the weights of the trainer in TypeScript, bit for bit, and goes the way that it goes;
its gradients are those of jax.grad of its forward pass. Prints the table of models.md.

    pip install -r ../requirements.txt && npx tsx write.ts /tmp/jax && python check.py /tmp/jax > models.md
"""

import glob
import importlib.util
import os
import sys

import jax
import numpy as np
from safetensors.numpy import load_file

BOUNDS = {
    "float64": {"losses": 1e-9, "parameters": 1e-9, "gradients": 1e-10},
    "float32": {"losses": 1e-4, "gradients": 1e-5},
}

# a gradient that is so small beside the largest of the loss is judged by this share of that one: where it is 0, it is rounding
SMALL = 1e-2


def program(path, dtype):
    """The module, in a precision."""
    spec = importlib.util.spec_from_file_location("program", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.use(dtype)
    return module


def relative(own, other):
    """The largest difference beside the largest element."""
    own, other = np.asarray(own, np.float64).ravel(), np.asarray(other, np.float64).ravel()
    scale = np.abs(other).max(initial=0)
    return float(np.abs(own - other).max(initial=0) / (scale if scale > 0 else 1))


def losses_of(loss):
    """One a phase, by name."""
    return [float(loss[phase]) for phase in sorted(loss)] if isinstance(loss, dict) else [float(loss)]


def judge(path, dtype):
    module = program(path, dtype)
    tensors = load_file(path[:-3] + ".safetensors")
    if dtype == "float64":
        tensors |= load_file(path[:-3] + ".f64.safetensors")
    short = {"float64": "f64", "float32": "f32"}[dtype]
    state = module.init(1)
    found = {}
    first = {key.split(" ", 2)[2]: x for key, x in tensors.items() if key.startswith(f"{short} first ")}
    found["weights"] = all(
        np.ascontiguousarray(state[key]).tobytes() == x.tobytes() for key, x in first.items()
    ) and set(first) == {key for key in state if not key.startswith("hyper.")}
    batches = []
    while any(key.startswith(f"batch {len(batches)} ") for key in tensors):
        start = f"batch {len(batches)} "
        batches.append({key[len(start) :]: x for key, x in tensors.items() if key.startswith(start)})
    rows = np.int32(module.BATCH["train"])
    with jax.default_device(jax.devices("cpu")[0]):
        batch = batches[0] if batches else {}
        floats = {key: x for key, x in batch.items() if x.dtype != np.int32}
        trained = {key: x for key, x in state.items() if key in module.PARAMETERS}
        rest = {key: x for key, x in state.items() if key not in module.PARAMETERS}

        def forward(parameters, inputs):
            cast = {key: x.astype(module.MASTER) for key, x in inputs.items()}
            return module.forward({**rest, **parameters}, {**batch, **cast}, rows)

        floats = {key: x.astype(module.MASTER) for key, x in floats.items()}
        own = jax.jit(module.gradients)(state, {**batch, **floats}, rows)
        by_parameter, by_input = jax.jit(jax.grad(forward, argnums=(0, 1)))(trained, floats)
        theirs = {
            **{f"parameter:{key}": x for key, x in by_parameter.items()},
            **{f"input:{key}": x for key, x in by_input.items()},
        }
        worst = max((max(np.abs(x).max(initial=0) for x in own.values())), 1e-30)
        floor = SMALL * worst

        def apart(a, b):
            scale = max(float(np.abs(b).max(initial=0)), floor)
            return float(np.abs(np.asarray(a, np.float64).ravel() - np.asarray(b, np.float64).ravel()).max(initial=0)) / scale

        found["grad"] = max((apart(x, theirs[key]) for key, x in own.items()), default=0.0)
        found["gradients"] = max(
            (apart(x, tensors[f"{short} gradient {key}"]) for key, x in own.items()), default=0.0
        )
        step = jax.jit(module.step)
        expected = tensors[f"{short} losses"]
        losses = []
        for n in range(len(expected)):
            given = {key: x if x.dtype == np.int32 else x.astype(module.MASTER) for key, x in batches[n].items()} if batches else {}
            state, loss = step(state, given, rows)
            losses.append(losses_of(loss))
        found["losses"] = relative(losses, expected)
        if dtype == "float32" and not found["losses"] <= BOUNDS[dtype]["losses"]:
            found["moved"] = relative(moved(module, batches, rows, len(expected)), losses)
        if dtype == "float64":
            found["ulp"] = sensitivity(module, batches, rows, state)
            last = {key.split(" ", 2)[2]: x for key, x in tensors.items() if key.startswith("f64 last ")}
            found["parameters"] = max(relative(state[key], x) for key, x in last.items())
    return found


def sensitivity(module, batches, rows, last):
    """How far parameters are apart after the same steps where one weight began one ulp away."""
    state = {key: np.array(x) for key, x in module.init(1).items()}
    name = next(iter(module.PARAMETERS))
    state[name].flat[0] = np.nextafter(state[name].flat[0], np.inf)
    step = jax.jit(module.step)
    for batch in batches or [{}] * 10:
        given = {key: x if x.dtype == np.int32 else x.astype(module.MASTER) for key, x in batch.items()}
        state, _ = step(state, given, rows)
    return max(relative(state[key], last[key]) for key in module.PARAMETERS)


def moved(module, batches, rows, steps):
    """The losses of the same steps in float32 where every weight is 64 units of its last place away, as sums in float32 may be."""
    state = {key: np.array(x) for key, x in module.init(1).items()}
    for key in module.PARAMETERS:
        state[key].view(np.int32)[...] ^= 64
    step, losses = jax.jit(module.step), []
    for batch in (batches or [{}] * steps)[:steps]:
        state, loss = step(state, batch, rows)
        losses.append(losses_of(loss))
    return losses


def main():
    print("# Models in JAX\n")
    print("Written by [check.py](check.py): the largest difference of a tensor is beside its largest element (of a gradient, at least")
    print(f"{SMALL:g} of the largest gradient of the loss). Losses and parameters of ten steps in float64, losses of five in float32; *one ulp*:")
    print("how far the parameters of the run itself go where one weight begins one ulp away.\n")
    print("| model | first weights | float64: losses | parameters | one ulp | gradients | jax.grad | float32: losses | gradients | jax.grad |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    wrong, notes = [], []
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.py")), key=os.path.getsize):
        name = os.path.basename(path)[:-3]
        if not os.path.exists(path[:-3] + ".safetensors"):
            continue
        row = {dtype: judge(path, dtype) for dtype in ("float64", "float32")}
        for dtype, found in row.items():
            if not found["weights"]:
                wrong.append(f"{name}: first weights differ in {dtype}")
            for what, most in BOUNDS[dtype].items():
                if what == "parameters" and found["ulp"] > most and found[what] < 10 * found["ulp"]:
                    continue  # its own run goes as far where one weight moves by one ulp
                if what == "losses" and "moved" in found:
                    notes.append(
                        f"- {name}: losses in float32 differ by {found[what]:.1e}, where {most:.0e} is asked; those of its own run differ by "
                        f"{found['moved']:.1e} where every weight begins 64 units of its last place away, so the cause may be its rounding alone."
                    )
                if not found[what] <= most:
                    wrong.append(f"{name}: {what} differ by {found[what]:.1e} in {dtype}")
            if not found["grad"] <= BOUNDS[dtype]["gradients"]:
                wrong.append(f"{name}: jax.grad differs by {found['grad']:.1e} in {dtype}")
        same = "bit for bit" if all(found["weights"] for found in row.values()) else "differ"
        double, single = row["float64"], row["float32"]
        cells = [double[what] for what in ("losses", "parameters", "ulp", "gradients", "grad")]
        cells += [single[what] for what in ("losses", "gradients", "grad")]
        print(f"| {name} | {same} | {' | '.join(f'{x:.1e}' for x in cells)} |", flush=True)
    if notes:
        print("\n" + "\n".join(notes))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
