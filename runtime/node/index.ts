/** The public face of `adjoint/runtime/node`: files and progress, where there is a disk and a terminal. */

export { loadMnist } from "./mnist.ts";
export { progress, type Progress, type ProgressOptions, type ProgressStream } from "./progress.ts";
