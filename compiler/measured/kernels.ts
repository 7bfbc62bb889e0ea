/**
 * Schedules chosen by measurement on this machine: for each kernel the fastest of its candidates, all of which have the same bits,
 * or the cost model's own where none is faster beyond noise. A kernel runs alone, over random contents of its parameters' sizes.
 *
 * First sizes are tried in the modelled order of loops, then orders of the best size; the best few are then measured in turns.
 */

import { CompilerFault } from "../graph/error.ts";
import type { Kernel } from "../loop/loop.ts";
import type { Lowered } from "../driver/lower.ts";
import { ordersOf, sameTile, sizesOf, type Site } from "../passes/loops/candidates.ts";
import { rooflineOf, bytesMoved } from "../passes/loops/cost.ts";
import { sizeInBytes } from "../passes/placement/place.ts";
import { nestUnder } from "../passes/loops/schedule.ts";
import type { Tile } from "../passes/loops/tile.ts";
import { printTile } from "../passes/loops/tile-text.ts";
import { fill, MILLISECONDS, placed, ROUNDS, sample, warm, type AsPrinted } from "./running.ts";
import { median } from "./step.ts";
import { kernelSites, type Measured } from "../driver/schedules.ts";
import type { Alone } from "../targets/target.ts";

/** Of the step's time at best, what a kernel takes at least to be measured. */
const LEAST_SHARE = 0.003;
/** A schedule is chosen against the cost model's from this gain on; less may be noise. */
const LEAST_GAIN = 1.03;
/** Candidates that are measured in turns. */
const FINALISTS = 4;

/** Measures the kernels of a trainer that the cost model scheduled. Takes seconds to minutes. */
export async function measureSchedules(lowered: Lowered, progress?: (text: string) => void): Promise<readonly Measured[]> {
  const { entries, module, target, facts } = lowered;
  const { alone, machine } = target;
  if (alone === undefined) return []; // nobody tunes what is for readers
  const asPrinted: AsPrinted = (kernels, bytes) => alone(kernels, bytes, facts);
  const sites = [...kernelSites(entries, module, machine)].map(([kernel, [site]]) => ({ kernel, site: site! }));
  const calls = module.entries.flatMap((entry) => entry.calls.flatMap((call) => (call.kind === "call" ? [call.kernel] : [])));
  const weighed = sites.map((one) => ({
    ...one,
    seconds:
      predicted(
        one.site,
        module.kernels.find(({ name }) => name === one.kernel)!,
      ) * calls.filter((name) => name === one.kernel).length,
  }));
  const all = weighed.reduce((sum, { seconds }) => sum + seconds, 0);
  const worth = weighed.filter(
    ({ site, seconds }) => seconds >= LEAST_SHARE * all && sizesOf(site).length + ordersOf(site.modelled, site).length > 2,
  );
  const measured: Measured[] = [];
  for (const [n, { kernel, site }] of worth.entries()) {
    progress?.(`measuring ${kernel}, ${n + 1} of ${worth.length}`);
    const found = await measureKernel(kernel, site, asPrinted);
    measured.push(found);
  }
  return measured;
}

/** Seconds of a kernel at best. */
function predicted({ group, machine, buffers }: Site, { flops }: Kernel): number {
  const bytes = bytesMoved(group, (name) => {
    const buffer = buffers.get(name);
    return buffer === undefined ? 0 : sizeInBytes(buffer);
  });
  return rooflineOf(flops, bytes, machine).seconds;
}

