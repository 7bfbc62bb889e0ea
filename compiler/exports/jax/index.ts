/** JAX: the whole trainer as one Python file, which runs on any number of devices and hosts. */

import type { Graph, Node } from "../../graph/graph.ts";
import type { Shape } from "../../graph/type.ts";
import { numbers } from "../../ops/op.ts";
import type { Engine, Kept, Program, ProgramEntry } from "../engine.ts";
import { type File, hypersOf, signature, printEvaluate, printGradients, printPredict, printStep } from "./function.ts";
import { assignment, atom, call, dict, flat, float, namesOf, returned, shape, suffix, text, tuple, whole, type Expr } from "./python.ts";
import { BITS, DRAWS, FILES, NORMAL, NUMBERS, precision, RANDOM, UNIFORM } from "./text/kept.ts";
import { DATA, MAIN, PARALLEL, STABLEHLO } from "./text/program.ts";
import * as windows from "./text/windows.ts";

/** Functions that forms call, by name. */
const HELPERS: Readonly<Record<string, string>> = {
  bits: BITS,
  windows: windows.WINDOWS,
  window_argmax: windows.WINDOW_ARGMAX,
  window_gather: windows.WINDOW_GATHER,
  window_scatter: windows.WINDOW_SCATTER,
  rows_at: windows.ROWS_AT,
  added_at: windows.ADDED_AT,
};

const dtypeName = ({ dtype }: Pick<Kept, "dtype">): string => (dtype === "i32" ? "int32" : "float");

/** Longer lists of numbers are a text. */
const SHORT = 16;

/** `name = numbers("""…""")`, in lines that are read by nobody. */
function printNumbers(name: string, values: readonly number[]): string[] {
  if (values.length <= SHORT) return assignment(name, call("np.array", tuple(...values.map(float))), 0);
  const lines: string[] = [""];
  for (const value of values) {
    const word = String(value);
    if (lines.at(-1)!.length + word.length + 1 > 96) lines.push("");
    lines[lines.length - 1] += `${lines.at(-1) === "" ? "" : " "}${word}`;
  }
  return [`${name} = numbers("""`, ...lines, `""")`];
}

/** How an array begins, as an expression of the seed. */
function initialOf({ initial, shape: extents, dtype, name }: Kept, all: Map<string, readonly number[]>): Expr {
  const [kind, ...rest] = initial;
  const [a, b, stream] = rest as [number, number, number];
  const type = atom(dtype === "i32" ? "np.int32" : "MASTER");
  const number = (value: number): Expr => (dtype === "i32" ? whole(value) : float(value));
  switch (kind) {
    case "constant":
      return call("np.full", shape(extents), number(a), type);
    case "seed":
      return call("np.int32", suffix(call("draws", atom("seed"), whole(-1), whole(0), whole(1)), "[0]"));
    case "uniform":
    case "normal":
      return call(kind, shape(extents), atom("seed"), whole(stream), float(a), float(b));
    default: {
      const own = `INITIAL_${name.replace(/[^A-Za-z0-9_]/g, "_")}`;
      all.set(own, rest);
      return call("np.reshape", call("np.asarray", atom(own), type), shape(extents));
    }
  }
}

/** Inputs of an entry that the graph reads, or only declares. */
const inputsOf = (graph: Graph): readonly Node[] => graph.nodes.filter(({ op }) => op === "input");

const keptTable = (name: string, rows: readonly Kept[]): string[] =>
  assignment(
    `${name}: dict[str, tuple[tuple[int, ...], str]]`,
    dict(rows.map((row) => [row.name, tuple(shape(row.shape), atom(text(dtypeName(row))))])),
    0,
  );

