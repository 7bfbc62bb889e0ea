"""
Of nets that nets.py exported: the gradients of all parameters in PyTorch, in float64, of a cross entropy over two rows, under the names that the
import gives them: for gradients.ts.

    python gradients.py /tmp/nets resnet18 mobilenet_v2 squeezenet1_1 && npx tsx gradients.ts /tmp/nets
"""

import os
import sys

import numpy
import onnx
import torch
import torchvision
from onnx import numpy_helper
from safetensors.numpy import save_file

folder, names = sys.argv[1], sys.argv[2:]
torch.set_num_threads(1)
for name in names:
    net = getattr(torchvision.models, name)(weights=None)
    graph = onnx.load(os.path.join(folder, f"{name}.training.onnx")).graph
    held = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    # equal initializers are one, read through Identity
    held |= {node.output[0]: held[node.input[0]] for node in graph.node if node.op_type == "Identity" and node.input[0] in held}
    net.load_state_dict({key: torch.from_numpy(held[key].copy()) for key in net.state_dict() if not key.endswith("num_batches_tracked")}, strict=False)
    net = net.double().eval()
    rng = numpy.random.default_rng(3)
    x = rng.standard_normal((2, 3, 64, 64)).astype(numpy.float32)
    y = numpy.array([7, 500], dtype=numpy.int32)
    loss = torch.nn.functional.cross_entropy(net(torch.from_numpy(x).double()), torch.from_numpy(y).long())
    loss.backward()
    found = {"x": x, "y": y, "loss": numpy.array([loss.item()])}
    for path, module in net.named_modules():
        for own, parameter in module.named_parameters(recurse=False):
            gradient = parameter.grad.numpy()
            if isinstance(module, torch.nn.BatchNorm2d):
                own = {"weight": "gamma", "bias": "beta"}[own]
            elif own == "weight":
                own = "kernel"
                gradient = gradient.T if isinstance(module, torch.nn.Linear) else gradient
            found[f"{path}.{own}"] = numpy.ascontiguousarray(gradient)
    save_file(found, os.path.join(folder, f"{name}.gradients.safetensors"))
    print(name, loss.item())
