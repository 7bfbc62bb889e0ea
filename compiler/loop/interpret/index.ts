/** Guarantees the meaning of kernels and entries, run slowly and strictly: every access checked, dead and unwritten storage found. */

import { randomBits } from "../random.ts";
import { VerifyError } from "../../graph/error.ts";
import { sizeOf, type DType } from "../../graph/type.ts";
import type { Index } from "../index-expression.ts";
import type { Axis, Buffer, Call, Entry, Kernel, Module, Param, Scalar, ScalarFn, Stmt } from "../loop.ts";

/** Every buffer's elements by name, in double; a bool is 0 or 1. */
export type Memory = Map<string, Float64Array>;

/** `single` rounds at stores and at `round`, as storage does; `double` never rounds a float. */
export type Precision = "single" | "double";

export interface InterpretOptions {
  readonly precision?: Precision;
  /** Fills buffers with NaN outside their live range, and refuses to load what was not written since. */
  readonly poison?: boolean;
}

/** Storage for every buffer: constant and data contents filled in, everything else zero. */
export function createMemory({ buffers }: { readonly buffers: readonly Buffer[] }): Memory {
  return new Map(
    buffers.map(({ name, shape, initial }) => {
      const values = new Float64Array(sizeOf(shape));
      if (initial?.kind === "constant") values.fill(initial.value);
      if (initial?.kind === "data") values.set(initial.values);
      return [name, values];
    }),
  );
}

type Get = () => number;
interface Cell {
  value: number;
}
type Load = Extract<Scalar, { kind: "load" }>;

/** What a scalar's names mean; a scalar is read once into closures, then run at every point. */
interface Environment {
  readonly precision: Precision;
  index(name: string): Get;
  local(name: string): Get;
  load(s: Load, at: readonly Get[]): Get;
}

const truth = (holds: boolean): number => (holds ? 1 : 0);

/** Every scalar function in double; `cast` depends on its dtype and stands apart. */
const FUNCTIONS: Record<Exclude<ScalarFn, "cast">, (a: number, b: number, c: number) => number> = {
  randomBits,
  neg: (a) => -a,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sin: Math.sin,
  cos: Math.cos,
  erf: (a) => erf(a),
  log1p: Math.log1p,
  expm1: Math.expm1,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: (a, b) => Math.max(a, b),
  min: (a, b) => Math.min(a, b),
  pow: Math.pow,
  lt: (a, b) => truth(a < b),
  le: (a, b) => truth(a <= b),
  eq: (a, b) => truth(a === b),
  and: (a, b) => truth(a !== 0 && b !== 0),
  or: (a, b) => truth(a !== 0 || b !== 0),
  not: (a) => truth(a === 0),
  bitsOf: (a) => new Int32Array(Float32Array.of(a).buffer)[0]!,
  floatOf: (a) => new Float32Array(Int32Array.of(a).buffer)[0]!,
  shl: (a, b) => a << b,
  shr: (a, b) => a >> b,
};

/** erf(x) = 2/√π·e^(−x²)·Σ 2ⁿx^(2n+1)/(2n+1)!!, all terms of one sign; from 2.5 on 1 − erfc by its continued fraction. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return Number.isNaN(x) ? NaN : Math.sign(x);
  const bell = Math.exp(-a * a) / Math.sqrt(Math.PI);
  if (a < 2.5) {
    let term = x;
    let total = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
      term *= (2 * a * a) / (2 * n + 1);
      total += term;
    }
    return 2 * bell * total;
  }
  // erfc(x) = e^(−x²)/√π / (x + ½/(x + 1/(x + 3⁄2/(x + …))))
  let below = a;
  for (let n = 60; n >= 1; n--) below = a + n / 2 / below;
  return Math.sign(x) * (1 - bell / below);
}

function cast(to: DType): (a: number) => number {
  if (to === "i32") return (a) => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, a)) | 0;
  if (to === "bool") return (a) => truth(a !== 0);
  return (a) => a;
}

/** What storage of a dtype keeps of a value. */
function stored(dtype: DType, precision: Precision): (value: number) => number {
  if (dtype === "i32") return (value) => value | 0;
  if (dtype === "bool") return (value) => truth(value !== 0);
  return dtype === "f32" && precision === "single" ? Math.fround : (value) => value;
}

