/** One way of writing out what is not visible: that of the runtime, which lends it. */

export { escaped, printable, printableLines } from "../../runtime/printable.ts";
