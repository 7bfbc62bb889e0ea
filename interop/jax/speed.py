"""
One step of an exported program beside the same net by hand (hand.py), in one process with one thread: processor time in turns. Prints a line of JSON.

    python speed.py lenet.py lenet
"""

import json
import os
import statistics
import sys
import time

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402
import numpy as np  # noqa: E402

from check import program  # noqa: E402
from hand import step_of  # noqa: E402

TURNS = 15
SECONDS = 0.2  # of a turn
NEAR = 1e-4


def batch_of(module):
    rng = np.random.default_rng(1)
    made = {}
    for name in module.FED["train"]:
        shape, dtype, _, classes = module.INPUTS[name]
        made[name] = rng.integers(0, classes, shape, np.int32) if dtype == "int32" else rng.random(shape, np.float32)
    return {name: jax.device_put(x) for name, x in made.items()}


def main(path, name):
    module = program(path, "float32")
    batch, rows = batch_of(module), np.int32(module.BATCH["train"])
    first = module.init(1)

    def fresh(keys):
        return {key: jax.device_put(np.array(first[key])) for key in keys}

    def zeros():
        return {key: jax.numpy.zeros_like(x) for key, x in fresh(module.PARAMETERS).items()}

    running = [key for key in module.STATE if key.endswith((".mean", ".variance"))]
    steps = {
        "exported": (jax.jit(module.step, donate_argnums=0), fresh(first), (batch, rows)),
        "by hand": (step_of(name), (fresh(module.PARAMETERS), fresh(running), zeros(), zeros(), np.float32(0)), (batch,)),
    }
    states = {}
    losses = {}
    for who, (step, state, given) in steps.items():
        losses[who] = []
        for _ in range(5):
            state, loss = step(state, *given)
            losses[who].append(float(loss))
        states[who] = state
    apart = max(abs(a - b) / abs(b) for a, b in zip(losses["exported"], losses["by hand"]))
    if not apart <= NEAR:
        sys.exit(f"{name}: not the same net, losses of five steps differ by {apart:.1e}: {losses}")

    def spent(who, times):
        step, _, given = steps[who]
        state = states[who]
        began = time.process_time()
        for _ in range(times):
            state, loss = step(state, *given)
            loss.block_until_ready()
        states[who] = state
        return (time.process_time() - began) / times

    often = {who: max(1, round(SECONDS / spent(who, 3))) for who in steps}
    turns = []
    for n in range(TURNS):
        order = list(steps) if n % 2 == 0 else list(steps)[::-1]
        took = {who: spent(who, often[who]) for who in order}
        turns.append(took)
    ratios = [took["by hand"] / took["exported"] for took in turns]
    found = {who: statistics.median(took[who] for took in turns) * 1e3 for who in steps}
    quarter = statistics.quantiles(ratios, n=4)[0]
    print(json.dumps({**found, "ratio": statistics.median(ratios), "quarter": quarter, "apart": apart}))


if __name__ == "__main__":
    main(*sys.argv[1:])
