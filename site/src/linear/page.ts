/** The page of the linear classifier: points, a model text, and its trainer, which goes on while points are dragged. */

import { statementBlocks } from "../code/blocks.ts";
import { codeBlock } from "../code/highlight.ts";
import { statementsOf } from "../code/statements.ts";
import { byId, grouped, h, say, shown } from "../dom.ts";
import { choices } from "../choices.ts";
import { Lab, LabError } from "../lab/lab.ts";
import type { Arrays, Tick } from "../lab/messages.ts";
import { drawPlane, SIDE } from "./draw.ts";
import { arraysOf, gridOf, SETS, type Point } from "./points.ts";
import { CLASSES, IDEAS, modelText, MOST, parametersOf, type Idea, type LossName } from "./texts.ts";

const OF = "plane";
const lab = new Lab();
const plane = byId<HTMLCanvasElement>("plane");
const folded = h("canvas", { class: "plane", "aria-label": "The same points by r, to the right, and θ, upward", role: "img" });
let idea: Idea = "lines";
let loss: LossName = "softmaxCrossEntropy";
let units = 8;
let brush = 0;
let chosen = -1;
let points: Point[] = SETS["Three groups"]!();
let scores: Float32Array | undefined;
let weights: Arrays = {};
let running = true;
let ready = false;
let asked = 0;
const rate = (): number => Number((10 ** byId<HTMLInputElement>("rate").valueAsNumber).toPrecision(2));

const grid = { plane: gridOf(SIDE, false), both: Float32Array.of(...gridOf(SIDE, false), ...gridOf(SIDE, true)) };

/** Compiles the model of what is chosen and begins to train it. */
async function begin(seed = 1): Promise<void> {
  const own = ++asked;
  ready = false;
  const text = modelText(idea, loss, idea === "two" ? 16 : units, rate());
  byId("idea").textContent = IDEAS[idea].says;
  byId("units-row").hidden = idea !== "hidden";
  byId("model").replaceChildren(codeBlock(text, "The model"));
  try {
    const compiled = await lab.compile({ of: OF, text, path: "plane.ts", options: { effort: "none" } });
    await lab.ask("create", { of: OF, seed });
    if (own !== asked) return;
    byId("code").replaceChildren(...statementBlocks(statementsOf(compiled)));
    const warned = compiled.diagnostics.map(({ law, site }) => `The compiler warns, line ${site.split(":").at(-1)}: ${law}.`);
    say(warned.join(" "));
    ready = true;
    await feed();
    if (running) await run();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    if (own === asked) say(error.message, true);
  }
}

/** Hands the points over; what is shown is of them. */
async function feed(): Promise<void> {
  if (!ready) return;
  await lab.ask("data", { of: OF, arrays: arraysOf(points) });
  if (!running) await measure();
  else if (points.length > 0) await run();
}

const watched = () => ({
  parameters: parametersOf(idea),
  predict: { points: idea === "polar" ? grid.both : grid.plane },
  ...(points.length > 0 && { evaluate: arraysOf(points) }),
});

async function run(): Promise<void> {
  if (points.length === 0) return say("There are no points to learn from: press somewhere in the plane.");
  await lab.run({ of: OF, rate: 400, every: 50, ...watched() }, hear);
}

/** One tick without a step. */
async function measure(): Promise<void> {
  if (!ready) return;
  const { parameters, predict, evaluate } = watched();
  const [found, outputs, measured] = await Promise.all([
    lab.ask("parameters", { of: OF, names: parameters }),
    lab.ask("predict", { of: OF, arrays: predict }),
    evaluate === undefined ? undefined : lab.ask("evaluate", { of: OF, arrays: evaluate }),
  ]);
  showState(found, outputs, measured);
}

function hear(tick: Tick): void {
  if (tick.error !== undefined) {
    say(tick.error.message, true);
    return setRunning(false);
  }
  byId("steps").textContent = grouped(tick.steps);
  showState(tick.parameters!, tick.outputs!, tick.measured);
}

