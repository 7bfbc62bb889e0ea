/** The page of hyperparameters: up to four trainers, each in a worker, on one thousand digits, judged by five hundred others. */

import { statementBlocks } from "../code/blocks.ts";
import { codeBlock } from "../code/highlight.ts";
import { statementsOf } from "../code/statements.ts";
import { curves } from "../../../inspector/page/curve.ts";
import { afterFirstStep, DigitsError, firstOf, loadTest, loadTrain, type Digits } from "../digits/data.ts";
import { byId, grouped, h, say, shown } from "../dom.ts";
import { Lab, LabError } from "../lab/lab.ts";
import type { Tick } from "../lab/messages.ts";
import { CONTROLS, FIRST, modelText, type Choice, type Control } from "./text.ts";

const OF = "digits";
const MOST = 4;
const COLOURS = ["var(--c0)", "var(--c1)", "var(--c2)", "var(--c3)"];
const NEW = 500;

interface Run {
  readonly choice: Choice;
  readonly color: string;
  readonly lab: Lab;
  readonly losses: [number, number][];
  readonly accuracies: [number, number][];
  state: string;
}

let runs: Run[] = [];
/** Digits for the first step, then those that all train on and are judged by. */
let few: Promise<Digits> | undefined;
let all: Promise<{ readonly train: Digits; readonly test: Digits }> | undefined;
const choice: Record<Control, string> = { ...FIRST };

async function add(own: Choice = { ...choice }): Promise<void> {
  if (runs.length === MOST) return say(`There are ${MOST} trainers, as many as fit the picture: clear them first.`, true);
  const color = COLOURS.find((one) => !runs.some((run) => run.color === one))!;
  const run: Run = { choice: own, color, lab: new Lab(), losses: [], accuracies: [], state: "compiling" };
  runs.push(run);
  show();
  try {
    few ??= loadTrain(0);
    const text = modelText(run.choice);
    const compiled = await run.lab.compile({ of: OF, text, path: "digits.ts", options: { effort: "none" } });
    await run.lab.ask("create", { of: OF, seed: 1 });
    await run.lab.ask("data", { of: OF, arrays: { ...(await few) } });
    byId("model").replaceChildren(codeBlock(text, "The model"));
    byId("code").replaceChildren(...statementBlocks(statementsOf(compiled)));
    run.state = "training";
    const { loss } = await run.lab.ask("step", { of: OF, steps: 1 });
    run.losses.push([0, loss]);
    show();
    all ??= afterFirstStep().then(load);
    const { train, test } = await all;
    await run.lab.ask("data", { of: OF, arrays: { ...train } });
    const steps = Number(run.choice.epochs) * Math.floor(train.y.length / Number(run.choice.batch));
    await run.lab.run({ of: OF, every: 250, steps, evaluate: { ...test } }, (tick) => hear(run, tick));
  } catch (error) {
    if (!(error instanceof LabError || error instanceof DigitsError)) throw error;
    run.state = error.message;
  }
  show();
}

async function load(): Promise<{ readonly train: Digits; readonly test: Digits }> {
  const [train, test] = await Promise.all([loadTrain(1), loadTest()]);
  return { train, test: firstOf(test, NEW) };
}

function hear(run: Run, { steps, loss, measured, ended, error, epochs }: Tick): void {
  if (error !== undefined) run.state = error.message;
  else {
    run.losses.push([epochs, loss]);
    run.accuracies.push([epochs, measured!["accuracy"]!]);
    run.state = ended ? "done" : `epoch ${epochs.toFixed(1)}, ${grouped(steps)} steps`;
    if (ended) run.lab.end("It is done.");
  }
  show();
}

function show(): void {
  const over = (of: (run: Run) => [number, number][]) => runs.map((run, n) => ({ name: `${n + 1}`, color: run.color, points: of(run) }));
  byId("loss").replaceChildren(
    curves(
      over(({ losses }) => losses),
      { label: "loss, logarithmic", log: true, unit: "epochs" },
    ),
  );
  byId("accuracy").replaceChildren(
    curves(
      over(({ accuracies }) => accuracies),
      { label: `accuracy of ${NEW} digits`, low: 0, high: 1, unit: "epochs" },
    ),
  );
  const head = ["", "accuracy", "loss", ...Object.values(CONTROLS).map(({ title }) => title), ""];
  byId("runs").replaceChildren(
    h(
      "thead",
      {},
      h("tr", {}, ...head.map((title) => h("th", { scope: "col", class: title === "loss" || title === "accuracy" ? "n" : "" }, title))),
    ),
    h(
      "tbody",
      {},
      ...runs.map(({ choice: own, color, losses, accuracies, state }) =>
        h(
          "tr",
          {},
          h("td", {}, h("span", { class: "swatch", style: `background:${color}` })),
          h(
            "td",
            { class: "n", "data-accuracy": accuracies.at(-1)?.[1] ?? 0 },
            accuracies.length === 0 ? "–" : `${(100 * accuracies.at(-1)![1]).toFixed(1)} %`,
          ),
          h("td", { class: "n" }, losses.length === 0 ? "–" : shown(losses.at(-1)![1], 3)),
          ...(Object.keys(CONTROLS) as Control[]).map((name) => h("td", {}, own[name])),
          h("td", { "data-state": state }, state),
        ),
      ),
    ),
  );
}

byId("controls").append(
  ...(Object.entries(CONTROLS) as [Control, (typeof CONTROLS)[Control]][]).map(([name, { title, values }]) =>
    h(
      "label",
      {},
      h("span", {}, title),
      h(
        "select",
        { "data-control": name, change: ({ target }: { readonly target: HTMLSelectElement }) => void (choice[name] = target.value) },
        ...values.map((value) => h("option", { value, selected: value === FIRST[name] }, value)),
      ),
    ),
  ),
);
byId("controls").addEventListener("submit", (event) => event.preventDefault());
byId("add").addEventListener("click", () => void add());
byId("stop").addEventListener("click", () => {
  for (const run of runs) {
    run.lab.end("It was stopped.");
    if (run.state !== "done") run.state = "stopped";
  }
  show();
});
byId("clear").addEventListener("click", () => {
  for (const { lab } of runs) lab.end("It was cleared.");
  runs = [];
  say("Choose, and add up to four trainers: each has a worker of its own.");
  show();
});
// two to begin with: the same net by two optimizers
void add({ ...FIRST });
void add({ ...FIRST, optimizer: "sgd", rate: "0.1" });
