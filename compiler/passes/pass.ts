/** Guarantees that passes are pure functions between levels, chained only where the levels fit, and watched by one observer. */

/** One step of the compiler. Returns the same object when nothing changed. */
export interface Pass<In, Out = In> {
  readonly name: string;
  /** One line, shown by --help, in report.md and when verification fails. */
  readonly why: string;
  /** Its rules hold for real numbers, not for rounded ones: the laws that fired are named in the emitted header. */
  readonly approximate?: true;
  /** `fired` hears each law that a rule of this pass applied. */
  run(input: In, fired?: (law: string) => void): Out;
}

/** Sees every pass: verifies, prints and times. */
export interface Observer {
  after<In, Out>(pass: Pass<In, Out>, input: In, output: Out, milliseconds: number): void;
  /** Hears each approximate law that was applied. */
  approximated?(law: string): void;
}

export interface Pipeline<In, Out> {
  readonly passes: readonly { readonly name: string; readonly why: string }[];
  then<Next>(pass: Pass<Out, Next>): Pipeline<In, Next>;
  /** A pass that may be left out: nothing later needs what it guarantees. */
  optional(pass: Pass<Out>): Pipeline<In, Out>;
  run(input: In, observer: Observer): Out;
}

/** An empty pipeline at level T, and which of its optional passes run. */
export const start = <T>(runs: (pass: string) => boolean = () => true): Pipeline<T, T> => chain([], (input) => input, runs);

function chain<In, Out>(
  passes: Pipeline<In, Out>["passes"],
  run: (input: In, observer: Observer) => Out,
  runs: (pass: string) => boolean,
): Pipeline<In, Out> {
  const then = <Next>(pass: Pass<Out, Next>): Pipeline<In, Next> =>
    chain([...passes, pass], (input, observer) => runPass(pass, run(input, observer), observer), runs);
  return {
    passes,
    run,
    then,
    optional: (pass) => (runs(pass.name) ? then(pass) : chain(passes, run, runs)),
  };
}

/** Runs one pass under the observer. */
export function runPass<In, Out>(pass: Pass<In, Out>, input: In, observer: Observer): Out {
  const began = performance.now();
  const output = pass.run(input, (law) => {
    if (pass.approximate === true) observer.approximated?.(law);
  });
  observer.after(pass, input, output, performance.now() - began);
  return output;
}
