/** Shows training as it goes: one living line on a terminal, a plain line now and then elsewhere. */

import { FUNCTION, kind, optionsOf } from "../arguments.ts";
import { hold } from "../kinds.ts";
import { createColors } from "picocolors";
import type { StepEvent } from "../history.ts";
import { printable } from "../printable.ts";

/** The callback that shows a run on a terminal. */
export interface Progress {
  onStep(event: StepEvent): void;
  onEpoch(entry: { readonly epoch: number }): void;
  /** Removes an unfinished line. Call it when training ends, however it ends. */
  end(): void;
}

/** The parts of `process.stderr` that are used. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Where `progress` writes. */
export interface ProgressOptions {
  /** Default: stderr, so that stdout stays for results. */
  readonly stream?: ProgressStream;
  /** CI and NO_COLOR are read from here. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The clock, in milliseconds. Default: `performance.now`. */
  readonly now?: () => number;
}

/** Between redraws on a terminal; between plain lines. Milliseconds. */
const REDRAW_MS = 100;
const PLAIN_MS = 10_000;
const BAR = 20;
const CLEAR = "\r\x1b[2K";

const OPTIONS = optionsOf<ProgressOptions>({
  stream: kind(
    "a stream with a function write",
    (value) => typeof value === "object" && value !== null && "write" in value && typeof value.write === "function",
  ),
  env: kind("a record of texts", (value) => typeof value === "object" && value !== null),
  now: FUNCTION,
});

/** Callbacks for `fit` that report progress: `fit(trainer, data, { epochs, callbacks: progress() })`. */
export function progress(options: ProgressOptions = {}): Progress {
  hold("progress", { options }, { options: OPTIONS });
  const { stream = process.stderr, env = process.env, now = () => performance.now() } = options;
  const live = stream.isTTY === true && !env["CI"] && env["TERM"] !== "dumb";
  const color = createColors(live && !env["NO_COLOR"]);
  let start: number | undefined;
  let epochStart = now();
  let shown = 0;
  let drawn = false;
  let epochs = 0;
  let stepsTaken = 0;
  let rowsTaken = 0;

  const clear = (): void => {
    if (drawn) stream.write(CLEAR);
    drawn = false;
  };

  return {
    onStep(event) {
      const time = now();
      if (start === undefined) {
        // the rate is that of the steps from here on: the first one also warms the engine up
        start = shown = time;
        epochs = event.epochs;
        return;
      }
      stepsTaken++;
      rowsTaken += event.rows;
      if (time - shown < (live ? REDRAW_MS : PLAIN_MS)) return;
      shown = time;
      const line = stepLine(event, stepsTaken, rowsTaken, (time - start) / 1000);
      if (!live) {
        stream.write(`${line}\n`);
        return;
      }
      const filled = Math.round((BAR * event.step) / event.steps);
      const fits = line.slice(0, Math.max(0, (stream.columns ?? 80) - BAR - 2));
      const bar = color.cyan("█".repeat(filled)) + color.dim("░".repeat(BAR - filled));
      stream.write(`${CLEAR}${bar} ${fits}`);
      drawn = true;
    },
    onEpoch(entry) {
      const time = now();
      const seconds = (time - epochStart) / 1000;
      epochStart = shown = time;
      clear();
      const { epoch, ...means } = entry;
      const figures = Object.entries(means as Record<string, number>)
        .map(([name, mean]) => `${color.dim(printable(name))} ${figure(mean)}`)
        .join("  ");
      const of = epochs === 0 ? "" : `/${epochs}`;
      stream.write(`${color.bold(`epoch ${epoch}${of}`)}  ${figures}  ${color.dim(duration(seconds))}\n`);
    },
    end: clear,
  };
}

/** `epoch 2/5  step 120/938  loss 0.3021  41200 rows/s  eta 1m 12s`. The ETA is that of the whole run. */
function stepLine(event: StepEvent, stepsTaken: number, rowsTaken: number, seconds: number): string {
  const { epoch, epochs, step, steps, loss } = event;
  const left = (epochs - epoch) * steps + steps - step;
  const losses =
    typeof loss === "number"
      ? `loss ${figure(loss)}`
      : Object.entries(loss)
          .map(([phase, value]) => `${printable(phase)} ${figure(value)}`)
          .join("  ");
  const rate = seconds === 0 ? "" : `  ${Math.round(rowsTaken / seconds)} rows/s`;
  const eta = `eta ${duration((left * seconds) / stepsTaken)}`;
  return `epoch ${epoch}/${epochs}  step ${step}/${steps}  ${losses}${rate}  ${eta}`;
}

/** Four significant digits. */
const figure = (value: number): string => value.toPrecision(4);

/** `3.2s`, `1m 12s`, `2h 5m`. */
function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
}
