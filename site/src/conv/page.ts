/** The page of convolution: a filter slides by hand over what the compiled model computes all at once; below, filters learn. */

import { statementBlocks } from "../code/blocks.ts";
import { codeBlock } from "../code/highlight.ts";
import { statementsOf } from "../code/statements.ts";
import { afterFirstStep, firstOf, joined, loadTest, loadTrain, PIXELS, type Digits } from "../digits/data.ts";
import { drawInk, drawSigned } from "../digits/tiles.ts";
import { byId, grouped, h, say, shown } from "../dom.ts";
import { failed } from "../lab/failed.ts";
import { Lab } from "../lab/lab.ts";
import type { Tick } from "../lab/messages.ts";
import { drawColour, drawFramed, FIELD, OUT, scene, SIDE } from "./draw.ts";
import { LEARNS, SIX } from "./texts.ts";

const lab = new Lab();
const FILTERS = 6;
const WEIGHTS = 3 * FIELD * FIELD;
const picture = scene();
let kernel: Float32Array = new Float32Array(FILTERS * WEIGHTS);
let bias: Float32Array = new Float32Array(FILTERS);
let maps: Float32Array = new Float32Array(FILTERS * OUT * OUT);
let filter = 0;
let [row, column] = [6, 9];
let sliding = 0;

// the filter that slides
async function filters(seed: number): Promise<void> {
  const { parameters } = await lab.ask("create", { of: "six", seed });
  const [weights, offset] = parameters.map(({ name }) => name) as [string, string];
  const found = await lab.ask("parameters", { of: "six", names: [weights, offset] });
  kernel = found[weights] as Float32Array; // as the model has them
  bias = found[offset] as Float32Array;
  const outputs = await lab.ask("predict", { of: "six", arrays: { x: picture } });
  maps = outputs["maps"] as Float32Array;
  show();
}

const filterOf = (n: number): Float32Array => kernel.subarray(n * WEIGHTS, (n + 1) * WEIGHTS);
const mapOf = (n: number): Float32Array => maps.subarray(n * OUT * OUT, (n + 1) * OUT * OUT);

function show(): void {
  const own = filterOf(filter);
  const largest = Math.max(1e-9, ...own.map(Math.abs));
  drawFramed(byId<HTMLCanvasElement>("picture"), picture, row, column);
  drawColour(byId<HTMLCanvasElement>("weights"), own, FIELD, 28, (value) => 0.5 + (0.5 * value) / largest);
  const seen = mapOf(filter).map((value, at) => (at > row * OUT + column && sliding !== 0 ? 0 : value));
  drawSigned(byId<HTMLCanvasElement>("map"), [seen], { side: OUT, columns: 1, scale: 7 });
  drawSigned(
    byId<HTMLCanvasElement>("maps"),
    Array.from({ length: FILTERS }, (_, n) => mapOf(n)),
    { side: OUT, columns: FILTERS, scale: 4 },
  );
  let sum = bias[filter]!;
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < FIELD; y++)
      for (let x = 0; x < FIELD; x++) sum += own[(c * FIELD + y) * FIELD + x]! * picture[(c * SIDE + row + y) * SIDE + column + x]!;
  const stored = mapOf(filter)[row * OUT + column]!;
  const said = byId("sum");
  said.dataset["byHand"] = String(sum);
  said.dataset["stored"] = String(stored);
  said.textContent = `At row ${row}, column ${column} the 75 products and the bias add up to ${shown(sum)}; in the map of the compiler's code stands ${shown(stored)}.`;
}

function go(nextRow: number, nextColumn: number): void {
  row = Math.max(0, Math.min(OUT - 1, nextRow));
  column = Math.max(0, Math.min(OUT - 1, nextColumn));
  show();
}
function stopSliding(): void {
  clearInterval(sliding);
  sliding = 0;
  byId("slide").textContent = "Slide";
}
byId("slide").addEventListener("click", () => {
  if (sliding !== 0) return void (stopSliding(), show());
  byId("slide").textContent = "Stop";
  go(0, 0);
  sliding = window.setInterval(() => {
    const next = row * OUT + column + 2;
    if (next >= OUT * OUT) return void (stopSliding(), show());
    go(Math.floor(next / OUT), next % OUT);
  }, 30);
});
byId("random").addEventListener("click", () => void filters(1 + Math.floor(Math.random() * 1e6)).catch(failed));
byId("filter").append(...Array.from({ length: FILTERS }, (_, n) => h("option", { value: n }, n + 1)));
byId<HTMLSelectElement>("filter").addEventListener("change", ({ target }) => {
  filter = Number((target as HTMLSelectElement).value);
  show();
});
const canvas = byId<HTMLCanvasElement>("picture");
canvas.addEventListener("pointerdown", (event) => {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  stopSliding();
  go(Math.round(((event.clientY - top) / height) * SIDE - FIELD / 2), Math.round(((event.clientX - left) / width) * SIDE - FIELD / 2));
});
canvas.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  stopSliding();
  go(row + by[0]!, column + by[1]!);
});

