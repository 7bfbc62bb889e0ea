/** `tsx build.ts <bundler> <folder> [no-files]`: one build in a process of its own, which some bundlers end by themselves. Prints the file that runs. */

import { BUNDLERS } from "./bundlers.ts";

const [name, root, files] = process.argv.slice(2);
console.log(`built ${await BUNDLERS[name!]!({ root: root!, files: files !== "no-files" })}`);
