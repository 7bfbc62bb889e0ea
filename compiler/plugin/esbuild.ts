import type { PluginOptions } from "./options.ts";
import { adjoint } from "./plugin.ts";

export type { PluginOptions };

/** Keeps the trainers of a project's models current while esbuild builds or serves it. Its type is esbuild's own, which this package does not install. */
const plugin: (options?: PluginOptions) => any = adjoint.esbuild;
export default plugin;
