"""
A library's sgemm on one thread, OpenBLAS's by way of numpy or PyTorch's: answers each line, milliseconds and maybe rows, columns and terms, with
GFLOP/s over that much processor time; without sizes, of a square.
"""
import os, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np

full = lambda rows, columns: np.full((rows, columns), 0.5, np.float32)
if sys.argv[1:] == ["torch"]:
    import torch
    torch.set_num_threads(1)
    made = lambda *shape: torch.from_numpy(full(*shape))
    product = lambda a, b, c: torch.mm(a, b, out=c)
    print("PyTorch", torch.__version__, flush=True)
else:
    made = full
    product = lambda a, b, c: np.dot(a, b, out=c)
    print("numpy", np.__version__, flush=True)

SQUARE = (512, 512, 512)
for line in sys.stdin:
    ms, *sizes = line.split()
    rows, columns, terms = map(int, sizes) if sizes else SQUARE
    a, b, c = made(rows, terms), made(terms, columns), made(rows, columns)
    product(a, b, c)
    least, count = float(ms) / 1e3, 0
    began = time.process_time()
    while True:
        product(a, b, c)
        count += 1
        spent = time.process_time() - began
        if spent >= least:
            break
    print(2 * rows * columns * terms * count / spent / 1e9, flush=True)