/** An input at the rows of a training batch: its shape, its type, the axis that its rows lie along, the number of its classes. */
function inputRow(node: Node, batch: number): Expr {
  const { type, attrs } = node;
  // rows lie along a leading axis as long as the batch, where nothing else is said
  const leading = type.shape[0] === batch ? [0] : [];
  const [axis] = attrs["rows"] === undefined ? leading : numbers(attrs, "rows");
  const classes = attrs["classes"];
  const extents: Shape = type.shape;
  return tuple(
    shape(extents),
    atom(text(dtypeName(type))),
    atom(axis === undefined ? "None" : String(axis)),
    atom(typeof classes === "number" ? String(classes) : "None"),
  );
}

function print(program: Program): string {
  const { name, entries, parameters, state, version, source, hash } = program;
  const helpers = new Set<string>();
  const all = new Map<string, readonly number[]>();
  const shared: File = { helpers, numbers: all, rules: new Map() };
  const kept = [...parameters, ...state];
  const begins = kept.map((row) => [row.name, initialOf(row, all)] as const);
  const steps = entries.filter(({ kind }) => kind === "step");
  const names = namesOf();
  const phases = steps.length > 1 ? steps.map((entry) => names.take(entry.name)) : ["step"];
  const of = (kind: ProgramEntry["kind"]): ProgramEntry | undefined => entries.find((entry) => entry.kind === kind);
  const functions = [
    ...steps.map((entry, n) => printStep(entry, phases[n]!, shared)),
    ...(steps.length > 1 ? [printPhases(steps, phases)] : []),
    printEvaluate(of("evaluate")!, shared),
    printPredict(of("predict")!, shared),
    ...(of("gradients") === undefined ? [] : [printGradients(of("gradients")!, shared)]),
  ];
  const hypers = new Map(entries.flatMap(({ graph }) => hypersOf(graph)));
  const train = steps[0]!;
  const fed = entries.flatMap((entry) => (entry === train || entry.kind === "evaluate" || entry.kind === "predict" ? [entry] : []));
  const entryName = ({ kind }: ProgramEntry): string => (kind === "step" ? "train" : kind);
  const used = (kind: string): boolean => kept.some(({ initial }) => initial[0] === kind);
  const loss = steps.length > 1 ? "sum(loss.values())" : "loss";
  const init = [
    "def init(seed: int = 0) -> dict[str, np.ndarray]:",
    `    """What is kept between steps as it begins: the weights of this seed in every trainer of this model."""`,
    `    if not 0 <= seed < 1 << 53:`,
    `        raise ValueError(f"a seed is a whole number from 0 to 2^53 - 1, but got {seed}")`,
    ...returned(dict([...begins, ...[...hypers].map(([own, value]) => [`hyper.${own}`, call("MASTER", float(value))] as const)]), 4),
  ];
  const sections = (usesLax: boolean): readonly (readonly string[])[] => [
    [
      `"""`,
      ...header(name, version, source, program.command),
      `"""`,
      "",
      "import argparse",
      "import json",
      ...(helpers.has("bits") || used("uniform") || used("normal") || used("seed") ? ["import math"] : []),
      "import os",
      "import sys",
      "import time",
      "import zlib",
      "from collections.abc import Callable, Iterator",
      "from pathlib import Path",
      "from typing import NamedTuple",
      "",
      "import jax",
      "import jax.export",
      "import jax.numpy as jnp",
      "import numpy as np",
      ...(usesLax ? ["from jax import lax"] : []),
      "from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec",
      "from jax.stages import Wrapped",
      "",
      "State = dict[str, jax.Array]  # what is kept between steps, by name",
      "Batch = dict[str, np.ndarray] | dict[str, jax.Array]  # one array an input",
      "Count = int | np.integer | jax.Array",
      "",
      `MODEL = ${text(name)}`,
      `# a hash of the training graph: state of another one does not belong here`,
      `GRAPH = ${text(hash)}`,
      "# shapes and types of what is kept",
      ...keptTable("PARAMETERS", parameters),
      ...keptTable("STATE", state),
      '# live scalars: state["hyper.…"] may be changed between steps',
      ...assignment("HYPER: dict[str, float]", dict([...hypers].map(([own, value]) => [own, float(value)])), 0),
      "# inputs of a training batch: shape, type, the axis that its rows lie along, how many classes",
      ...assignment(
        "INPUTS: dict[str, tuple[tuple[int, ...], str, int | None, int | None]]",
        dict(inputsOf(train.graph).map((node) => [node.name, inputRow(node, train.batch)])),
        0,
      ),
      "# which inputs an entry point takes, of how many rows, and whether rows depend on each other there",
      ...assignment(
        "FED",
        dict(fed.map((entry) => [entryName(entry), tuple(...readInputs(entry.graph).map((node) => atom(text(node.name))))])),
        0,
      ),
      ...assignment("BATCH", dict(fed.map((entry) => [entryName(entry), whole(entry.batch)])), 0),
      ...assignment("MEETS", dict(fed.map((entry) => [entryName(entry), atom(entry.meets ? "True" : "False")])), 0),
    ],
    [precision(program.dtype === "f64" ? "float64" : "float32")],
    [RANDOM],
    ...(used("seed") || used("uniform") || used("normal") ? [[DRAWS]] : []),
    ...(used("uniform") ? [[UNIFORM]] : []),
    ...(used("normal") ? [[NORMAL]] : []),
    ...([...all.values()].some((values) => values.length > SHORT) ? [[NUMBERS]] : []),
    ...[...all].map(([own, values]) => printNumbers(own, values)),
    init,
    ...Object.entries(HELPERS).flatMap(([own, python]) => (helpers.has(own) ? [[python]] : [])),
    ...[...shared.rules.values()].map(({ lines }) => lines),
    ...functions,
    [FILES],
    [PARALLEL],
    [STABLEHLO],
    [DATA],
    [MAIN.replace("{loss}", loss)],
  ];
  const textOf = (usesLax: boolean): string =>
    `${sections(usesLax)
      .map((lines) => lines.join("\n"))
      .join("\n\n\n")}\n`;
  return textOf(/\blax\./.test(textOf(false)));
}

