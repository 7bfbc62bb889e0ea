/** The public face of `adjoint/node`: what plugins and tools need where there is a disk. */

export { InputError } from "./cli/errors.ts";
export { loadModel, type LoadedModel } from "./cli/load-model.ts";
export type { Source } from "./driver/options.ts";