function readIndex(a: Index, env: Environment): Get {
  const terms = a.terms.map(({ atom, by }) => {
    if (atom.kind === "index") return { by, get: env.index(atom.name) };
    const of = readIndex(atom.of, env);
    const n = atom.by;
    if (atom.kind === "quotient") return { by, get: () => Math.floor(of() / n) };
    return {
      by,
      get: () => {
        const value = of();
        return value - Math.floor(value / n) * n;
      },
    };
  });
  const { offset } = a;
  return () => {
    let total = offset;
    for (const { by, get } of terms) total += by * get();
    return total;
  };
}

function readScalar(s: Scalar, env: Environment): Get {
  switch (s.kind) {
    case "literal": {
      const { value } = s;
      return () => value;
    }
    case "local":
      return env.local(s.name);
    case "index":
      return readIndex(s.at, env);
    case "load":
      return env.load(
        s,
        s.at.map((a) => readIndex(a, env)),
      );
    case "apply": {
      const [a = () => NaN, b = a, c = b] = s.args.map((arg) => readScalar(arg, env));
      if (s.fn === "cast") {
        const to = cast(s.dtype);
        return () => to(a());
      }
      const fn = FUNCTIONS[s.fn];
      if (s.fn === "neg" && s.dtype === "i32") return () => -a() | 0; // no −0
      return s.args.length === 1 ? () => fn(a(), 0, 0) : () => fn(a(), b(), c());
    }
    case "select": {
      const when = readScalar(s.when, env);
      const then = readScalar(s.then, env);
      const otherwise = readScalar(s.otherwise, env);
      return () => (when() !== 0 ? then() : otherwise());
    }
    case "round": {
      const value = readScalar(s.value, env);
      return env.precision === "double" ? value : () => Math.fround(value());
    }
    case "reduce":
      return readReduce(s, env);
  }
}

/** Terms one after the other, row-major over the axes. */
function readReduce(s: Extract<Scalar, { kind: "reduce" }>, env: Environment): Get {
  const cells: Cell[] = s.over.map(() => ({ value: 0 }));
  const own = new Map(s.over.map((axis, n) => [axis.name, cells[n]!]));
  const term = readScalar(s.term, {
    ...env,
    index(name) {
      const cell = own.get(name);
      return cell === undefined ? env.index(name) : () => cell.value;
    },
  });
  const each = (visit: (value: number) => void): void => eachPoint(s.over, cells, 0, () => visit(term()));
  switch (s.by) {
    case "add":
      return () => {
        let total = 0;
        each((value) => (total += value));
        return total;
      };
    case "max":
      return () => {
        let largest = -Infinity;
        each((value) => (largest = Math.max(largest, value)));
        return largest;
      };
    case "argmax":
      // the first of the largest; NaN counts as larger than any number
      return () => {
        let [largest, at, position] = [-Infinity, 0, 0];
        each((value) => {
          if (position === 0 || value > largest || (Number.isNaN(value) && !Number.isNaN(largest))) [largest, at] = [value, position];
          position++;
        });
        return at;
      };
  }
}

function eachPoint(over: readonly Axis[], cells: readonly Cell[], depth: number, visit: () => void): void {
  const axis = over[depth];
  if (axis === undefined) return visit();
  const cell = cells[depth]!;
  for (let n = 0; n < axis.extent; n++) {
    cell.value = n;
    eachPoint(over, cells, depth + 1, visit);
  }
}

/** A scalar's value where every name is given: definitions are evaluated with it, one element at a time. */
export function evaluateScalar(
  s: Scalar,
  env: {
    readonly locals: ReadonlyMap<string, number>;
    readonly indices: ReadonlyMap<string, number>;
    load(buffer: string, at: readonly number[]): number;
  },
  precision: Precision = "single",
): number {
  const known = (what: string, name: string, value: number | undefined): Get => {
    if (value === undefined) throw new VerifyError(name, `${what} ${name} has no value here`);
    return () => value;
  };
  return readScalar(s, {
    precision,
    index: (name) => known("index", name, env.indices.get(name)),
    local: (name) => known("local", name, env.locals.get(name)),
    load:
      ({ buffer }, at) =>
      () =>
        env.load(
          buffer,
          at.map((get) => get()),
        ),
  })();
}

