/** How long a call of each kernel takes on this machine as it was scheduled: what stands beside the roofline's prediction. */

import { bytesOf } from "../graph/type.ts";
import type { Lowered } from "../driver/lower.ts";
import { fill, MILLISECONDS, placed, ROUNDS, sample, warm } from "./running.ts";
import { median } from "./step.ts";

/**
 * Seconds of one call, by kernel: the median of several, each kernel alone and warm. Empty for a target whose files are for readers;
 * a kernel over float64 is left out.
 */
export async function measureCalls(
  { module, target, facts }: Pick<Lowered, "module" | "target" | "facts">,
  progress?: (text: string) => void,
): Promise<ReadonlyMap<string, number>> {
  const { alone } = target;
  const seconds = new Map<string, number>();
  if (alone === undefined) return seconds;
  const buffers = new Map(module.buffers.map((buffer) => [buffer.name, buffer]));
  const calls = module.entries.flatMap((entry) => entry.calls.flatMap((call) => (call.kind === "call" ? [call] : [])));
  for (const [n, kernel] of module.kernels.entries()) {
    const args = calls.find((call) => call.kernel === kernel.name)?.args;
    if (args === undefined || args.some((name) => bytesOf(buffers.get(name)!.dtype) !== 4)) continue;
    progress?.(`measuring ${kernel.name}, ${n + 1} of ${module.kernels.length}`);
    const { offsets, bytes } = placed(args, buffers);
    const running = await alone([kernel], bytes, facts);
    const run = running.call(
      0,
      args.map((name) => offsets.get(name)!),
    );
    fill(running.arena, buffers, offsets);
    await warm([run]);
    fill(running.arena, buffers, offsets);
    seconds.set(kernel.name, median(Array.from({ length: ROUNDS }, () => sample(run, MILLISECONDS))));
  }
  return seconds;
}
