/**
 * Guarantees the fastest hand-written JavaScript known here for C = op(A)·op(B) of one shape, summed in double, with the copies that it needs and
 * what consumes the sums. Arrays are constants of a closure, masks say how large an index is, an exit stands between terms in a row, and what is
 * copied is copied as doubles.
 */

/** @typedef {import("./simd128.mjs").Shape} Shape */
/** @typedef {{ rows: number, columns: number, inARow: number, outer: "rows" | "columns", copyA: boolean, copyB: boolean }} Plan */

/** The plans worth timing for a shape. @param {Shape} shape @returns {Plan[]} */
export const plansOf = (shape) =>
  [
    [2, 3],
    [3, 2],
    [2, 4],
  ].flatMap(([rows, columns]) =>
    [1, 4].flatMap((inARow) =>
      ["rows", "columns"].flatMap((outer) =>
        [false, true].flatMap((copyA) =>
          [false, true]
            .filter((copyB) => shape.b === "kn" || copyB || shape.k < 1024)
            .map((copyB) => ({ rows, columns, inARow, outer, copyA, copyB })),
        ),
      ),
    ),
  );

const numbers = (count) => Array.from({ length: count }, (_, n) => n);
const mask = (extent) => 2 ** Math.ceil(Math.log2(Math.max(2, extent))) - 1;
/** Where an operand lies: elements from one row or column to the next, from one term to the next. */
const plain = (extent, terms, byTerms) =>
  byTerms ? { name: "", point: 1, term: extent, tile: 1 } : { name: "", point: terms, term: 1, tile: terms };
const panels = (size, terms) => ({ name: "Copy", point: 1, term: size, tile: terms });

/** The functions of a plan as text: parameters are A, B, C, both moments, the copies. @param {Shape} shape @param {Plan} plan */
export function textOf(shape, { rows, columns, inARow, outer, copyA, copyB }) {
  const { m, n, k, then } = shape;
  const [a, b] = [plain(m, k, shape.a === "km"), plain(n, k, shape.b === "kn")];
  const [wholeA, wholeB] = [copyA ? panels(rows, k) : a, copyB ? panels(columns, k) : b];
  const bind = "const a = A, b = B, c = C, first = FIRST, second = SECOND, aCopy = A_COPY, bCopy = B_COPY;";
  const store = (at, sum, column) => {
    if (then === undefined) return `c[${at}] = ${sum};`;
    if (then === "add") return `c[${at}] = ${sum} + first[${column}];`;
    if (then === "relu") return `{ const y = ${sum} + first[${column}]; c[${at}] = y < 0 ? 0 : y; }`;
    if (then === "momentum") return `{ const v = Math.fround(first[${at}] * 0.9 + ${sum}); first[${at}] = v; c[${at}] -= v * 1e-4; }`;
    if (then === "where") return `c[${at}] = first[${at}] > 0 ? ${sum} : 0;`;
    if (then === "sgd") return `c[${at}] -= ${sum} * 1e-4;`;
    return `{ const g = Math.fround(${sum}), m1 = Math.fround(first[${at}] * 0.9 + g * 0.1), m2 = Math.fround(second[${at}] * 0.999 + g * g * 0.001);
      first[${at}] = m1; second[${at}] = m2; c[${at}] -= m1 * 1e-4 / (Math.sqrt(m2 * 1.5) + 1e-8); }`;
  };
  const tile = (name, [down, right], x, y, unrolled) => {
    const [rs, cs] = [numbers(down), numbers(right)];
    const term = (u) => `${u === 0 ? "" : `if (t + ${u} === ${k}) break;`} {
      ${rs.map((r) => `const a${r} = a${x.name}[i * ${x.tile} + t * ${x.term} + ${r * x.point + u * x.term}];`).join(" ")}
      ${cs.map((s) => `const b${s} = b${y.name}[j * ${y.tile} + t * ${y.term} + ${s * y.point + u * y.term}];`).join(" ")}
      ${rs.map((r) => cs.map((s) => `s${r}${s} += a${r} * b${s};`).join(" ")).join(" ")} }`;
    return `function ${name}(i, j) { i &= ${mask(m)}; j &= ${mask(n)}; ${bind}
      let ${rs.flatMap((r) => cs.map((s) => `s${r}${s} = 0`)).join(", ")};
      for (let t = 0; t < ${k}; t += ${unrolled}) { ${numbers(unrolled).map(term).join("\n")} }
      ${rs.map((r) => cs.map((s) => store(`i * ${n} + j + ${r * n + s}`, `s${r}${s}`, `j + ${s}`)).join(" ")).join("\n")} }`;
  };
  const [lastRow, lastColumn] = [m - (m % rows), n - (n % columns)];
  const loop = (index, from, to, step, body) =>
    from < to ? `for (let ${index} = ${from}; ${index} < ${to}; ${index} += ${step}) { ${body} }` : "";
  const over =
    outer === "columns"
      ? loop("j", 0, lastColumn, columns, loop("i", 0, lastRow, rows, "whole(i, j);") + loop("i", lastRow, m, 1, "below(i, j);")) +
        loop("j", lastColumn, n, 1, loop("i", 0, lastRow, rows, "beside(i, j);") + loop("i", lastRow, m, 1, "corner(i, j);"))
      : loop("i", 0, lastRow, rows, loop("j", 0, lastColumn, columns, "whole(i, j);") + loop("j", lastColumn, n, 1, "beside(i, j);")) +
        loop("i", lastRow, m, 1, loop("j", 0, lastColumn, columns, "below(i, j);") + loop("j", lastColumn, n, 1, "corner(i, j);"));
  const copy = (name, from, index, size, last) =>
    loop(
      index,
      0,
      last,
      size,
      `for (let t = 0; t < ${k}; t++) { ${numbers(size)
        .map((s) => `${name}Copy[${index} * ${k} + t * ${size} + ${s}] = ${name}[(${index} + ${s}) * ${from.point} + t * ${from.term}];`)
        .join(" ")} }`,
    );
  return `${tile("whole", [rows, columns], wholeA, wholeB, inARow)}
    ${tile("below", [1, columns], a, wholeB, 1)} ${tile("beside", [rows, 1], wholeA, b, 1)} ${tile("corner", [1, 1], a, b, 1)}
    function tiles() { ${over} }
    function run() { ${bind} ${copyA ? copy("a", a, "i", rows, lastRow) : ""} ${copyB ? copy("b", b, "j", columns, lastColumn) : ""} tiles(); }
    return { run, tiles };`;
}

/** A plan's program with A and B filled by `fill(index)`: all of it, its tiles without the copies before them, and C. @param {Shape} shape @param {Plan} plan */
export function program(shape, plan, fill = () => 0.5) {
  const { m, n, k } = shape;
  const [a, b] = [m * k, k * n].map((size) => Float32Array.from({ length: size }, (_, index) => fill(index)));
  const [result, first, second] = [0, 1, 2].map(() => new Float32Array(m * n));
  const copies = [m * k, k * n].map((size) => new Float64Array(size));
  const made = new Function("A", "B", "C", "FIRST", "SECOND", "A_COPY", "B_COPY", textOf(shape, plan));
  return { ...made(a, b, result, first, second, ...copies), result };
}
