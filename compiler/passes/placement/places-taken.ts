/**
 * Guarantees which results are stored over an operand that dies where they are made: one result for each place, of the same size, and
 * only where the kernel's loops allow it (in-place.ts).
 *   call relu(z, h)    z live 3..4, h live 4..9   →   h over z
 */

import type { Buffer, Kernel, Param, Program } from "../../loop/loop.ts";
import { loopAround } from "../../loop/turns.ts";
import { mayTakePlace } from "./in-place.ts";

type Life = readonly [first: number, last: number];

/** The operand whose place a result takes, by the result. `lives` are those of the program's own buffers: what is pinned has none. */
export function placesTaken(
  { calls, kernels, buffers, loops }: Program,
  lives: ReadonlyMap<string, Life>,
  threads: number | undefined,
): ReadonlyMap<string, string> {
  const byName = new Map(kernels.map((kernel) => [kernel.name, kernel]));
  const given = new Set(buffers.flatMap(({ name, role }) => (isGiven(role) ? [name] : [])));
  const over = new Map<string, string>();
  const taken = new Set<string>();
  calls.forEach((call, n) => {
    if (call.kind !== "call") return;
    const kernel = byName.get(call.kernel)!;
    const once = kernel.params.filter((_, at) => call.args.indexOf(call.args[at]!) === call.args.lastIndexOf(call.args[at]!));
    const argOf = (param: Param): string => call.args[kernel.params.indexOf(param)]!;
    const made = once.filter((param) => lives.get(argOf(param))?.[0] === n && !given.has(argOf(param)));
    // what comes from around a loop is read again at its next turn
    const begins = loopAround(loops, n)?.first;
    const mayDie = (buffer: string): boolean => begins === undefined || (lives.get(buffer)![0] >= begins && !given.has(buffer));
    // what was made last has the shortest life behind it
    const dying = once
      .filter((param) => lives.get(argOf(param))?.[1] === n && mayDie(argOf(param)))
      .sort((a, b) => lives.get(argOf(b))![0] - lives.get(argOf(a))![0]);
    for (const result of made) {
      const operand = dying.find((param) => !taken.has(argOf(param)) && allows(kernel, param, result, threads));
      if (operand === undefined) continue;
      over.set(argOf(result), argOf(operand));
      taken.add(argOf(operand));
    }
  });
  return over;
}

/** Filled before the first statement. */
const isGiven = (role: Buffer["role"]): boolean => role === "input" || role === "constant";

/** Answers by the loops they are about: plans that are tried share loops. */
const known = new WeakMap<Kernel["body"], Map<string, boolean>>();

/** mayTakePlace, asked once of each pair. */
function allows(kernel: Kernel, operand: Param, result: Param, threads: number | undefined): boolean {
  const answers = known.get(kernel.body) ?? new Map<string, boolean>();
  known.set(kernel.body, answers);
  const key = JSON.stringify([operand.name, result.name, threads]);
  const answer = answers.get(key) ?? mayTakePlace(kernel, operand, result, threads);
  answers.set(key, answer);
  return answer;
}
