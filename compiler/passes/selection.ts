/** One way to say which optional passes run: as a set, and as the text of `--passes`, which are inverses of each other. */

/** The passes that may be left out, in the order of their first run. */
export const OPTIONAL = ["prune", "fold", "algebra", "share", "stability", "out-of-loops", "phases", "movement", "loops", "fuse"] as const;
export type OptionalPass = (typeof OPTIONAL)[number];

/** Which of the optional passes run; the others always do. */
export interface PassChoice {
  runs(pass: string): boolean;
}

export const EVERY: PassChoice = { runs: () => true };

/** Those of the list; all of them where none is given. */
export const choiceOf = (passes: readonly OptionalPass[] | undefined): PassChoice =>
  passes === undefined ? EVERY : { runs: (pass) => passes.some((one) => one === pass) };

/** `none`, what runs, or after a minus what does not, whichever is shorter; nothing where all run. */
export function printPasses(passes: readonly OptionalPass[] | undefined): string | undefined {
  if (passes === undefined) return undefined;
  const { runs } = choiceOf(passes);
  const [on, off] = [OPTIONAL.filter(runs), OPTIONAL.filter((pass) => !runs(pass))];
  if (off.length === 0) return undefined;
  if (on.length === 0) return "none";
  return on.length <= off.length ? on.join(",") : off.map((pass) => `-${pass}`).join(",");
}

/** What a text of `--passes` says, or why it says nothing. */
export type PassesText = { readonly passes: readonly OptionalPass[] } | { readonly unknown: string } | { readonly mixed: true };

/** The inverse: `none`, `prune,fold,share` for those that run, or `-fuse,-share` for those that do not; not both. */
export function parsePasses(text: string): PassesText {
  if (text === "none") return { passes: [] };
  const names = text.split(",").map((name) => name.trim());
  const without = names.filter((name) => name.startsWith("-")).map((name) => name.slice(1));
  if (without.length > 0 && without.length < names.length) return { mixed: true };
  const listed = without.length > 0 ? without : names;
  const unknown = listed.find((name) => !OPTIONAL.some((pass) => pass === name));
  if (unknown !== undefined) return { unknown };
  return { passes: OPTIONAL.filter((pass) => listed.includes(pass) === (without.length === 0)) };
}
