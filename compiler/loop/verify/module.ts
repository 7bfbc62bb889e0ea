/** Laws of programs and modules: calls fit their kernels, slots lie aligned in the arena, buffers are used only while they live. */

import { bytesOf, sizeOf } from "../../graph/type.ts";
import { mapScalar } from "../build.ts";
import type { Buffer, Call, Entry, EntryResult, Kernel, Module, Program, Slot } from "../loop.ts";
import { printName, printScalar } from "../text/index.ts";
import { verifyKernel } from "./kernel.ts";
import { atLine, defineLocal, fail, fits, outermost, unique, type Place, type Storage } from "./place.ts";
import { verifyScalar } from "./scalar.ts";
import { verifyWindow, verifyWindows } from "./windows.ts";

/** A program: its kernels, and its calls of them. */
export function verifyProgram(p: Program): void {
  const culprit = `program ${printName(p.name)}`;
  unique(
    culprit,
    "buffers",
    p.buffers.map((b) => b.name),
  );
  unique(
    culprit,
    "kernels",
    p.kernels.map((k) => k.name),
  );
  for (const kernel of p.kernels) verifyKernel(kernel);
  verifyCalls(p, culprit, p.buffers, p.kernels);
}

/** A module: its kernels, where every buffer lies, and each entry's calls. */
export function verifyModule(m: Module): void {
  const culprit = `module ${printName(m.name)}`;
  unique(
    culprit,
    "buffers",
    m.buffers.map((b) => b.name),
  );
  unique(
    culprit,
    "kernels",
    m.kernels.map((k) => k.name),
  );
  unique(
    culprit,
    "entries",
    m.entries.map((e) => e.name),
  );
  unique(
    culprit,
    "slots",
    m.slots.map((s) => s.buffer),
  );
  for (const kernel of m.kernels) verifyKernel(kernel);
  const buffers = new Map(m.buffers.map((b) => [b.name, b]));
  for (const buffer of m.buffers) verifyWindow(buffer, buffers, culprit);
  for (const slot of m.slots) verifySlot(slot, buffers.get(slot.buffer), m, culprit);
  const slots = new Map(m.slots.map((s) => [s.buffer, s]));
  const byName = new Map(m.kernels.map((k) => [k.name, k]));
  for (const entry of m.entries) {
    verifyCalls(entry, `entry ${printName(entry.name)}`, m.buffers, m.kernels);
    verifyLives(entry, slots);
    verifyWindows(entry, buffers, byName);
  }
}

/** An entry's straight line. */
type StraightLine = Pick<Program, "name" | "calls" | "results">;

function verifyCalls(line: StraightLine, culprit: string, buffers: readonly Buffer[], kernels: readonly Kernel[]): void {
  const storage = new Map(buffers.map((b): [string, Storage] => [b.name, { dtype: b.dtype, length: sizeOf(b.shape), access: "update" }]));
  const roles = new Map(buffers.map((b) => [b.name, b.role]));
  const byName = new Map(kernels.map((k) => [k.name, k]));
  const place = outermost(culprit, storage);
  const mayWrite = (buffer: string, here: Place): void => {
    const role = roles.get(buffer);
    if (role === "input" || role === "constant" || role === "hyper")
      here.complain(`a step never writes what is given to it, but ${printName(buffer)} is ${role}`);
  };
  for (const call of line.calls) {
    const here: Place = atLine(place, callText(call));
    if (call.kind === "call") {
      const kernel = byName.get(call.kernel);
      if (kernel === undefined) here.complain(`a call names a kernel of the program, but there is no ${printName(call.kernel)}`);
      verifyArguments(call.args, kernel, storage, here);
      kernel.params.forEach((p, n) => p.access !== "read" && mayWrite(call.args[n]!, here));
      continue;
    }
    verifyScalar(call.value, here);
    if (call.kind === "let") {
      defineLocal(call.name, call.dtype, call.value, false, here);
      continue;
    }
    const to = storage.get(call.buffer);
    const name = printName(call.buffer);
    if (to === undefined) here.complain(`a store goes to a buffer of the program, but there is no ${name}`);
    if (to.length !== 1) here.complain(`a scalar is stored to a buffer of one element, but ${name} has ${to.length}`);
    if (to.dtype !== call.dtype) here.complain(`a store has its buffer's dtype, but ${name} is ${to.dtype} and the store is ${call.dtype}`);
    fits(name, to.dtype, call.value.dtype, here);
    mayWrite(call.buffer, here);
  }
  for (const result of line.results) verifyResult(result, place);
}

