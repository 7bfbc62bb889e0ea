"""
Runs what write.ts wrote on 1, 2 and 8 forced devices, and in two processes, each program beside itself on one: losses, what the compiled step
sends from device to device, and what it needs of memory where parameters are divided. Prints the table of devices.md.

    python devices.py /tmp/jax mnist-mlp lenet … > devices.md
"""

import json
import os
import re
import socket
import subprocess
import sys

NEAR = {"float64": 1e-9, "float32": 1e-4}
STEPS = {"float64": 10, "float32": 5}


def run(path, dtype, devices, sharded):
    """The losses of a run, and facts of its compiled step: in a process that has so many devices."""
    import jax
    import numpy as np
    from jax.sharding import AxisType
    from safetensors.numpy import load_file

    from check import losses_of, program

    module = program(path, dtype)
    tensors = load_file(path[:-3] + ".safetensors")
    mesh = jax.make_mesh((devices,), ("data",), axis_types=(AxisType.Auto,), devices=jax.devices()[:devices])
    over = module.parallel(mesh, sharded)
    state, losses = over.place(module.init(1)), []
    rows = np.int32(module.BATCH["train"])
    compiled = None
    for n in range(STEPS[dtype]):
        start = f"batch {n} "
        batch = {key[len(start) :]: x for key, x in tensors.items() if key.startswith(start)}
        batch = {key: x if x.dtype == np.int32 else x.astype(module.MASTER) for key, x in batch.items() if key in module.FED["train"]}
        fed = over.feed(batch)
        if compiled is None:
            compiled = over.step.lower(state, fed, rows).compile()
        state, loss = over.step(state, fed, rows)
        losses.append(losses_of(loss))
    text = compiled.as_text()
    memory = compiled.memory_analysis()
    shapes = [",".join(map(str, x.shape)) for x in batch.values()]
    return {
        "losses": losses,
        "reduces": len(re.findall(r" all-reduce(?:-start)?\(", text)),
        "gathers": sum(
            any(f"[{one}]" in line.split("=")[1].split("all-gather")[0] for one in shapes)
            for line in text.splitlines()
            if re.search(r" all-gather(?:-start)?\(", line)
        ),
        "arguments": memory.argument_size_in_bytes,
    }


def started(*args, environment=None):
    own = {**os.environ, "JAX_PLATFORMS": "cpu", **(environment or {})}
    return subprocess.Popen([sys.executable, __file__, "--run", *map(str, args)], env=own, stdout=subprocess.PIPE, text=True)


def told(process):
    out, _ = process.communicate()
    if process.returncode:
        sys.exit(f"a run failed: {process.args}")
    return json.loads(out.splitlines()[-1])


def single(path, dtype, devices, sharded):
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}
    return told(started(path, dtype, devices, int(sharded), environment=flags))


def both(path, dtype):
    """Two processes of one device each."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    processes = [started(path, dtype, 2, 0, address, n) for n in range(2)]
    return [told(one) for one in processes][0]


def apart(own, other):
    flat = [(a, b) for x, y in zip(own, other) for a, b in zip(x, y)]
    return max(abs(a - b) / max(abs(b), 1e-30) for a, b in flat)


def main():
    folder, *names = sys.argv[1:]
    print("# One step on several devices\n")
    print("Written by [devices.py](devices.py): the largest relative difference of a loss from one device's; all-reduces of the compiled step on")
    print("eight devices, gathers of the batch in it; bytes of what a device is given, replicated and with `--shard-parameters`.\n")
    print("| model | precision | 2 devices | 8 devices | 8, sharded | 2 processes | all-reduces | gathers | bytes a device | sharded |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    wrong = []
    for name in names:
        path = os.path.join(folder, f"{name}.py")
        for dtype in ("float64", "float32"):
            one = single(path, dtype, 1, False)
            runs = {
                "2": single(path, dtype, 2, False),
                "8": single(path, dtype, 8, False),
                "8 sharded": single(path, dtype, 8, True),
                "2 processes": both(path, dtype),
            }
            far = {what: apart(found["losses"], one["losses"]) for what, found in runs.items()}
            wrong += [f"{name}, {dtype}, {what}: {x:.1e}" for what, x in far.items() if not x <= NEAR[dtype]]
            eight, sharded = runs["8"], runs["8 sharded"]
            if eight["reduces"] == 0 or eight["gathers"] > 0:
                wrong.append(f"{name}: {eight['reduces']} all-reduces, {eight['gathers']} gathers of the batch")
            if not sharded["arguments"] < eight["arguments"]:
                wrong.append(f"{name}: sharded parameters take {sharded['arguments']} bytes of {eight['arguments']}")
            cells = [*(f"{x:.1e}" for x in far.values()), eight["reduces"], eight["gathers"]]
            cells += [f"{eight['arguments']:,}", f"{sharded['arguments']:,}"]
            print(f"| {name} | {dtype} | {' | '.join(map(str, cells))} |", flush=True)
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    if sys.argv[1] == "--run":
        path, dtype, devices, sharded, *several = sys.argv[2:]
        if several:
            import jax

            jax.config.update("jax_cpu_collectives_implementation", "gloo")
            jax.distributed.initialize(several[0], 2, int(several[1]))
        print(json.dumps(run(path, dtype, int(devices), sharded == "1")))
    else:
        main()
