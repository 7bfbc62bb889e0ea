/** Python that makes, narrows, writes and reads what a trainer keeps. */

export const precision = (own: string): string => `DTYPES = {
    "float32": (jnp.float32, np.float32),
    "float64": (jnp.float64, np.float64),
    "bfloat16": (jnp.bfloat16, np.float32),
}
PRECISION = "${own}"  # what the model was exported in
FLOAT, MASTER = DTYPES[PRECISION]  # what is computed in, and what is kept and updated
jax.config.update("jax_enable_x64", PRECISION == "float64")
jax.config.update("jax_default_matmul_precision", "float32")


def use(dtype: str) -> None:
    """Says what is computed in, before anything is: float32, float64, or bfloat16 beside float32 weights."""
    global FLOAT, MASTER
    if dtype not in DTYPES:
        raise ValueError(f"there is no precision {dtype!r}; there are {', '.join(DTYPES)}")
    if dtype == "bfloat16" and PRECISION == "float64":
        raise ValueError(
            "the model was exported in float64, and bfloat16 keeps 8 bits of 53; use float32, "
            "or export it in float32"
        )
    jax.config.update("jax_enable_x64", dtype == "float64")
    FLOAT, MASTER = DTYPES[dtype]


def compute(x) -> jax.Array:
    """x in the precision of forward and backward pass."""
    return jnp.asarray(x, FLOAT)


def master(x) -> jax.Array:
    """x in the precision of what is kept."""
    return jnp.asarray(x, MASTER)


def stored(state: State, new: dict[str, jax.Array]) -> State:
    """The state with new values, each of the type of the one before."""
    return {**state, **{name: jnp.asarray(x, state[name].dtype) for name, x in new.items()}}`;

export const RANDOM = `ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)


def random_bits(seed, stream, at, high=0):
    """
    Random bits number \`at\` of a stream: Threefry-2x32, 13 rounds (Salmon et al. 2011), first word. Any
    number can be drawn without the ones before it. Unsigned 32-bit integers, of NumPy or of JAX.
    """
    keys = (seed, stream, seed ^ stream ^ np.uint32(0x1BD11BDA))
    x = at + keys[0]
    y = (at ^ at) + keys[1] + np.uint32(high)
    for n in range(13):
        turn = ROTATIONS[n % 8]
        x = x + y
        y = ((y << turn) | (y >> (32 - turn))) ^ x
        if n % 4 == 3:
            key = n // 4 + 1
            x = x + keys[key % 3]
            y = y + keys[(key + 1) % 3] + np.uint32(key)
    return x`;

export const BITS = `def bits(seed, stream: int, shape: tuple[int, ...]) -> jax.Array:
    """Signed random bits of a shape, by the position in it: the same on any number of devices."""
    at = jnp.arange(math.prod(shape), dtype=jnp.uint32).reshape(shape)
    key = jnp.asarray(seed).astype(jnp.uint32)
    return lax.bitcast_convert_type(random_bits(key, np.uint32(stream), at), jnp.int32)`;

export const DRAWS = `def draws(seed: int, stream: int, first: int, size: int) -> np.ndarray:
    """Signed random bits of a seed, from number \`first\` on, as float64."""
    at = np.arange(first, first + size, dtype=np.uint32)
    with np.errstate(over="ignore"):
        key = np.uint32(seed & 0xFFFFFFFF)
        return (
            random_bits(key, np.uint32(stream & 0xFFFFFFFF), at, seed >> 32)
            .view(np.int32)
            .astype(np.float64)
        )


def filled(shape: tuple[int, ...], draw) -> np.ndarray:
    """An array of draw(first, size), piece by piece."""
    w = np.empty(math.prod(shape), MASTER)
    for first in range(0, w.size, 1 << 20):
        w[first : first + (1 << 20)] = draw(first, min(1 << 20, w.size - first))
    return w.reshape(shape)`;

export const UNIFORM = `def uniform(shape: tuple[int, ...], seed: int, stream: int, low: float, high: float) -> np.ndarray:
    """Numbers uniform in [low, high)."""
    return filled(
        shape,
        lambda at, n: low + (high - low) * (draws(seed, stream, at, n) / 4294967296 + 0.5),
    )`;

