/** Guarantees that a text is checked as strictly as TypeScript can, alone and without a platform's types. */

import { Project, ts } from "ts-morph";

const strictest: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  lib: ["lib.es2022.d.ts"],
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  erasableSyntaxOnly: true,
  isolatedDeclarations: true,
  declaration: true,
  isolatedModules: true,
  verbatimModuleSyntax: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noPropertyAccessFromIndexSignature: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  allowUnreachableCode: false,
  allowUnusedLabels: false,
};

/** `line: message` of everything TypeScript says about each text; all are checked as one program. */
export function complaintsAbout(texts: ReadonlyMap<string, string>): string[] {
  const project = new Project({ useInMemoryFileSystem: true, compilerOptions: strictest });
  for (const [name, text] of texts) project.createSourceFile(`${name}.ts`, text);
  return project.getPreEmitDiagnostics().map((one) => {
    const message = ts.flattenDiagnosticMessageText(one.compilerObject.messageText, "\n");
    return `${one.getSourceFile()?.getBaseName() ?? ""}:${one.getLineNumber() ?? 0} ${message}`;
  });
}
