/** Winograd's transforms as WebAssembly text: F(2×2,3×3) and F(4×4,3×3), one axis at a time, four tiles side by side. */

import { splat } from "./wat.ts";

/** Values as the text that reads them; a transform takes as many as it names. */
type Values = readonly [string, string, string, string, string, string];

/** Outputs a tile along an axis. */
export type Size = 2 | 4;

/** Appends vector operations; every value is a local of its own. */
export interface Appender {
  readonly lines: readonly string[];
  readonly locals: readonly string[];
  keep(value: string): string;
  add(a: string, b: string): string;
  sub(a: string, b: string): string;
  times(x: number, a: string): string;
  pick(a: string, b: string, lanes: readonly number[]): string;
  load(at: string, offset: number): string;
  store(at: string, offset: number, value: string): void;
}

interface Transform {
  readonly input: (window: Values, e: Appender) => string[];
  readonly filter: (taps: Values, e: Appender) => string[];
  readonly output: (sums: Values, e: Appender) => string[];
}

/** The transforms along one axis, as few additions: of a window of the input, of a filter, of the sums. `e` appends one vector operation. */
const TRANSFORMS: Readonly<Record<Size, Transform>> = {
  2: {
    input: ([a, b, c, d], e) => [e.sub(a, c), e.add(b, c), e.sub(c, b), e.sub(b, d)],
    filter([a, b, c], e) {
      const [ends, middle] = [e.times(0.5, e.add(a, c)), e.times(0.5, b)];
      return [a, e.add(ends, middle), e.sub(ends, middle), c];
    },
    output: ([a, b, c, d], e) => [e.add(e.add(a, b), c), e.sub(e.sub(b, c), d)],
  },
  4: {
    input([a, b, c, d, f, g], e) {
      const [even, odd] = [e.sub(f, e.times(4, c)), e.sub(d, e.times(4, b))];
      const [near, far] = [e.sub(f, c), e.times(2, e.sub(d, b))];
      return [
        e.add(e.times(4, e.sub(a, c)), near),
        e.add(even, odd),
        e.sub(even, odd),
        e.add(near, far),
        e.sub(near, far),
        e.add(e.times(4, e.sub(b, d)), e.sub(g, d)),
      ];
    },
    filter([a, b, c], e) {
      const [ends, middle] = [e.times(-1 / 6, e.add(a, c)), e.times(1 / 6, b)];
      const [wide, half] = [e.add(e.times(1 / 24, a), e.times(1 / 6, c)), e.times(1 / 12, b)];
      return [e.times(1 / 4, a), e.sub(ends, middle), e.add(ends, middle), e.add(wide, half), e.sub(wide, half), c];
    },
    output([a, b, c, d, f, g], e) {
      const [s, t, u, v] = [e.add(b, c), e.sub(b, c), e.add(d, f), e.sub(d, f)];
      return [e.add(e.add(a, s), u), e.add(t, e.times(2, v)), e.add(s, e.times(4, u)), e.add(e.add(t, e.times(8, v)), g)];
    },
  },
};

/** What F(m×m,3×3) makes of values along an axis: of a window of the input, of a filter, of the sums. */
export const along =
  (m: Size, part: keyof Transform) =>
  (values: readonly string[], e: Appender): string[] =>
    TRANSFORMS[m][part](values as Values, e); // callers have as many as the part of m takes

/** Starts with nothing. */
export function appender(): Appender {
  const lines: string[] = [];
  const locals: string[] = [];
  const keep = (value: string): string => {
    const name = `$v${locals.length}`;
    locals.push(`(local ${name} v128)`);
    lines.push(`(local.set ${name} ${value})`);
    return `(local.get ${name})`;
  };
  return {
    lines,
    locals,
    keep,
    add: (a, b) => keep(`(f32x4.add ${a} ${b})`),
    sub: (a, b) => keep(`(f32x4.sub ${a} ${b})`),
    times: (x, a) => keep(`(f32x4.mul ${splat(x)} ${a})`),
    pick: (a, b, lanes) => keep(`(i8x16.shuffle ${lanes.flatMap((lane) => [0, 1, 2, 3].map((n) => 4 * lane + n)).join(" ")} ${a} ${b})`),
    load: (at, offset) => keep(`(v128.load offset=${offset} (local.get ${at}))`),
    store: (at, offset, value) => void lines.push(`(v128.store offset=${offset} (local.get ${at}) ${value})`),
  };
}

type Four = readonly [string, string, string, string];

/** Rows become columns: four vectors of four. */
export function transposed([a, b, c, d]: Four, e: Appender): Four {
  const [p, q] = [e.pick(a, b, [0, 4, 1, 5]), e.pick(c, d, [0, 4, 1, 5])];
  const [r, s] = [e.pick(a, b, [2, 6, 3, 7]), e.pick(c, d, [2, 6, 3, 7])];
  return [e.pick(p, q, [0, 1, 4, 5]), e.pick(p, q, [2, 3, 6, 7]), e.pick(r, s, [0, 1, 4, 5]), e.pick(r, s, [2, 3, 6, 7])];
}

/** The columns of four tiles side by side, a lane a tile, from vectors of neighbours; `at(n)` gives the four from column n on. */
export function columns(m: Size, at: (n: number) => string, e: Appender): string[] {
  if (m === 2) {
    const even = [0, 2, 4, 6];
    const odd = [1, 3, 5, 7];
    return [e.pick(at(0), at(4), even), e.pick(at(0), at(4), odd), e.pick(at(2), at(6), even), e.pick(at(2), at(6), odd)];
  }
  const four = transposed([at(0), at(4), at(8), at(12)], e);
  return [...four, e.pick(four[0], at(16), [1, 2, 3, 4]), e.pick(four[1], at(16), [1, 2, 3, 5])];
}
