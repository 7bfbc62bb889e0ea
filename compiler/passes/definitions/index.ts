/** The passes that make definitions of a graph, and groups of definitions, in the order of their run. */

export { define } from "./define.ts";
export { split, type Parts } from "./split.ts";
export { fuse, separate } from "./fuse.ts";
export { segments } from "./segments.ts";
export { inSections } from "./sections.ts";
