/** The playground: a text becomes a model while it is typed, its diagnostics, its code, and a run in the page. */

import { statementBlocks } from "../code/blocks.ts";
import { statementsOf } from "../code/statements.ts";
import { choices } from "../choices.ts";
import { curves } from "../../../inspector/page/curve.ts";
import { DigitsError } from "../digits/data.ts";
import { byId, bytesShown, grouped, h, say, settled, shown } from "../dom.ts";
import { Lab, LabError } from "../lab/lab.ts";
import type { LabCompiled } from "../lab/messages.ts";
import { dataFor } from "./data.ts";
import type { Editor, Problem } from "./editor.ts";

const OF = "own";
/** Bytes that a page should take for one model. */
const LIMIT = 500_000_000;
/** Milliseconds after which a compile that the text has gone past is given up. */
const STALE = 3_000;
const KEPT = "adjoint playground";

const MODELS = Object.fromEntries(
  Object.entries(import.meta.glob<string>("../../../models/*.ts", { query: "?raw", import: "default" })).map(([path, text]) => [
    /([\w-]+)\.ts$/.exec(path)![1]!,
    text,
  ]),
);

const lab = new Lab();
let editor: Editor | undefined;
let compiled: LabCompiled | undefined;
let compiling: { readonly since: number } | undefined;
let stale = false;
let view: "step" | "file" | "report" = "step";
let path = "models/own.ts";
let target: "typescript" | "wasm" = "typescript";

const area = byId<HTMLTextAreaElement>("text");
const text = (): string => editor?.text() ?? area.value;

/** Storage may be refused: then the text is gone with the page, which is said where it matters. */
function keep(own: string): boolean {
  try {
    localStorage.setItem(KEPT, own);
    return true;
  } catch {
    return false;
  }
}
function kept(): string | undefined {
  try {
    return localStorage.getItem(KEPT) ?? undefined;
  } catch {
    return undefined;
  }
}

async function compileText(): Promise<void> {
  if (compiling !== undefined) {
    stale = true;
    if (performance.now() - compiling.since > STALE) lab.end("The text has changed since.");
    return;
  }
  compiling = { since: performance.now() };
  stale = false;
  setTrainable(false);
  say("Compiling …");
  try {
    compiled = await lab.compile({ of: OF, text: text(), path, options: { effort: "none", target } });
    if (!stale) showCompiled(compiled);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    compiled = undefined;
    if (!stale) showRefused(error);
  } finally {
    compiling = undefined;
  }
  if (stale) void compileText();
}

function showCompiled(done: LabCompiled): void {
  say(
    `${done.model}: an arena of ${bytesShown(done.arenaBytes)}, ${grouped(done.flops)} FLOPs a step; compiled in ${(done.milliseconds / 1000).toFixed(1)} s`,
  );
  showProblems(done.diagnostics.map(({ law, remedy, site, severity }) => ({ severity, message: `${law}. ${remedy}`, ...lineOf(site) })));
  showView();
  setTrainable(true);
  if (!byId("inspector").hidden) void inspectModel(done);
}

function showRefused({ told }: LabError): void {
  const { diagnostic, message, line } = told;
  say(told.name === "Ended" || told.name === "NoWorkers" ? message : "There is no trainer of this text yet.", true);
  const operands =
    diagnostic?.operands
      .map(({ label, name, type }) => `${label}${name === undefined ? "" : ` ${name}`} [${type.shape.join(",")}]`)
      .join(", ") ?? "";
  const words = diagnostic === undefined ? message : `${diagnostic.law}${operands === "" ? "" : ` (${operands})`}. ${diagnostic.remedy}`;
  showProblems([{ severity: "error", message: words, ...(line !== undefined && { line }) }]);
}

const lineOf = (site: string): { line?: number } => {
  const found = /:(\d+)$/.exec(site);
  return found === null ? {} : { line: Number(found[1]) };
};

let problems: readonly Problem[] = [];
function showProblems(all: readonly Problem[]): void {
  problems = all;
  byId("problems").replaceChildren(
    ...all.map(({ severity, message, line }) =>
      h("p", { class: severity, "data-line": line ?? 0 }, h("strong", {}, line === undefined ? "" : `Line ${line}: `), message),
    ),
  );
  editor?.show(all);
}

function showView(): void {
  if (compiled === undefined) return;
  const { files } = compiled;
  const file = (name: string): HTMLElement =>
    h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": name }, files[name] ?? "");
  byId("view").replaceChildren(
    ...(view === "step"
      ? [
          h(
            "div",
            { class: "code-view", tabindex: 0, role: "region", "aria-label": "Statements of a step" },
            ...statementBlocks(statementsOf(compiled)),
          ),
        ]
      : [file(view === "file" ? compiled.trainer : "report.md")]),
  );
}