/** A call as a complaint shows it. */
function callText(call: Call): string {
  if (call.kind === "call") return `${printName(call.kernel)}(${call.args.map(printName).join(", ")})`;
  if (call.kind === "let") return `let ${printName(call.name)} = ${printScalar(call.value)}`;
  return `${printName(call.buffer)} = ${printScalar(call.value)}`;
}

function verifyArguments(args: readonly string[], kernel: Kernel, storage: ReadonlyMap<string, Storage>, place: Place): void {
  if (args.length !== kernel.params.length)
    place.complain(
      `a call gives every parameter a buffer, but ${printName(kernel.name)} has ${kernel.params.length} and the call gives ${args.length}`,
    );
  kernel.params.forEach((p, n) => {
    const name = args[n]!;
    const buffer = storage.get(name);
    if (buffer === undefined) place.complain(`an argument is a buffer of the program, but there is no ${printName(name)}`);
    if (buffer.dtype === p.dtype && buffer.length === p.length) return;
    place.complain(
      `an argument has its parameter's dtype and length, but ${printName(p.name)} is ${p.dtype}[${p.length}] and ${printName(name)} is ${buffer.dtype}[${buffer.length}]`,
    );
  });
}

function verifyResult(r: EntryResult, place: Place): void {
  const length = sizeOf(r.shape);
  const local = place.locals.get(r.value);
  const found = local === undefined ? place.buffers.get(r.value) : { dtype: local.dtype, length: 1 };
  if (found === undefined) place.complain(`a result is a local or a buffer, but there is no ${printName(r.value)}`);
  if (found.dtype === r.dtype && found.length === length) return;
  place.complain(
    `a result has its value's dtype and length, but ${printName(r.name)} is ${r.dtype}[${length}] and ${printName(r.value)} is ${found.dtype}[${found.length}]`,
  );
}

function verifySlot(slot: Slot, buffer: Buffer | undefined, m: Module, culprit: string): void {
  const name = printName(slot.buffer);
  if (buffer === undefined) fail(culprit, `${culprit}: a slot belongs to a buffer, but there is no ${name}`);
  const unit = bytesOf(buffer.dtype);
  const needs = sizeOf(buffer.shape) * unit;
  const end = slot.offset + slot.bytes;
  if (!(slot.offset >= 0 && end <= m.arenaBytes))
    fail(culprit, `${culprit}: a slot lies inside the arena, but ${name} is at ${slot.offset} .. ${end} of ${m.arenaBytes} bytes`);
  if (slot.offset % unit !== 0)
    fail(culprit, `${culprit}: a slot starts at a multiple of its element's ${unit} bytes, but ${name} is at ${slot.offset}`);
  if (slot.bytes < needs) fail(culprit, `${culprit}: a slot holds its buffer, but ${name} needs ${needs} bytes and has ${slot.bytes}`);
}

/** Every buffer that a call touches has a slot, and lives at that call. */
function verifyLives(entry: Entry, slots: ReadonlyMap<string, Slot>): void {
  const culprit = `entry ${printName(entry.name)}`;
  entry.calls.forEach((call, n) => {
    for (const buffer of touched(call)) {
      const slot = slots.get(buffer);
      const name = printName(buffer);
      if (slot === undefined) fail(culprit, `${culprit}: a buffer that is used has a slot, but ${name} has none\n\n    ${callText(call)}`);
      if (slot.live === "always" || (slot.live[0] <= n && n <= slot.live[1])) continue;
      fail(
        culprit,
        `${culprit}: a buffer is used only while it lives, but ${name} lives in calls ${slot.live[0]}..${slot.live[1]} and call ${n} uses it\n\n    ${callText(call)}`,
      );
    }
  });
}

/** Buffers that a call reads or stores. */
function touched(call: Call): Set<string> {
  if (call.kind === "call") return new Set(call.args);
  const buffers = new Set(call.kind === "store" ? [call.buffer] : []);
  mapScalar(call.value, (part) => {
    if (part.kind === "load") buffers.add(part.buffer);
    return part;
  });
  return buffers;
}
