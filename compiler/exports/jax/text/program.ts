/** Python that trains: over the devices of a mesh, from files, as a command. */

export const PARALLEL = `class Parallel(NamedTuple):
    """The functions of a trainer over the devices of a mesh, and how data come onto them."""

    step: Wrapped  # of state, batch and count: the new state, and the loss
    evaluate: Wrapped  # likewise: loss and metrics
    place: Callable[[dict], State]
    feed: Callable[..., Batch]


def parallel(mesh: Mesh, shard_parameters: bool = False) -> Parallel:
    """
    The batch of a step divided among the devices along the mesh's axis "data"; what is kept is on every
    device, or divided too with \`shard_parameters\`. It computes what one device would: loss, gradients and
    statistics are of the whole batch. A step takes the state it is given for its own (donation).
    """
    devices = mesh.shape["data"]
    if BATCH["train"] % devices:
        raise ValueError(f"{devices} devices do not divide a batch of {BATCH['train']} rows")
    whole = NamedSharding(mesh, PartitionSpec())

    def along(axis: int) -> NamedSharding:
        return NamedSharding(mesh, PartitionSpec(*[None] * axis, "data"))

    def kept(shape: tuple[int, ...]) -> NamedSharding:
        axis = next((n for n, extent in enumerate(shape) if extent % devices == 0), None)
        return whole if axis is None or not shard_parameters else along(axis)

    def fed(entry: str, name: str) -> NamedSharding:
        axis = INPUTS[name][2]
        return whole if axis is None or BATCH[entry] % devices else along(axis)

    states = {name: kept(shape) for name, (shape, _) in {**PARAMETERS, **STATE}.items()}
    states |= {f"hyper.{name}": whole for name in HYPER}
    batches = {entry: {name: fed(entry, name) for name in names} for entry, names in FED.items()}

    def put(x, sharding: NamedSharding) -> jax.Array:
        x = np.asarray(x)
        return jax.make_array_from_callback(x.shape, sharding, lambda index: x[index])

    return Parallel(
        step=jax.jit(
            step,
            in_shardings=(states, batches["train"], whole),
            out_shardings=(states, whole),
            donate_argnums=0,
        ),
        evaluate=jax.jit(
            evaluate, in_shardings=(states, batches["evaluate"], whole), out_shardings=whole
        ),
        place=lambda state: {name: put(x, states[name]) for name, x in state.items()},
        feed=lambda batch, entry="train": {
            name: put(x, batches[entry][name]) for name, x in batch.items()
        },
    )`;

export const STABLEHLO = `def write_stablehlo(
    folder: str | Path, over: Parallel, platforms: list[str] | None = None
) -> list[Path]:
    """
    Step and evaluation over as many devices as \`over\` has, for platforms as jax names them: train.mlir is
    text, train.jax an artifact that jax.export.deserialize reads.
    """

    def empty(shape: tuple[int, ...], dtype: str) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(shape, np.int32 if dtype == "int32" else MASTER)

    state = {name: empty(*row) for name, row in {**PARAMETERS, **STATE}.items()}
    state |= {f"hyper.{name}": empty((), "float") for name in HYPER}
    files: dict[Path, bytes] = {}
    for entry, function in (("train", over.step), ("evaluate", over.evaluate)):
        batch = {}
        for name in FED[entry]:
            shape, dtype, axis, _ = INPUTS[name]
            rows = BATCH[entry], BATCH["train"]
            extents = (x * rows[0] // rows[1] if n == axis else x for n, x in enumerate(shape))
            batch[name] = empty(tuple(extents), dtype)
        made = jax.export.export(function, platforms=platforms)(state, batch, empty((), "int32"))
        files[Path(folder, f"{entry}.mlir")] = str(made.mlir_module()).encode()
        files[Path(folder, f"{entry}.jax")] = bytes(made.serialize())
    Path(folder).mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        path.write_bytes(content)
    return list(files)`;

export const DATA = `def read(source: str, entry: str) -> Batch:
    """The inputs of an entry, from a .npz file or from .npy files x=x.npy,y=y.npy, as it takes them."""
    try:
        if "=" in source:
            pairs = [part.partition("=") for part in source.split(",")]
            arrays = {name: np.load(file, allow_pickle=False) for name, _, file in pairs}
        else:
            arrays = dict(np.load(source, allow_pickle=False))
    except OSError:
        raise
    except Exception as error:  # whatever else NumPy makes of a file that is none of its own
        raise ValueError(
            f"{source} holds no arrays: name a .npz file, or x=x.npy,y=y.npy"
        ) from error
    missing = [name for name in FED[entry] if name not in arrays]
    if missing:
        raise ValueError(
            f"{source} has no {', '.join(missing)}; it has {', '.join(arrays) or 'nothing'}"
        )
    taken, rows = {}, {}
    for name in FED[entry]:
        shape, dtype, axis, classes = INPUTS[name]
        x = arrays[name]
        needed = ["rows" if n == axis else extent for n, extent in enumerate(shape)]
        fits = x.ndim == len(shape) and all(
            n == axis or extent == shape[n] for n, extent in enumerate(x.shape)
        )
        if not fits or (dtype == "int32") != np.issubdtype(x.dtype, np.integer):
            own = f"{x.dtype} {list(x.shape)}"
            raise ValueError(f"{source} has {name} as {own}; the model takes {dtype} {needed}")
        if classes is not None and x.size and not (x.min() >= 0 and x.max() < classes):
            raise ValueError(f"{source} has labels {name} outside 0 ≤ {name} < {classes}")
        taken[name] = x.astype(np.int32 if dtype == "int32" else MASTER)
        if axis is not None:
            rows[name] = x.shape[axis] * BATCH["train"] // shape[axis]
    if len(set(rows.values())) > 1:
        raise ValueError(f"{source} has different numbers of rows: {rows}")
    least = BATCH[entry] if MEETS[entry] else 1
    if rows and min(rows.values()) < least:
        raise ValueError(f"{source} has {min(rows.values())} rows; {MODEL} takes {least} or more")
    return taken


def rows_of(data: Batch) -> int:
    """Rows of data as read gives it."""
    for name, x in data.items():
        shape, _, axis, _ = INPUTS[name]
        if axis is not None:
            return x.shape[axis] * BATCH["train"] // shape[axis]
    return BATCH["train"]


def batches_of(data: Batch, entry: str, order: np.ndarray) -> Iterator[tuple[Batch, int]]:
    """Full batches of rows in an order, the last filled up with zeros, and how many rows of each are real."""
    size = BATCH[entry]
    for first in range(0, len(order), size):
        at = order[first : first + size]
        if len(at) < size and MEETS[entry]:
            return
        batch = {}
        for name, x in data.items():
            shape, _, axis, _ = INPUTS[name]
            if axis is None:
                batch[name] = x
                continue
            per = shape[axis] // BATCH["train"]
            taken = np.take(x, (at[:, None] * per + np.arange(per)).ravel(), axis)
            lacks = [(0, (size - len(at)) * per if n == axis else 0) for n in range(x.ndim)]
            batch[name] = np.pad(taken, lacks)
        yield batch, len(at)`;

