/** The verifier of the loop level: what breaks a law is named with its place and its statement. */

export { verifyKernel } from "./kernel.ts";
export { verifyProgram, verifyModule } from "./module.ts";
