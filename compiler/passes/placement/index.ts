/** The pass that gives every buffer its address, and the proof that what it placed is right. */

export { place } from "./place.ts";
export { checkPlan } from "./check-plan.ts";