/** Storage as a kernel sees it: the elements, and which of them were written since they were poisoned. */
interface Place {
  readonly buffer: string;
  readonly values: Float64Array;
  readonly written: Uint8Array | undefined;
}

function readLoad(who: string, name: string, place: Place, at: readonly Get[]): Get {
  const { values, written, buffer } = place;
  if (at.length > 1) throw new VerifyError(who, `${who}: ${name} is loaded at ${at.length} indices; kernels load at one flat index`);
  const flat = at[0] ?? (() => 0);
  return () => {
    const n = flat();
    const value = values[n];
    if (value === undefined) throw new VerifyError(who, `${who} loads ${name}[${n}], but ${buffer} has ${values.length} elements`);
    if (written !== undefined && written[n] === 0)
      throw new VerifyError(who, `${who} loads ${name}[${n}], but nothing has written that element of ${buffer} in its live range`);
    return value;
  };
}

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
    load: ({ buffer }, at) => readLoad(who, buffer, placeOf(frame, buffer).place, at),
  };
}

function placeOf(frame: Frame, name: string): { readonly param: Param; readonly place: Place } {
  const found = frame.places.get(name);
  if (found !== undefined) return found;
  throw new VerifyError(frame.kernel.name, `kernel ${frame.kernel.name}: ${name} is no parameter of it`);
}

type Run = () => void;

function readBody(body: readonly Stmt[], outer: Frame): Run {
  const frame: Frame = { ...outer, locals: new Map(outer.locals) };
  const steps = body.map((s) => readStmt(s, frame));
  return () => {
    for (const step of steps) step();
  };
}

function readStmt(s: Stmt, frame: Frame): Run {
  const env = environmentOf(frame);
  switch (s.kind) {
    case "for": {
      const [from, to, by] = [readIndex(s.from, env), readIndex(s.to, env), s.step];
      const at: Cell = { value: 0 };
      const body = readBody(s.body, {
        ...frame,
        indices: new Map([...frame.indices, [s.index, at]]),
      });
      return () => {
        const end = to();
        for (let n = from(); n < end; n += by) {
          at.value = n;
          body();
        }
      };
    }
    case "let": {
      const value = readScalar(s.value, env);
      const cell: Cell = { value: NaN };
      frame.locals.set(s.name, cell);
      return () => void (cell.value = value());
    }
    case "assign": {
      const cell = frame.locals.get(s.name);
      if (cell === undefined) throw new VerifyError(frame.kernel.name, `kernel ${frame.kernel.name}: local ${s.name} is not defined here`);
      const value = readScalar(s.value, env);
      return () => void (cell.value = value());
    }
    case "store":
      return readStore(s, frame, env);
    case "if": {
      const when = readScalar(s.when, env);
      const then = readBody(s.then, frame);
      return () => {
        if (when() !== 0) then();
      };
    }
  }
}

function readStore(s: Extract<Stmt, { kind: "store" }>, frame: Frame, env: Environment): Run {
  const { param, place } = placeOf(frame, s.buffer);
  const who = `kernel ${frame.kernel.name}`;
  if (param.access === "read") throw new VerifyError(frame.kernel.name, `${who} stores to ${s.buffer}, which it only reads`);
  const { values, written, buffer } = place;
  const at = readIndex(s.at, env);
  const value = readScalar(s.value, env);
  const keep = stored(param.dtype, frame.precision);
  return () => {
    const n = at();
    if (!(n >= 0 && n < values.length))
      throw new VerifyError(frame.kernel.name, `${who} stores ${s.buffer}[${n}], but ${buffer} has ${values.length} elements`);
    values[n] = keep(value());
    if (written !== undefined) written[n] = 1;
  };
}

