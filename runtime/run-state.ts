/** Where a run of `fit` stands, as text and back: every number returns with the same bits, or the text is refused. */

import type { Loss } from "./trainer.ts";

/** Σ(loss·rows) and Σrows of the steps of an epoch so far. */
export interface LossSums {
  readonly rows: number;
  readonly sums: Loss;
}

/** What the order of an epoch's rows and steps follows from, beside the epoch. */
export interface RowOrder {
  readonly rows: number;
  readonly batchSize: number;
  /** Of the shuffle; null without one. */
  readonly seed: number | null;
}

/** Where a run stands: what it needs, beside weights, to go on with the same bits. */
export interface RunState {
  /** The epoch that goes on, from 1. */
  readonly epoch: number;
  /** The next row that it trains on, as a place in the epoch's order. */
  readonly row: number;
  readonly order: RowOrder;
  readonly losses: LossSums;
  /** The entries of the epochs before. */
  readonly history: readonly Readonly<Record<string, number>>[];
}

/** JSON has no NaN and no ±Infinity: they are written as words. */
export const toText = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === "number" && !Number.isFinite(part) ? String(part) : part));

/** The inverse of `toText` for whatever holds no strings; undefined for no JSON. */
export function fromText(text: string): unknown {
  try {
    return JSON.parse(text, (_, part: unknown) => (part === "NaN" || part === "Infinity" || part === "-Infinity" ? Number(part) : part));
  } catch {
    return undefined;
  }
}

const isWhole = (value: unknown, least: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether it is an object of nothing but numbers. */
export const isNumbers = (value: unknown): value is Readonly<Record<string, number>> =>
  isObject(value) && Object.values(value).every((one) => typeof one === "number");

function isLosses(value: unknown): value is LossSums {
  if (!isObject(value) || !isWhole(value["rows"], 0)) return false;
  const { sums } = value;
  return typeof sums === "number" ? Number.isFinite(sums) : isNumbers(sums) && Object.values(sums).every(Number.isFinite);
}

function isOrder(value: unknown): value is RowOrder {
  if (!isObject(value)) return false;
  const { rows, batchSize, seed } = value;
  return isWhole(rows, 1) && isWhole(batchSize, 1) && (seed === null || Number.isSafeInteger(seed));
}

/** Whether a value is a run's state: complete, in range, and consistent in itself. */
export function isRunState(value: unknown): value is RunState {
  if (!isObject(value)) return false;
  const { epoch, row, order, losses, history } = value;
  return (
    isWhole(epoch, 1) &&
    isOrder(order) &&
    isWhole(row, 0) &&
    (row === order.rows || (row < order.rows && row % order.batchSize === 0)) &&
    isLosses(losses) &&
    Array.isArray(history) &&
    history.length === epoch - 1 &&
    history.every((entry, i) => isNumbers(entry) && entry["epoch"] === i + 1)
  );
}