function showState(found: Arrays, outputs: Arrays, measured: Readonly<Record<string, number>> | undefined): void {
  weights = found;
  scores = outputs["scores"] as Float32Array; // as the model has it
  byId("loss").textContent = measured === undefined ? "–" : shown(measured["loss"]!, 3);
  byId("accuracy").textContent = measured === undefined ? "–" : `${Math.round(100 * measured["accuracy"]!)} %`;
  show();
}

function show(): void {
  const half = SIDE * SIDE * CLASSES;
  const { W1, b1, W2 } = weights;
  const lines =
    idea === "hidden" && W1 !== undefined && b1 !== undefined ? Array.from(b1, (b, n) => [W1[n]!, W1[b1.length + n]!, b] as const) : [];
  const own = scores?.subarray(0, half);
  const counts = drawPlane(plane, { points, scores: own, lines, chosen, polar: false });
  plane.dataset["region"] = counts.join(" ");
  const extra = byId("extra");
  if (idea === "polar") {
    if (!folded.isConnected)
      extra.replaceChildren(
        h(
          "figure",
          {},
          folded,
          h(
            "figcaption",
            {},
            "The same points: r to the right, θ upward. Here the regions end at lines that bend with cos θ and sin θ alone.",
          ),
        ),
      );
    drawPlane(folded, {
      points,
      scores: scores?.length === 2 * half ? scores.subarray(half) : undefined,
      chosen,
      polar: true,
    });
  } else if (idea === "two" && W1 !== undefined && W2 !== undefined) extra.replaceChildren(productOf(W1, W2));
  else if (extra.childElementCount > 0) extra.replaceChildren();
  showPoint();
}

/** W1·W2, the one matrix that two layers are. */
function productOf(W1: ArrayLike<number>, W2: ArrayLike<number>): HTMLElement {
  const between = W1.length / 2;
  const row = (axis: number): number[] =>
    Array.from({ length: CLASSES }, (_, c) =>
      Array.from({ length: between }, (_, k) => W1[axis * between + k]! * W2[k * CLASSES + c]!).reduce((sum, one) => sum + one, 0),
    );
  return h(
    "table",
    { id: "product" },
    h("caption", {}, "W1·W2: 80 numbers that come to six"),
    h("thead", {}, h("tr", {}, ...["", "● score", "■ score", "▲ score"].map((text) => h("th", { scope: "col" }, text)))),
    h(
      "tbody",
      {},
      ...["x", "y"].map((name, axis) =>
        h("tr", {}, h("th", { scope: "row" }, name), ...row(axis).map((value) => h("td", { class: "n" }, shown(value, 3)))),
      ),
    ),
  );
}

/** Scores of the chosen point and its loss by both laws. */
function showPoint(): void {
  const point = points[chosen];
  const at = byId("point");
  if (point === undefined || scores === undefined)
    return at.replaceChildren(h("p", { class: "soft" }, "Press a point to see its scores and its loss."));
  const across = Math.min(SIDE - 1, Math.max(0, Math.floor(((point.x + 1) / 2) * SIDE)));
  const down = Math.min(SIDE - 1, Math.max(0, Math.floor(((1 - point.y) / 2) * SIDE)));
  const own = Array.from({ length: CLASSES }, (_, c) => scores![(down * SIDE + across) * CLASSES + c]!);
  const right = own[point.color]!;
  const softmax = Math.log(own.reduce((sum, s) => sum + Math.exp(s - right), 0));
  const svm = own.reduce((sum, s, c) => sum + (c === point.color ? 0 : Math.max(0, s - right + 1)), 0);
  at.replaceChildren(
    h(
      "p",
      {},
      `This ${"●■▲"[point.color]} has the scores ${own.map((s, c) => `${"●■▲"[c]} ${shown(s, 3)}`).join(", ")}: softmax loss ${shown(softmax, 3)}, SVM loss ${shown(svm, 3)}.`,
    ),
  );
}

function setRunning(on: boolean): void {
  running = on;
  byId("train").textContent = on ? "Pause" : "Train";
}

