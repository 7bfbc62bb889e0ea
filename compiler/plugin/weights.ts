/** What a trainer's module gains while it is served for development: a changed model goes on with the weights of the one before. */

const CREATE = /^export function createTrainer\(/m;

/**
 * The text of a trainer, with weights kept over hot updates: the trainers that a page made are remembered in `import.meta.hot.data`, and
 * each that its successor makes, in the same order, takes over what has the same name and as many elements. The console says what.
 */
export const keepingWeights = (text: string): string =>
  CREATE.test(text)
    ? `${text.replace(CREATE, "function createNewTrainer(")}
export function createTrainer(options?: Parameters<typeof createNewTrainer>[0]): Trainer {
  const trainer = createNewTrainer(options);
  const hot = (import.meta as { hot?: { data: { made?: Trainer[]; before?: Trainer[] } } }).hot;
  if (hot === undefined) return trainer;
  const made = (hot.data.made ??= []);
  const before = hot.data.before?.[made.length];
  made.push(trainer);
  if (before === undefined) return trainer;
  const [old, now] = [before, trainer].map(({ parameters }) => parameters as Readonly<Record<string, Float32Array>>);
  const kept = Object.keys(now!).filter((name) => old![name]?.length === now![name]!.length);
  for (const name of kept) now![name]!.set(old![name]!);
  const fresh = Object.keys(now!).filter((name) => !kept.includes(name));
  console.info(\`[adjoint] \${MODEL}: kept \${kept.length} of \${Object.keys(now!).length} parameters\${fresh.length === 0 ? "" : "; new are " + fresh.join(", ")}\`);
  return trainer;
}
if ((import.meta as { hot?: unknown }).hot) {
  const { data } = (import.meta as unknown as { hot: { data: { made?: Trainer[]; before?: Trainer[] } } }).hot;
  data.before = data.made ?? data.before ?? [];
  data.made = [];
}
`
    : text;
