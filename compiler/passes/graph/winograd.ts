/**
 * Guarantees that 3×3 convolutions of stride 1 are computed in tiles with fewer products (Winograd 1980; Lavin and Gray 2016): windows of the
 * input and filters are transformed, multiplied position by position, and transformed back. Equal for real numbers; rounding is larger.
 *   %y = conv %x %w   →   %y = Aᵀ [Σ c: (G w Gᵀ)·(Bᵀ x B)] A
 * Runs after differentiation, so that gradients stay those of a convolution; that of the filters is none of 3×3 and stays direct.
 */

import type { Graph, Value } from "../../graph/graph.ts";
import type { TensorType } from "../../graph/type.ts";
import { convAttrs } from "../../ops/conv.ts";
import { dotAttrs } from "../../ops/dot.ts";
import { number, numbers } from "../../ops/op.ts";
import type { Pass } from "../pass.ts";
import { rewrite, type Visit } from "./rewrite.ts";

/** F(m×m, 3×3) along one axis: m results of a window of m + 2 elements under 3 taps, Aᵀ [(G w) ⊙ (Bᵀ x)]. Row-major. */
interface Form {
  readonly m: number;
  /** [m + 2, m + 2], [m + 2, 3] and [m, m + 2]. */
  readonly window: readonly number[];
  readonly filter: readonly number[];
  readonly result: readonly number[];
}

/** Interpolation at 0, ±1, ±2 and ∞, and at 0, ±1 and ∞: larger tiles have fewer products and lose digits. */
const FORMS: readonly Form[] = [
  {
    m: 4,
    window: [
      ...[4, 0, -5, 0, 1, 0],
      ...[0, -4, -4, 1, 1, 0],
      ...[0, 4, -4, -1, 1, 0],
      ...[0, -2, -1, 2, 1, 0],
      ...[0, 2, -1, -2, 1, 0],
      ...[0, 4, 0, -5, 0, 1],
    ],
    filter: [
      ...[1 / 4, 0, 0],
      ...[-1 / 6, -1 / 6, -1 / 6],
      ...[-1 / 6, 1 / 6, -1 / 6],
      ...[1 / 24, 1 / 12, 1 / 6],
      ...[1 / 24, -1 / 12, 1 / 6],
      ...[0, 0, 1],
    ],
    result: [...[1, 1, 1, 1, 1, 0], ...[0, 1, -1, 2, -2, 0], ...[0, 1, 1, 4, 4, 0], ...[0, 1, -1, 8, -8, 1]],
  },
  {
    m: 2,
    window: [...[1, 0, -1, 0], ...[0, 1, 1, 0], ...[0, -1, 1, 0], ...[0, 1, 0, -1]],
    filter: [...[1, 0, 0], ...[1 / 2, 1 / 2, 1 / 2], ...[1 / 2, -1 / 2, 1 / 2], ...[0, 0, 1]],
    result: [...[1, 1, 1, 0], ...[0, 1, -1, -1]],
  },
];

const TAPS = 3;

/** Of fewer channels, the transforms take longer than the products that they save. */
const LEAST = 4;

/** The form whose tiles fill the result exactly; undefined for what is no such convolution. */
function formOf({ node, inputs, g }: Visit): Form | undefined {
  const [x, w] = inputs.map((input) => g.typeOf(input)) as [TensorType, TensorType];
  const { attrs, type } = node;
  if (Math.min(x.shape[1]!, type.shape[1]!) < LEAST) return undefined;
  const ones = ["stride", "lhsDilation", "rhsDilation"].every((key) => numbers(attrs, key).every((n) => n === 1));
  const whole = number(attrs, "featureGroups") === 1 && number(attrs, "batchGroups") === 1;
  if (!ones || !whole || x.shape.length !== 4 || w.shape.slice(2).some((taps) => taps !== TAPS)) return undefined;
  return FORMS.find(({ m }) => type.shape.slice(2).every((extent) => extent % m === 0));
}