// what one presses
choices(
  byId("ideas"),
  Object.entries(IDEAS).map(([value, { title }]) => ({ value: value as Idea, title })),
  idea,
  (value) => {
    idea = value;
    void begin();
  },
);
choices(
  byId("sets"),
  Object.keys(SETS).map((value) => ({ value, title: value })),
  "Three groups",
  (value) => {
    points = SETS[value]!();
    chosen = -1;
    void begin();
  },
  "Points",
);
choices(
  byId("brushes"),
  ["● blue", "■ orange", "▲ green"].map((title, value) => ({ value, title })),
  brush,
  (value) => (brush = value),
  "Add",
);
choices(
  byId("losses"),
  [
    { value: "softmaxCrossEntropy" as LossName, title: "softmax: −log(e^s_y / Σ e^s_j)" },
    { value: "svmLoss" as LossName, title: "SVM: Σ max(0, s_j − s_y + 1)" },
  ],
  loss,
  (value) => {
    loss = value;
    void begin();
  },
  "Loss",
);
byId("train").addEventListener("click", () => {
  setRunning(!running);
  if (!ready) return;
  void (running ? run() : lab.ask("pause", { of: OF }).then(measure));
});
byId("one").addEventListener("click", () => {
  setRunning(false);
  if (!ready || points.length === 0) return;
  void lab
    .ask("pause", { of: OF })
    .then(() => lab.ask("step", { of: OF, steps: 1 }))
    .then(measure)
    .then(() => (byId("steps").textContent = grouped(Number(byId("steps").textContent!.replace(/\D/g, "")) + 1)));
});
byId("again").addEventListener("click", () => void begin(1 + Math.floor(Math.random() * 1e6)));
const showRate = (): void => void (byId("rate-shown").textContent = shown(rate(), 2));
byId("rate").addEventListener("input", () => {
  showRate();
  if (ready) void lab.ask("set", { of: OF, hyper: { learningRate: rate() } });
});
byId<HTMLInputElement>("units").addEventListener("change", ({ target }) => {
  units = (target as HTMLInputElement).valueAsNumber;
  byId("units-shown").textContent = String(units);
  void begin();
});

/** The plane's place under the pointer, −1 to 1 both ways. */
function placeAt(event: PointerEvent): { readonly x: number; readonly y: number } {
  const { left, top, width, height } = plane.getBoundingClientRect();
  const within = (value: number): number => Math.max(-1, Math.min(1, value));
  return { x: within(((event.clientX - left) / width) * 2 - 1), y: within(1 - ((event.clientY - top) / height) * 2) };
}
let waiting = false;
/** Points have moved: they are handed over at most once a frame. */
function moved(): void {
  show();
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    void feed();
  });
}
plane.addEventListener("pointerdown", (event) => {
  const at = placeAt(event);
  const near = (22 / plane.clientWidth) * 2;
  chosen = points.findLastIndex(({ x, y }) => Math.hypot(x - at.x, y - at.y) < near);
  if (chosen === -1) {
    if (points.length === MOST) return say(`There are ${MOST} points, as many as fit one batch.`);
    chosen = points.push({ ...at, color: brush }) - 1;
  }
  plane.setPointerCapture(event.pointerId);
  moved();
});
plane.addEventListener("pointermove", (event) => {
  if (!plane.hasPointerCapture(event.pointerId) || points[chosen] === undefined) return;
  Object.assign(points[chosen]!, placeAt(event));
  moved();
});
plane.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: [-0.05, 0], ArrowRight: [0.05, 0], ArrowUp: [0, 0.05], ArrowDown: [0, -0.05] }[event.key];
  if (event.key.toLowerCase() === "n") chosen = (chosen + 1) % Math.max(1, points.length);
  else if ((event.key === "Delete" || event.key === "Backspace") && chosen >= 0) points.splice(chosen--, 1);
  else if (by !== undefined && points[chosen] !== undefined) {
    points[chosen]!.x += by[0]!;
    points[chosen]!.y += by[1]!;
  } else return;
  event.preventDefault();
  moved();
});
new ResizeObserver(() => show()).observe(plane);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
showRate();
void begin();
