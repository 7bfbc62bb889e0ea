import { mlp } from "./w1.ts";

export default mlp(128);
