/** Lets the event loop run (paint, input, timers, signals) a few dozen times a second, and no oftener. */

/** Computation between two pauses, in milliseconds: about one frame. */
const FRAME_MS = 16;

/** The same where a step itself gives way: with one of its slices it stays below a frame. */
const SLICED_MS = 4;

export interface Pace {
  /** Whether the current slice is used up. */
  due(): boolean;
  /** Resolves after the event loop has had its turn, and begins the next slice. */
  pause(): Promise<void>;
  /** Runs a step's slices, and the event loop in between. Resolves to the step's value. */
  through<Result>(slices: Iterator<undefined, Result>): Promise<Result>;
}

/**
 * @param after is awaited in each pause between two steps, but not within one, where nobody may use the trainer
 * @param sliced whether steps give way themselves
 */
export function createPace(after?: () => void | Promise<void>, sliced = false): Pace {
  const long = sliced ? SLICED_MS : FRAME_MS;
  let end = performance.now() + long;
  const due = (): boolean => performance.now() >= end;
  return {
    due,
    async pause() {
      await turn();
      await after?.();
      end = performance.now() + long;
    },
    async through(slices) {
      for (;;) {
        const slice = slices.next();
        if (slice.done === true) return slice.value;
        if (!due()) continue;
        await turn();
        end = performance.now() + long;
      }
    },
  };
}

/** One turn of the event loop. A message, because browsers stretch nested timers to 4 ms or more. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(null);
  });
}
