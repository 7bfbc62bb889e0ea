/** The page of templates: two classifiers of digits train side by side; their weights are drawn, and they are asked for what one draws. */

import { statementBlocks } from "../code/blocks.ts";
import { codeBlock } from "../code/highlight.ts";
import { statementsOf } from "../code/statements.ts";
import { curves } from "../../../inspector/page/curve.ts";
import { byId, grouped, h, say } from "../dom.ts";
import { failed } from "../lab/failed.ts";
import { Lab } from "../lab/lab.ts";
import type { Tick } from "../lab/messages.ts";
import { FILES, joined, loadTest, loadTrain, PIXELS, type Digits } from "./data.ts";
import { Pad } from "./pad.ts";
import { LINEAR, NET } from "./texts.ts";
import { columnsOf, drawSigned } from "./tiles.ts";

const CLASSES = 10;
/** Steps a second of the linear classifier, so that most of the time is for the net. */
const RATE = 80;
const lab = new Lab();

interface Runner {
  readonly name: "linear" | "net";
  readonly title: string;
  readonly text: string;
  readonly weights: string;
  readonly columns: number;
  readonly color: string;
  losses: [number, number][];
  ticks: number;
  ready: boolean;
}

const runner = (name: Runner["name"], title: string, text: string, weights: string, columns: number, color: string): Runner => ({
  name,
  title,
  text,
  weights,
  columns,
  color,
  losses: [],
  ticks: 0,
  ready: false,
});
const runners: readonly Runner[] = [
  runner("linear", "Ten templates", LINEAR, "W", 5, "var(--c1)"),
  runner("net", "Two layers", NET, "W1", 10, "var(--c0)"),
];

let running = true;
let test: Digits | undefined;
/** Files of digits that training takes. */
let train: readonly Digits[] = [];

async function prepare(of: Runner): Promise<void> {
  const compiled = await lab.compile({ of: of.name, text: of.text, path: `${of.name}.ts`, options: { effort: "none" } });
  byId(`${of.name}-model`).replaceChildren(codeBlock(of.text, `The model: ${of.title}`));
  byId(`${of.name}-code`).replaceChildren(
    h("details", {}, h("summary", {}, "What a training step does"), ...statementBlocks(statementsOf(compiled))),
  );
}

/** From new weights on, with the digits that are there. */
async function begin(of: Runner, seed: number): Promise<void> {
  await lab.ask("create", { of: of.name, seed });
  of.losses = [];
  of.ticks = 0;
  of.ready = true;
  await feed(of);
  if (running) await run(of);
}

async function feed(of: Runner): Promise<void> {
  if (train.length === 0 || !of.ready) return;
  const arrays = joined(train);
  await lab.ask("data", { of: of.name, arrays: { ...arrays } }, [arrays.x.buffer, arrays.y.buffer]);
}

const run = (of: Runner): Promise<void> =>
  lab.run({ of: of.name, every: 200, parameters: [of.weights], ...(of.name === "linear" && { rate: RATE }) }, (tick) => hear(of, tick));

function hear(of: Runner, tick: Tick): void {
  if (tick.error !== undefined) return say(tick.error.message, true);
  of.losses.push([tick.steps, tick.loss]);
  const weights = tick.parameters![of.weights]!;
  drawSigned(byId<HTMLCanvasElement>(`${of.name}-weights`), columnsOf(weights, weights.length / PIXELS), {
    side: 28,
    columns: of.columns,
    scale: of.name === "linear" ? 3.4 : 1.75,
  });
  if (of.ticks++ % 6 === 0) void judge(of);
  if (of.name === "net") {
    say(
      `${grouped(tick.steps)} steps, ${tick.epochs.toFixed(1)} epochs of ${grouped(train.reduce((sum, { y }) => sum + y.length, 0))} digits`,
    );
    byId("curve").replaceChildren(
      curves(
        runners.map(({ title, color, losses }) => ({ name: title, color, points: losses })),
        { label: "loss of the batches, logarithmic", log: true },
      ),
      h(
        "p",
        { class: "soft" },
        ...runners.flatMap(({ title, color }) => [h("span", { class: "swatch", style: `background:${color}` }), ` ${title}  `]),
      ),
    );
    if (of.ticks % 3 === 0) void ask();
  }
}

