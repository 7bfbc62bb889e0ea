/** Guarantees the published formulas as plain loops, written from PyTorch's and ONNX's documentation and sharing nothing with the compiler. */

export type Numbers = ArrayLike<number>;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export interface Geometry {
  readonly stride: readonly [number, number];
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

export const PLAIN: Geometry = { stride: [1, 1], low: [0, 0], high: [0, 0], dilation: [1, 1], groups: 1 };

type Image = readonly [n: number, c: number, h: number, w: number];

/** Cross-correlation, torch.nn.functional.conv2d: x NCHW, w OIHW. */
export function convolution(
  x: Numbers,
  [n, c, h, w]: Image,
  k: Numbers,
  [o, i, kh, kw]: Image,
  g: Geometry,
): { shape: number[]; y: number[] } {
  const oh = Math.floor((h + g.low[0] + g.high[0] - g.dilation[0] * (kh - 1) - 1) / g.stride[0]) + 1;
  const ow = Math.floor((w + g.low[1] + g.high[1] - g.dilation[1] * (kw - 1) - 1) / g.stride[1]) + 1;
  const y: number[] = [];
  for (const b of range(n))
    for (const f of range(o))
      for (const p of range(oh))
        for (const q of range(ow)) {
          let total = 0;
          const first = Math.floor(f / (o / g.groups)) * i;
          for (const d of range(i))
            for (const a of range(kh))
              for (const e of range(kw)) {
                const row = p * g.stride[0] + a * g.dilation[0] - g.low[0];
                const column = q * g.stride[1] + e * g.dilation[1] - g.low[1];
                if (row < 0 || row >= h || column < 0 || column >= w) continue;
                total += x[((b * c + first + d) * h + row) * w + column]! * k[((f * i + d) * kh + a) * kw + e]!;
              }
          y.push(total);
        }
  return { shape: [n, o, oh, ow], y };
}

/** torch.nn.functional.conv_transpose2d: every input pixel adds its kernel to the output; k [c, o / groups, kh, kw]. */
export function transposed(
  x: Numbers,
  [n, c, h, w]: Image,
  k: Numbers,
  [, depth, kh, kw]: Image,
  g: Geometry,
  more: readonly [number, number],
): { shape: number[]; y: number[] } {
  const o = depth * g.groups;
  const oh = (h - 1) * g.stride[0] - g.low[0] - g.high[0] + g.dilation[0] * (kh - 1) + 1 + more[0];
  const ow = (w - 1) * g.stride[1] - g.low[1] - g.high[1] + g.dilation[1] * (kw - 1) + 1 + more[1];
  const y = new Array<number>(n * o * oh * ow).fill(0);
  for (const b of range(n))
    for (const f of range(c))
      for (const p of range(h))
        for (const q of range(w))
          for (const d of range(depth))
            for (const a of range(kh))
              for (const e of range(kw)) {
                const row = p * g.stride[0] + a * g.dilation[0] - g.low[0];
                const column = q * g.stride[1] + e * g.dilation[1] - g.low[1];
                if (row < 0 || row >= oh || column < 0 || column >= ow) continue;
                const to = Math.floor(f / (c / g.groups)) * depth + d;
                y[((b * o + to) * oh + row) * ow + column]! += x[((b * c + f) * h + p) * w + q]! * k[((f * depth + d) * kh + a) * kw + e]!;
              }
  return { shape: [n, o, oh, ow], y };
}

/** Largest or mean of each window; padding is no element, unless the mean counts it. */
export function pool(
  kind: "max" | "mean" | "counted mean",
  x: Numbers,
  [n, c, h, w]: Image,
  [kh, kw]: readonly [number, number],
  g: Geometry,
): { shape: number[]; y: number[] } {
  const oh = Math.floor((h + g.low[0] + g.high[0] - kh) / g.stride[0]) + 1;
  const ow = Math.floor((w + g.low[1] + g.high[1] - kw) / g.stride[1]) + 1;
  const y: number[] = [];
  for (const plane of range(n * c))
    for (const p of range(oh))
      for (const q of range(ow)) {
        const inside: number[] = [];
        for (const a of range(kh))
          for (const e of range(kw)) {
            const row = p * g.stride[0] + a - g.low[0];
            const column = q * g.stride[1] + e - g.low[1];
            if (row >= 0 && row < h && column >= 0 && column < w) inside.push(x[(plane * h + row) * w + column]!);
          }
        const total = inside.reduce((a, b) => a + b, 0);
        y.push(kind === "max" ? Math.max(...inside) : total / (kind === "mean" ? inside.length : kh * kw));
      }
  return { shape: [n, c, oh, ow], y };
}

/** Mean and biased variance. */
export function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length };
}

/** x·w + b, x [n, in], w [in, out]. */
export function affine(x: Numbers, n: number, w: Numbers, b: Numbers): number[] {
  const out = b.length;
  const width = x.length / n;
  return range(n).flatMap((row) => range(out).map((j) => range(width).reduce((t, k) => t + x[row * width + k]! * w[k * out + j]!, b[j]!)));
}

/** softmax(q·kᵀ / √d)·v for one head: q [t, d], k [s, d], v [s, e]; `sees(query, key)` says what is not masked. */
export function attention(
  q: readonly (readonly number[])[],
  k: readonly (readonly number[])[],
  v: readonly (readonly number[])[],
  sees: (query: number, key: number) => boolean,
): number[][] {
  return q.map((query, t) => {
    const weights = k.map((key, s) =>
      sees(t, s) ? Math.exp(key.reduce((a, kd, d) => a + kd * query[d]!, 0) / Math.sqrt(query.length)) : 0,
    );
    const total = weights.reduce((a, b) => a + b, 0);
    return v[0]!.map((_, e) => weights.reduce((a, weight, s) => a + (weight / total) * v[s]![e]!, 0));
  });
}

export interface RecurrentWeights {
  readonly kernel: Numbers;
  readonly recurrentKernel: Numbers;
  readonly bias: Numbers;
  readonly recurrentBias: Numbers;
}

/** All hidden states [n][t][u] of torch.nn.RNN, LSTM or GRU with one layer, from zero states; x [n, t, f]. */
export function recurrence(
  kind: "rnn" | "lstm" | "gru",
  x: Numbers,
  [n, t, f]: readonly [number, number, number],
  units: number,
  w: RecurrentWeights,
): number[][][] {
  return range(n).map((row) => {
    let h = new Array<number>(units).fill(0);
    let c = new Array<number>(units).fill(0);
    return range(t).map((time) => {
      const at = range(f).map((k) => x[(row * t + time) * f + k]!);
      const own = affine(at, 1, w.kernel, w.bias);
      const back = affine(h, 1, w.recurrentKernel, w.recurrentBias);
      const both = (gate: number, u: number): number => own[gate * units + u]! + back[gate * units + u]!;
      if (kind === "rnn") h = range(units).map((u) => Math.tanh(both(0, u)));
      if (kind === "lstm") {
        c = range(units).map((u) => sigmoid(both(1, u)) * c[u]! + sigmoid(both(0, u)) * Math.tanh(both(2, u)));
        h = range(units).map((u) => sigmoid(both(3, u)) * Math.tanh(c[u]!));
      }
      if (kind === "gru")
        h = range(units).map((u) => {
          const candidate = Math.tanh(own[2 * units + u]! + sigmoid(both(0, u)) * back[2 * units + u]!);
          const z = sigmoid(both(1, u));
          return (1 - z) * candidate + z * h[u]!;
        });
      return h;
    });
  });
}
