/** A kernel over arrays: its loops, statement by statement. */

import { VerifyError } from "../../graph/error.ts";
import type { Kernel, Param, Stmt } from "../loop.ts";
import { stored, type Precision } from "./functions.ts";
import { loadReader, type Place } from "./memory.ts";
import { indexReader, scalarReader, type Cell, type Environment, type Get } from "./scalar.ts";

/** What names mean inside a kernel. */
interface Frame {
  readonly kernel: Kernel;
  readonly precision: Precision;
  readonly places: ReadonlyMap<string, { readonly param: Param; readonly place: Place }>;
  readonly indices: ReadonlyMap<string, Cell>;
  readonly locals: Map<string, Cell>;
}

function environmentOf(frame: Frame): Environment {
  const who = `kernel ${frame.kernel.name}`;
  const cell = (what: string, cells: ReadonlyMap<string, Cell>, name: string): Get => {
    const found = cells.get(name);
    if (found === undefined) throw new VerifyError(frame.kernel.name, `${who}: ${what} ${name} is not defined here`);
    return () => found.value;
  };
  return {
    precision: frame.precision,
    index: (name) => cell("index", frame.indices, name),
    local: (name) => cell("local", frame.locals, name),
    load: ({ buffer }, at) => loadReader(who, buffer, placeOf(frame, buffer).place, at),
  };
}

function placeOf(frame: Frame, name: string): { readonly param: Param; readonly place: Place } {
  const found = frame.places.get(name);
  if (found !== undefined) return found;
  throw new VerifyError(frame.kernel.name, `kernel ${frame.kernel.name}: ${name} is no parameter of it`);
}

type Run = () => void;

function bodyRunner(body: readonly Stmt[], outer: Frame): Run {
  const frame: Frame = { ...outer, locals: new Map(outer.locals) };
  const steps = body.map((s) => stmtRunner(s, frame));
  return () => {
    for (const step of steps) step();
  };
}

function stmtRunner(s: Stmt, frame: Frame): Run {
  const env = environmentOf(frame);
  switch (s.kind) {
    case "for": {
      const [from, to, by] = [indexReader(s.from, env), indexReader(s.to, env), s.step];
      const at: Cell = { value: 0 };
      const body = bodyRunner(s.body, {
        ...frame,
        indices: new Map([...frame.indices, [s.index, at]]),
      });
      if (s.only !== undefined) {
        const only = scalarReader(s.only, env);
        return () => {
          at.value = only();
          if (0 <= at.value && at.value < to()) body();
        };
      }
      return () => {
        const end = to();
        for (let n = from(); n < end; n += by) {
          at.value = n;
          body();
        }
      };
    }
    case "let": {
      const value = scalarReader(s.value, env);
      const cell: Cell = { value: NaN };
      frame.locals.set(s.name, cell);
      return () => void (cell.value = value());
    }
    case "assign": {
      const cell = frame.locals.get(s.name);
      if (cell === undefined) throw new VerifyError(frame.kernel.name, `kernel ${frame.kernel.name}: local ${s.name} is not defined here`);
      const value = scalarReader(s.value, env);
      return () => void (cell.value = value());
    }
    case "store":
      return storeRunner(s, frame, env);
    case "if": {
      const when = scalarReader(s.when, env);
      const then = bodyRunner(s.then, frame);
      return () => {
        if (when() !== 0) then();
      };
    }
  }
}

function storeRunner(s: Extract<Stmt, { kind: "store" }>, frame: Frame, env: Environment): Run {
  const { param, place } = placeOf(frame, s.buffer);
  const who = `kernel ${frame.kernel.name}`;
  if (param.access === "read") throw new VerifyError(frame.kernel.name, `${who} stores to ${s.buffer}, which it only reads`);
  const { values, written, buffer } = place;
  const at = indexReader(s.at, env);
  const value = scalarReader(s.value, env);
  const keep = stored(param.dtype, frame.precision);
  return () => {
    const n = at();
    if (!(n >= 0 && n < values.length))
      throw new VerifyError(frame.kernel.name, `${who} stores ${s.buffer}[${n}], but ${buffer} has ${values.length} elements`);
    values[n] = keep(value());
    if (written !== undefined) written[n] = 1;
  };
}

/** Runs a kernel over storage, in the order of its parameters. */
export function runKernel(kernel: Kernel, places: readonly Place[], precision: Precision): void {
  if (places.length !== kernel.params.length)
    throw new VerifyError(kernel.name, `kernel ${kernel.name} takes ${kernel.params.length} buffers, but was given ${places.length}`);
  const byName = new Map(kernel.params.map((param, n) => [param.name, { param, place: places[n]! }]));
  bodyRunner(kernel.body, {
    kernel,
    precision,
    places: byName,
    indices: new Map(),
    locals: new Map(),
  })();
}

/** Runs one kernel over arrays, in the order of its parameters. */
export function interpretKernel(kernel: Kernel, args: readonly Float64Array[], precision: Precision = "single"): void {
  const places = args.map((values, n) => ({ buffer: kernel.params[n]?.name ?? `${n}`, values, written: undefined }));
  runKernel(kernel, places, precision);
}
