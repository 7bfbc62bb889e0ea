"""The same models in PyTorch's own words, eager, from the same weights; speaks bench/contender.ts's protocol."""
import json, os, sys
import warnings
warnings.filterwarnings("ignore")
import torch
import torch.nn.functional as F
from programs import PROGRAMS
from serving import serve

folder, threads = sys.argv[1], int(sys.argv[2])
floats = torch.float64 if sys.argv[3:] == ["float64"] else torch.float32
torch.set_num_threads(threads)
manifest = json.load(open(os.path.join(folder, "manifest.json")))
raw = bytearray(open(os.path.join(folder, "data.bin"), "rb").read())
spec = manifest["spec"]

def tensor(entry):
    size = 1
    for extent in entry["shape"]:
        size *= extent
    dtype = torch.int32 if entry["dtype"] == "i32" else torch.float32
    read = torch.frombuffer(raw, dtype=dtype, count=size, offset=entry["offset"]).reshape(entry["shape"]).clone()
    return read.to(floats) if read.is_floating_point() else read

# PyTorch's own layout of dense weights is [out, in]; tables stay as they are
words = spec["loss"] == "skipgram"
initial = [tensor(e).T.contiguous() if len(e["shape"]) == 2 and not words else tensor(e) for e in manifest["parameters"]]
batches = [(tensor(b["x"]), tensor(b["y"]).long() if b["y"]["dtype"] == "i32" else tensor(b["y"])) for b in manifest["batches"]]

program = PROGRAMS.get(spec.get("program"))

def restore():
    global params, optimizer, running
    if program is not None:
        running = program(spec, {e["name"]: tensor(e) for e in manifest["parameters"]})
        return
    params = [p.clone().requires_grad_() for p in initial]
    o = spec["optimizer"]
    optimizer = torch.optim.Adam(params, lr=o["rate"]) if o["kind"] == "adam" else torch.optim.SGD(params, lr=o["rate"], momentum=o.get("momentum", 0))

def scores(x):
    at = 0
    for layer in spec["layers"]:
        if layer["kind"] == "pool":
            x = F.max_pool2d(x, 2)
            continue
        w, b = params[at], params[at + 1]
        at += 2
        if layer["kind"] == "conv":
            x = F.relu(F.conv2d(x, w, b, padding=layer["padding"]))
        else:
            x = F.linear(x.flatten(1), w, b)
            x = {"relu": F.relu, "tanh": torch.tanh, None: lambda v: v}[layer.get("activation")](x)
    return x

def loss_of(s, y):
    if spec["loss"] == "softmax":
        return F.cross_entropy(s, y)
    if spec["loss"] == "mse":
        return F.mse_loss(s, y)
    margins = F.relu(s - s.gather(1, y[:, None]) + 1)
    hinge = margins.sum(1).mean() - 1
    return hinge + spec["l2"] * sum((p * p).sum() for p in params if p.dim() == 2)

def skipgram(x, y):
    """-log s(near) - sum log s(-far), of rows of two tables whose gradients are sparse."""
    word = F.embedding(y, params[0], sparse=True)
    s = torch.bmm(F.embedding(x, params[1], sparse=True), word[:, :, None])[:, :, 0]
    return (F.softplus(s).sum(1) - s[:, 0]).mean()

def step(n):
    x, y = batches[n % len(batches)]
    if program is not None:
        return running.step(x, y)
    optimizer.zero_grad(set_to_none=True)
    loss = skipgram(x, y) if words else loss_of(scores(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()

serve(step, restore, f"PyTorch {torch.__version__}, {threads} thread{'s' if threads > 1 else ''}")
