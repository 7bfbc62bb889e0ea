/** A checkpoint is a safetensors file; it goes back bit for bit into its own model, and into no other. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import * as circuit from "../../generated/circuit/trainer.ts";
import * as softmax from "../../generated/linear-softmax/trainer.ts";
import { crc32 } from "../../runtime/crc32.ts";
import {
  DataError,
  loadCheckpoint,
  readSafetensors,
  restoreCheckpoint,
  saveCheckpoint,
  writeSafetensors,
  type RunState,
  type Tables,
} from "../../runtime/index.ts";
import { fromText, isRunState, toText } from "../../runtime/run-state.ts";
import { anyBytes, expectExactLength, flipBits, readOrRefuse } from "../support/fire.ts";

// thousands of damaged files, on machines that may be busy
vi.setConfig({ testTimeout: 30_000 });

const says = (message: string) => new DataError(message);
const ascii = (text: string) => new TextEncoder().encode(text);
const DAMAGED = "it is damaged: take an older checkpoint, or fetch the file again";

/** A safetensors file with that header, true or not, and so many bytes of data. */
function file(header: string, data = 0, length = header.length): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(ascii(header), 8);
  return bytes;
}
const read = (bytes: Uint8Array) => readSafetensors(bytes, "f");

test("the CRC-32 is that of the standard's check value, in pieces as in one", () => {
  expect(crc32(ascii("123456789"))).toBe(0xcbf43926);
  expect(crc32(ascii("6789"), crc32(ascii("12345")))).toBe(0xcbf43926);
});

