/**
 * One plugin for all bundlers: keeps the files of models current, at the start of a build and at each edit of a model or of what it
 * imports. What it does is what the command line does, by the same keeper, with the same messages.
 */

import { existsSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { createUnplugin, type UnpluginContextMeta, type UnpluginOptions } from "unplugin";
import { withoutCertificate } from "../check/certificate.ts";
import { loadProject, type Project } from "../cli/config.ts";
import { jobsOf, type Job } from "../cli/jobs.ts";
import { keeper, trainerOf, type Failure, type Keeper, type Kept } from "../cli/keep.ts";
import { lineOf } from "../cli/watch.ts";
import type { PluginOptions } from "./options.ts";
import { hiddenFolder, jobAsked, QUERY, writeTypes } from "./query.ts";
import { keepingWeights } from "./weights.ts";

/** What the plugin knows of a job between two edits. */
interface Watched {
  readonly job: Job;
  readonly keep: Keeper;
  inputs: readonly string[];
  failure?: Failure | undefined;
  /** The trainer's text as it was last served, without its certificate: what only adds that is no change. */
  served?: string;
}

interface State {
  readonly project: Project;
  /** Those of the models, and those that an import asked for. */
  readonly watched: Watched[];
  /** Keeps what imports ask for. */
  readonly hidden: Keeper;
}

/** Environments of one process, such as a client's and a server's, share their compiles. */
const states = new Map<string, Promise<State>>();

const stateOf = (root: string, files: boolean): Promise<State> => {
  const known = states.get(root);
  if (known !== undefined) return known;
  const made = (async (): Promise<State> => {
    const project = await loadProject(relative(process.cwd(), root) || ".");
    const keep = keeper(project.out);
    const jobs = files ? jobsOf(project, project.out, [], {}) : [];
    return { project, watched: jobs.map((job) => ({ job, keep, inputs: [] })), hidden: keeper(hiddenFolder(root)) };
  })();
  // a configuration that is wrong is read again at the next build
  made.catch(() => states.delete(root));
  states.set(root, made);
  return made;
};

/** An error as bundlers show it: in the overlay, with its place. */
const errorOf = ({ message, file, line, column }: Failure): Error =>
  Object.assign(new Error(message), {
    plugin: "adjoint",
    ...(file === undefined ? {} : { id: resolve(file), loc: { file: resolve(file), line, column: (column ?? 1) - 1 } }),
  });

const isOf =
  (file: string) =>
  ({ inputs }: Watched): boolean =>
    inputs.includes(resolve(file));

/** Makes a job's files current; in development the check follows when the files are there already. */
async function renew(watched: Watched, development: boolean): Promise<Kept> {
  const { job, keep } = watched;
  const kept = await keep.keep(job, { check: !development });
  watched.inputs = kept.inputs;
  if (kept.outcome === "dropped") return kept;
  watched.failure = kept.failure;
  tell(kept);
  if (development && kept.outcome === "compiled" && !kept.checked) void keep.keep(job, { check: true }).then(tell);
  return kept;
}

const told = new WeakSet<Kept>();
/** Once for each compile, whoever asked. */
function tell(kept: Kept): void {
  if (told.has(kept) || kept.outcome === "dropped" || kept.outcome === "current") return;
  told.add(kept);
  console[kept.outcome === "failed" ? "error" : "info"](`[adjoint] ${lineOf(kept)}`);
}

interface Hooks {
  addWatchFile(path: string): void;
}

/** What webpack and Rspack have in common, as far as it matters here. */
interface Compiler {
  readonly hooks: Readonly<Record<"beforeRun" | "watchRun", { tapPromise(name: string, act: () => Promise<void>): void }>>;
}

/** Bundlers that read a file which a plugin names; with all others it has to load what it resolves. */
const READERS: ReadonlySet<string> = new Set(["webpack", "rspack", "rsbuild"]);

/** Everything that all bundlers do. */
function plugin(options: PluginOptions = {}, meta: UnpluginContextMeta): UnpluginOptions {
  let root = resolve(options.root ?? ".");
  let development = false;
  const state = (): Promise<State> => stateOf(root, options.files ?? true);
  const start = async (context: Hooks): Promise<void> => {
    const failures: Failure[] = [];
    for (const watched of (await state()).watched) {
      const { failure } = await renew(watched, development);
      for (const file of watched.inputs) context.addWatchFile(file);
      if (failure !== undefined) failures.push(failure);
    }
    const [first] = failures;
    // a server that serves goes on, and shows it where the trainer is asked for
    if (first !== undefined && !(development && meta.framework === "vite")) throw errorOf(first);
  };
  const before = ({ hooks }: Compiler): void => {
    const current = (watches: boolean) => async (): Promise<void> => {
      development = watches;
      await start({ addWatchFile() {} });
    };
    hooks.beforeRun.tapPromise("adjoint", current(false));
    hooks.watchRun.tapPromise("adjoint", current(true));
  };
  const asked = new Set<string>();
  const own: UnpluginOptions = {
    name: "adjoint",
    // before what a bundler itself finds: the model without its query
    enforce: "pre",
    resolveId: {
      filter: { id: QUERY },
      async handler(id, importer) {
        const { project, watched, hidden } = await state();
        const job = jobAsked(project, root, id, importer);
        const path = resolve(trainerOf(job));
        const known = watched.find((one) => trainerOf(one.job) === trainerOf(job));
        const one: Watched = known ?? { job, keep: hidden, inputs: [] };
        if (known === undefined) watched.push(one);
        if (known === undefined || !development || !existsSync(path)) await renew(one, development);
        for (const file of one.inputs) this.addWatchFile(file);
        if (one.failure !== undefined && !(development && existsSync(path))) throw errorOf(one.failure);
        writeTypes(root);
        asked.add(path);
        return path;
      },
    },
    ...(READERS.has(meta.framework) ? {} : { loadInclude: (id: string) => asked.has(id), load: (id: string) => readFileSync(id, "utf8") }),
    async buildStart() {
      await start({
        addWatchFile: (path) => {
          // neither esbuild nor Bun knows it at this point
          if (meta.framework !== "esbuild" && meta.framework !== "bun") this.addWatchFile(path);
        },
      });
    },
  };
  if (meta.framework !== "vite") {
    const { watchMode } = (meta as { rollup?: { watchMode?: boolean } }).rollup ?? {};
    development = watchMode === true;
    // they resolve the first imports while a build starts, so that trainers need to be there before
    return { ...own, webpack: before, rspack: before };
  }
  const watchedOf = async (file: string): Promise<readonly Watched[]> => (await state()).watched.filter(isOf(file));
  const servedAs = async (id: string): Promise<Watched | undefined> =>
    (await state()).watched.find(({ job }) => resolve(trainerOf(job)) === id.replace(/\?.*$/, ""));
  let mended = new Set<Watched>();
  // what a bundled development server shows: it asks for no module again that has not changed
  let show: ((payload: object) => void) | undefined;
  return {
    ...own,
    async watchChange(id) {
      if (!development) return;
      for (const watched of await watchedOf(id)) {
        const failed = watched.failure !== undefined;
        await renew(watched, development);
        if (failed && watched.failure === undefined) mended.add(watched);
        if (watched.failure !== undefined)
          show?.({ type: "error", err: { ...errorOf(watched.failure), message: watched.failure.message, stack: "" } });
        else if (failed) show?.({ type: "update", updates: [] }); // which takes the overlay away
        for (const file of watched.inputs) this.addWatchFile(file);
      }
    },
    vite: {
      configResolved(config) {
        root = resolve(options.root ?? config.root);
        development = config.command === "serve";
      },
      configureServer({ config, environments }) {
        if (config.experimental.bundledDev) show = (payload) => environments["client"]?.hot.send(payload as never);
      },
      async transform(code, id) {
        if (!development) return undefined;
        const watched = await servedAs(id);
        if (watched === undefined) return undefined;
        if (watched.failure !== undefined) throw errorOf(watched.failure);
        watched.served = withoutCertificate(readFileSync(trainerOf(watched.job), "utf8"));
        return { code: keepingWeights(code), map: null };
      },
      async hotUpdate({ file, modules }) {
        const served = await servedAs(file);
        if (served !== undefined && served.served === withoutCertificate(readFileSync(trainerOf(served.job), "utf8"))) return [];
        const shown = (await watchedOf(file)).filter((one) => one.failure !== undefined || mended.has(one));
        mended = new Set([...mended].filter((one) => !shown.includes(one)));
        const sidecars = shown.flatMap(({ job }) => [...(this.environment.moduleGraph.getModulesByFile(resolve(trainerOf(job))) ?? [])]);
        return sidecars.length === 0 ? undefined : [...modules, ...sidecars];
      },
    },
  };
}

export const adjoint = createUnplugin<PluginOptions | undefined>(plugin);
