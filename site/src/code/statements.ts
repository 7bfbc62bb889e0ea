/** Guarantees the statements of a training step as its file says them: what each says of itself, the nodes it computes, and its lines of code. */

import type { LabCompiled } from "../lab/messages.ts";

export interface Statement {
  readonly region: string;
  /** Counted from 1, as the code's own comments do. */
  readonly number: number;
  /** Its comments without `//`: mathematics, nodes, law and model line. */
  readonly comments: readonly string[];
  readonly code: readonly string[];
  /** Nodes of the graph that it computes, without `%`. */
  readonly nodes: readonly string[];
}

/** Statements of the first training step; those that the file does not show are left out. */
export function statementsOf({ files, trainer, entries: [step] }: LabCompiled): Statement[] {
  const lines = files[trainer]!.split("\n");
  return (step?.statements ?? []).flatMap(({ place }, n) => {
    if (place === undefined) return [];
    const comments: string[] = [];
    for (const line of lines.slice(place.first - 1, place.code - 1)) {
      const said = line.trim().replace(/^\/\/ (?:\d+\. )?/, "");
      // what is too long goes on, further in
      if (said.startsWith(" ") && comments.length > 0) comments[comments.length - 1] += ` ${said.trim()}`;
      else comments.push(said);
    }
    return [
      {
        region: place.part ?? "",
        number: n + 1,
        comments,
        code: lines.slice(place.code - 1, place.last).map((line) => line.slice(4)),
        nodes: comments.flatMap((comment) => [...comment.matchAll(/%([^\s,…]+)/g)].map(([, node]) => node!)),
      },
    ];
  });
}