describe("safetensors", () => {
  test("a file of the official library is read", () => {
    const files = JSON.parse(readFileSync(new URL("../data/foreign.json", import.meta.url), "utf8")) as Record<string, string>;
    const { tensors, metadata } = read(new Uint8Array(Buffer.from(files["safetensors"]!, "base64")));
    expect(metadata).toEqual({ made: "by another" });
    const byName = new Map(tensors.map(({ name, ...tensor }) => [name, tensor]));
    expect(byName.get("W")).toEqual({ dtype: "F32", shape: [2, 2], bytes: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) });
    expect(byName.get("n")).toEqual({ dtype: "I32", shape: [], bytes: Uint8Array.of(7, 0, 0, 0) });
  });

  test("the layout: length, JSON padded with spaces to 8 bytes, data without gaps", () => {
    const bytes = writeSafetensors({
      tensors: [
        { name: "a", dtype: "U8", shape: [3], bytes: Uint8Array.of(1, 2, 3) },
        { name: "b", dtype: "F32", shape: [], bytes: Uint8Array.of(0, 0, 128, 63) },
      ],
      metadata: { m: "é" },
    });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + length)).trimEnd()).toBe(
      `{"__metadata__":{"m":"é"},"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[],"data_offsets":[3,7]}}`,
    );
    expect([...bytes.subarray(8 + length)]).toEqual([1, 2, 3, 0, 0, 128, 63]);
  });

  test("whatever names, shapes and texts: what is written is read", () => {
    const name = fc.string({ unit: "binary" }).filter((one) => one !== "__metadata__");
    const shape = fc.array(fc.nat(3), { maxLength: 3 });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, shape), { selector: ([one]) => one, maxLength: 6 }),
        fc.dictionary(fc.string(), fc.string()),
        (list, metadata) => {
          const tensors = list.map(([name, shape], i) => ({
            name,
            dtype: "I32",
            shape,
            bytes: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)).fill(i),
          }));
          const result = read(writeSafetensors({ tensors, metadata }));
          const order = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
          expect(result.tensors.toSorted(order)).toEqual(tensors.toSorted(order));
          expect({ ...result.metadata }).toEqual({ ...metadata });
        },
      ),
    );
  });

  const one = (entry: string) => `{"a":${entry}}`;
  test.each([
    [new Uint8Array(5), `f ends within its header, after 5 of 8 bytes; ${DAMAGED}`],
    [file("{}", 0, 9), `f ends within its header, after 10 of 17 bytes; ${DAMAGED}`],
    [
      file("{}", 0, 2 ** 52),
      `f declares a header of 4503599627370496 bytes, where a safetensors file has at most 100000000; ${DAMAGED}, or name the right file`,
    ],
    [file("[1]"), `f has a header that is no JSON object, where one was expected of a safetensors file; ${DAMAGED}`],
    [
      file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1),
      `f has "a" twice in its header; ${DAMAGED}`,
    ],
    [
      file(
        `{"a\\"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}, "\\u0061\\u0022b" :{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`,
        1,
      ),
      `f has "a\\"b" twice in its header; ${DAMAGED}`,
    ],
    [file(`{"__metadata__":{"x":"1","x":"2"}}`), `f has "x" twice in its header; ${DAMAGED}`],
    [file(one(`{"dtype":"U8","shape":[1],"dtype":"I8","data_offsets":[0,1]}`), 1), `f has "dtype" twice in its header; ${DAMAGED}`],
    [file("{"), `f has a header that is no JSON object, where one was expected of a safetensors file; ${DAMAGED}`],
    [
      file(`{"__metadata__":{"a":1}}`),
      `f has metadata that are not all texts, where a safetensors file has an object of strings; ${DAMAGED}`,
    ],
    [
      file(one(`{"dtype":"F9","shape":[1],"data_offsets":[0,4]}`), 4),
      `f describes a by something else than a known dtype, a shape and two data_offsets; ${DAMAGED}`,
    ],
    [
      file(one(`{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}`), 4),
      `f describes a by something else than a known dtype, a shape and two data_offsets; ${DAMAGED}`,
    ],
    [file(one(`{"dtype":"F32","shape":[2],"data_offsets":[0,4]}`), 4), `f gives a 4 bytes, where f32[2] needs 8; ${DAMAGED}`],
    [
      file(one(`{"dtype":"F32","shape":[1],"data_offsets":[4,8]}`), 8),
      `f places a at byte 4 of the data, where byte 0 comes next (no gap, no overlap); ${DAMAGED}`,
    ],
    [file(one(`{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`), 5), `f declares 4 bytes of data, but holds 5; ${DAMAGED}`],
    [
      file(one(`{"dtype":"F32","shape":[100000,100000],"data_offsets":[0,40000000000]}`), 4),
      `f declares 40000000000 bytes of data, but ends after 4; ${DAMAGED}`,
    ],
  ])("refuses %#", (bytes, message) => {
    expect(() => read(bytes)).toThrowError(says(message));
  });

  test("names that mean something to JavaScript are names like others", () => {
    expect(readOrRefuse(() => read(file(`{"__proto__":{"dtype":"constructor","shape":[],"data_offsets":[0,0]}}`)))).toBeUndefined();
    const bytes = file(`{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1);
    expect(read(bytes).tensors.map(({ name }) => name)).toEqual(["__proto__"]);
  });

  test("the same key in two objects is no fault, nor are texts that look like keys", () => {
    const of = (at: number) => `{"dtype":"U8","shape":[1],"data_offsets":[${at},${at + 1}]}`;
    const bytes = file(`{"__metadata__":{"a":"{\\"a\\":1,\\"a\\":2}","b":"a","c":"a"},"a":${of(0)},"b":${of(1)}}`, 2);
    expect(read(bytes).tensors.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("deep nesting is refused, not followed", () => {
    expect(readOrRefuse(() => read(file(`{"a":${"[".repeat(200_000)}`)))).toBeUndefined();
    expect(readOrRefuse(() => read(file(`{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`)))).toBeUndefined();
  });
});

const RUN: RunState = {
  epoch: 3,
  row: 64,
  order: { rows: 100, batchSize: 32, seed: -7 },
  losses: { rows: 64, sums: 0.1 + 0.2 },
  history: [
    { epoch: 1, loss: 1 / 3, val_precision: NaN },
    { epoch: 2, loss: 5e-324, val_precision: Infinity },
  ],
};

/** A trainer whose bytes are given, for tables of one's own. */
const holding = (bytes: Uint8Array, hyper: object = {}) => ({
  bytes: () => bytes.slice(),
  restore: (given: Uint8Array) => bytes.set(given),
  hyper,
  stepCount: 12,
});
const row = (name: string, ...shape: number[]) => ({ name, shape, dtype: "f32" as const });
const TABLES: Tables = {
  PARAMETERS: [row("W", 2, 1), row("b")],
  STATE: [{ name: "stepCount", shape: [], dtype: "i32" }],
  MODEL: "m",
  GRAPH: "abc",
};
const saved = () =>
  saveCheckpoint(
    TABLES,
    holding(
      Uint8Array.from({ length: 16 }, (_, i) => i),
      { learningRate: 0.1 },
    ),
    RUN,
  );

describe("checkpoints", () => {
  test("a trained trainer's parameters and state return bit for bit", () => {
    const trained = circuit.createTrainer();
    for (let step = 0; step < 3; step++) trained.step({});
    const fresh = circuit.createTrainer();
    restoreCheckpoint(circuit, fresh, loadCheckpoint(saveCheckpoint(circuit, trained), "f"));
    expect(fresh.bytes()).toEqual(trained.bytes());
    expect(fresh.stepCount).toBe(3);
    expect(fresh.step({})).toBe(trained.step({}));
  });

  test("the file names every tensor, and its data are the trainer's bytes", () => {
    const trainer = softmax.createTrainer({ seed: 4 });
    const bytes = saveCheckpoint(softmax, trainer);
    const { tensors } = read(bytes);
    expect(tensors.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ["W", "F32", [784, 10]],
      ["b", "F32", [10]],
      ["stepCount", "I32", []],
    ]);
    expect(bytes.subarray(-trainer.bytes().length)).toEqual(trainer.bytes());
  });

  test("the run's state returns with every bit", () => {
    expect(loadCheckpoint(saved(), "f")).toMatchObject({ step: 12, model: "m", graph: "abc", hyper: { learningRate: 0.1 }, run: RUN });
    const number = fc.double();
    fc.assert(
      fc.property(fc.array(fc.record({ loss: number, val_x: number })), (entries) => {
        const history = entries.map((entry, i) => ({ epoch: i + 1, ...entry }));
        const back = fromText(toText({ ...RUN, epoch: history.length + 1, history }));
        expect(isRunState(back)).toBe(true);
        // JSON keeps the value of −0, though not its sign
        const plain = history.map((entry) => ({ epoch: entry.epoch, loss: entry.loss + 0, val_x: entry.val_x + 0 }));
        expect(back).toMatchObject({ history: plain });
      }),
    );
  });

  const held = (...values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
  test.each([
    [held(NaN, 1, 2, 0), new Map(), "f holds NaN in W, at element 0 (counted from 0)"],
    [held(0, NaN, NaN, 0), new Map(), "f holds NaN in W, at element 1 (counted from 0)"],
    [held(0, 1, NaN, 0), new Map(), "f holds NaN in b, at element 0 (counted from 0)"],
    [
      held(0, 1, 2, 0),
      new Map([
        [1, held(0, 0, 0, 0)],
        [3, held(0, 0, NaN, 0)],
      ]),
      "f holds NaN in b, as kept after epoch 3, at element 0 (counted from 0)",
    ],
  ])("NaN is said on loading, with file and tensor: %#", (bytes, kept, message) => {
    const written = saveCheckpoint(TABLES, holding(bytes, { learningRate: 0.1 }), RUN, kept);
    expect(() => loadCheckpoint(written, "f")).toThrowError(
      says(`${message}: the run had diverged; take an older checkpoint, and a smaller learning rate`),
    );
  });

  test("infinity, and integers whose bits would be NaN, are numbers like others", () => {
    const bytes = held(Infinity, -Infinity, 0, NaN);
    expect(loadCheckpoint(saveCheckpoint(TABLES, holding(bytes)), "f").tensors[2]!.bytes).toEqual(bytes.subarray(12));
  });

  test("hyper is live again", () => {
    const hyper = { learningRate: 0.5 };
    restoreCheckpoint(TABLES, holding(new Uint8Array(16), hyper), loadCheckpoint(saved(), "f"));
    expect(hyper.learningRate).toBe(0.1);
  });

  const ANOTHER = "it belongs to another model: give this run a store of its own, or use the trainer that wrote it";
  const { PARAMETERS, STATE } = TABLES;
  test.each([
    [{ ...TABLES, MODEL: "n" }, "f is of the model m, not of n"],
    [{ ...TABLES, GRAPH: "abd" }, "f was written under another graph of the model (abc, now abd), though every tensor fits"],
    [{ PARAMETERS: [row("W", 1, 2), row("b")], STATE }, "f holds W as f32[2,1], but the model declares it as f32[1,2]"],
    [{ PARAMETERS, STATE: [row("stepCount")] }, "f holds stepCount as i32[], but the model declares it as f32[]"],
    [{ PARAMETERS, STATE: [...STATE, row("W.m", 2, 1)] }, "f lacks W.m, which the model declares as f32[2,1]"],
    [{ PARAMETERS, STATE: [] }, "f holds stepCount as i32[], which the model does not have"],
    [
      { PARAMETERS: [row("W", 1, 2), row("c")], STATE: [row("stepCount")] },
      "f holds W as f32[2,1], but the model declares it as f32[1,2]; lacks c, which the model declares as f32[]; holds stepCount as i32[], but the model declares it as f32[]; holds b as f32[], which the model does not have",
    ],
  ])("another model is refused by what differs: %#", (tables, message) => {
    const bytes = new Uint8Array(16);
    const into = () => restoreCheckpoint(tables, holding(bytes, { learningRate: 1 }), loadCheckpoint(saved(), "f"));
    expect(into).toThrowError(says(`${message}; ${ANOTHER}`));
    expect([...bytes]).toEqual(Array(16).fill(0));
  });

  test.each(["adam", "critic.group2.adamw"])(
    "a checkpoint from before %s kept 1 − β^t is refused with the remedy, and nothing is changed",
    (rule) => {
      const before: Tables = { PARAMETERS, STATE: [...STATE, row(`${rule}.beta1^t`), row(`${rule}.beta2^t`)] };
      const now: Tables = { PARAMETERS, STATE: [...STATE, row(`${rule}.1-beta1^t`), row(`${rule}.1-beta2^t`)] };
      const bytes = new Uint8Array(24);
      const old = loadCheckpoint(saveCheckpoint(before, holding(new Uint8Array(24).fill(7), {})), "f");
      expect(() => restoreCheckpoint(now, holding(bytes, {}), old)).toThrowError(
        says(
          `f holds Adam's ${rule}.beta1^t, where the model now keeps ${rule}.1-beta1^t, which has more digits: it was written by a trainer that an earlier adjoint compiled; end that run with the trainer that wrote it, or begin this one in a store of its own`,
        ),
      );
      expect([...bytes]).toEqual(Array(24).fill(0));
      expect(() => restoreCheckpoint(before, holding(bytes, {}), old)).not.toThrow();
    },
  );

  test("live scalars that differ", () => {
    const into = (hyper: object) => () => restoreCheckpoint(TABLES, holding(new Uint8Array(16), hyper), loadCheckpoint(saved(), "f"));
    expect(into({})).toThrowError(says(`f holds the live scalar learningRate, which the model does not have; ${ANOTHER}`));
    expect(into({ decay: 1, momentum: 1 })).toThrowError(
      says(
        `f holds the live scalar learningRate, which the model does not have; lacks the live scalar decay, which the model declares; lacks the live scalar momentum, which the model declares; ${ANOTHER}`,
      ),
    );
    expect(into({ learningRate: 1, momentum: 1 })).toThrowError(
      says(`f lacks the live scalar momentum, which the model declares; ${ANOTHER}`),
    );
  });

  test("tables of another module, and files that are no checkpoints", () => {
    expect(() => saveCheckpoint(softmax, circuit.createTrainer())).toThrowError(
      new RangeError(
        "PARAMETERS and STATE declare 31404 bytes, but the trainer has 16; give the tables of the module that made the trainer",
      ),
    );
    expect(() => loadCheckpoint(file("{}"), "f")).toThrowError(
      says(
        `f is a safetensors file without a format in its metadata, where "adjoint-checkpoint 1" was expected; name a checkpoint that saveCheckpoint or fit wrote`,
      ),
    );
  });

  test("cut at any byte, longer, or flipped: refused, or the very same", () => {
    const whole = loadCheckpoint(saved(), "f");
    const load = (bytes: Uint8Array) => loadCheckpoint(bytes, "f");
    expectExactLength(saved(), load);
    flipBits(saved(), load, (result) => expect(result).toEqual(whole));
    anyBytes(saved(), load);
    const flipped = saved();
    flipped[flipped.length - 1]! ^= 1;
    expect(() => load(flipped)).toThrowError(says(`f does not have the checksum that it carries; ${DAMAGED}`));
  });

  test("a run's state of any other form is refused, though its checksum holds", () => {
    const broken: object[] = [
      { epoch: 0 },
      { row: 63 },
      { row: 128 },
      { row: 1.5 },
      { order: { ...RUN.order, rows: 0 } },
      { order: { ...RUN.order, seed: "1" } },
      { losses: { rows: 1, sums: NaN } },
      { losses: { rows: 1, sums: null } },
      { history: [] },
      { history: [{ epoch: 1 }, { epoch: 3 }] },
      { history: [{ epoch: 1 }, { epoch: 2, loss: [1] }] },
    ];
    expect(isRunState(RUN)).toBe(true);
    expect(isRunState({ ...RUN, row: 100 })).toBe(true);
    for (const part of broken) {
      const state = { ...RUN, ...part };
      const bytes = saveCheckpoint(TABLES, holding(new Uint8Array(16)), state);
      expect(() => loadCheckpoint(bytes, "f"), toText(part)).toThrowError(
        says(`f holds no usable "run" in its metadata; take an older checkpoint`),
      );
    }
  });
});
