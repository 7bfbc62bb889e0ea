/** Guarantees that what a model's own code does apart from its declaration is heard as well: what it throws later, and what never comes. */

let tell: (error: unknown) => unknown = (error) => error;

/** Whose errors they are from now on: `as` makes of an error what is to be said of it. */
export function blame(as: (error: unknown) => unknown): void {
  tell = as;
}

/** Hears errors that nobody awaits: of timers, and of promises that reject. */
export function onStray(end: (error: unknown) => void): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) process.on(event, (error: unknown) => end(tell(error)));
}

/** The promise, or an error once nothing is left in this process that could still settle it. */
export async function settled<T>(promise: Promise<T>, never: () => Error): Promise<T> {
  let hear = (): void => {};
  const silence = new Promise<never>((_, reject) => {
    hear = () => reject(never());
  });
  process.once("beforeExit", hear);
  try {
    return await Promise.race([promise, silence]);
  } finally {
    process.off("beforeExit", hear);
  }
}
