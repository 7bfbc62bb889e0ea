/** What an editor shows of a public name: every one says what it is. */

import { fileURLToPath } from "node:url";
import { Node, Project, SyntaxKind } from "ts-morph";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const FACES = [
  "compiler/index.ts",
  "compiler/functions.ts",
  "compiler/node.ts",
  "compiler/plugin/vite.ts",
  "runtime/index.ts",
  "runtime/browser/index.ts",
  "runtime/node/index.ts",
];

const project = new Project({ tsConfigFilePath: `${root}tsconfig.json`, skipAddingFilesFromTsConfig: true });

/** Whether a declaration has a comment of its own; of a constant it stands above the statement. */
function isDescribed(declaration: Node): boolean {
  const described = declaration.isKind(SyntaxKind.VariableDeclaration) ? declaration.getVariableStatement() : declaration;
  return Node.isJSDocable(described) && described.getJsDocs().some((comment) => /\w/.test(comment.getDescription()));
}

test.each(FACES)("of what %s exports", (face) => {
  const exported = project.addSourceFileAtPath(root + face).getExportedDeclarations();
  expect(exported.size).toBeGreaterThan(0);
  expect([...exported].filter(([, declarations]) => !declarations.some(isDescribed)).map(([name]) => name)).toEqual([]);
});