function inTiles({ m, ...matrices }: Form, { node, inputs, g, builder }: Visit): Value {
  const [x, w] = inputs as [Value, Value];
  const { dtype, shape } = g.typeOf(x);
  const [n, c, height, width] = shape as [number, number, number, number];
  const [, o, ...outside] = node.type.shape as [number, number, number, number];
  const [rows, columns] = outside.map((extent) => extent / m) as [number, number];
  const wide = m + 2;
  const [low, high] = [numbers(node.attrs, "low"), numbers(node.attrs, "high")] as [readonly [number, number], readonly [number, number]];
  const named = (value: Value, part: string): Value => {
    builder.rename(value, `${node.name}.${part}`);
    return value;
  };
  const table = (symbol: string, values: readonly number[], extents: readonly number[]): Value =>
    g.table({ dtype, shape: extents }, { values, symbol });

  // windows: [n, c, height, width] → [n, b, c, height, columns] → [n, a, b, c, rows, columns] → [n, c, a, b, tiles]
  const across = g.conv(
    g.reshape(x, { shape: [n, 1, c, height, width] }),
    table("B", matrices.window, [wide, 1, 1, 1, wide]),
    convAttrs(3, { stride: [1, 1, m], low: [0, ...low], high: [0, ...high] }),
  );
  const padded = height + low[0] + high[0];
  const windows = g.conv(
    g.reshape(named(across, "across"), { shape: [n, 1, wide, c, padded, columns] }),
    table("Bᵀ", matrices.window, [wide, 1, 1, 1, wide, 1]),
    convAttrs(4, { stride: [1, 1, m, 1] }),
  );
  const byChannel = named(g.transpose(windows, { order: [0, 3, 1, 2, 4, 5] }), "windows");

  // filters: [o, c, 3, 3] → [b, c, o, 3] → [a, b, c, o]
  const G = table("G", matrices.filter, [wide, TAPS]);
  const byColumn = g.dot(G, g.transpose(w, { order: [1, 0, 2, 3] }), dotAttrs([1], [3]));
  const filters = g.dot(G, named(byColumn, "filterColumns"), dotAttrs([1], [3]));

  // products: [a, b, n, tiles, o] → [n, rows, columns, a, b, o]
  const tiles = rows * columns;
  const flat = g.reshape(byChannel, { shape: [n, c, wide, wide, tiles] });
  const products = g.dot(flat, named(filters, "filters"), dotAttrs([1], [2], [2, 3], [0, 1]));
  const byTile = named(g.transpose(products, { order: [2, 3, 0, 1, 4] }), "products");

  // results: [r, n, rows, columns, b, o] → [s, r, n, rows, columns, o] → [n, rows, r, columns, s, o] → [n, o, rows·r, columns·s]
  const Aᵀ = table("Aᵀ", matrices.result, [m, wide]);
  const inRows = g.reshape(byTile, { shape: [n, rows, columns, wide, wide, o] });
  const down = g.dot(Aᵀ, inRows, dotAttrs([1], [3]));
  const results = g.dot(Aᵀ, named(down, "down"), dotAttrs([1], [4]));
  const image = named(g.transpose(results, { order: [2, 3, 1, 4, 0, 5] }), "tiles");
  return g.transpose(g.reshape(image, { shape: [n, ...outside, o] }), { order: [0, 3, 1, 2] });
}

export const winograd: Pass<Graph> = {
  name: "winograd",
  why: "3×3 convolutions of stride 1 in tiles, with fewer products",
  approximate: true,
  run: (graph, fired) =>
    rewrite(graph, (visit) => {
      if (visit.node.op !== "conv") return undefined;
      const form = formOf(visit);
      if (form === undefined) return undefined;
      fired?.(`3×3 convolution → Winograd F(${form.m}×${form.m}, 3×3)`);
      return inTiles(form, visit);
    }),
};
