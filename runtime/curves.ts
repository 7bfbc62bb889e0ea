/// <reference path="./asciichart.d.ts" />
/** The curves of a training run, in a terminal, as SVG and as dots: of equal histories, equal text and equal bytes. */

import asciichart from "asciichart";
import { paint, printSvg, type Drawing, type Ink, type Shape } from "./drawing/shapes.ts";
import type { Point, Raster } from "./drawing/raster.ts";
import { ticksOver, wholeTicks } from "./drawing/ticks.ts";
import { COUNT, FLAG, optionsOf, required } from "./arguments.ts";
import { noCurve } from "./error.ts";
import { HISTORY, hold } from "./kinds.ts";
import { printable } from "./printable.ts";

/** What `fit` resolves to, as far as curves need it. */
export interface EpochHistory {
  readonly epochs: readonly { readonly epoch: number }[];
}

/** One measure over the epochs. A value that is not finite leaves a gap. */
export interface Curve {
  readonly of: "training" | "validation";
  readonly values: readonly number[];
}

/** A measure and its curves: training, validation or both. */
export interface Panel {
  readonly name: string;
  readonly curves: readonly Curve[];
}

/**
 * The curves of a history, one panel a measure: `loss` with `val_loss` beside it, then what validation alone measures.
 *
 * @throws DataError for a history without a finite value
 */
export function curvesOf(history: EpochHistory): readonly Panel[] {
  hold("curvesOf", { history }, { history: HISTORY });
  const { epochs } = history;
  const rows = epochs.map((entry): ReadonlyMap<string, unknown> => new Map(Object.entries(entry)));
  const names = [...(rows[0]?.keys() ?? [])].filter((name) => name !== "epoch");
  const curve = (name: string, of: Curve["of"]): Curve[] => {
    const values = rows.map((row) => Number(row.get(name)));
    return values.some(Number.isFinite) ? [{ of, values }] : [];
  };
  const bare = names.map((name) => name.replace(/^val_/, ""));
  const panels = [...new Set(bare)].map((name) => ({
    name,
    curves: [...curve(name, "training"), ...curve(`val_${name}`, "validation")],
  }));
  const drawn = panels.filter(({ curves }) => curves.length > 0);
  if (drawn.length === 0) throw noCurve();
  return drawn;
}

const COLORS = { training: "#2563eb", validation: "#ea7317" } as const satisfies Record<Curve["of"], Ink>;
const TEXT: Ink = "#374151";
const QUIET: Ink = "#6b7280";
const GRID: Ink = "#e5e7eb";
const AXIS: Ink = "#9ca3af";

const WIDTH = 640;
const PANEL = 280;
const MARGIN = { left: 64, right: 24, top: 44, bottom: 44 } as const;
/** Up to this many epochs each value has a dot of its own. */
const DOTTED = 40;

/** The curves as an SVG document, panels one below the other. */
export const curvesSvg = (history: EpochHistory): string => printSvg(drawingOf(history));

/** The curves as dots, two for each of the SVG's, panels one below the other. */
export const curvesRaster = (history: EpochHistory): Raster => paint(drawingOf(history), 2);

function drawingOf(history: EpochHistory): Drawing {
  const panels = curvesOf(history);
  return {
    width: WIDTH,
    height: PANEL * panels.length,
    shapes: panels.flatMap((panel, n) => shapesOf(panel, n * PANEL)),
  };
}

