/** Several callbacks are one: called in order, all of them, and any one may stop. */

import type { Callbacks } from "./history.ts";
import type { Trainer } from "./trainer.ts";

/** One callback that stands for all of them. `onStep` is there only where one of them listens to steps. */
export function together<T extends Trainer>(given: Callbacks<T> | readonly Callbacks<T>[] | undefined): Callbacks<T> | undefined {
  if (given === undefined) return undefined;
  // an array of callbacks has no hook of its own, and a callback no length
  const all = "length" in given ? given : [given];
  const [only] = all;
  if (all.length <= 1) return only;
  const steps = all.filter(({ onStep }) => onStep !== undefined);
  return {
    ...(steps.length > 0 && {
      onStep(event) {
        for (const one of steps) one.onStep?.(event);
      },
    }),
    async onEpoch(entry, trainer) {
      let answer: void | "stop" = undefined;
      // every one hears of the epoch, also after another has said stop
      for (const one of all) if ((await one.onEpoch?.(entry, trainer)) === "stop") answer = "stop";
      return answer;
    },
    onResume(entries, kept) {
      const answers = all.map((one) => one.onResume?.(entries, kept));
      return answers.includes("stop") ? "stop" : undefined;
    },
    kept: () => new Map(all.flatMap((one) => [...(one.kept?.() ?? [])])),
    async onTurn() {
      for (const one of all) await one.onTurn?.();
    },
    onEnd(trainer) {
      for (const one of all) one.onEnd?.(trainer);
    },
  };
}
