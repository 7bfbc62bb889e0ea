/** The texts of the loop level: index notation for people, and a canonical text that reads back unchanged. */

export { printIndex } from "./index-expression.ts";
export { parseKernel, parseModule, parseProgram, printKernel, printModule, printProgram } from "./module.ts";
export { printDefinition, printDefinitions, printGroup, printScalar, printStmt } from "./notation.ts";
export { printName } from "./words.ts";
