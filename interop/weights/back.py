"""
Judges what back.ts wrote: PyTorch's load_state_dict takes the files with strict=True, and gives what the trainers predict.

    pip install -r requirements.txt && npx tsx back.ts /tmp/back && python back.py /tmp/back
"""

import os
import sys

import torch
from safetensors.torch import load_file

from nets import NETS

for name, make in NETS.items():
    net = make().eval()
    state = load_file(os.path.join(sys.argv[1], f"{name}.safetensors"))
    print(name, net.load_state_dict(state, strict=True), {type(m).__name__ for m in net.modules()})
    data = load_file(os.path.join(sys.argv[1], f"{name}.expected.safetensors"))
    given = data["given"].long() if data["given"].dtype == torch.int32 else data["given"]
    with torch.no_grad():
        difference = ((net(given) - data["expected"]).abs().max() / data["expected"].abs().max()).item()
    print(name, f"{difference:.1e} of the largest output")
    assert difference <= 1e-5
    assert all(torch.equal(net.state_dict()[key], value) for key, value in state.items())
