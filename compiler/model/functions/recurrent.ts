/** The cells of recurrent layers with PyTorch's formulas, one step each: gates i, f, g, o and r, z, n, an input bias and a recurrent bias. */

import { listOf, optionsOf } from "../../graph/arguments.ts";
import type { Value } from "../../graph/graph.ts";
import { called } from "../arguments.ts";
import type { Context } from "../context.ts";
import { FLOATS } from "../kinds.ts";
import type { FloatTensor } from "../tensor.ts";
import { affine } from "./dense.ts";
import { needsShape, placeOf, type Place } from "./place.ts";

/** What a step is given: the input's and the recurrence's share of each gate, and the states before it. */
export interface Given {
  readonly input: readonly Value[];
  readonly recurrent: readonly Value[];
  readonly states: readonly Value[];
}

/** New states of those before. */
export interface Cell {
  /** Of which the input and the recurrence have a share each, [n, gates·units]. */
  readonly gates: number;
  /** What is carried from step to step, [n, units] each; the first is the output. */
  readonly states: readonly string[];
  step(place: Pick<Place, "c" | "named">, given: Given): readonly Value[];
}

/** i, f, o = σ(…), g = tanh(…), c ← f⊙c + i⊙g, h ← o⊙tanh(c). */
export const LSTM: Cell = {
  gates: 4,
  states: ["h", "c"],
  step({ c: { g }, named }, { input, recurrent, states: [, before] }) {
    const [i, f, candidate, o] = input.map((x, k) => g.add(x, recurrent[k]!)) as [Value, Value, Value, Value];
    const kept = g.mul(named("f", g.sigmoid(f)), before!);
    const added = g.mul(named("i", g.sigmoid(i)), named("g", g.tanh(candidate)));
    const cell = named("c", g.add(kept, added));
    return [g.mul(named("o", g.sigmoid(o)), g.tanh(cell)), cell];
  },
};

/** r, z = σ(…), n = tanh(x·W + b + r⊙(h·R + r)), h ← (1 − z)⊙n + z⊙h. */
export const GRU: Cell = {
  gates: 3,
  states: ["h"],
  step({ c: { g, float }, named }, { input, recurrent, states: [h] }) {
    const r = named("r", g.sigmoid(g.add(input[0]!, recurrent[0]!)));
    const z = named("z", g.sigmoid(g.add(input[1]!, recurrent[1]!)));
    const n = named("n", g.tanh(g.add(input[2]!, g.mul(r, recurrent[2]!))));
    return [g.add(g.mul(g.sub(g.literal(1, float), z), n), g.mul(z, h!))];
  },
};

/** The gates of [n, gates·units], one after the other. */
export function gatesOf(c: Context, value: Value, gates: number): readonly Value[] {
  if (gates === 1) return [value];
  const [n, width] = c.typeOf(value).shape as readonly [number, number];
  const units = width / gates;
  return Array.from({ length: gates }, (_, k) => c.g.slice(value, { start: [0, k * units], limit: [n, (k + 1) * units], stride: [1, 1] }));
}

/** Options of `lstmCell` and `gruCell`. */
export interface CellOptions {
  /** [gates·units]. */
  readonly bias?: FloatTensor;
  /** [gates·units]. */
  readonly recurrentBias?: FloatTensor;
}

const OPTIONS = optionsOf<CellOptions>({ bias: FLOATS, recurrentBias: FLOATS });
const STATES = listOf("a list of tensors, [h, c]", FLOATS);

/** One step of a cell over x [n, in] and states [n, units]. */
function stepOf(
  place: Place,
  cell: Cell,
  x: FloatTensor,
  states: readonly FloatTensor[],
  kernel: FloatTensor,
  recurrentKernel: FloatTensor,
  { bias, recurrentBias }: CellOptions,
): readonly Value[] {
  const { c } = place;
  if (x.shape.length !== 2) place.fail(`needs x [n, in], but got [${x.shape.join(",")}]`, "Give it one step, without a time axis.");
  if (states.length !== cell.states.length)
    place.fail(`needs the states [${cell.states.join(", ")}], but got ${states.length}`, "Change the list of states.");
  const [n, width] = x.shape as readonly [number, number];
  const units = states[0]!.shape[1] ?? 0;
  cell.states.forEach((name, k) => needsShape(place, name, states[k], [n, units], "[n, units]"));
  const wide = cell.gates * units;
  needsShape(place, "kernel", kernel, [width, wide], `[in, ${cell.gates}·units]`);
  needsShape(place, "recurrentKernel", recurrentKernel, [units, wide], `[units, ${cell.gates}·units]`);
  needsShape(place, "bias", bias, [wide], `[${cell.gates}·units]`);
  needsShape(place, "recurrentBias", recurrentBias, [wide], `[${cell.gates}·units]`);
  const share = (of: Value, by: FloatTensor, and: FloatTensor | undefined): readonly Value[] =>
    gatesOf(c, affine(place, of, by.value, and === undefined ? undefined : () => and.value), cell.gates);
  const given = {
    input: share(x.value, kernel, bias),
    recurrent: share(states[0]!.value, recurrentKernel, recurrentBias),
    states: states.map(({ value }) => value),
  };
  return cell.step(place, given);
}

/**
 * One step of an LSTM: x [n, in] and [h, c], [n, units] each, with kernel [in, 4·units] and recurrentKernel [units, 4·units], gates in the
 * order i, f, g, o → the next [h, c] (torch.lstm_cell, whose weights are the kernels' transposes). Throws a ModelError where shapes do not fit.
 */
export function lstmCell(
  x: FloatTensor,
  states: readonly [h: FloatTensor, c: FloatTensor],
  kernel: FloatTensor,
  recurrentKernel: FloatTensor,
  options: CellOptions = {},
): readonly [h: FloatTensor, c: FloatTensor] {
  const given = { x, states, kernel, recurrentKernel, options };
  const c = called("lstmCell", given, { x: FLOATS, states: STATES, kernel: FLOATS, recurrentKernel: FLOATS, options: OPTIONS });
  return c.run(() => {
    const place = placeOf(c, "lstmCell", { x, kernel, recurrentKernel });
    const [h, cell] = stepOf(place, LSTM, x, states, kernel, recurrentKernel, options);
    return [c.tensor(h!) as FloatTensor, c.tensor(cell!) as FloatTensor]; // floats, as what they are made of
  });
}

/**
 * One step of a GRU: x [n, in] and h [n, units], with kernel [in, 3·units] and recurrentKernel [units, 3·units], gates in the order r, z, n →
 * the next h (torch.gru_cell, whose weights are the kernels' transposes). Throws a ModelError where shapes do not fit.
 */
export function gruCell(
  x: FloatTensor,
  h: FloatTensor,
  kernel: FloatTensor,
  recurrentKernel: FloatTensor,
  options: CellOptions = {},
): FloatTensor {
  const given = { x, h, kernel, recurrentKernel, options };
  const c = called("gruCell", given, { x: FLOATS, h: FLOATS, kernel: FLOATS, recurrentKernel: FLOATS, options: OPTIONS });
  return c.run(() => {
    const [next] = stepOf(placeOf(c, "gruCell", { x, h, kernel, recurrentKernel }), GRU, x, [h], kernel, recurrentKernel, options);
    return c.tensor(next!) as FloatTensor; // of floats
  });
}
