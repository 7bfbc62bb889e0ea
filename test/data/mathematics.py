"""Writes mathematics.json: what exp, log, … are at chosen doubles, to 100 bits and more (mpmath)."""

import json, math, os, random
import mpmath

mpmath.mp.prec = 400
random.seed(20)


def spread(low, high, count):
    """Doubles of either sign whose size is uniform in the exponent."""
    return [random.choice((-1, 1)) * math.exp(random.uniform(math.log(low), math.log(high))) for _ in range(count)]


def even(low, high, count):
    return [random.uniform(low, high) for _ in range(count)]


def positive(points):
    return [abs(x) for x in points]


tiny = [1e-300, -1e-300, 1e-40, 1e-20, -1e-20, 1e-9, -1e-9, 1e-5, -1e-5, 5e-324]
near_one = [1 + s * 2.0**-k for k in (1, 2, 3, 5, 8, 12, 20, 30, 40, 52) for s in (-1, 1)]
near_turns = [float(mpmath.pi * k / 2) for k in (1, 2, 3, 4, 5, 100, 1001, 31415, 63661, 355000, 667000)]
points = {
    "exp": tiny + even(-20, 20, 80) + even(-103, 89, 50) + even(-745, 709.7, 50) + [709.78, -708.3, -745.1, 88.72, -87.3, -103.9] + [k * math.log(2) / 2 for k in range(-5, 6)],
    "log": positive(tiny) + near_one + positive(spread(1e-3, 1e3, 80)) + positive(spread(1e-45, 3e38, 50)) + positive(spread(1e-320, 1.7e308, 40)) + [1.7976931348623157e308, 2.2250738585072014e-308, 0.7071067811865475, 0.7071067811865477, 1.4142135623730951],
    "tanh": tiny + even(-4, 4, 80) + even(-20, 20, 40) + spread(1e-6, 1, 50) + [0.55, 0.5499999, -0.55, 9.01, 19.06, 20, 21, -25],
    "sin": tiny + even(-7, 7, 60) + even(-1e5, 1e5, 60) + spread(1e-6, 1, 40) + near_turns,
    "cos": tiny + even(-7, 7, 60) + even(-1e5, 1e5, 60) + spread(1e-6, 1, 40) + near_turns,
    "erf": tiny + even(-4.5, 4.5, 90) + spread(1e-6, 1, 60) + [0.9999999, 1, 1.0000001, -1, 4.19, 4.21, 5.9, 6, 6.1, -8],
    "log1p": tiny + even(-0.999, 3, 60) + spread(1e-8, 0.5, 60) + positive(spread(1, 1e30, 30)) + [-0.9999999999, -1 + 2.0**-53, 1e300],
    "expm1": tiny + even(-5, 5, 80) + spread(1e-8, 1, 60) + even(-50, 88, 30) + even(0, 709, 20) + [k * math.log(2) / 2 for k in range(-5, 6)],
}
pairs = (
    list(zip(positive(spread(1e-3, 1e3, 80)), even(-12, 12, 80)))
    + list(zip(even(0.9, 1.1, 50), even(-800, 800, 50)))
    + list(zip(positive(spread(1e-30, 1e30, 50)), even(-10, 10, 50)))
    + [(0.999, 100000.0), (1.0000001, 7e8), (1 + 2.0**-52, 2.0**60), (0.9, 0.5), (2.0, 0.5), (2.0, 1023.0), (2.0, -1074.0), (10.0, 308.0), (10.0, -320.0), (-3.0, 5.0), (-3.0, -4.0), (-2.5, 7.0), (5e-324, 0.5), (1.7e308, -1.01)]
)
points |= {
    "atan": tiny + even(-3, 3, 60) + spread(1e-6, 1, 40) + spread(1, 1e30, 40) + [0.41421356, 0.4142136, 2.41421356, 2.4142136, 1, -1],
    "erfc": tiny + even(-4.5, 10, 90) + even(0, 26, 40) + spread(1e-6, 1, 40) + [0.5, 1, 2.5, 9.9, -6, -8],
}


def row(arguments, exact):
    high = float(exact)
    return " ".join([repr(x) for x in arguments] + [repr(high), "%.6e" % float(exact - mpmath.mpf(high))])


table = {}
for name, xs in points.items():
    function = getattr(mpmath, name)
    table[name] = [row((x,), function(mpmath.mpf(x))) for x in xs]
table["pow"] = [row((x, y), mpmath.power(mpmath.mpf(x), mpmath.mpf(y))) for x, y in pairs if -745 < y * math.log(abs(x)) < 709]

with open(os.path.join(os.path.dirname(__file__), "mathematics.json"), "w") as file:
    json.dump({"columns": "arguments, value, value − its double (mpmath, 400 bits; mathematics.py)", "values": table}, file, indent=1, ensure_ascii=False)
    file.write("\n")
