/** Laws of a kernel: every access in bounds, every name defined before use with one dtype, lanes in lockstep. */

import { conjuncts } from "../build.ts";
import { obstacle } from "../lanes.ts";
import type { Kernel, Stmt } from "../loop.ts";
import { printName, printStmt } from "../text/index.ts";
import { rangeOfLoop } from "./bounds.ts";
import { atLine, defineLocal, fail, fits, outermost, unique, type Place } from "./place.ts";
import { verifyAccess, verifyIndex, verifyScalar } from "./scalar.ts";

/** A kernel by itself: whoever calls it gives what its parameters say. */
export function verifyKernel(kernel: Kernel): void {
  const culprit = `kernel ${printName(kernel.name)}`;
  unique(
    culprit,
    "parameters",
    kernel.params.map((p) => p.name),
  );
  const empty = kernel.params.find((p) => !Number.isInteger(p.length) || p.length < 0);
  if (empty !== undefined)
    fail(culprit, `${culprit}: a length is a whole number, but ${printName(empty.name)} has ${empty.length} elements`);
  verifyBody(kernel.body, outermost(culprit, new Map(kernel.params.map((p) => [p.name, p]))));
}

function verifyBody(body: readonly Stmt[], outer: Place): void {
  const block = { ...outer, locals: new Map(outer.locals) };
  for (const s of body) verifyStmt(s, atLine(block, printStmt(s)));
}

function verifyStmt(s: Stmt, place: Place): void {
  switch (s.kind) {
    case "for":
      return verifyLoop(s, place);
    case "let":
      verifyScalar(s.value, place);
      return defineLocal(s.name, s.dtype, s.value, s.mutable, place);
    case "assign": {
      verifyScalar(s.value, place);
      const local = place.locals.get(s.name);
      if (local === undefined) place.complain(`a local is defined before it is assigned, but ${printName(s.name)} is not`);
      if (!local.mutable) place.complain(`only a mutable local is assigned, but ${printName(s.name)} is a let`);
      return fits(`local ${printName(s.name)}`, local.dtype, s.value.dtype, place);
    }
    case "store": {
      verifyScalar(s.value, place);
      const name = printName(s.buffer);
      const buffer = place.buffers.get(s.buffer);
      if (buffer === undefined) place.complain(`a store goes to a parameter, but there is none called ${name}`);
      if (buffer.access === "read") place.complain(`a read parameter is never stored to, but ${name} is; declare it write or update`);
      fits(name, buffer.dtype, s.value.dtype, place);
      verifyAccess("store", s.buffer, buffer.length, s.at, place);
      place.stored.add(s.buffer);
      return;
    }
    case "if":
      verifyScalar(s.when, place);
      fits("a condition", "bool", s.when.dtype, place);
      return verifyBody(s.then, { ...place, guards: [...place.guards, ...conjuncts(s.when)] });
  }
}

function verifyLoop(s: Extract<Stmt, { kind: "for" }>, place: Place): void {
  const name = printName(s.index);
  if (!Number.isInteger(s.step) || s.step < 1) place.complain(`a step is a whole number from 1, but it is ${s.step}`);
  if (place.loops.has(s.index) || place.locals.has(s.index)) place.complain(`a name has one meaning, but ${name} is already defined here`);
  verifyIndex(s.from, place);
  verifyIndex(s.to, place);
  const range = rangeOfLoop(s, place.loops);
  if (range[0] < 0) place.complain(`a loop runs from 0 or more, but ${name} starts at ${range[0]}`);
  if (s.unrolled !== undefined) {
    if (!Number.isInteger(s.unrolled) || s.unrolled < 2)
      place.complain(`at least 2 iterations are written in a row, but of ${name} it is ${s.unrolled}`);
    if (s.form === "vector" || s.step !== 1 || s.to.terms.length > 0)
      place.complain(`an unrolled loop goes one by one to a known end, but ${name} does not`);
  }
  if (s.only !== undefined) {
    verifyScalar(s.only, place);
    fits(`the one iteration of ${name}`, "i32", s.only.dtype, place);
    if (
      s.form === "vector" ||
      s.step !== 1 ||
      s.unrolled !== undefined ||
      s.from.terms.length + s.to.terms.length > 0 ||
      s.from.offset !== 0
    )
      place.complain(`a loop of one iteration goes from 0 one by one to a known end, but ${name} does not`);
  }
  const law = s.form === "vector" ? obstacle(s, new Map([...place.buffers].map(([buffer, { length }]) => [buffer, length]))) : undefined;
  if (law !== undefined) place.complain(`the iterations of a vector loop run in lockstep, but ${law}`);
  const loop = { from: s.from, to: s.to, step: s.step, range };
  verifyBody(s.body, { ...place, loops: new Map([...place.loops, [s.index, loop]]) });
}