/** Accuracy of new digits; of the net what is taken for what. */
async function judge(of: Runner): Promise<void> {
  if (test === undefined) return;
  const { scores } = await lab.ask("predict", { of: of.name, arrays: { x: test.x } });
  const counts = Array.from({ length: CLASSES }, () => new Array<number>(CLASSES).fill(0));
  test.y.forEach((label, row) => counts[label]![best(scores!, row)]!++);
  const right = counts.reduce((sum, row, label) => sum + row[label]!, 0);
  byId(`${of.name}-accuracy`).textContent = `${((100 * right) / test.y.length).toFixed(1)} %`;
  if (of.name === "net") showConfusion(counts);
}

function best(scores: ArrayLike<number>, row: number): number {
  let found = 0;
  for (let c = 1; c < CLASSES; c++) if (scores[row * CLASSES + c]! > scores[row * CLASSES + found]!) found = c;
  return found;
}

function showConfusion(counts: readonly (readonly number[])[]): void {
  const cell = (count: number, label: number, taken: number): HTMLElement => {
    const share =
      count /
      Math.max(
        1,
        counts[label]!.reduce((sum, one) => sum + one, 0),
      );
    const strength = Math.round(Math.min(1, label === taken ? share * 0.35 : share * 6) * 42);
    return h(
      "td",
      { class: "n", style: `background:color-mix(in oklab, var(${label === taken ? "--c0" : "--c1"}) ${strength}%, transparent)` },
      count === 0 ? "" : count,
    );
  };
  byId("confusion").replaceChildren(
    h("thead", {}, h("tr", {}, h("td", {}), ...counts.map((_, taken) => h("th", { scope: "col" }, taken)))),
    h(
      "tbody",
      {},
      ...counts.map((row, label) => h("tr", {}, h("th", { scope: "row" }, label), ...row.map((count, taken) => cell(count, label, taken)))),
    ),
  );
}

// the pad
const pad = new Pad(byId<HTMLCanvasElement>("pad"), () => void ask());
let asking = false;
let again = false;

/** What both make of the digit on the pad. */
async function ask(): Promise<void> {
  if (asking) return void (again = true);
  asking = true;
  try {
    if (pad.isEmpty) byId("answers").replaceChildren(h("p", { class: "soft" }, "The pad is empty."));
    else {
      const digit = pad.digit;
      const found = await Promise.all(
        runners
          .filter(({ ready }) => ready)
          .map(async (of) => ({ of, scores: (await lab.ask("predict", { of: of.name, arrays: { x: digit } }))["scores"]! })),
      );
      byId("answers").replaceChildren(...found.map(({ of, scores }) => answer(of, scores)));
    }
  } catch (error) {
    failed(error);
  } finally {
    asking = false;
    if (again) {
      again = false;
      void ask();
    }
  }
}

function answer({ title, name }: Runner, scores: ArrayLike<number>): HTMLElement {
  const all = Array.from(scores).slice(0, CLASSES);
  const largest = Math.max(...all);
  const sum = all.reduce((total, score) => total + Math.exp(score - largest), 0);
  const taken = best(all, 0);
  return h(
    "div",
    { class: "answer" },
    h("p", {}, `${title}: `, h("strong", { class: "big", "data-answer": name }, taken)),
    h(
      "div",
      { class: "bars" },
      ...all.map((score, digit) =>
        h(
          "div",
          { class: digit === taken ? "bar best" : "bar" },
          h("span", { style: `height:${((100 * Math.exp(score - largest)) / sum).toFixed(1)}%` }),
          h("small", {}, digit),
        ),
      ),
    ),
  );
}

byId("clear").addEventListener("click", () => pad.clear());
byId("some").addEventListener("click", () => {
  if (test === undefined) return;
  const row = Math.floor(Math.random() * test.y.length);
  pad.draw(test.x.subarray(row * PIXELS, (row + 1) * PIXELS));
});
byId("train").addEventListener("click", () => {
  running = !running;
  byId("train").textContent = running ? "Pause" : "Train";
  for (const of of runners) if (of.ready) void (running ? run(of) : lab.ask("pause", { of: of.name })).catch(failed);
});
byId("again").addEventListener("click", () => {
  for (const of of runners) if (of.ready) void begin(of, 1 + Math.floor(Math.random() * 1e6)).catch(failed);
});

/** The first digits are enough to begin with; the others come while they train. */
async function start(): Promise<void> {
  try {
    train = [await loadTrain(0)];
    for (const of of runners) {
      await prepare(of);
      await begin(of, 1);
    }
    test = await loadTest();
    void ask();
    const others: Digits[] = [];
    for (let n = 1; n < FILES; n++) others.push(await loadTrain(n));
    train = [...train, ...others];
    for (const of of runners) await feed(of);
  } catch (error) {
    failed(error);
  }
}
void start();