function runKernel(kernel: Kernel, places: readonly Place[], precision: Precision): void {
  if (places.length !== kernel.params.length)
    throw new VerifyError(kernel.name, `kernel ${kernel.name} takes ${kernel.params.length} buffers, but was given ${places.length}`);
  const byName = new Map(kernel.params.map((param, n) => [param.name, { param, place: places[n]! }]));
  readBody(kernel.body, {
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

/** Runs an entry over memory, and gives its results by name; a scalar result is an array of one. */
export function interpretEntry(
  module: Module,
  entry: Entry | string,
  memory: Memory,
  options: InterpretOptions = {},
): Map<string, Float64Array> {
  const found = typeof entry === "string" ? module.entries.find((e) => e.name === entry) : entry;
  if (found === undefined) throw new VerifyError(String(entry), `module ${module.name} has no entry ${String(entry)}`);
  const precision = options.precision ?? "single";
  const kernels = new Map(module.kernels.map((k) => [k.name, k]));
  const dtypes = new Map(module.buffers.map((b) => [b.name, b.dtype]));
  const lives = options.poison === true ? startPoison(module, found, memory) : undefined;
  const locals = new Map<string, number>();

  const place = (name: string): Place => {
    const values = memory.get(name);
    if (values === undefined) throw new VerifyError(name, `entry ${found.name}: no memory for buffer ${name}`);
    return { buffer: name, values, written: lives?.written.get(name) };
  };
  const env: Environment = {
    precision,
    index(name) {
      throw new VerifyError(name, `entry ${found.name} has no loops, but uses index ${name}`);
    },
    local(name) {
      const value = locals.get(name);
      if (value === undefined) throw new VerifyError(name, `entry ${found.name}: local ${name} is not defined here`);
      return () => value;
    },
    load: ({ buffer }, at) => readLoad(`entry ${found.name}`, buffer, place(buffer), at),
  };
  const run = (call: Call): void => {
    if (call.kind === "let") return void locals.set(call.name, readScalar(call.value, env)());
    if (call.kind === "call") {
      const kernel = kernels.get(call.kernel);
      if (kernel === undefined)
        throw new VerifyError(call.kernel, `entry ${found.name} calls ${call.kernel}, which is no kernel of the module`);
      return runKernel(kernel, call.args.map(place), precision);
    }
    const to = place(call.buffer);
    to.values[0] = stored(dtypes.get(call.buffer) ?? call.dtype, precision)(readScalar(call.value, env)());
    if (to.written !== undefined) to.written[0] = 1;
  };

  found.calls.forEach((call, n) => {
    run(call);
    lives?.after(n);
  });
  return new Map(
    found.results.map((r) => {
      const value = locals.get(r.value);
      if (value !== undefined) return [r.name, Float64Array.of(value)];
      const { values, written } = place(r.value);
      if (written?.includes(0) === true)
        throw new VerifyError(r.value, `entry ${found.name} returns ${r.value}, but parts of it are not written or no longer live`);
      return [r.name, values.slice()];
    }),
  );
}

/** Poisons what only calls may fill, and, after each call, what no later call may see. */
function startPoison(
  module: Module,
  entry: Entry,
  memory: Memory,
): { readonly written: ReadonlyMap<string, Uint8Array>; after(call: number): void } {
  const roles = new Map(module.buffers.map((b) => [b.name, b.role]));
  const returned = new Set(entry.results.map((r) => r.value));
  const mine = new Set(entry.buffers);
  const last = new Map<string, number>();
  const written = new Map<string, Uint8Array>();
  for (const { buffer, live } of module.slots) {
    const values = memory.get(buffer);
    if (live === "always" || values === undefined || !mine.has(buffer)) continue;
    last.set(buffer, live[1]);
    const role = roles.get(buffer);
    const given = role !== "residual" && role !== "scratch" && role !== "output";
    written.set(buffer, new Uint8Array(values.length).fill(given ? 1 : 0));
    if (!given) values.fill(NaN);
  }
  return {
    written,
    after(call) {
      for (const [buffer, end] of last) {
        if (end !== call || (returned.has(buffer) && call === entry.calls.length - 1)) continue;
        memory.get(buffer)?.fill(NaN);
        written.get(buffer)?.fill(0);
      }
    },
  };
}
