/** A drawing as data, which two printers turn into the same picture: SVG text, and dots. */

import { printable } from "../printable.ts";
import { ASCENT, textWidth } from "./font.ts";
import { colorOf, createRaster, drawLine, drawText, fillRect, WHITE, type Point, type Raster } from "./raster.ts";

/** `#rrggbb` */
export type Ink = `#${string}`;

/** Coordinates are in dots, whole numbers at the edges of dots; y grows downwards. */
export type Shape =
  | { readonly kind: "rect"; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly ink: Ink }
  | { readonly kind: "line"; readonly points: readonly Point[]; readonly ink: Ink; readonly width: number }
  /** (x, y) is on the baseline, at the anchor. */
  | {
      readonly kind: "text";
      readonly x: number;
      readonly y: number;
      readonly anchor: "start" | "middle" | "end";
      readonly text: string;
      readonly ink: Ink;
      readonly strong?: true;
    };

export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Later ones over earlier ones, on white. */
  readonly shapes: readonly Shape[];
}

/** Two decimals at most: `12.5`, `3`. */
const number = (value: number): string => String(Math.round(value * 100) / 100);

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** Characters that XML has not, even as entities, beside those that are not visible: halves of pairs, and two more. */
const NO_XML = /[\p{Cs}\ufffe\uffff]/gu;
/** Any text as the contents of an element. */
const escaped = (text: string): string =>
  printable(text)
    .replace(/[&<>"]/g, (sign) => ENTITIES[sign]!)
    .replace(NO_XML, "\ufffd");

/** The drawing as an SVG document that stands by itself. */
export function printSvg({ width, height, shapes }: Drawing): string {
  const lines = shapes.map((shape): string => {
    switch (shape.kind) {
      case "rect":
        return `<rect x="${number(shape.x)}" y="${number(shape.y)}" width="${number(shape.width)}" height="${number(shape.height)}" fill="${shape.ink}"/>`;
      case "line":
        return `<polyline points="${shape.points.map(([x, y]) => `${number(x)},${number(y)}`).join(" ")}" stroke="${shape.ink}" stroke-width="${number(shape.width)}" fill="none" stroke-linecap="round" stroke-linejoin="round"/>`;
      case "text":
        return `<text x="${number(shape.x)}" y="${number(shape.y)}" text-anchor="${shape.anchor}" fill="${shape.ink}"${shape.strong ? ' font-weight="600"' : ""}>${escaped(shape.text)}</text>`;
      default: {
        const never: never = shape;
        return never;
      }
    }
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}

const SHIFT = { start: 0, middle: 0.5, end: 1 } as const;

/** The drawing in dots, `scale` of them for each of its own. */
export function paint({ width, height, shapes }: Drawing, scale: number): Raster {
  const raster = createRaster(width * scale, height * scale, WHITE);
  const dots = (value: number): number => Math.round(value * scale);
  for (const shape of shapes) {
    const color = colorOf(shape.ink);
    if (shape.kind === "rect") fillRect(raster, dots(shape.x), dots(shape.y), dots(shape.width), dots(shape.height), color);
    else if (shape.kind === "line")
      drawLine(
        raster,
        shape.points.map(([x, y]) => [x * scale, y * scale]),
        color,
        shape.width * scale,
      );
    else {
      const left = dots(shape.x) - Math.round(textWidth(shape.text) * scale * SHIFT[shape.anchor]);
      drawText(raster, left, dots(shape.y) - ASCENT * scale, shape.text, color, scale);
    }
  }
  return raster;
}
