/** The table that people read: one line a model, times as medians, the ratio with its spread. */

import type { Pair } from "./losses.ts";
import type { Spread } from "./timing.ts";

export interface Machine {
  readonly cores: number;
  readonly node: string;
  readonly v8: string;
  readonly adjoint: string;
  readonly peer: string;
}

/** A model beside its peer, if it has one. Nothing is timed where losses differ. */
export interface Result {
  readonly model: string;
  readonly origin: "generated" | "compiled";
  readonly losses?: readonly Pair[];
  readonly agrees?: boolean;
  readonly step?: Spread;
  readonly peerStep?: Spread;
  readonly ratio?: Spread;
  readonly promised?: number;
  readonly ahead?: boolean;
}

export function table({ cores, node, v8, adjoint, peer }: Machine, results: readonly Result[]): string {
  const header = ["model", "ours", "peer", "peer / ours", "min–max", "loss 1: ours, peer", "loss 10: ours, peer"];
  const rows = [header, ...results.map(row)];
  const widths = header.map((_, n) => Math.max(...rows.map((cells) => cells[n]!.length)));
  const lines = rows.map((cells) => cells.map((cell, n) => cell.padEnd(widths[n]!)).join("  "));
  return [
    `adjoint ${adjoint} beside ${peer}; Node ${node} (V8 ${v8}), ${cores} cores`,
    "time of one training step: median of repeats in turns, after warm-up",
    "",
    ...lines.map((line) => line.trimEnd()),
    ...results.flatMap(complaint),
  ].join("\n");
}

function row({ model, step, peerStep, ratio, losses = [] }: Result): string[] {
  const pairs = [0, 1]
    .map((n) => losses[n])
    .map((pair) => (pair === undefined ? "–" : `${pair.ours.toPrecision(6)}, ${pair.peer.toPrecision(6)}`));
  const shown = ratio === undefined ? ["–", "–"] : [`${ratio.median.toFixed(1)}×`, `${ratio.min.toFixed(1)}–${ratio.max.toFixed(1)}×`];
  return [model, duration(step), duration(peerStep), ...shown, ...pairs];
}

function complaint({ model, agrees, ahead, promised, ratio }: Result): string[] {
  if (agrees === false) return [`${model}: the losses differ, so nothing was timed`];
  if (ahead === false) return [`${model}: ${ratio!.median.toFixed(2)}× where ${promised}× is promised`];
  return [];
}

function duration(time: Spread | undefined): string {
  if (time === undefined) return "–";
  const { median } = time;
  if (median >= 1) return `${median.toPrecision(3)} ms`;
  return median >= 1e-3 ? `${(median * 1e3).toPrecision(3)} µs` : `${(median * 1e6).toPrecision(3)} ns`;
}
