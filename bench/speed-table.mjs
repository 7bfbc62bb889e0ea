/** Guarantees the tables that people read: one line a contender, steps a second, ratios to it of both targets, start, memory, size. */

const cell = (value, digits = 3) =>
  value === undefined ? "–" : value >= 1000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(digits)));

/** What the numbers were taken on. */
export function machineText({ cpu, cores, node, v8, clock, load, bareEngineMB }, results) {
  const versions = new Set(
    results.flatMap(({ rows }) => rows.flatMap(({ version }) => (version === undefined || version === "adjoint" ? [] : [version]))),
  );
  return [
    `Node ${node} (V8 ${v8}), ${cores} cores, ${cpu}; load ${load.join(" ")}; bare engine ${bareEngineMB.toFixed(0)} MB`,
    [...versions].join(", "),
    `steps a second by ${clock === "cpu" ? "processor" : "wall"} time, medians of turns; wasm/ and ts/: how many times the peer's rate our targets reach`,
  ].join("\n");
}

/** One workload: a line a contender. */
export function workloadTable({ workload, rows, compiled }, clock) {
  const rateOf = (name) => {
    const step = rows.find((row) => row.name === name)?.stepMs?.[clock];
    return step === undefined ? undefined : 1000 / step;
  };
  const [wasm, ts] = [rateOf("adjoint-wasm"), rateOf("adjoint-ts")];
  const over = (ours, theirs) => (ours === undefined || theirs === undefined ? "–" : `${cell(ours / theirs)}×`);
  const header = [workload.toUpperCase(), "steps/s", "wasm/", "ts/", "first step, ms", "peak MB", "loss 1", "loss 10", ""];
  const lines = rows.map((row) => {
    if (row.skipped !== undefined) return [row.name, "–", "–", "–", "–", "–", "–", "–", row.skipped];
    const rate = rateOf(row.name);
    const [first, tenth] = [row.losses?.[0] ?? row.first, row.losses?.[9]].map((loss) => loss?.toPrecision(6) ?? "–");
    const remark = row.agrees === false ? "LOSSES DIFFER" : (row.note ?? "");
    const started = cell(row.startMs) + (row.sinceImport === undefined ? "" : ` (${cell(row.sinceImport)} from import)`);
    return [row.name, cell(rate), over(wasm, rate), over(ts, rate), started, cell(row.peakMB), first, tenth, remark];
  });
  const all = [header, ...lines];
  const widths = header.map((_, n) => Math.max(...all.map((cells) => cells[n].length)));
  const text = all.map((cells) =>
    cells
      .map((value, n) => value.padEnd(widths[n]))
      .join("  ")
      .trimEnd(),
  );
  const size = ([target, { gzip, milliseconds, arena }]) =>
    `${target}: ${(gzip / 1000).toFixed(1)} kB minified + gzip, compiled in ${(milliseconds / 1000).toFixed(1)} s, arena ${(arena / 1e6).toFixed(2)} MB`;
  return [...text, ...Object.entries(compiled).map(size)].join("\n");
}
