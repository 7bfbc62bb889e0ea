/** The passes that make loops of groups, in the order of their run. */

export { pitch } from "./pitch.ts";
export { pack } from "./pack/index.ts";
export { unroll } from "./unroll.ts";
export { schedule, type Nests } from "./schedule.ts";
