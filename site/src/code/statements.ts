/** Guarantees the statements of an emitted function: what each says of itself, the nodes it computes, and its lines of code. */

export interface Statement {
  readonly region: string;
  /** Counted from 1, as the code's own comments do. */
  readonly number: number;
  /** Its comments without `//`: mathematics, nodes, law and model line. */
  readonly comments: readonly string[];
  readonly code: readonly string[];
  /** Nodes of the graph that it computes, without `%`. */
  readonly nodes: readonly string[];
  /** Lines of the model that it serves. */
  readonly modelLines: readonly number[];
  /** Its first line in the file, from 1. */
  readonly line: number;
}

/** Statements of `function name(` of an emitted file. */
export function statementsOf(text: string, name: string): Statement[] {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.trimStart().startsWith(`function ${name}(`));
  if (start === -1) return [];
  const end = lines.findIndex((line, at) => at > start && /^ {2}\}/.test(line));
  const statements: { region: string; number: number; comments: string[]; code: string[]; line: number }[] = [];
  let region = "";
  let fresh = true;
  for (let at = start + 1; at < end; at++) {
    const line = lines[at]!.trim();
    const opens = /^\/\/ #region (.*)$/.exec(line);
    if (opens !== null) region = opens[1]!;
    if (opens !== null || line === "" || line === "// #endregion") {
      fresh = true;
      continue;
    }
    const numbered = /^\/\/ (\d+)\. (.*)$/.exec(line);
    if (numbered !== null) {
      statements.push({ region, number: Number(numbered[1]), comments: [numbered[2]!], code: [], line: at + 1 });
      fresh = false;
      continue;
    }
    const current = statements.at(-1);
    if (current === undefined || (fresh && line.startsWith("//")) || /^return\b/.test(line)) continue;
    if (line.startsWith("//")) {
      const said = line.slice(3);
      if (/^ /.test(said) && current.comments.length > 0) current.comments[current.comments.length - 1] += ` ${said.trim()}`;
      else current.comments.push(said);
    } else current.code.push(lines[at]!.slice(4));
  }
  return statements.map((statement) => ({
    ...statement,
    nodes: statement.comments.flatMap((comment) => [...comment.matchAll(/%([^\s,…]+)/g)].map(([, node]) => node!)),
    modelLines: statement.comments.flatMap((comment) => {
      const cited = /\.ts:([\d, ]+)$/.exec(comment);
      return cited === null
        ? []
        : cited[1]!
            .split(",")
            .map((one) => Number(one))
            .filter((one) => one > 0);
    }),
  }));
}
