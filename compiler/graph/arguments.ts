/** Guarantees that the layer language says what an argument must be in the words that the runtime has for it. */

export { ANYTHING, anyOf, COUNT, FINITE, FLAG, FUNCTION, isRecord, kind, listOf, nearWord, numbers, oneOf, optional, optionsOf, problemIn, recordOf, required, shown, TEXT, whole, type Law, type Laws, type Problem } from "../../runtime/arguments.ts"; // prettier-ignore
