import type { PluginOptions } from "./options.ts";
import { adjoint } from "./plugin.ts";

export type { PluginOptions };

/** Keeps the trainers of a project's models current while rsbuild builds or serves it. Its type is rsbuild's own, which this package does not install. */
const plugin: (options?: PluginOptions) => any = adjoint.rsbuild;
export default plugin;
