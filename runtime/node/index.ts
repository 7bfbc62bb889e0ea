/** The public face of `adjoint/runtime/node`: files, checkpoints and progress, where there is a disk and a terminal. */

export { checkpointFolder } from "./checkpoint-folder.ts";
export { loadCifar10 } from "./cifar.ts";
export { loadCsv, loadNpy, loadNpz, loadTable, loadText } from "./files.ts";
export { loadImages } from "./images.ts";
export { loadFashionMnist, loadMnist } from "./mnist.ts";
export { workersOf, type Spawn, type ThreadWorker } from "./threads.ts";
export { progress, type Progress, type ProgressOptions, type ProgressStream } from "./progress.ts";
