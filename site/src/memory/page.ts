/** The page of memory and cost: a model's arena over a step, and what is computed again where a budget forbids to keep it. */

import { codeBlock } from "../code/highlight.ts";
import { byId, bytesShown, grouped, h, say, settled } from "../dom.ts";
import { Lab, LabError } from "../lab/lab.ts";
import type { LabCompiled } from "../lab/messages.ts";
import { drawArena, inEntry, ROLES, told } from "./draw.ts";

const OF = "memory";
const CHOSEN = ["lenet", "mnist-mlp", "linear-softmax", "three-layer-net", "autoencoder", "cifar-convnet"];
const MODELS = Object.fromEntries(
  Object.entries(import.meta.glob<string>("../../../models/*.ts", { query: "?raw", import: "default" })).map(([path, text]) => [
    /([\w-]+)\.ts$/.exec(path)![1]!,
    text,
  ]),
);

const lab = new Lab();
let asked = 0;
let name = CHOSEN[0]!;
/** Of the model without a budget. */
let whole: LabCompiled | undefined;
const slider = byId<HTMLInputElement>("budget");

/** The budget as the command line takes it; undefined without one. */
function budget(): string | undefined {
  const share = slider.valueAsNumber;
  return whole === undefined || share === 100 ? undefined : `${Math.ceil((whole.arenaBytes * share) / 100 / 1000)}KB`;
}

async function compile(): Promise<void> {
  const own = ++asked;
  const text = await MODELS[name]!();
  const memory = budget();
  byId("budget-shown").textContent = memory ?? "none";
  say("Compiling …");
  try {
    const compiled = await lab.compile({
      of: OF,
      text,
      path: `models/${name}.ts`,
      options: { effort: "none", ...(memory !== undefined && { memory }) },
    });
    if (own !== asked) return;
    if (memory === undefined) whole = compiled;
    say("");
    show(compiled, text);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    // the first sentence says what does not fit, the last what would
    const remedy = /The nearest budget that is possible is [^:]+/.exec(error.message)?.[0];
    if (own !== asked) return;
    if (error.told.name === "Ended") return say(error.message, true);
    say(`${error.message.split("\n")[0]!.replace(/:$/, "")}.${remedy === undefined ? "" : ` ${remedy}.`}`, true);
  }
}

function show(compiled: LabCompiled, text: string): void {
  const entry = compiled.entries[0]!;
  byId("arena").textContent = bytesShown(compiled.arenaBytes);
  byId("arena").dataset["bytes"] = String(compiled.arenaBytes);
  byId("flops").textContent = grouped(compiled.flops);
  byId("flops").dataset["flops"] = String(compiled.flops);
  byId("cost").textContent = costOf(compiled);
  byId("picture").replaceChildren(
    drawArena(compiled.buffers, entry, topOf(whole ?? compiled), (buffer) => (byId("chosen").textContent = `${told(buffer)}.`)),
  );
  const largest = Math.max(...entry.statements.map(({ flops }) => flops));
  byId("statements").replaceChildren(
    h("thead", {}, h("tr", {}, ...["", "FLOPs", "", "computes"].map((title) => h("th", { scope: "col" }, title)))),
    h(
      "tbody",
      {},
      ...entry.statements.map(({ maths, flops }, n) =>
        h(
          "tr",
          {},
          h("td", {}, n + 1),
          h("td", { class: "n" }, grouped(flops)),
          h("td", {}, h("span", { class: "share", style: `width:${(60 * flops) / largest}px` })),
          h("td", {}, maths.at(-1) ?? ""),
        ),
      ),
    ),
  );
  byId("passes").replaceChildren(...passesOf(compiled.files["report.md"] ?? ""));
  byId("model").replaceChildren(codeBlock(text, "The model"));
}

/** Where the training step ends in the arena: other entries may need more. */
const topOf = ({ buffers, entries }: LabCompiled): number =>
  Math.max(...inEntry(buffers, entries[0]!).map(({ offset, bytes }) => offset + bytes));

/** What the budget made the compiler do, in words. */
function costOf({ budget: spent, flops }: LabCompiled): string {
  const before = whole?.flops ?? flops;
  if (slider.valueAsNumber === 100) return "Without a budget everything that the backward pass reads is kept.";
  if (spent === undefined || spent.length === 0) return "This budget is met without computing anything again.";
  const ways = spent.map(({ name: entry, again, parts }) => {
    const computed = again.length === 0 ? "" : `computes ${again.join(", ")} again`;
    const divided = parts === 1 ? "" : `takes its batch in ${parts} parts`;
    return `${entry} ${[computed, divided].filter((way) => way !== "").join(" and ")}`;
  });
  return `To fit, ${ways.join("; ")}. That is ${((100 * flops) / before - 100).toFixed(1)} % more operations a step, and the same bits.`;
}

/** `15.9 M → 6.42 M`; what stays within three digits is one number. */
const changeOf = (cell: string): string => [...new Set(cell.split(" → ").map((one) => one.replace(/^\d[\d,]*$/, short)))].join(" → ");

/** Of large numbers three digits: 62.0 M. */
function short(text: string): string {
  const value = Number(text.replaceAll(",", ""));
  const unit = value < 1e5 ? 0 : Math.min(3, Math.floor(Math.log10(value) / 3));
  return unit === 0 ? text : `${(value / 1000 ** unit).toPrecision(3)} ${["", "k", "M", "G"][unit]!}`;
}

/** The table of the report that says what each pass did to the training step. */
function passesOf(report: string): HTMLElement[] {
  const lines = report.split("\n");
  const start = lines.findIndex((line, at) => line === "### train" && at > lines.indexOf("## What each pass did"));
  const end = lines.findIndex((line, at) => at > start + 1 && !line.startsWith("|") && line !== "");
  const rows = lines
    .slice(start, end === -1 ? undefined : end)
    .filter((line) => line.startsWith("|") && !/^\|[\s|:-]+\|$/.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [head = [], ...body] = rows;
  return [
    h("thead", {}, h("tr", {}, ...head.map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, ...body.map((cells) => h("tr", {}, ...cells.map((cell) => h("td", {}, changeOf(cell)))))),
  ];
}

byId<HTMLSelectElement>("models").append(...CHOSEN.map((one) => h("option", { value: one }, one)));
byId<HTMLSelectElement>("models").addEventListener("change", ({ target }) => {
  name = (target as HTMLSelectElement).value;
  whole = undefined;
  slider.value = "100";
  void compile();
});
const moved = settled(() => void compile(), 250);
slider.addEventListener("input", moved);
byId("legend").append(
  ...Object.values(ROLES).map(([title, color]) => h("span", {}, h("span", { class: "swatch", style: `background:${color}` }), ` ${title}`)),
);
void compile();
