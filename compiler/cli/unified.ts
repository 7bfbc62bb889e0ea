/** Guarantees that what differs between two texts is shown as others show it, and not more of it than a person reads. */

import { structuredPatch } from "diff";

/** Lines of a diff that are shown. */
const MOST = 40;
/** Lines that come and go up to which a diff is looked for: beyond, the texts have little in common. */
const EDITS = 4000;

/** The unified diff from a file's text to what its command makes, of at most 40 lines beside its head; what is left out is counted. */
export function unifiedDiff(file: string, found: string, made: string): string {
  const patch = structuredPatch(file, file, found, made, "", "", { context: 2, maxEditLength: EDITS });
  const head = [`--- ${file}`, `+++ what adjoint compile makes`];
  if (patch === undefined) return [...head, `@@ more than ${EDITS} lines differ @@`].join("\n");
  const lines = patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
    ...lines,
  ]);
  const more = lines.length > MOST ? [`… and ${lines.length - MOST} more lines of the diff`] : [];
  return [...head, ...lines.slice(0, MOST), ...more].join("\n");
}
