/** The tables that people read: one line a contender, steps a second, ratios to it of both targets, start, memory, size. */

import type { CompiledTrainer } from "./compiled.ts";
import type { Spec } from "./workloads/specs.ts";

export type ClockName = "cpu" | "wall";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly v8: string;
  readonly clock: ClockName;
  readonly load: readonly number[];
  readonly bareEngineMB: number;
}

/** A contender: why it is left out, or what it took. Milliseconds and megabytes. */
export interface Row {
  readonly name: string;
  readonly skipped?: string;
  readonly version?: string;
  readonly first?: number;
  readonly sinceImport?: number;
  readonly startMs?: number;
  readonly note?: string;
  readonly losses?: readonly number[];
  readonly agrees?: boolean;
  readonly peakMB?: number;
  readonly stepMs?: Readonly<Record<ClockName, number>>;
}

export interface Result {
  readonly workload: string;
  readonly spec: Spec;
  readonly compiled: Readonly<Record<string, CompiledTrainer>>;
  readonly rows: readonly Row[];
}

const cell = (value: number | undefined, digits = 3): string =>
  value === undefined ? "–" : value >= 1000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(digits)));

/** What the numbers were taken on. */
export function machineText({ cpu, cores, node, v8, clock, load, bareEngineMB }: Machine, results: readonly Result[]): string {
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
export function workloadTable({ workload, rows, compiled }: Result, clock: ClockName): string {
  const rateOf = (name: string): number | undefined => {
    const step = rows.find((row) => row.name === name)?.stepMs?.[clock];
    return step === undefined ? undefined : 1000 / step;
  };
  const [wasm, ts] = [rateOf("adjoint-wasm"), rateOf("adjoint-ts")];
  const over = (ours: number | undefined, theirs: number | undefined): string =>
    ours === undefined || theirs === undefined ? "–" : `${cell(ours / theirs)}×`;
  const header = [workload.toUpperCase(), "steps/s", "wasm/", "ts/", "first step, ms", "peak MB", "loss 1", "loss 10", ""];
  const lines = rows.map((row): string[] => {
    if (row.skipped !== undefined) return [row.name, "–", "–", "–", "–", "–", "–", "–", row.skipped];
    const rate = rateOf(row.name);
    const [first, tenth] = [row.losses?.[0] ?? row.first, row.losses?.[9]].map((loss) => loss?.toPrecision(6) ?? "–") as [string, string];
    const remark = row.agrees === false ? "LOSSES DIFFER" : (row.note ?? "");
    const started = cell(row.startMs) + (row.sinceImport === undefined ? "" : ` (${cell(row.sinceImport)} from import)`);
    return [row.name, cell(rate), over(wasm, rate), over(ts, rate), started, cell(row.peakMB), first, tenth, remark];
  });
  const all = [header, ...lines];
  const widths = header.map((_, n) => Math.max(...all.map((cells) => cells[n]!.length)));
  const text = all.map((cells) =>
    cells
      .map((value, n) => value.padEnd(widths[n]!))
      .join("  ")
      .trimEnd(),
  );
  const size = ([target, { gzip, milliseconds, arena }]: readonly [string, CompiledTrainer]): string =>
    `${target}: ${(gzip / 1000).toFixed(1)} kB minified + gzip, compiled in ${(milliseconds / 1000).toFixed(1)} s, arena ${(arena / 1e6).toFixed(2)} MB`;
  return [...text, ...Object.entries(compiled).map(size)].join("\n");
}
