/** Curves over one another, as they are drawn of a training elsewhere. */

export { curves } from "../../inspector/page/curve.ts";