// training
function setTrainable(on: boolean): void {
  byId<HTMLButtonElement>("train").disabled = !on;
  byId<HTMLButtonElement>("download").disabled = !on;
  byId<HTMLButtonElement>("inspect").disabled = !on;
  if (!on) byId<HTMLButtonElement>("stop").disabled = true;
}
const report = (said: string, isError = false): void => {
  byId("training").textContent = said;
  byId("training").classList.toggle("error", isError);
};

async function train(): Promise<void> {
  if (compiled === undefined) return;
  const points: [number, number][] = [];
  const of = compiled;
  try {
    report("Making a trainer …");
    const facts = await lab.ask("create", { of: OF, seed: 1, limit: LIMIT });
    const data = await dataFor(of, facts);
    await lab.ask("data", { of: OF, arrays: data.arrays });
    byId<HTMLButtonElement>("stop").disabled = false;
    await lab.run({ of: OF, every: 150 }, ({ steps, loss, epochs, error }) => {
      if (of !== compiled) return;
      if (error !== undefined) return report(error.message, true);
      points.push([steps, loss]);
      report(`loss ${shown(loss)} after ${grouped(steps)} steps, ${epochs.toFixed(1)} epochs of ${data.says}`);
      byId("curve").dataset["last"] = String(loss);
      byId("curve").replaceChildren(curves([{ name: "loss", color: "var(--c0)", points }], { label: "loss" }));
    });
  } catch (error) {
    if (!(error instanceof LabError || error instanceof DigitsError)) throw error;
    report(error.message.endsWith(".") ? error.message : `${error.message[0]!.toUpperCase()}${error.message.slice(1)}.`, true);
  }
}

function download(): void {
  if (compiled === undefined) return;
  const { files, trainer } = compiled;
  const address = URL.createObjectURL(new Blob([files[trainer]!], { type: "text/typescript" }));
  h("a", { href: address, download: trainer }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** The page of adjoint inspect --html, in a frame that can reach nothing here. */
async function inspectModel(of: LabCompiled): Promise<void> {
  const told = byId("inspected");
  told.textContent = "Laying out the graph …";
  try {
    const text = await lab.ask("inspector", { of: OF });
    if (of !== compiled) return;
    const frame = byId<HTMLIFrameElement>("inspector");
    frame.srcdoc = text;
    frame.hidden = false;
    told.textContent = `${of.model}, a page of ${bytesShown(text.length)}`;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    told.textContent = error.message;
  }
}

/** A module of one function that makes a vector and narrows it: where it does not hold there is no SIMD. */
const SIMD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);
const hasSimd = (): boolean => typeof WebAssembly !== "undefined" && WebAssembly.validate(SIMD);

function takeTarget(): void {
  const asked = byId<HTMLSelectElement>("target");
  const isMissing = asked.value === "wasm" && !hasSimd();
  byId("target-said").textContent = isMissing ? "This browser has no WebAssembly SIMD: the model is compiled to TypeScript." : "";
  if (isMissing) asked.value = "typescript";
  target = asked.value === "wasm" ? "wasm" : "typescript";
  void compileText();
}

// what one presses
const compileSoon = settled(() => {
  if (!keep(text())) byId("training").textContent = "This browser keeps nothing for the page: the text is gone when it is closed.";
  void compileText();
}, 350);
/** What is shown is of another text from now on. */
const typed = (): void => {
  setTrainable(false);
  say("Compiling …");
  compileSoon();
};
area.addEventListener("input", typed);
const select = byId<HTMLSelectElement>("models");
select.append(h("option", { value: "" }, "your own"), ...Object.keys(MODELS).map((name) => h("option", { value: name }, name)));
async function take(name: string): Promise<void> {
  const own = name === "" ? (kept() ?? "") : await MODELS[name]!();
  path = `models/${name === "" ? "own" : name}.ts`;
  if (editor === undefined) area.value = own;
  else editor.set(own);
  void compileText();
}
select.addEventListener("change", () => void take(select.value));
choices(
  byId("views"),
  [
    { value: "step" as const, title: "A training step" },
    { value: "file" as const, title: "The whole file" },
    { value: "report" as const, title: "Report" },
  ],
  view,
  (value) => {
    view = value;
    showView();
  },
);
byId("train").addEventListener("click", () => void train());
byId("stop").addEventListener("click", () => {
  byId<HTMLButtonElement>("stop").disabled = true;
  void lab.ask("pause", { of: OF });
});
byId("download").addEventListener("click", download);
byId("target").addEventListener("change", takeTarget);
byId("inspect").addEventListener("click", () => compiled !== undefined && void inspectModel(compiled));
setTrainable(false);

/** The first model is compiled from the plain text; the editor comes after. */
async function start(): Promise<void> {
  select.value = kept() === undefined ? "mnist-mlp" : "";
  await take(select.value);
  const { openEditor } = await import("./editor.ts");
  editor = openEditor(byId("editor"), area.value, typed);
  editor.show(problems);
}
void start();
