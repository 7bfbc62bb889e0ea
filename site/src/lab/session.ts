/** One trainer of a lab: compiled from a text, made, stepped, and asked between its steps. */

import { compile, inspect, load, type Compiled, type CompileOptions, type LoadedTrainer, type Model, type TrainerModule } from "adjoint";
import { evaluate, predictAll, type Trainer } from "adjoint/runtime";
import { linesIn } from "../../../compiler/explain/inspection/lines.ts";
import { declared, lineOf } from "./declare.ts";
import type { Answer, Arrays, CompileRequest, Given, LabCompiled, RunRequest, Tick, Told, Values } from "./messages.ts";

interface GradientsModule {
  createGradients(): {
    gradients(batch: object): { readonly loss: number; readonly parameters: Arrays };
    readonly parameters: Arrays;
  };
}

/** Gives way to whatever else the worker was sent. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Session {
  #path = "";
  #compiled: Compiled | undefined;
  #model: Model | undefined;
  #options: CompileOptions = {};
  #trainer: LoadedTrainer | undefined;
  #gradients: ReturnType<GradientsModule["createGradients"]> | undefined;
  #data: Arrays = {};
  #order: Int32Array = new Int32Array(0);
  #at = 0;
  #random = 1;
  #rowsSeen = 0;
  #run = 0;
  #acknowledged = true;

  async compile({ text, path, options }: CompileRequest, onDeclared: () => void): Promise<LabCompiled> {
    this.#run++;
    this.#path = path;
    this.#compiled = this.#trainer = this.#gradients = undefined;
    const began = performance.now();
    const { model, data } = await declared(text, path);
    // whoever waits hears that the text has come to its end
    this.#model = model;
    const heard: Model = {
      ...model,
      trace(request) {
        const traced = model.trace(request);
        onDeclared();
        return traced;
      },
    };
    this.#options = { effort: "none", ...options, source: { path, text } };
    const compiled = await compile(heard, this.#options);
    this.#compiled = compiled;
    return { ...factsOf(compiled), data: plain(data), milliseconds: performance.now() - began };
  }

  get #ready(): LoadedTrainer {
    if (this.#trainer === undefined) throw new Error("there is no trainer yet: compile a model and create one");
    return this.#trainer;
  }

  async create({ seed, limit }: Given<"create">): Promise<Answer<"create">> {
    if (this.#compiled === undefined) throw new Error("there is no compiled model yet");
    const bytes = this.#compiled.lowered.module.arenaBytes;
    if (limit !== undefined && bytes > limit)
      throw new RangeError(
        `this model needs an arena of ${(bytes / 1e6).toFixed(0)} MB, more than the ${(limit / 1e6).toFixed(0)} MB that a page should take: compile it, but train it elsewhere`,
      );
    const module = await load<TrainerModule>(this.#compiled);
    this.#trainer = module.createTrainer(seed === undefined ? {} : { seed });
    this.#rowsSeen = this.#at = 0;
    this.#random = seed ?? 1;
    const { batch, hyper, inputs } = this.#trainer;
    return {
      parameters: module.PARAMETERS,
      batch,
      hyper: { ...hyper },
      inputs: Object.entries(inputs).map(([name, { length, constructor }]) => ({
        name,
        length,
        dtype: constructor === Int32Array ? "i32" : "f32",
      })),
    };
  }

  set({ parameters = {}, hyper = {} }: Given<"set">): null {
    const trainer = this.#ready;
    for (const [name, values] of Object.entries(parameters)) trainer.parameters[name]!.set(values);
    Object.assign(trainer.hyper, hyper);
    return null;
  }

  data({ arrays }: Given<"data">): null {
    this.#data = arrays;
    this.#order = new Int32Array(0);
    return null;
  }

  get #rows(): number {
    const [name] = Object.keys(this.#data);
    return name === undefined ? 1 : this.#data[name]!.length / this.#width(name);
  }

  #width(name: string): number {
    const trainer = this.#ready;
    return trainer.inputs[name]!.length / trainer.batch.train;
  }

  /** One step on the next rows; where all of them fit a batch, on all. */
  #step(): number {
    const trainer = this.#ready;
    const rows = this.#rows;
    const size = trainer.batch.train;
    if (Object.keys(this.#data).length === 0 || rows <= size) {
      this.#rowsSeen += rows;
      return lossOf(rows === size || Object.keys(this.#data).length === 0 ? trainer.step(this.#data) : trainer.step(this.#data, rows));
    }
    if (this.#order.length !== rows || this.#at + size > rows) this.#shuffle(rows);
    const batch: Record<string, Values> = {};
    for (const [name, all] of Object.entries(this.#data)) {
      const width = this.#width(name);
      const own = trainer.inputs[name]!;
      for (let row = 0; row < size; row++) {
        const from = this.#order[this.#at + row]! * width;
        own.set(all.subarray(from, from + width), row * width);
      }
      batch[name] = own;
    }
    this.#at += size;
    this.#rowsSeen += size;
    return lossOf(trainer.step(batch));
  }

  #shuffle(rows: number): void {
    if (this.#order.length !== rows) this.#order = Int32Array.from({ length: rows }, (_, row) => row);
    for (let left = rows; left > 1; left--) {
      this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
      const other = Math.floor((this.#random / 2 ** 32) * left);
      [this.#order[left - 1], this.#order[other]] = [this.#order[other]!, this.#order[left - 1]!];
    }
    this.#at = 0;
  }

  step({ steps }: Given<"step">): Answer<"step"> {
    let loss = NaN;
    for (let n = 0; n < steps; n++) loss = this.#step();
    return { loss };
  }

  pause(): null {
    this.#run++;
    return null;
  }

  seen(): void {
    this.#acknowledged = true;
  }

  /** Trains until it is paused; the page hears of it no faster than it has shown the last tick. */
  run(request: RunRequest, post: (tick: Tick, own: ArrayBuffer[]) => void): null {
    void this.#ready;
    const own = ++this.#run;
    this.#acknowledged = true;
    void (async () => {
      try {
        await this.#train(request, own, post);
      } catch (error) {
        if (own === this.#run) post({ ...this.#tick({ of: request.of, every: 0 }, NaN), ended: true, error: this.told(error) }, []);
      }
    })();
    return null;
  }

  async #train(request: RunRequest, own: number, post: (tick: Tick, own: ArrayBuffer[]) => void): Promise<void> {
    const trainer = this.#ready;
    const { rate = Infinity, every, steps = Infinity } = request;
    const began = performance.now();
    let [made, sum, since, last] = [0, 0, 0, -Infinity];
    while (own === this.#run) {
      const until = performance.now() + 12;
      while (made < steps && made < 1 + ((performance.now() - began) / 1000) * rate) {
        const loss = this.#step();
        made++;
        since++;
        sum += loss;
        if (!Number.isFinite(loss))
          throw new RangeError(
            `the loss is ${Number.isNaN(loss) ? "no number" : "infinite"} after step ${trainer.stepCount}: take a smaller learning rate`,
          );
        if (performance.now() >= until) break;
      }
      const now = performance.now();
      const ended = made >= steps;
      if (since > 0 && (ended || (this.#acknowledged && now - last >= every))) {
        const tick = this.#tick(request, sum / since);
        this.#acknowledged = false;
        post(ended ? { ...tick, ended: true } : tick, buffersOf(tick));
        [sum, since, last] = [0, 0, now];
      }
      if (ended) return;
      await (made >= ((performance.now() - began) / 1000) * rate ? wait(8) : turn());
    }
  }

  #tick({ of, parameters, predict, evaluate: rows }: RunRequest, loss: number): Tick {
    const trainer = this.#ready;
    return {
      of,
      steps: trainer.stepCount,
      epochs: this.#rowsSeen / this.#rows,
      loss,
      ...(parameters && { parameters: this.parameters({ of, names: parameters }) }),
      ...(predict && { outputs: this.predict({ of, arrays: predict }) }),
      ...(rows && { measured: this.evaluate({ of, arrays: rows }) }),
    };
  }

  predict({ arrays }: Given<"predict">): Arrays {
    const trainer = this.#ready;
    // without rows there is one prediction
    if (Object.keys(arrays).length === 0)
      return Object.fromEntries(Object.entries(trainer.predict({})).map(([name, view]) => [name, view.slice()]));
    return predictAll(trainer as unknown as Trainer, arrays) as Arrays; // its arrays are known by name
  }

  evaluate({ arrays }: Given<"evaluate">): Answer<"evaluate"> {
    return evaluate(this.#ready as unknown as Trainer, arrays) as Readonly<Record<string, number>>; // as above
  }

  parameters({ names }: Given<"parameters">): Arrays {
    const { parameters } = this.#ready;
    return Object.fromEntries(names.map((name) => [name, parameters[name]!.slice()]));
  }

  /** What is for readers is compiled now, and the page's own script and style come now: nobody else needs them. */
  async inspector(): Promise<string> {
    if (this.#compiled === undefined || this.#model === undefined) throw new Error("there is no compiled model yet");
    const target = this.#options.target === "wasm" ? "twin" : "plain";
    const [{ inspectorPage }, script, style, reading] = await Promise.all([
      import("../../../compiler/inspector/page.ts"),
      import("../../../dist/inspector.js?raw"),
      import("../../../dist/inspector-style.css?raw"),
      compile(this.#model, { ...this.#options, target }),
    ]);
    return inspectorPage([this.#compiled, reading].map(inspect), { script: script.default, style: style.default });
  }

  async gradients({ parameters, arrays }: Given<"gradients">): Promise<Answer<"gradients">> {
    if (this.#compiled === undefined) throw new Error("there is no compiled model yet");
    this.#gradients ??= (await load<GradientsModule>(this.#compiled, "gradients.ts")).createGradients();
    for (const [name, values] of Object.entries(parameters)) this.#gradients.parameters[name]!.set(values);
    const { loss, parameters: found } = this.#gradients.gradients(arrays);
    return { loss, parameters: Object.fromEntries(Object.entries(found).map(([name, values]) => [name, values.slice()])) };
  }

  /** What was thrown, with the model's line. */
  told(error: unknown): Told {
    if (!(error instanceof Error)) return { name: "Error", message: String(error) };
    const { name, message } = error;
    const diagnostic = "diagnostic" in error ? (error.diagnostic as Told["diagnostic"]) : undefined; // a ModelError's
    const site = diagnostic === undefined ? null : /:(\d+)$/.exec(diagnostic.site);
    const line = site === null ? lineOf(error, this.#path) : Number(site[1]);
    return { name, message, ...(diagnostic && { diagnostic }), ...(line !== undefined && { line }) };
  }
}

/** The loss of a step; of one with several phases, their sum. */
const lossOf = (loss: number | Readonly<Record<string, number>>): number =>
  typeof loss === "number" ? loss : Object.values(loss).reduce((sum, one) => sum + one, 0);

const buffersOf = ({ parameters = {}, outputs = {} }: Tick): ArrayBuffer[] =>
  [...Object.values(parameters), ...Object.values(outputs)].map(({ buffer }) => buffer as ArrayBuffer); // copies, of which nothing is shared

/** Data that can be sent; what cannot is nobody's data. */
function plain(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return undefined;
  }
}

function factsOf({ model, files, lowered, diagnostics }: Compiled): Omit<LabCompiled, "data" | "milliseconds"> {
  const { module, facts } = lowered;
  const slots = new Map(module.slots.map((slot) => [slot.buffer, slot]));
  const flops = new Map(module.kernels.map((kernel) => [kernel.name, kernel.flops]));
  const trainer = [...files.keys()].find((file) => /^trainer\..*ts$/.test(file))!; // a compile writes one
  const places = linesIn(files.get(trainer)!, module).statements;
  const entries = module.entries.map(({ name, buffers, lowerBound, calls }, at) => ({
    name,
    buffers,
    lowerBound,
    statements: calls.map((call, n) => {
      const place = places[at]![n];
      return {
        maths: call.doc.map(({ maths }) => maths),
        flops: call.kind === "call" ? (flops.get(call.kernel) ?? 0) : 1,
        ...(place && { place }),
      };
    }),
  }));
  return {
    model,
    trainer,
    files: Object.fromEntries(files),
    diagnostics,
    arenaBytes: module.arenaBytes,
    flops: entries
      .filter(({ name }) => facts.phases.includes(name))
      .reduce((sum, { statements }) => sum + statements.reduce((all, one) => all + one.flops, 0), 0),
    buffers: module.buffers.flatMap((buffer) => {
      const slot = slots.get(buffer.name);
      if (slot === undefined || slot.of !== undefined) return [];
      const { name, role, dtype, shape, classes } = buffer;
      const { offset, bytes, live, over } = slot;
      return {
        name,
        role,
        dtype,
        shape,
        offset,
        bytes,
        live,
        ...(classes !== undefined && { classes }),
        ...(over !== undefined && { over }),
      };
    }),
    entries,
    ...(facts.memory && {
      budget: facts.memory.entries.map(({ name, again, parts, flops, bytes }) => ({
        name,
        again: again.map((one) => one.name),
        parts,
        flops,
        bytes,
      })),
    }),
  };
}