/** All phases in order, each seeing what the earlier ones wrote. */
function printPhases(steps: readonly ProgramEntry[], phases: readonly string[]): string[] {
  const losses = dict(steps.map((entry, n) => [entry.name, atom(`loss_${n + 1}`)]));
  return [
    ...signature("step", steps[0]!, "tuple[State, dict[str, jax.Array]]"),
    `    """All phases in order, each seeing the weights that the earlier ones wrote, and their losses."""`,
    ...phases.map((phase, n) => `    state, loss_${n + 1} = ${phase}(state, batch, count)`),
    `    return state, ${flat(losses)}`,
  ];
}

/** Those that a batch has to have: an input that nobody reads may be left out. */
function readInputs(graph: Graph): readonly Node[] {
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  return graph.nodes.filter(({ op }, at) => op === "input" && read.has(at as never));
}

function header(name: string, version: string, source: Program["source"], command: string): string[] {
  return [
    `The program that trains ${name}, in JAX: its step as straight-line statements, differentiated and`,
    `simplified by adjoint ${version}. Every statement cites its mathematics, its nodes in the graph and the line of`,
    "the model that it serves, a gradient also the statement that it differentiates and the law. Not to be",
    "edited: it is generated.",
    "",
    ...(source === undefined ? [] : [`model    ${source.path}, sha256 ${source.hash}`]),
    `made by  ${command}`,
    "needs    jax and numpy",
    "use      python trainer.jax.py --data train.npz --test test.npz --epochs 3 --devices 8",
  ];
}

/** The trainer as a Python file. */
export const jax: Engine = {
  name: "jax",
  file: "trainer.jax.py",
  of: "training",
  print: (program) => new TextEncoder().encode(print(program)),
};

/** The same file, which writes StableHLO by a command of its own: jax.export knows the devices. */
export const stablehlo: Engine = {
  ...jax,
  name: "stablehlo",
  then: (file) => `python ${file} --stablehlo <folder> --devices 8`,
};
