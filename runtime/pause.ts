/** Lets the event loop run (paint, input, timers, signals) a few dozen times a second, and no oftener. */

/** Computation between two pauses, in milliseconds: about one frame. */
const SLICE_MS = 16;

export interface Pace {
  /** Whether the current slice is used up. */
  due(): boolean;
  /** Resolves after the event loop has had its turn, and begins the next slice. */
  pause(): Promise<void>;
}

/** @param after is awaited in each pause */
export function createPace(after?: () => void | Promise<void>): Pace {
  let end = performance.now() + SLICE_MS;
  return {
    due: () => performance.now() >= end,
    async pause() {
      await turn();
      await after?.();
      end = performance.now() + SLICE_MS;
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