async function measureKernel(kernel: string, site: Site, asPrinted: AsPrinted): Promise<Measured> {
  const sized = await race(kernel, site, sizesOf(site), asPrinted);
  const best = sized[0]!;
  const ordered = ordersOf(best.tile, site);
  const finalists = [site.modelled, ...sized.slice(0, FINALISTS).map(({ tile }) => tile)];
  const raced = ordered.length > 1 ? await race(kernel, site, [...ordered, ...finalists], asPrinted) : sized;
  const last = distinct([site.modelled, ...raced.slice(0, FINALISTS).map(({ tile }) => tile)]);
  const [modelled, ...others] = await inTurns(kernel, site, last, asPrinted);
  const fastest = others.reduce((least, one) => (one.seconds < least.seconds ? one : least), modelled!);
  const chosen = modelled!.seconds / fastest.seconds >= LEAST_GAIN ? fastest : modelled!;
  const { axes } = site.group;
  return {
    kernel,
    schedule: printTile(chosen.tile, axes),
    modelled: printTile(site.modelled, axes),
    microseconds: [chosen.seconds * 1e6, modelled!.seconds * 1e6],
  };
}

const distinct = (tiles: readonly Tile[]): readonly Tile[] =>
  tiles.filter((tile, n) => tiles.findIndex((one) => sameTile(one, tile)) === n);

interface Timed {
  readonly tile: Tile;
  /** One call. */
  readonly seconds: number;
}

/** Each candidate by itself, the fastest first; one that is far behind is left at once. */
async function race(kernel: string, site: Site, tiles: readonly Tile[], asPrinted: AsPrinted): Promise<readonly Timed[]> {
  const running = await runningOf(kernel, site, distinct(tiles), asPrinted);
  let least = Infinity;
  const timed = running.map(({ tile, run }): Timed => {
    let seconds = sample(run, MILLISECONDS / 2);
    for (let n = 0; n < 2 && seconds < 1.3 * least; n++) seconds = Math.min(seconds, sample(run, MILLISECONDS / 2));
    least = Math.min(least, seconds);
    return { tile, seconds };
  });
  return timed.sort((a, b) => a.seconds - b.seconds);
}

/** Medians of several rounds, one candidate after the other in each. */
async function inTurns(kernel: string, site: Site, tiles: readonly Tile[], asPrinted: AsPrinted): Promise<readonly Timed[]> {
  const running = await runningOf(kernel, site, tiles, asPrinted);
  const samples = running.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) running.forEach(({ run }, n) => samples[n]!.push(sample(run, MILLISECONDS)));
  return running.map(({ tile }, n) => ({ tile, seconds: median(samples[n]!) }));
}

interface Running {
  readonly tile: Tile;
  readonly run: () => void;
}

/** The candidates as functions, warm. Throws a CompilerFault where one computes other bits than the modelled schedule. */
async function runningOf(kernel: string, site: Site, tiles: readonly Tile[], asPrinted: AsPrinted): Promise<readonly Running[]> {
  const { group, machine, buffers, modelled } = site;
  const all = [modelled, ...tiles].flatMap((tile) => {
    const built = nestUnder(tile, group, machine, buffers);
    return built === undefined ? [] : [{ tile, built }];
  });
  const { offsets, bytes } = placed(all[0]!.built.args, buffers);
  const kernels = all.map(({ built: { params, body } }): Kernel => ({ name: kernel, doc: [], params, body, flops: 0 }));
  const alone = await asPrinted(kernels, bytes);
  const runs = all.map(({ tile, built }, n) => ({
    tile,
    run: alone.call(
      n,
      built.args.map((name) => offsets.get(name)!),
    ),
  }));
  checkBits(kernel, site, alone, offsets, runs);
  await warm(runs.map(({ run }) => run));
  return runs.slice(1);
}

/** Each candidate makes of the same contents what the first one, the modelled, does. */
function checkBits(kernel: string, site: Site, { arena }: Alone, offsets: ReadonlyMap<string, number>, runs: readonly Running[]): void {
  const floats = new Float32Array(arena);
  const bits = new Int32Array(arena);
  let expected: Int32Array | undefined;
  for (const { tile, run } of runs) {
    fill(arena, site.buffers, offsets);
    run();
    expected ??= bits.slice();
    const at = bits.findIndex((one, n) => one !== expected![n] && !Number.isNaN(floats[n]));
    if (at >= 0)
      throw new CompilerFault(
        "schedule",
        `${kernel} has other bits under the schedule ${JSON.stringify(printTile(tile, site.group.axes))}, at element ${at} of its arena`,
      );
  }
}
