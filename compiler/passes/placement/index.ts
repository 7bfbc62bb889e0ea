/** The pass that gives every buffer its address. */

export { place } from "./place.ts";
