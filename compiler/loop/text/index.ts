/** The text of the loop level: what is printed here, `parse.ts` reads back. */

export { parseKernel, parseModule, parseProgram } from "./parse.ts";
export {
  printDefinition,
  printDefinitions,
  printGroup,
  printIndex,
  printKernel,
  printModule,
  printName,
  printProgram,
  printScalar,
  printStmt,
} from "./print.ts";
