/** Curves over one another: values by steps, logarithmic where that says more. */

import { s as svg, shown } from "./dom.ts";

export interface Series {
  readonly name: string;
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const SIZE = { width: 640, height: 240, left: 62, right: 12, top: 12, bottom: 30 };

/** At most this many points a curve: more would be drawn on one pixel. */
const MOST = 300;
const thinned = <T>(points: readonly T[]): readonly T[] => {
  const every = Math.ceil(points.length / MOST);
  return every <= 1 ? points : points.filter((_, n) => n % every === 0 || n === points.length - 1);
};

/** A drawing that fits its column. */
export function curves(
  series: readonly Series[],
  {
    label,
    log = false,
    low,
    high,
    unit = "steps",
  }: { readonly label: string; readonly log?: boolean; readonly low?: number; readonly high?: number; readonly unit?: string },
): SVGSVGElement {
  const { width, height, left, right, top, bottom } = SIZE;
  const all = series.flatMap(({ points }) => points).filter(([, y]) => Number.isFinite(y) && (!log || y > 0));
  const scale = (y: number): number => (log ? Math.log10(y) : y);
  const last = Math.max(1, ...all.map(([x]) => x));
  const [from, to] = [
    low ?? Math.min(...all.map(([, y]) => scale(y)), log ? 0 : Infinity),
    high ?? Math.max(...all.map(([, y]) => scale(y)), log ? 0 : -Infinity),
  ];
  const [bottomValue, topValue] = all.length === 0 ? [0, 1] : to - from < 1e-9 ? [from - 0.5, to + 0.5] : [from, to];
  const x = (value: number): number => left + (value / last) * (width - left - right);
  const y = (value: number): number =>
    height - bottom - ((scale(value) - bottomValue) / (topValue - bottomValue)) * (height - top - bottom);
  const ticks = [0, 0.25, 0.5, 0.75, 1]
    .map((share) => bottomValue + share * (topValue - bottomValue))
    .map((value) => (log ? 10 ** value : value));
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "curves", role: "img", "aria-label": label },
    ...ticks.flatMap((value) => [
      svg("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), class: "rule" }),
      svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, shown(value, 2)),
    ]),
    svg("text", { x: width - right, y: height - 8, "text-anchor": "end" }, `${shown(last, 3)} ${unit}`),
    svg("text", { x: left, y: height - 8 }, label),
    ...series.map(({ name, color, points }) =>
      svg("polyline", {
        "data-series": name,
        fill: "none",
        stroke: color,
        "stroke-width": 2,
        points: thinned(points.filter(([, value]) => Number.isFinite(value) && (!log || value > 0)))
          .map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`)
          .join(" "),
      }),
    ),
  );
}
