"""Writes foreign.json: files as NumPy 2.4 and safetensors 0.8 write them, in base64."""

import base64, io, json, os
import numpy as np
import safetensors.numpy


def text(data):
    return base64.b64encode(data).decode()


def npy(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), version=version)
    return text(file.getvalue())


def npz(save):
    file = io.BytesIO()
    save(file, x=np.arange(6, dtype="<f4").reshape(2, 3), y=np.array([1, 0], dtype="<i8"))
    return text(file.getvalue())


files = {
    "f4": npy(np.array([[1.5, -2, 3.25], [0, 1e-3, 7]], dtype="<f4")),
    "f8v2": npy(np.array([0.1, -1e300], dtype="<f8"), (2, 0)),
    "i4": npy(np.array([[1], [-2]], dtype="<i4")),
    "i8": npy(np.array([2**40, -3], dtype="<i8")),
    "u1": npy(np.array([0, 255], dtype="u1")),
    "bool": npy(np.array([True, False, True])),
    "scalar": npy(np.array(2.5, dtype="<f4")),
    "empty": npy(np.zeros((0, 4), dtype="<f4")),
    "fortran": npy(np.asfortranarray(np.ones((2, 3), dtype="<f4"))),
    "big": npy(np.array([1, 2], dtype=">f4")),
    "half": npy(np.array([1, 2], dtype="<f2")),
    "u2": npy(np.array([1, 2], dtype="<u2")),
    "text": npy(np.array(["ab", "c"])),
    "complex": npy(np.array([1 + 2j])),
    "record": npy(np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f4")])),
    "savez": npz(np.savez),
    "savezCompressed": npz(np.savez_compressed),
    "safetensors": text(
        safetensors.numpy.save(
            {"W": np.array([[1, 2], [3, 4]], dtype="<f4"), "n": np.array(7, dtype="<i4")},
            metadata={"made": "by another"},
        )
    ),
}
with open(os.path.join(os.path.dirname(__file__), "foreign.json"), "w") as out:
    json.dump(files, out, indent=2)
    out.write("\n")
