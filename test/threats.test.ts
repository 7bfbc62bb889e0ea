/** What is true of docs/threats.md: each line of its table is held by a test that exists under the name given. */

import { readFileSync } from "node:fs";
import { Project, SyntaxKind } from "ts-morph";
import { expect, test } from "vitest";
import { root } from "./support/command.ts";

const page = readFileSync(`${root}docs/threats.md`, "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(2);
const project = new Project({ useInMemoryFileSystem: true });

/** Titles of test(…), and of test.each(…)(…) and its like. */
function titlesIn(file: string): readonly string[] {
  const source = project.createSourceFile(file, readFileSync(root + file, "utf8"), { overwrite: true });
  return source.getDescendantsOfKind(SyntaxKind.CallExpression).flatMap((call) => {
    const title = call.getArguments()[0]?.asKind(SyntaxKind.StringLiteral)?.getLiteralValue();
    return title !== undefined && /^test\b/.test(call.getExpression().getText()) ? [title] : [];
  });
}

test("every promise names a test, and every test that is named exists", () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(rows[0]).not.toMatch(/^\| +\|/);
  for (const row of rows) {
    const [, file, name] = /\| (test\/[\w/-]+\.test\.ts): (.+) \|$/.exec(row) ?? [];
    expect(file, `${row} names no test`).toBeDefined();
    expect(titlesIn(file!), `${file} has no such test`).toContain(name);
  }
});
