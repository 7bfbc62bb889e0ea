/** The arena over a step: a rectangle a buffer, from its first statement to its last, from its first byte to its last. */

import { bytesShown, svg } from "../dom.ts";
import type { BufferFacts, EntryFacts } from "../lab/messages.ts";

/** Roles that are told apart, each with its colour. */
export const ROLES: Readonly<Record<string, readonly [title: string, color: string]>> = {
  parameter: ["parameters", "var(--c0)"],
  state: ["state of the optimizer", "var(--c3)"],
  input: ["the batch", "var(--c2)"],
  residual: ["kept for the backward pass", "var(--c1)"],
  scratch: ["scratch", "var(--soft)"],
};

const SIZE = { width: 900, height: 430, left: 104, right: 8, top: 8, bottom: 28 };

/** What lies in the arena while the entry runs. */
export const inEntry = (buffers: readonly BufferFacts[], entry: EntryFacts): readonly BufferFacts[] =>
  buffers.filter(({ name, live }) => live === "always" || entry.buffers.includes(name));

export const lifeOf = ({ live }: BufferFacts): string =>
  live === "always"
    ? "there from step to step"
    : live[0] === live[1]
      ? `in statement ${live[0] + 1}`
      : `from statement ${live[0] + 1} to ${live[1] + 1}`;

export const told = (buffer: BufferFacts): string =>
  `${buffer.name}, ${ROLES[buffer.role]?.[0] ?? buffer.role}, [${buffer.shape.join(", ")}], ${bytesShown(buffer.bytes)} at byte ${buffer.offset.toLocaleString("en-US")}, ${lifeOf(buffer)}${buffer.over === undefined ? "" : `, in the place of ${buffer.over}`}`;

/** A drawing; `tell` hears of the buffer that is pointed at. `whole` bytes fill its height. */
export function drawArena(
  buffers: readonly BufferFacts[],
  entry: EntryFacts,
  whole: number,
  tell: (buffer: BufferFacts) => void,
): SVGSVGElement {
  const { width, height, left, right, top, bottom } = SIZE;
  const statements = entry.statements.length;
  const x = (statement: number): number => left + (statement / statements) * (width - left - right);
  const y = (byte: number): number => height - bottom - (byte / whole) * (height - top - bottom);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * whole);
  return svg(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      class: "curves arena",
      role: "group",
      "aria-label": `The arena over the ${statements} statements of a step`,
    },
    ...ticks.flatMap((byte) => [
      svg("line", { x1: left, x2: width - right, y1: y(byte), y2: y(byte), class: "rule" }),
      svg("text", { x: left - 6, y: y(byte) + 4, "text-anchor": "end" }, bytesShown(Math.round(byte))),
    ]),
    svg("text", { x: left, y: height - 8 }, "statement 1"),
    svg("text", { x: width - right, y: height - 8, "text-anchor": "end" }, `${statements}`),
    ...inEntry(buffers, entry).map((buffer) => {
      const [first, last] = buffer.live === "always" ? [0, statements - 1] : buffer.live;
      const rect = svg(
        "rect",
        {
          x: x(first),
          width: Math.max(1.5, x(last + 1) - x(first)),
          y: y(buffer.offset + buffer.bytes),
          height: Math.max(0.8, y(buffer.offset) - y(buffer.offset + buffer.bytes)),
          fill: ROLES[buffer.role]?.[1] ?? "var(--soft)",
          tabindex: 0,
          role: "img",
          "aria-label": told(buffer),
          "data-buffer": buffer.name,
          pointerenter: () => tell(buffer),
          focus: () => tell(buffer),
        },
        svg("title", {}, told(buffer)),
      );
      return rect;
    }),
  );
}
