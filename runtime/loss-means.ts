/** Σ(loss·rows)/Σrows of an epoch, for one phase or several, without allocating as it goes. */

import type { LossSums } from "./run-state.ts";
import type { Loss } from "./trainer.ts";

export interface LossMeans {
  reset(): void;
  /** Adds one step's loss over `rows` rows; false, and nothing added, when a loss is not finite. */
  add(loss: Loss, rows: number): boolean;
  /** The loss that `add` refused, with its phase when there are several. */
  fault(loss: Loss): { value: number; phase?: string };
  /** The means by phase; of a single phase as `loss`. */
  read(): Record<string, number>;
  /** What the means are made of so far, and going on from that. */
  save(): LossSums;
  resume(saved: LossSums): void;
}

export function createLossMeans(): LossMeans {
  let total = 0;
  let sum = 0;
  let phases: readonly string[] | undefined;
  let sums = new Float64Array(0);
  return {
    reset() {
      total = 0;
      sum = 0;
      sums.fill(0);
    },
    add(loss, rows) {
      if (typeof loss === "number") {
        if (!Number.isFinite(loss)) return false;
        sum += loss * rows;
      } else {
        if (phases === undefined) {
          phases = Object.keys(loss);
          sums = new Float64Array(phases.length);
        }
        for (let i = 0; i < phases.length; i++) {
          if (!Number.isFinite(loss[phases[i]!])) return false;
        }
        for (let i = 0; i < phases.length; i++) sums[i]! += loss[phases[i]!]! * rows;
      }
      total += rows;
      return true;
    },
    fault(loss) {
      if (typeof loss === "number") return { value: loss };
      const [phase, value] = Object.entries(loss).find(([, v]) => !Number.isFinite(v))!;
      return { value, phase };
    },
    read() {
      if (phases === undefined) return { loss: sum / total };
      return Object.fromEntries(phases.map((phase, i) => [phase, sums[i]! / total]));
    },
    save() {
      if (phases === undefined) return { rows: total, sums: sum };
      return { rows: total, sums: Object.fromEntries(phases.map((phase, i) => [phase, sums[i]!])) };
    },
    resume(saved) {
      total = saved.rows;
      if (typeof saved.sums === "number") {
        sum = saved.sums;
      } else {
        phases = Object.keys(saved.sums);
        sums = Float64Array.from(Object.values(saved.sums));
      }
    },
  };
}
