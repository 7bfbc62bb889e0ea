/**
 * Laws of windows, the parts of buffers that turns of a loop read and store: each is one of equal places of its buffer, and moves with the loop around alone;
 * a turn stores where the turn before did not, and finds a carry where that left it, the first turn where it was put before the loop.
 */

import { sizeOf } from "../../graph/type.ts";
import { loadsOf } from "../build.ts";
import { evaluate, namesIn } from "../index-expression.ts";
import type { Buffer, Call, Entry, Kernel, Turns } from "../loop.ts";
import { printName } from "../text/index.ts";
import { loopAround, slicesOf } from "../turns.ts";
import { fail } from "./place.ts";

type Windowed = Buffer & Required<Pick<Buffer, "window">>;

const isWindow = (buffer: Buffer | undefined): buffer is Windowed => buffer?.window !== undefined;

/** Every window is a part of a buffer that is none, of its dtype. */
export function verifyWindow(buffer: Buffer, buffers: ReadonlyMap<string, Buffer>, culprit: string): void {
  if (!isWindow(buffer)) return;
  const name = printName(buffer.name);
  const whole = buffers.get(buffer.window.of);
  if (whole === undefined) fail(culprit, `${culprit}: a window is a part of a buffer, but of ${name} there is no ${buffer.window.of}`);
  if (whole.window !== undefined) fail(culprit, `${culprit}: a window is a part of a whole buffer, but ${name} is one of another window`);
  if (whole.dtype !== buffer.dtype)
    fail(
      culprit,
      `${culprit}: a window has its buffer's dtype, but ${name} is ${buffer.dtype} and ${printName(whole.name)} ${whole.dtype}`,
    );
}

/** What a call stores it may read too, once it did. */
interface Accesses {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** The windows of an entry, turn by turn. */
export function verifyWindows(entry: Entry, buffers: ReadonlyMap<string, Buffer>, kernels: ReadonlyMap<string, Kernel>): void {
  const culprit = `entry ${printName(entry.name)}`;
  const accesses = entry.calls.map((call) => accessesOf(call, kernels));
  accesses.forEach(({ reads, writes }, n) => {
    for (const name of [...reads, ...writes]) {
      const buffer = buffers.get(name);
      if (isWindow(buffer)) verifyPlace(buffer, loopAround(entry.loops, n), buffers, culprit);
    }
  });
  for (const loop of entry.loops ?? []) verifyTurns(loop, accesses, buffers, culprit);
}

function accessesOf(call: Call, kernels: ReadonlyMap<string, Kernel>): Accesses {
  if (call.kind !== "call")
    return { reads: loadsOf(call.value).map(({ buffer }) => buffer), writes: call.kind === "store" ? [call.buffer] : [] };
  const { params } = kernels.get(call.kernel)!; // verified before
  const args = (holds: (access: string) => boolean): string[] => params.flatMap(({ access }, n) => (holds(access) ? [call.args[n]!] : []));
  return { reads: args((access) => access === "read"), writes: args((access) => access !== "read") };
}

/** A window lies in its buffer, and is one of equal places of it at every turn. */
function verifyPlace(
  { name, shape, window }: Windowed,
  loop: Turns | undefined,
  buffers: ReadonlyMap<string, Buffer>,
  culprit: string,
): void {
  const shown = printName(name);
  const stranger = [...namesIn(window.at)].find((turn) => turn !== loop?.turn.name);
  if (stranger !== undefined)
    fail(
      culprit,
      `${culprit}: a window moves with the loop around its use, but ${shown} moves with ${stranger}, and is used outside of it`,
    );
  const [length, all] = [sizeOf(shape), sizeOf(buffers.get(window.of)!.shape)];
  for (const turn of loop === undefined ? [0] : slicesOf(loop)) {
    const at = atTurn(window.at, loop, turn);
    const when = loop === undefined ? "" : ` at turn ${turn}`;
    if (at < 0 || at + length > all)
      fail(culprit, `${culprit}: a window lies in its buffer, but ${shown}${when} is ${at} .. ${at + length} of ${all} elements`);
    if (loop !== undefined && at % length !== 0)
      fail(culprit, `${culprit}: a window is one of equal places, but ${shown}${when} begins at ${at}, which is no multiple of ${length}`);
  }
}

const atTurn = (at: Windowed["window"]["at"], loop: Turns | undefined, turn: number): number =>
  evaluate(at, new Map(loop === undefined ? [] : [[loop.turn.name, turn]]));

/** A place in a buffer, as a key. */
const placeOf = ({ shape, window }: Windowed, loop: Turns, turn: number): string =>
  `${window.of} ${atTurn(window.at, loop, turn)} ${sizeOf(shape)}`;

function verifyTurns(loop: Turns, accesses: readonly Accesses[], buffers: ReadonlyMap<string, Buffer>, culprit: string): void {
  const inside = accesses.slice(loop.first, loop.last + 1);
  const windowsIn = (names: readonly string[]): Windowed[] => names.map((name) => buffers.get(name)).filter(isWindow);
  const stored = new Set(inside.flatMap(({ writes }) => windowsIn(writes).map(({ window }) => window.of)));
  const putBefore = accesses
    .slice(0, loop.first)
    .flatMap(({ writes }) => windowsIn(writes).filter(({ window }) => namesIn(window.at).size === 0));
  const begun = new Set(putBefore.map((one) => placeOf(one, loop, 0)));
  let before: ReadonlySet<string> = begun;
  for (const turn of slicesOf(loop)) {
    const now = new Set<string>();
    for (const { reads, writes } of inside) {
      for (const read of windowsIn(reads)) {
        const place = placeOf(read, loop, turn);
        if (!stored.has(read.window.of) || now.has(place) || before.has(place)) continue;
        const whose = before === begun ? "before the loop" : "by the turn before";
        fail(
          culprit,
          `${culprit}: a carry is read where it was left ${whose}, but at turn ${turn} ${printName(read.name)} is another place`,
        );
      }
      for (const write of windowsIn(writes)) {
        const place = placeOf(write, loop, turn);
        if (before !== begun && before.has(place))
          fail(
            culprit,
            `${culprit}: a turn stores where the turn before did not, but ${printName(write.name)} at turn ${turn} is its place again`,
          );
        now.add(place);
      }
    }
    before = now;
  }
}
