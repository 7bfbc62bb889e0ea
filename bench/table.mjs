/** Guarantees the table that people read: one line a model, times as medians, the ratio with its spread. */

export function table({ cores, node, v8, adjoint, peer }, results) {
  const header = ["model", "ours", "peer", "peer / ours", "min–max", "loss 1: ours, peer", "loss 10: ours, peer"];
  const rows = [header, ...results.map(row)];
  const widths = header.map((_, n) => Math.max(...rows.map((cells) => cells[n].length)));
  const lines = rows.map((cells) => cells.map((cell, n) => cell.padEnd(widths[n])).join("  "));
  return [
    `adjoint ${adjoint} beside ${peer}; Node ${node} (V8 ${v8}), ${cores} cores`,
    "time of one training step: median of repeats in turns, after warm-up",
    "",
    ...lines.map((line) => line.trimEnd()),
    ...results.flatMap(complaint),
  ].join("\n");
}

function row({ model, step, peerStep, ratio, losses = [] }) {
  const pairs = [0, 1]
    .map((n) => losses[n])
    .map((pair) => (pair === undefined ? "–" : `${pair.ours.toPrecision(6)}, ${pair.peer.toPrecision(6)}`));
  const shown = ratio === undefined ? ["–", "–"] : [`${ratio.median.toFixed(1)}×`, `${ratio.min.toFixed(1)}–${ratio.max.toFixed(1)}×`];
  return [model, duration(step), duration(peerStep), ...shown, ...pairs];
}

function complaint({ model, agrees, ahead, promised, ratio }) {
  if (agrees === false) return [`${model}: the losses differ, so nothing was timed`];
  if (ahead === false) return [`${model}: ${ratio.median.toFixed(2)}× where ${promised}× is promised`];
  return [];
}

function duration(time) {
  if (time === undefined) return "–";
  const { median } = time;
  if (median >= 1) return `${median.toPrecision(3)} ms`;
  return median >= 1e-3 ? `${(median * 1e3).toPrecision(3)} µs` : `${(median * 1e6).toPrecision(3)} ns`;
}
