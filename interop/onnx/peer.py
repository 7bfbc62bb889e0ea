"""
Steps a second of the exported steps of mnist-mlp and LeNet beside those that onnxsim makes of the same nets (forward pass written here, Adam), in ONNX
Runtime with one thread, by processor time in turns: every path of its own, and both graphs by one path. Prints the table of peer.md.

    for m in mnist-mlp lenet; do adjoint export models/$m.ts --to onnx-step --seed 1 --out /tmp/steps/$m.onnx; done
    pip install -r ../requirements.txt onnxsim==0.8.1 && python peer.py /tmp/steps > peer.md
"""

import os
import statistics
import sys
import time

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import onnxsim  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnxsim import qat_graph  # noqa: E402

from steps import tensors_of  # noqa: E402

TURNS = 21
SECONDS = 0.3
RATE = 1e-3
CLASSES = 10
# of both its ways; where there are no convolutions, the graphs are much alike
AHEAD = {"mnist-mlp": 0.0, "lenet": 2.0}


def mlp(node, weights):
    z = node("Gemm", "x", "W1", "b1")
    return [784], node("Gemm", node("Relu", z), "W2", "b2")


def lenet(node, weights):
    def block(x, name):
        z = node("Conv", x, f"{name}.kernel", f"{name}.bias", kernel_shape=[5, 5])
        return node("MaxPool", node("Relu", z), kernel_shape=[2, 2], strides=[2, 2])

    weights["flat"] = numpy.array([32, 256], numpy.int64)
    h = node("Reshape", block(block("x", "c1"), "c3"), "flat")
    for name in ("f5", "f6"):
        h = node("Relu", node("Gemm", h, f"{name}.kernel", f"{name}.bias"))
    return [1, 28, 28], node("Gemm", h, "scores.kernel", "scores.bias")


def forward(net, weights):
    """The model and its loss, the mean cross entropy with labels one-hot."""
    nodes, held = [], dict(weights)

    def node(op, *inputs, **attributes):
        name = f"{op}_{len(nodes)}"
        nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    row, scores = net(node, held)
    held |= {"axis": numpy.array([1], numpy.int64), "all": numpy.array([0], numpy.int64)}
    picked = node("Mul", "y", node("Log", node("Softmax", scores, axis=1)))
    summed = node("ReduceSum", picked, "axis", keepdims=0)
    nodes.append(helper.make_node("Neg", [node("ReduceMean", summed, axes=[0], keepdims=0)], ["loss"]))
    read = {one for made in nodes for one in made.input}
    graph = helper.make_graph(
        nodes,
        "forward",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [32, *row]), helper.make_tensor_value_info("y", TensorProto.FLOAT, [32, CLASSES])],
        [helper.make_tensor_value_info("loss", TensorProto.FLOAT, [])],
        [numpy_helper.from_array(x, name) for name, x in held.items() if name in read],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    return onnxruntime.InferenceSession(model, options)


def main(folder):
    print("# Training steps in ONNX Runtime beside onnxsim's\n")
    print(f"Written by [peer.py](peer.py), onnxsim {onnxsim.__version__}: milliseconds of processor time of a step of 32 rows, one thread, medians of {TURNS}")
    print("turns; *its graph, by our driver*: the graph that it makes, run as step.py runs ours, with ONNX Runtime's optimizations, which its own loop")
    print("leaves out. *Ahead*: ratios to ours, the lower quartile in brackets; *losses*: how far apart they are over five steps.\n")
    print("| model | ours, steps a second | ms | onnxsim, its loop, ms | ahead | its graph, by our driver, ms | ahead | losses |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    wrong = []
    rng = numpy.random.default_rng(1)
    for name, net in (("mnist-mlp", mlp), ("lenet", lenet)):
        path = os.path.join(folder, f"{name}.onnx")
        first = tensors_of(path[:-5] + ".safetensors")
        session = session_of(path)
        outputs = [one.name for one in session.get_outputs()]
        trained = [key for key in first if key + ".m" in first]
        model = forward(net, {key: first[key] for key in trained})
        row = [one.dim_value for one in model.graph.input[0].type.tensor_type.shape.dim]
        x = rng.random(row, numpy.float32)
        y = rng.integers(0, CLASSES, row[0], numpy.int32)
        batch, hot = {"x": x, "y": y}, {"x": x, "y": numpy.eye(CLASSES, dtype=numpy.float32)[y]}
        loop = onnxsim.compile_training_loop(model, "loss", trained, "adam")
        kept = {"ours": dict(first)}

        def ours():
            made = dict(zip(outputs, session.run(None, {**kept["ours"], **batch})))
            kept["ours"] = {key: made[f"{key}.next"] for key in kept["ours"]}
            return float(made["loss"])

        def theirs():
            return float(loop(hot, RATE))

        mine, others = [ours() for _ in range(5)], [theirs() for _ in range(5)]
        apart = max(abs(a - b) / abs(b) for a, b in zip(mine, others))
        graph = loop.step_graph
        plain = session_of(graph.model.SerializeToString())
        wanted = [*graph.state.values(), graph.loss_name]
        kept["theirs"] = loop.initial_state
        corrections = {key: numpy.asarray(x, numpy.float32) for key, x in qat_graph.adam_bias_corrections(1).items()}

        def again():
            made = plain.run(wanted, {**kept["theirs"], **hot, **corrections, "lr": numpy.asarray(RATE, numpy.float32)})
            kept["theirs"] = dict(zip(graph.state, made))
            return float(made[-1])

        ways = {"ours": ours, "loop": theirs, "graph": again}

        def spent(way, times):
            began = time.process_time()
            for _ in range(times):
                ways[way]()
            return (time.process_time() - began) / times

        often = {way: max(1, round(SECONDS / spent(way, 3))) for way in ways}
        turns = []
        for n in range(TURNS):
            order = list(ways) if n % 2 == 0 else list(ways)[::-1]
            turns.append({way: spent(way, often[way]) for way in order})
        took = {way: statistics.median(turn[way] for turn in turns) * 1e3 for way in ways}
        ratios = {way: [turn[way] / turn["ours"] for turn in turns] for way in ("loop", "graph")}
        ahead = {way: statistics.median(all) for way, all in ratios.items()}
        told = {way: f"{ahead[way]:.2f} ({statistics.quantiles(all, n=4)[0]:.2f})" for way, all in ratios.items()}
        if not min(ahead.values()) >= AHEAD[name]:
            wrong.append(f"{name}: {min(ahead.values()):.2f} of onnxsim's speed, not {AHEAD[name]}")
        if not apart <= 1e-3:
            wrong.append(f"{name}: losses differ by {apart:.1e}: not the same step")
        print(
            f"| {name} | {1e3 / took['ours']:,.0f} | {took['ours']:.2f} | {took['loop']:.2f} | {told['loop']} | {took['graph']:.2f} | {told['graph']} | {apart:.1e} |",
            flush=True,
        )
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1])
