/**
 * The square product of both targets beside OpenBLAS's and PyTorch's on one thread, in turns, by processor time: the bound of what a step of products can reach.
 *   npx tsx bench/rates.ts [--python <python that imports torch>] [--repeats 9]
 */

import { parseArgs } from "node:util";
import { timeOf, yardstick } from "./prototypes/sgemm.ts";
import { sgemm } from "./sgemm.ts";
import { median } from "./timing.ts";

const { values } = parseArgs({ options: { python: { type: "string", default: "python3" }, repeats: { type: "string", default: "9" } } });
const ours = await Promise.all((["wasm", "typescript"] as const).map(async (target) => ({ name: target, ...(await yardstick(target)) })));
const peers = await Promise.all((["openblas", "torch"] as const).map((library) => sgemm(values.python, library)));
const turns: { readonly own: readonly number[]; readonly theirs: readonly (number | undefined)[] }[] = [];
for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
  const own = ours.map(({ flops, run }) => flops / 1e6 / timeOf(run, 40));
  const theirs: (number | undefined)[] = [];
  for (const peer of peers) theirs.push(await peer?.ask());
  turns.push({ own, theirs });
}
ours.forEach(({ name }, n) => console.log(`${name.padEnd(24)} ${median(turns.map(({ own }) => own[n]!)).toFixed(1)} GFLOP/s`));
peers.forEach((peer, n) => {
  if (peer === undefined) return;
  const ratio = median(turns.map(({ own, theirs }) => own[0]! / theirs[n]!));
  console.log(
    `${peer.version.padEnd(24)} ${median(turns.map(({ theirs }) => theirs[n]!)).toFixed(1)} GFLOP/s, of which WebAssembly's is ${ratio.toFixed(3)}`,
  );
  peer.end();
});
