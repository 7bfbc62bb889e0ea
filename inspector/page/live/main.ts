/** The page of a training that goes on: it draws what the server tells, and asks it for nothing but a pause. */

import type { Answer, LiveEvent, LossPoint } from "../../../compiler/inspector/live.ts";
import { curves, type Series } from "../curve.ts";
import { grouped, h, shown } from "../dom.ts";

const COLOURS = ["var(--forward)", "var(--backward)", "var(--update)", "var(--keyword)"];
/** From this ratio of the largest loss to the smallest on, curves are logarithmic. */
const WIDE = 20;

const root = document.getElementById("live")!;
const title = h("h1", {}, document.title.split(" · ")[0]);
const said = h("p", { id: "said", role: "status" }, "Waiting for the first steps …");
const rows = h("p", { class: "note", id: "rows" });
const pause = h("button", { type: "button", id: "pause", click: () => void ask(isPaused ? "resume" : "pause") }, "Pause");
const loss = h("div", { id: "loss" });
const measures = h("div", { id: "measures", class: "charts" });
const epochs = h("table", { id: "epochs" });
const weights = h("img", { id: "weights", alt: "The first weights, a tile each: red above 0, blue below" });
const answers = h("ul", { id: "answers" });

let isPaused = false;
let hasEnded = false;
const points: LossPoint[] = [];
const entries: Readonly<Record<string, number>>[] = [];
let drawing = false;

root.append(
  h("header", {}, title, said, pause, rows),
  h(
    "main",
    {},
    h("section", { "aria-labelledby": "loss-title" }, h("h2", { id: "loss-title" }, "Loss"), loss),
    h(
      "section",
      { "aria-labelledby": "weights-title", id: "of-weights", hidden: true },
      h("h2", { id: "weights-title" }, "First weights"),
      weights,
    ),
    h(
      "section",
      { "aria-labelledby": "measures-title", id: "of-measures", hidden: true },
      h("h2", { id: "measures-title" }, "By epoch"),
      measures,
      scrolled(epochs),
    ),
    h(
      "section",
      { "aria-labelledby": "answers-title", id: "of-answers", hidden: true },
      h("h2", { id: "answers-title" }, "Rows held back"),
      answers,
    ),
  ),
);

function scrolled(table: HTMLElement): HTMLElement {
  return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Measures by epoch" }, table);
}

async function ask(what: "pause" | "resume"): Promise<void> {
  await fetch(`./${what}`, { method: "POST" }).catch(() => undefined); // the events say what came of it
}

function hear(event: LiveEvent): void {
  switch (event.kind) {
    case "run":
      rows.textContent = Object.entries(event.rows)
        .map(
          ([name, count]) =>
            `${grouped(count)} rows ${name === "train" ? "to train on" : name === "test" ? "to test with" : `for ${name}`}`,
        )
        .join(", ");
      return;
    case "steps": {
      points.push(...event.points);
      const { epoch, step, steps, rowsASecond } = event;
      said.textContent = `epoch ${epoch}, step ${grouped(step)} of ${grouped(steps)}${rowsASecond === 0 ? "" : `, ${grouped(rowsASecond)} rows a second`}`;
      return soon();
    }
    case "epoch":
      entries.push(event.entry);
      return soon();
    case "pictures":
      showPictures(event.weights, event.answers);
      return;
    case "paused":
      isPaused = event.paused;
      pause.textContent = isPaused ? "Go on" : "Pause";
      pause.setAttribute("aria-pressed", String(isPaused));
      if (isPaused) said.textContent += ", paused";
      return;
    case "ended": {
      hasEnded = true;
      const { test, why } = event;
      const means = Object.entries(test ?? {}).filter(([name]) => name !== "count");
      said.textContent = why ?? `The run is over; of the test rows ${means.map(([name, value]) => `${name} ${shown(value)}`).join(", ")}`;
      pause.disabled = true;
      return;
    }
    default:
      return void (event satisfies never);
  }
}

/** Draws at the next frame what came until then. */
function soon(): void {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    draw();
  });
}

function draw(): void {
  const phases = Object.keys(points[0]?.loss ?? {});
  const series = phases.map((phase, n): Series => ({
    name: phase,
    color: colour(n),
    points: points.map((one) => [one.step, one.loss[phase]!] as const),
  }));
  loss.replaceChildren(chart("mean of the batches", series));
  const last = points.at(-1);
  if (last !== undefined) loss.dataset["step"] = String(last.step);
  const names = [...new Set(entries.flatMap((entry) => Object.keys(entry)))].filter((name) => name !== "epoch");
  document.getElementById("of-measures")!.hidden = entries.length === 0;
  const kinds = [...new Set(names.map((name) => name.replace(/^val_/, "")))];
  measures.replaceChildren(
    ...(entries.length < 2
      ? []
      : kinds.map((kind) =>
          chart(
            kind,
            names
              .filter((name) => name === kind || name === `val_${kind}`)
              .map((name, n): Series => ({ name, color: colour(n), points: pointsOf(name) })),
            "epochs",
          ),
        )),
  );
  epochs.replaceChildren(
    h("thead", {}, h("tr", {}, ...["epoch", ...names].map((name) => h("th", { scope: "col" }, name)))),
    h(
      "tbody",
      {},
      ...entries
        .map((entry) => h("tr", {}, ...["epoch", ...names].map((name) => h("td", {}, entry[name] === undefined ? "" : shown(entry[name])))))
        .toReversed(),
    ),
  );
}

const colour = (n: number): string => COLOURS[n % COLOURS.length]!;
const pointsOf = (name: string): Series["points"] =>
  entries.flatMap((entry) => (entry[name] === undefined ? [] : [[entry["epoch"]!, entry[name]] as const]));

/** Curves with the names of their colours, where there is more than one. */
function chart(label: string, series: readonly Series[], unit = "steps"): HTMLElement {
  const values = series.flatMap(({ points: own }) => own.map(([, y]) => y));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const log = least > 0 && most / least >= WIDE;
  return h(
    "figure",
    {},
    curves(series, { label: log ? `${label}, logarithmic` : label, log, unit }),
    series.length > 1 &&
      h(
        "figcaption",
        {},
        ...series.map(({ name, color }) => {
          const swatch = h("span", { class: "swatch" });
          swatch.style.background = color; // an attribute would need the policy's leave
          return h("span", {}, swatch, name);
        }),
      ),
  );
}

function showPictures(address: string | undefined, all: readonly Answer[]): void {
  document.getElementById("of-weights")!.hidden = address === undefined;
  if (address !== undefined) weights.src = address;
  document.getElementById("of-answers")!.hidden = all.length === 0;
  answers.replaceChildren(
    ...all.map(({ picture, row, given, truth, right }) =>
      h(
        "li",
        { class: right === undefined ? "" : right ? "right" : "wrong" },
        picture !== undefined && h("img", { src: picture, alt: "" }),
        row !== undefined && h("span", { class: "what" }, row),
        h("strong", {}, given),
        right === true
          ? h("span", { class: "what" }, "right")
          : h("span", { class: "what" }, right === undefined ? `for ${truth}` : `is ${truth}`),
      ),
    ),
  );
}

const source = new EventSource("./events");
source.onmessage = ({ data }: MessageEvent<string>) => hear(JSON.parse(data) as LiveEvent); // of our own server
source.onerror = () => {
  source.close();
  pause.disabled = true;
  if (!hasEnded) said.textContent = "The run is gone: it was ended, or its terminal closed.";
};
