/**
 * The fastest hand-written JavaScript known here for C = op(A)·op(B) of one shape, summed in double, with the copies that it needs and
 * what consumes the sums. Arrays are constants of a closure, masks say how large an index is, an exit stands between terms in a row, and what is
 * copied is copied as doubles.
 */

import type { Program, Shape } from "./shape.ts";

export interface Plan {
  readonly rows: number;
  readonly columns: number;
  readonly inARow: number;
  readonly outer: "rows" | "columns";
  readonly copyA: boolean;
  readonly copyB: boolean;
}

/** The plans worth timing for a shape. */
export const plansOf = (shape: Shape): Plan[] =>
  (
    [
      [2, 3],
      [3, 2],
      [2, 4],
    ] as const
  ).flatMap(([rows, columns]) =>
    [1, 4].flatMap((inARow) =>
      (["rows", "columns"] as const).flatMap((outer) =>
        [false, true].flatMap((copyA) =>
          [false, true]
            .filter((copyB) => shape.b === "kn" || copyB || shape.k < 1024)
            .map((copyB) => ({ rows, columns, inARow, outer, copyA, copyB })),
        ),
      ),
    ),
  );

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const mask = (extent: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, extent))) - 1;
interface Place {
  /** What its array's name ends with. */
  readonly name: string;
  readonly point: number;
  readonly term: number;
  readonly tile: number;
}

/** Where an operand lies: elements from one row or column to the next, from one term to the next. */
const plain = (extent: number, terms: number, byTerms: boolean): Place =>
  byTerms ? { name: "", point: 1, term: extent, tile: 1 } : { name: "", point: terms, term: 1, tile: terms };
const panels = (size: number, terms: number): Place => ({ name: "Copy", point: 1, term: size, tile: terms });

/** The functions of a plan as text: parameters are A, B, C, both moments, the copies. */
export function textOf(shape: Shape, { rows, columns, inARow, outer, copyA, copyB }: Plan): string {
  const { m, n, k, then } = shape;
  const [a, b] = [plain(m, k, shape.a === "km"), plain(n, k, shape.b === "kn")];
  const [wholeA, wholeB] = [copyA ? panels(rows, k) : a, copyB ? panels(columns, k) : b];
  const bind = "const a = A, b = B, c = C, first = FIRST, second = SECOND, aCopy = A_COPY, bCopy = B_COPY;";
  const store = (at: string, sum: string, column: string): string => {
    if (then === undefined) return `c[${at}] = ${sum};`;
    if (then === "add") return `c[${at}] = ${sum} + first[${column}];`;
    if (then === "relu") return `{ const y = ${sum} + first[${column}]; c[${at}] = y < 0 ? 0 : y; }`;
    if (then === "momentum") return `{ const v = Math.fround(first[${at}] * 0.9 + ${sum}); first[${at}] = v; c[${at}] -= v * 1e-4; }`;
    if (then === "where") return `c[${at}] = first[${at}] > 0 ? ${sum} : 0;`;
    if (then === "sgd") return `c[${at}] -= ${sum} * 1e-4;`;
    return `{ const g = Math.fround(${sum}), m1 = Math.fround(first[${at}] * 0.9 + g * 0.1), m2 = Math.fround(second[${at}] * 0.999 + g * g * 0.001);
      first[${at}] = m1; second[${at}] = m2; c[${at}] -= m1 * 1e-4 / (Math.sqrt(m2 * 1.5) + 1e-8); }`;
  };
  const tile = (name: string, [down, right]: readonly [number, number], x: Place, y: Place, unrolled: number): string => {
    const [rs, cs] = [numbers(down), numbers(right)];
    const term = (u: number): string => `${u === 0 ? "" : `if (t + ${u} === ${k}) break;`} {
      ${rs.map((r) => `const a${r} = a${x.name}[i * ${x.tile} + t * ${x.term} + ${r * x.point + u * x.term}];`).join(" ")}
      ${cs.map((s) => `const b${s} = b${y.name}[j * ${y.tile} + t * ${y.term} + ${s * y.point + u * y.term}];`).join(" ")}
      ${rs.map((r) => cs.map((s) => `s${r}${s} += a${r} * b${s};`).join(" ")).join(" ")} }`;
    return `function ${name}(i, j) { i &= ${mask(m)}; j &= ${mask(n)}; ${bind}
      let ${rs.flatMap((r) => cs.map((s) => `s${r}${s} = 0`)).join(", ")};
      for (let t = 0; t < ${k}; t += ${unrolled}) { ${numbers(unrolled).map(term).join("\n")} }
      ${rs.map((r) => cs.map((s) => store(`i * ${n} + j + ${r * n + s}`, `s${r}${s}`, `j + ${s}`)).join(" ")).join("\n")} }`;
  };
  const [lastRow, lastColumn] = [m - (m % rows), n - (n % columns)];
  const loop = (index: string, from: number, to: number, step: number, body: string): string =>
    from < to ? `for (let ${index} = ${from}; ${index} < ${to}; ${index} += ${step}) { ${body} }` : "";
  const over =
    outer === "columns"
      ? loop("j", 0, lastColumn, columns, loop("i", 0, lastRow, rows, "whole(i, j);") + loop("i", lastRow, m, 1, "below(i, j);")) +
        loop("j", lastColumn, n, 1, loop("i", 0, lastRow, rows, "beside(i, j);") + loop("i", lastRow, m, 1, "corner(i, j);"))
      : loop("i", 0, lastRow, rows, loop("j", 0, lastColumn, columns, "whole(i, j);") + loop("j", lastColumn, n, 1, "beside(i, j);")) +
        loop("i", lastRow, m, 1, loop("j", 0, lastColumn, columns, "below(i, j);") + loop("j", lastColumn, n, 1, "corner(i, j);"));
  const copy = (name: string, from: Place, index: string, size: number, last: number): string =>
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

/** A plan's program with A and B filled by `fill(index)`: all of it, its tiles without the copies before them, and C. */
export function program(shape: Shape, plan: Plan, fill: (index: number) => number = () => 0.5): Program {
  const { m, n, k } = shape;
  const [a, b] = [m * k, k * n].map((size) => Float32Array.from({ length: size }, (_, index) => fill(index)));
  const [result, first, second] = [0, 1, 2].map(() => new Float32Array(m * n));
  const copies = [m * k, k * n].map((size) => new Float64Array(size));
  const made = new Function("A", "B", "C", "FIRST", "SECOND", "A_COPY", "B_COPY", textOf(shape, plan)) as (
    ...arrays: readonly (Float32Array | Float64Array)[]
  ) => Omit<Program, "result">; // as textOf ends
  return { ...made(a!, b!, result!, first!, second!, ...copies), result: result! };
}
