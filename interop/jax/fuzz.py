"""
Judges what fuzz.ts wrote: in float64 every program predicts, evaluates and takes two steps, the second with a row less, as the float64 reference of
the declared graph does, within the fuzzer's bounds.

    npx tsx fuzz.ts /tmp/fuzz 200 && python fuzz.py /tmp/fuzz
"""

import glob
import os
import sys

# programs run once: what takes longest is to compile them
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"

import jax  # noqa: E402
import numpy as np  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

from check import losses_of, program  # noqa: E402


def fed(tensors, call):
    start = f"feed {call} "
    return {key[len(start) :]: x for key, x in tensors.items() if key.startswith(start)}


def meaning(module, tensors):
    """Everything that the calls give back or leave behind, by name."""
    state = module.init(0)
    for key in state:
        if f"first {key}" in tensors:
            state[key] = tensors[f"first {key}"].reshape(state[key].shape).astype(state[key].dtype)
    phases = sorted(key.split(" ", 4)[4] for key in tensors if key.startswith("expected step 1 loss "))
    feeds = {call: fed(tensors, call) for call in ("predict", "evaluate", "1", "2")}
    counts = [np.int32(n) for n in tensors["counts"]]

    def calls(state, feeds, counts):
        predicted, means = module.predict(state, feeds["predict"]), module.evaluate(state, feeds["evaluate"], counts[1])
        states, losses = [], []
        for n, count in enumerate(counts, start=1):
            state, loss = module.step(state, feeds[str(n)], count)
            states.append(state)
            losses.append(loss)
        return predicted, means, states, losses

    # one compile for all
    predicted, means, states, losses = jax.jit(calls)(state, feeds, counts)
    found = {f"predict {key}": x for key, x in predicted.items()}
    found |= {f"evaluate {key}": x / counts[1] for key, x in means.items() if key != "count"}
    for n, (state, loss) in enumerate(zip(states, losses), start=1):
        found |= {f"step {n} loss {phase}": x for phase, x in zip(phases, losses_of(loss))}
        found |= {f"step {n} {key}": x for key, x in state.items()}
    return found


def apart(found, tensors, precision):
    """What is further off than its bound, in words, and how many tensors were compared."""
    compared = 0
    for key in tensors:
        name = key.removeprefix("expected ")
        if name == key or f"{precision} {name}" not in tensors or name not in found:
            continue
        compared += 1
        own = np.asarray(found[name], np.float64).ravel()
        bound = tensors[f"{precision} {name}"][0]
        off = np.abs(own - tensors[key])
        if not (off <= bound).all():
            return f"{name}: off by {off.max():.1e}, the bound is {bound:.1e}", compared
    return None, compared


def main():
    wrong, programs, tensors_compared = [], 0, 0
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.py"))):
        name = os.path.basename(path)[:-3]
        tensors = load_file(path[:-3] + ".safetensors")
        try:
            what, compared = apart(meaning(program(path, "float64"), tensors), tensors, "f64")
        except Exception as error:  # one that does not run is one that differs
            what, compared = f"{type(error).__name__}: {str(error)[:300]}", 0
        programs, tensors_compared = programs + 1, tensors_compared + compared
        if what is not None:
            wrong.append(f"{name}: {what}")
            print(wrong[-1], flush=True)
        jax.clear_caches()
    print(f"JAX, float64: {programs} random models, {tensors_compared} tensors compared, {len(wrong)} differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