export const NORMAL = `def polynomial(x: np.ndarray, coefficients: tuple[float, ...]) -> np.ndarray:
    """The sum of coefficients[i]·x^(last - i), by Horner's rule."""
    sum = np.zeros_like(x)
    for coefficient in coefficients:
        sum = sum * x + coefficient
    return sum


def log(x: np.ndarray) -> np.ndarray:
    """
    log x = k·ln 2 + log m, x = 2^k·m, m from sqrt(1/2) to sqrt(2), by a minimax polynomial (Remez) in
    (m - 1)/(m + 1): the same bits as in the other trainers of this model. Of normal x above 0.
    """
    k = ((x.view(np.int64) >> 32) - 0x3FE6A09E) >> 20
    f = x * 0.5 * np.ldexp(1.0, 1 - k) - 1
    s = f / (f + 2)
    z = s * s
    if MASTER is np.float32:
        high = 0.14286054114806426 + z * (0.11088113234273762 + z * 0.0979181123049867)
        p = z * (0.3333333333788696 + z * (0.19999997815413015 + z * high))
        return k * 0.6931471805599453 + 2 * (s + s * p)
    half = 0.5 * f * f
    tail = s * (half + 2 * z * polynomial(z, LOG))
    near = f - (half - tail)
    far = k * 0.6931471804855391 - (half - (tail + k * 7.440617110012397e-11) - f)
    return np.where(k == 0, near, far)


LOG = (
    0.07397820133259567,
    0.07657041578598259,
    0.09091781492032305,
    0.11111099300170507,
    0.14285714371054903,
    0.19999999999707993,
    0.3333333333333367,
)


def cos_and_sin(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    The same bits as in the other trainers of this model: the angle, of a few turns at most, is reduced by
    parts of pi that are so short that products are exact (Cody and Waite), then a polynomial.
    """
    if MASTER is np.float32:
        n = np.floor(x * 0.3183098861837907)
        cosine = (2 * (n.astype(np.int64) & 1) - 1) * sine_near_0(x, n + 0.5)
        n = np.floor(x * 0.3183098861837907 + 0.5)
        return cosine, (1 - 2 * (n.astype(np.int64) & 1)) * sine_near_0(x, n)
    n = np.floor(x * 0.6366197723675814 + 0.5)
    turns = n.astype(np.int64)
    first = x - n * 1.5707963267341256
    second = first - n * 6.077100506303966e-11
    error = first - second - n * 6.077100506303966e-11
    third = second - n * 2.0222662487111665e-21
    rest = second - third - n * 2.0222662487111665e-21
    r = third + (error + rest - n * 8.4784276603689e-32)
    z = r * r
    sine = r + r * z * polynomial(z, SIN)
    half = z / 2
    leading = 1 - half
    cosine = leading + (1 - leading - half + z * z * polynomial(z, COS))
    odd = (turns & 1) != 0
    cos_value = np.where(odd, sine, cosine)
    sin_value = np.where(odd, cosine, sine)
    return (
        np.where(((turns + 1) & 2) != 0, -cos_value, cos_value),
        np.where(x == 0, x, np.where((turns & 2) != 0, -sin_value, sin_value)),
    )


def sine_near_0(x: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """sin(x - halves·pi), by a minimax polynomial (Remez)."""
    r = (
        x
        - halves * 3.1415926534682512
        - halves * 1.2154201012607932e-10
        - halves * 4.044532497591901e-21
    )
    z = r * r
    high = -0.00019840868086854757 + z * (2.752537797582761e-6 + z * -2.388879342526793e-8)
    p = z * (-0.16666666626129 + z * (0.00833333110768693 + z * high))
    return r * (1 + p)


SIN = tuple(
    sign / math.factorial(n)
    for sign, n in ((1, 17), (-1, 15), (1, 13), (-1, 11), (1, 9), (-1, 7), (1, 5), (-1, 3))
)
COS = tuple(
    sign / math.factorial(n)
    for sign, n in ((-1, 18), (1, 16), (-1, 14), (1, 12), (-1, 10), (1, 8), (-1, 6), (1, 4))
)


def normal(
    shape: tuple[int, ...], seed: int, stream: int, mean: float, deviation: float
) -> np.ndarray:
    """Normal numbers, two at a time (Box & Muller 1958)."""

    def draw(first: int, size: int) -> np.ndarray:
        both = draws(seed, stream, first, size + size % 2)
        radius = np.sqrt(-2 * log((both[0::2] + 0.5) / 4294967296 + 0.5))
        cosine, sine = cos_and_sin((2 * math.pi * (both[1::2] + 0.5)) / 4294967296)
        pairs = np.stack(
            [mean + deviation * radius * cosine, mean + deviation * radius * sine], axis=1
        )
        return pairs.ravel()[:size]

    return filled(shape, draw)`;