function shapesOf({ name, curves }: Panel, y0: number): Shape[] {
  const all = curves.flatMap(({ values }) => values).filter(Number.isFinite);
  const ticks = ticksOver(Math.min(...all), Math.max(...all), 5);
  const [low = 0, high = 1] = [ticks[0], ticks.at(-1)];
  const epochs = curves[0]!.values.length;
  const [left, right] = [MARGIN.left, WIDTH - MARGIN.right];
  const [top, bottom] = [y0 + MARGIN.top, y0 + PANEL - MARGIN.bottom];
  const x = (epoch: number): number => (epochs === 1 ? (left + right) / 2 : left + 16 + ((epoch - 1) / (epochs - 1)) * (right - left - 32));
  const y = (value: number): number => bottom - ((value - low) / (high - low)) * (bottom - top);
  const shapes: Shape[] = [{ kind: "text", x: left, y: y0 + 24, anchor: "start", text: name, ink: TEXT, strong: true }];
  for (const tick of ticks) {
    const at = Math.round(y(tick));
    shapes.push({ kind: "rect", x: left, y: at, width: right - left, height: 1, ink: GRID });
    shapes.push({ kind: "text", x: left - 8, y: at + 4, anchor: "end", text: String(tick), ink: QUIET });
  }
  shapes.push({ kind: "rect", x: left, y: bottom, width: right - left, height: 1, ink: AXIS });
  for (const epoch of wholeTicks(epochs, 10)) {
    const at = Math.round(x(epoch));
    shapes.push({ kind: "rect", x: at, y: bottom, width: 1, height: 5, ink: AXIS });
    shapes.push({ kind: "text", x: at, y: bottom + 19, anchor: "middle", text: String(epoch), ink: QUIET });
  }
  shapes.push({ kind: "text", x: (left + right) / 2, y: bottom + 36, anchor: "middle", text: "epoch", ink: QUIET });
  curves.forEach(({ of, values }, n) => {
    const ink = COLORS[of];
    const at = right - 108 * (curves.length - n);
    shapes.push({
      kind: "line",
      points: [
        [at, y0 + 20],
        [at + 18, y0 + 20],
      ],
      ink,
      width: 2,
    });
    shapes.push({ kind: "text", x: at + 26, y: y0 + 24, anchor: "start", text: of, ink: TEXT });
    for (const points of unbroken(values, x, y)) {
      shapes.push({ kind: "line", points, ink, width: 2 });
      // a dot is a line that goes nowhere, wider than it
      if (epochs <= DOTTED) for (const point of points) shapes.push({ kind: "line", points: [point, point], ink, width: 6 });
    }
  });
  return shapes;
}

/** The points of finite values that follow one another. */
function unbroken(values: readonly number[], x: (epoch: number) => number, y: (value: number) => number): Point[][] {
  const runs: Point[][] = [[]];
  values.forEach((value, n) => {
    if (Number.isFinite(value)) runs.at(-1)!.push([x(n + 1), y(value)]);
    else runs.push([]);
  });
  return runs.filter((run) => run.length > 0);
}

/** How large `curvesText` draws, and with which characters. */
export interface TextOptions {
  /** Columns that the curves take. Default: 60. */
  readonly width?: number;
  /** Lines of a panel. Default: 10. */
  readonly height?: number;
  /** Whether escape sequences may colour the curves; without, each has a chart of its own. */
  readonly color: boolean;
}

const TEXT_OPTIONS = optionsOf<TextOptions>({ width: COUNT, height: COUNT, color: required(FLAG) });

/** The curves that training has, as text for a terminal, with those of validation over them. */
export function curvesText(history: EpochHistory, options: TextOptions): string {
  hold("curvesText", { history, options }, { history: HISTORY, options: TEXT_OPTIONS });
  const { width = 60, height = 10, color } = options;
  const inks = { training: asciichart.blue, validation: asciichart.yellow } as const;
  const panels = curvesOf(history).filter(({ curves }) => curves[0]?.of === "training");
  const chart = (name: string, curves: readonly Curve[]): string => {
    const colors = curves.map(({ of }) => inks[of]);
    const finite = curves.map(({ values }) => values.filter(Number.isFinite));
    const series = finite.map((values) => stretched(values, width));
    const legend = curves.map(({ of }) => (color ? `${inks[of]}─ ${of}${asciichart.reset}` : of));
    const plot = asciichart.plot(series, { height, format: label, ...(color && { colors }) }).replace(/ +$/gm, "");
    return `${printable(name)}  ${legend.join("  ")}\n${plot}\n${footer(history.epochs.length, width)}`;
  };
  return panels.flatMap(({ name, curves }) => (color ? [chart(name, curves)] : curves.map((one) => chart(name, [one])))).join("\n\n");
}

const LABEL = 10;
const label = (value: number): string => value.toPrecision(4).padStart(LABEL);

/** `epoch 1 … n` under the curves. */
const footer = (epochs: number, width: number): string => `${"epoch".padStart(LABEL)}  1${String(epochs).padStart(width - 1)}`;

/** The values as so many columns, straight between two of them. */
function stretched(values: readonly number[], width: number): number[] {
  return Array.from({ length: width }, (_, column) => {
    const at = (column / (width - 1)) * (values.length - 1);
    const before = values[Math.floor(at)]!;
    const after = values[Math.ceil(at)]!;
    return before + (after - before) * (at - Math.floor(at));
  });
}
