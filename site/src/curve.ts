/** Curves over one another, as they are drawn of a training elsewhere. */

export { curves, type Series } from "../../inspector/page/curve.ts";
