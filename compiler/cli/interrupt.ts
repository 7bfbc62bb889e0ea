/** Guarantees that Ctrl-C is heard by whoever works at the moment, and that a second one ends the process. */

let current: () => void = () => process.exit(130);
let listening = false;

/** Replaces what an interrupt does; gives back what it did before. */
export function onInterrupt(action: () => void): () => void {
  const before = current;
  current = action;
  if (!listening) {
    listening = true;
    let asked = false;
    process.on("SIGINT", () => {
      if (asked) process.exit(130);
      asked = true;
      current();
    });
  }
  return before;
}