// filters that learn
let test: Digits | undefined;
let train: Digits | undefined;
let running = true;
let looked = 0;
let ticks = 0;
let weightsName = "";
let hasBegun = (): void => {};
const begun = new Promise<void>((resolve) => (hasBegun = resolve));

async function begin(seed: number): Promise<void> {
  const { parameters } = await lab.ask("create", { of: "learns", seed });
  weightsName = parameters[0]!.name;
  if (train === undefined) return;
  const { x, y } = firstOf(train, train.y.length);
  await lab.ask("data", { of: "learns", arrays: { x, y } });
  if (running) await run();
}
const run = (): Promise<void> => lab.run({ of: "learns", every: 200, parameters: [weightsName] }, hear);

function hear(tick: Tick): void {
  if (tick.error !== undefined) return say(tick.error.message, true);
  const weights = tick.parameters![weightsName]! as Float32Array;
  drawSigned(
    byId<HTMLCanvasElement>("filters"),
    Array.from({ length: 8 }, (_, n) => weights.subarray(n * 25, (n + 1) * 25)),
    { side: FIELD, columns: 4, scale: 12 },
  );
  byId("filters").dataset["sum"] = String(weights.reduce((sum, one) => sum + Math.abs(one), 0));
  byId("loss").textContent = shown(tick.loss, 3);
  byId("steps").textContent = grouped(tick.steps);
  hasBegun();
  if (ticks++ % 5 === 0) void look().catch(failed);
  if (ticks % 10 === 1 && test !== undefined)
    void lab
      .ask("evaluate", { of: "learns", arrays: { ...firstOf(test, 300) } })
      .then(({ accuracy }) => (byId("accuracy").textContent = `${(100 * accuracy!).toFixed(1)} %`))
      .catch(failed);
}

/** What the filters find in one digit. */
async function look(): Promise<void> {
  if (test === undefined) return;
  const digit = test.x.slice(looked * PIXELS, (looked + 1) * PIXELS);
  drawInk(byId<HTMLCanvasElement>("digit"), [digit], { side: 28, columns: 1, scale: 5 });
  const outputs = await lab.ask("predict", { of: "learns", arrays: { x: digit } });
  const found = outputs["maps"] as Float32Array;
  const largest = Math.max(
    1e-9,
    found.reduce((most, one) => Math.max(most, one), 0),
  );
  drawInk(
    byId<HTMLCanvasElement>("activations"),
    Array.from({ length: 8 }, (_, n) => found.subarray(n * 576, (n + 1) * 576).map((one) => one / largest)),
    { side: 24, columns: 4, scale: 3.2 },
  );
}
byId("other").addEventListener("click", () => {
  looked = (looked + 1) % 300;
  void look().catch(failed);
});
byId("train").addEventListener("click", () => {
  running = !running;
  byId("train").textContent = running ? "Pause" : "Train";
  if (weightsName !== "") void (running ? run() : lab.ask("pause", { of: "learns" })).catch(failed);
});
byId("again").addEventListener("click", () => weightsName !== "" && void begin(1 + Math.floor(Math.random() * 1e6)).catch(failed));

async function start(): Promise<void> {
  try {
    show();
    await lab.compile({ of: "six", text: SIX, path: "six-filters.ts", options: { effort: "none" } });
    await filters(4);
    const compiled = await lab.compile({ of: "learns", text: LEARNS, path: "filters.ts", options: { effort: "none" } });
    byId("model").replaceChildren(codeBlock(LEARNS, "The model"));
    byId("code").replaceChildren(...statementBlocks(statementsOf(compiled)));
    train = await loadTrain(0);
    await begin(1);
    say("");
    await begun;
    await afterFirstStep();
    test = await loadTest();
    train = joined([train, await loadTrain(1), await loadTrain(2), await loadTrain(3)]);
    const { x, y } = firstOf(train, train.y.length);
    await lab.ask("data", { of: "learns", arrays: { x, y } });
  } catch (error) {
    failed(error);
  }
}
void start();
