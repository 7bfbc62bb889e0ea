"""
What an exported program says to what is wrong, before anything runs and with nothing written: each as a user would meet it, on the command line.

    npx tsx refusals.ts /tmp/jax && python refusals.py /tmp/jax
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

ROWS = 64


def arrays(**changed):
    made = {"x": np.zeros((ROWS, 784), np.float32), "y": np.zeros(ROWS, np.int32), **changed}
    return {name: x for name, x in made.items() if x is not None}


def main(folder):
    with tempfile.TemporaryDirectory() as at:
        os.chdir(at)
        own, other, wide = (os.path.join(folder, f"{name}.py") for name in ("mnist-mlp", "lenet", "wide"))
        normed = os.path.join(folder, "mini-resnet.py")
        np.savez("good.npz", **arrays())
        cases = []

        def case(what, args, *says, program=own, data=None, environment=None):
            if data is not None:
                np.savez(f"{len(cases)}.npz", **data)
                args = ["--data", f"{len(cases)}.npz", *args]
            cases.append((what, program, args, says, environment or {}))

        good = ["--data", "good.npz", "--save", "made.safetensors"]
        case("a batch that the devices do not divide", [*good, "--devices", "3"], "3 devices do not divide a batch of 32 rows")
        case("fewer devices than asked for", [*good, "--devices", "8"], "--devices 8, but there are 1 (cpu)", environment={"JAX_PLATFORMS": ""})
        case("no data", [], "--data names what it trains on")
        case("data of another name", [], "has no y; it has x, labels", data=arrays(y=None, labels=np.zeros(ROWS, np.int32)))
        case("data of another shape", [], "has x as float32 [64, 783]; the model takes float ['rows', 784]", data=arrays(x=np.zeros((ROWS, 783), np.float32)))
        case("data of another type", [], "has y as float64 [64]; the model takes int32 ['rows']", data=arrays(y=np.zeros(ROWS)))
        case("labels that are no class", [], "has labels y outside 0 ≤ y < 10", data=arrays(y=np.full(ROWS, 10, np.int32)))
        case("different numbers of rows", [], "has different numbers of rows: {'x': 64, 'y': 63}", data=arrays(y=np.zeros(ROWS - 1, np.int32)))
        case("a file that is not there", ["--data", "none.npz"], "none.npz")
        case("a file that is no archive", ["--data", own], "mnist-mlp.py holds no arrays: name a .npz file, or x=x.npy,y=y.npy")
        few = {"x": np.zeros((15, 3, 32, 32), np.float32), "y": np.zeros(15, np.int32)}
        case("fewer rows than are normalized together", [], "has 15 rows; mini-resnet takes 16 or more", data=few, program=normed)
        case("a checkpoint of another model", [*good, "--load", "other.safetensors"], "belongs to the model 'lenet', and this is 'mnist-mlp'")
        case("a checkpoint that is cut", [*good, "--load", "cut.safetensors"], "cut.safetensors is")
        case("a checkpoint that is none", [*good, "--load", "good.npz"], "good.npz is no safetensors file")
        case("a folder that is not there", [*good[:2], "--save", "none/made.safetensors"], "there is no such folder")
        case("bfloat16 where the model asks float64", [*good, "--dtype", "bfloat16"], "was exported in float64, and bfloat16 keeps 8 bits", program=wide)
        case("half of what several hosts need", [*good, "--processes", "2"], "--coordinator, --processes and --process go together")
        case("a seed that is none", [*good, "--seed", "-1"], "a seed is a whole number from 0 to 2^53 - 1, but got -1")
        case("StableHLO for no platform", ["--stablehlo", "out", "--platforms", "gpux"], "invalid choice: 'gpux'")
        subprocess.run([sys.executable, "-c", SAVE, other, "other.safetensors"], check=True, env={**os.environ, "JAX_PLATFORMS": "cpu"})
        subprocess.run([sys.executable, "-c", SAVE, own, "cut.safetensors"], check=True, env={**os.environ, "JAX_PLATFORMS": "cpu"})
        with open("cut.safetensors", "r+b") as file:
            file.truncate(2000)
        before = sorted(os.listdir())
        wrong = 0
        for what, program, args, says, environment in cases:
            given = {**os.environ, "JAX_PLATFORMS": "cpu", **environment}
            if given["JAX_PLATFORMS"] == "":
                del given["JAX_PLATFORMS"]
            done = subprocess.run([sys.executable, program, *args], capture_output=True, text=True, env=given)
            said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
            kept = done.returncode != 0 and "Traceback" not in done.stderr and done.stdout == "" and sorted(os.listdir()) == before
            kept = kept and all(one in said for one in says)
            wrong += not kept
            print(f"{'refused' if kept else 'WRONG  '} {what}: {said}", flush=True)
        sys.exit(1 if wrong else 0)


SAVE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("program", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.save(sys.argv[2], {**module.init(0)})
"""

if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
