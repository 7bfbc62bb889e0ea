/** What a bundler's configuration may say to the plugin; everything else is in adjoint.config.ts, which the command line reads too. */
export interface PluginOptions {
  /** The folder of adjoint.config.ts, models/ and generated/; default: the bundler's root, or where it runs. */
  readonly root?: string;
  /** Whether the files of all models are kept; false for those who only import with `?trainer`. Default: true. */
  readonly files?: boolean;
}