export const MAIN = `def main() -> None:
    """Trains from files: python trainer.jax.py --help says how."""
    parser = argparse.ArgumentParser(description=f"Trains {MODEL}.")
    parser.add_argument("--data", help="train.npz, or x=x.npy,y=y.npy")
    parser.add_argument("--test", help="likewise, to evaluate after every epoch")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", choices=DTYPES, default=PRECISION)
    parser.add_argument(
        "--devices", type=int, help="how many share the batch (default: all there are)"
    )
    parser.add_argument("--shard-parameters", action="store_true", help="divide what is kept, too")
    parser.add_argument("--load", help="a checkpoint to begin with")
    parser.add_argument("--save", help="where the checkpoint goes after every epoch")
    parser.add_argument("--stablehlo", help="a folder for step and evaluation; nothing is trained")
    platforms = ("cpu", "cuda", "rocm", "tpu")
    parser.add_argument(
        "--platforms", nargs="+", choices=platforms, help="which it is for (default: the one here)"
    )
    parser.add_argument("--coordinator", help="host:port of process 0, where there are several")
    parser.add_argument("--processes", type=int, help="how many processes there are")
    parser.add_argument("--process", type=int, help="which of them this is, from 0")
    args = parser.parse_args()
    try:
        train(args)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"{MODEL}: {error}")


def train(args: argparse.Namespace) -> None:
    """What main was asked for."""
    use(args.dtype)
    if args.data is None and args.stablehlo is None:
        raise ValueError("--data names what it trains on: train.npz, or x=x.npy,y=y.npy")
    if args.save is not None and not Path(args.save).absolute().parent.is_dir():
        raise ValueError(f"--save {args.save}: there is no such folder")
    # on processors, collectives of two steps at once would wait for each other's threads
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    several = (args.coordinator, args.processes, args.process)
    if any(one is not None for one in several):
        if any(one is None for one in several):
            raise ValueError("--coordinator, --processes and --process go together")
        jax.distributed.initialize(args.coordinator, args.processes, args.process)
    elif args.devices is not None and os.environ.get("JAX_PLATFORMS") == "cpu":
        jax.config.update("jax_num_cpu_devices", args.devices)
    found = jax.devices()
    if args.devices is not None and args.devices > len(found):
        raise ValueError(
            f"--devices {args.devices}, but there are {len(found)} ({found[0].platform}); JAX_PLATFORMS=cpu "
            "makes as many of the processor"
        )
    mesh = jax.make_mesh(
        (args.devices or len(found),),
        ("data",),
        axis_types=(AxisType.Auto,),
        devices=found[: args.devices],
    )
    over = parallel(mesh, args.shard_parameters)
    if args.stablehlo is not None:
        return print(*write_stablehlo(args.stablehlo, over, args.platforms), sep="\\n")
    data = read(args.data, "train")
    test = None if args.test is None else read(args.test, "evaluate")
    state = over.place(init(args.seed) if args.load is None else load(args.load))
    tells = jax.process_index() == 0
    for epoch in range(args.epochs):
        order = np.random.default_rng([args.seed, epoch]).permutation(rows_of(data))
        total, rows, began = 0.0, 0, time.perf_counter()
        for batch, count in batches_of(data, "train", order):
            state, loss = over.step(state, over.feed(batch), np.int32(count))
            total, rows = total + float({loss}) * count, rows + count
        line = f"epoch {epoch + 1}: loss {total / rows:.4f}"
        if test is not None:
            sums: dict[str, float] = {}
            for batch, count in batches_of(test, "evaluate", np.arange(rows_of(test))):
                found_now = over.evaluate(state, over.feed(batch, "evaluate"), np.int32(count))
                sums = {name: sums.get(name, 0.0) + float(x) for name, x in found_now.items()}
            count = sums.pop("count")
            line += "".join(f", test {name} {x / count:.4f}" for name, x in sums.items())
        if tells:
            print(f"{line}  ({time.perf_counter() - began:.1f} s)", flush=True)
        if args.save is not None:
            whole = jax.jit(lambda x: x, out_shardings=NamedSharding(mesh, PartitionSpec()))(state)
            if tells:
                save(args.save, whole)


if __name__ == "__main__":
    main()`;
