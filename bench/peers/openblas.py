"""OpenBLAS's sgemm of a square on one thread, by way of numpy: answers each line, milliseconds, with GFLOP/s over that much processor time."""
import os, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np

SIZE = 512
a, b, c = (np.full((SIZE, SIZE), 0.5, np.float32) for _ in range(3))
print("numpy", np.__version__, flush=True)
for line in sys.stdin:
    least, count = float(line) / 1e3, 0
    began = time.process_time()
    while True:
        np.dot(a, b, out=c)
        count += 1
        spent = time.process_time() - began
        if spent >= least:
            break
    print(2 * SIZE**3 * count / spent / 1e9, flush=True)