export const NUMBERS = `def numbers(text: str) -> np.ndarray:
    """Numbers of a text."""
    return np.array(text.split(), np.float64)`;

export const FILES = `def save(path: str | Path, state: State) -> None:
    """A checkpoint as every trainer of this model reads it, in the layout of safetensors."""
    arrays = {name: np.asarray(state[name]) for name in (*PARAMETERS, *STATE)}
    kinds = {"float32": "F32", "float64": "F64", "int32": "I32"}
    hyper = {name: float(state[f"hyper.{name}"]) for name in HYPER}
    metadata = {
        "format": "adjoint-checkpoint 1",
        "model": MODEL,
        "graph": GRAPH,
        "step": str(int(state["stepCount"])),
        "hyper": json.dumps(hyper, separators=(",", ":")),
    }
    described = [[name, kinds[x.dtype.name], list(x.shape)] for name, x in arrays.items()]
    data = b"".join(x.tobytes() for x in arrays.values())
    metadata["checksum"] = checksum(metadata, described, data)
    header: dict = {"__metadata__": metadata}
    end = 0
    for (name, dtype, shape), x in zip(described, arrays.values()):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + x.nbytes]}
        end += x.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    part = Path(f"{path}.part")
    part.write_bytes(len(text).to_bytes(8, "little") + text + data)
    part.replace(path)


def checksum(metadata: dict, described: list, data: bytes) -> str:
    """Of the header's meaning, then the data: eight hexadecimal digits."""
    meaning = json.dumps([metadata, described], separators=(",", ":"), ensure_ascii=False)
    return f"{zlib.crc32(data, zlib.crc32(meaning.encode())):08x}"


def load(path: str | Path) -> dict[str, np.ndarray]:
    """The state in a checkpoint of any trainer of this model. Raises a ValueError for anything else."""
    file = Path(path).read_bytes()
    try:
        length = int.from_bytes(file[:8], "little")
        header = json.loads(file[8 : 8 + length])
        metadata = header.pop("__metadata__", {})
        data = file[8 + length :]
        described = [[name, one["dtype"], one["shape"]] for name, one in header.items()]
        spans = {name: one["data_offsets"] for name, one in header.items()}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{path} is no safetensors file") from error
    stated = metadata.pop("checksum", None)
    if stated is not None and stated != checksum(metadata, described, data):
        raise ValueError(f"{path} is damaged: its checksum is not that of its contents")
    for what, own in (("model", MODEL), ("graph", GRAPH)):
        if metadata.get(what, own) != own:
            raise ValueError(
                f"{path} belongs to the {what} {metadata[what]!r}, and this is {own!r}"
            )
    kinds = {"F32": np.float32, "F64": np.float64, "I32": np.int32}
    found = {name: (dtype, tuple(shape)) for name, dtype, shape in described}
    state = {}
    for name, (shape, dtype) in {**PARAMETERS, **STATE}.items():
        takes = ("I32",) if dtype == "int32" else ("F32", "F64")
        if name not in found:
            raise ValueError(
                f"{path} has no {name!r}, {dtype} {list(shape)}: it is of another model"
            )
        if found[name][0] not in takes or found[name][1] != shape:
            kind, other = found[name]
            raise ValueError(
                f"{path} has {name!r} as {kind} {list(other)}, not {dtype} {list(shape)}"
            )
        start, end = spans[name]
        x = np.frombuffer(data[start:end], kinds[found[name][0]]).reshape(shape)
        if np.isnan(x).any():
            raise ValueError(f"{path} has NaN in {name!r}: the run behind it had diverged")
        state[name] = x.astype(np.int32 if dtype == "int32" else MASTER)
    live = json.loads(metadata.get("hyper", "{}"))
    return {
        **state,
        **{f"hyper.{name}": np.asarray(live.get(name, HYPER[name]), MASTER) for name in HYPER},
    }`;
