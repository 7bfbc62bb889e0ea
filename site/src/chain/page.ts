/** The page of the chain rule: a formula becomes a model text, the compiler its statements, and both run as the values are edited. */

import { statementBlocks } from "../code/blocks.ts";
import { codeBlock } from "../code/highlight.ts";
import { statementsOf, type Statement } from "../code/statements.ts";
import { byId, h, say, settled, shown } from "../dom.ts";
import { Lab, LabError } from "../lab/lab.ts";
import { circuitOf, evaluated, formula, modelText, probeText, refusal, slopeText, type Circuit, type Evaluated } from "./circuit.ts";
import { draw } from "./draw.ts";
import { FormulaError, parse } from "./parse.ts";
import { stepsOf, told, type Step } from "./steps.ts";

const EXAMPLES: readonly { readonly text: string; readonly values?: Readonly<Record<string, number>> }[] = [
  { text: "(x + y) * z", values: { x: -2, y: 5, z: -4 } },
  { text: "max(x, y) * z", values: { x: 3, y: -1, z: 2 } },
  { text: "sigmoid(w * x + b)", values: { w: 2, x: -1, b: 3 } },
  { text: "x * x + 3 * x", values: { x: 2 } },
  { text: "-log(exp(a) / (exp(a) + exp(b)))", values: { a: 1, b: 2 } },
  { text: "x / y", values: { x: 1, y: 2 } },
];
/** First values of variables that nobody gave one. */
const FIRST = [-2, 5, -4, 3, 1, 2, -1, 4];

const lab = new Lab();
const values: Record<string, number> = { ...EXAMPLES[0]!.values };
let circuit: Circuit | undefined;
let found: Evaluated | undefined;
let steps: Step[] = [];
let done = 0;
let statements: Statement[] = [];
let asked = 0;
let playing = 0;
/** The formula that was compiled last, or is being: the key that ends it comes after those that wrote it. */
let last = "";

const input = byId<HTMLInputElement>("formula");

/** The formula as it is typed: parsed, drawn, compiled. */
async function compileFormula(): Promise<void> {
  const own = ++asked;
  last = input.value;
  stop();
  try {
    const next = circuitOf(parse(input.value));
    next.variables.forEach((name, n) => (values[name] ??= FIRST[n % FIRST.length]!));
    input.removeAttribute("aria-invalid");
    showValues(next);
    const options = { effort: "none" } as const;
    const text = modelText(next, values);
    const shownModel = await lab.compile({ of: "shown", text, path: "circuit.ts", options: { ...options, entries: ["gradients"] } });
    await lab.compile({ of: "probe", text: probeText(next, values), path: "probe.ts", options: { ...options, dtype: "f64" } });
    await lab.ask("create", { of: "probe" });
    if (own !== asked) return;
    circuit = next;
    steps = stepsOf(next);
    done = steps.length;
    const file = shownModel.files["trainer.ts"]!;
    statements = statementsOf(shownModel).filter(({ region }) => region !== "update");
    byId("model").replaceChildren(codeBlock(text, "The model"));
    byId("file").replaceChildren(codeBlock(file, "The emitted file"));
    await evaluate(own);
  } catch (error) {
    if (own !== asked) return;
    if (!(error instanceof FormulaError) && !(error instanceof LabError)) throw error;
    if (error instanceof FormulaError) input.setAttribute("aria-invalid", "true");
    say(error.message, true);
  }
}

/** The compiled circuit at the values of now. */
async function evaluate(own: number): Promise<void> {
  const of = circuit;
  if (of === undefined) return;
  const why = refusal(of, values);
  if (why !== undefined) return say(why, true);
  const parameters = Object.fromEntries(of.variables.map((name) => [name, [values[name]!]]));
  await lab.ask("set", { of: "probe", parameters });
  const outputs = await lab.ask("predict", { of: "probe", arrays: {} });
  const returned = await lab.ask("gradients", { of: "shown", parameters, arrays: {} });
  if (own !== asked || of !== circuit) return;
  found = evaluated(of, values, outputs);
  const top = of.nodes.at(-1)!.name;
  say(`${top} = ${formula(of.nodes, of.nodes.length - 1, true)} = ${shown(found.values.at(-1)!)}`);
  byId("returned").textContent = `Run now, it came to ${top} = ${shown(returned.loss)} and ${of.variables
    .map((name) => `∂${top}/∂${name} = ${shown(returned.parameters[name]![0]!)}`)
    .join(", ")}.`;
  document.body.dataset["settled"] = input.value;
  show();
}

function showValues({ variables }: Circuit): void {
  byId("values").replaceChildren(
    ...variables.map((name) =>
      h(
        "label",
        { class: "value" },
        h("span", {}, `${name} =`),
        h("input", {
          type: "number",
          step: "any",
          value: values[name]!,
          "data-variable": name,
          input: ({ target }: { readonly target: HTMLInputElement }) => {
            if (target.value === "" || !Number.isFinite(target.valueAsNumber)) return;
            values[name] = target.valueAsNumber;
            stop();
            void evaluate(++asked);
          },
        }),
      ),
    ),
  );
}

/** Everything as it is after the steps that are done. */
function show(): void {
  if (circuit === undefined || found === undefined) return;
  const step = steps[done - 1];
  byId("circuit").replaceChildren(draw(circuit, found, steps, done));
  byId("now").textContent =
    done === 0
      ? "Only the values of the variables are known."
      : done === steps.length
        ? "All values and gradients are known. Play shows how they came to be, step by step."
        : told(circuit, found, step!);
  for (const [id, disabled] of [
    ["first", done === 0],
    ["back", done === 0],
    ["step", done === steps.length],
    ["last", done === steps.length],
  ] as const)
    byId<HTMLButtonElement>(id).disabled = disabled;
  const lit = done === steps.length || step === undefined ? undefined : litBy(circuit, step);
  byId("code").replaceChildren(...statementBlocks(statements, lit));
  byId("table").replaceChildren(...tableOf(circuit, found));
}

/** Numbers of the statements that make a step: its node's own, or those that cite it as what they differentiate. */
function litBy({ nodes }: Circuit, { direction, node }: Step): ReadonlySet<number> {
  const own = statements.filter(({ nodes: made }) => made.includes(nodes[node]!.name)).map(({ number }) => number);
  if (direction === "forward") return new Set(own);
  const cites = own.map((number) => new RegExp(`\\(statement ${number}\\)`));
  return new Set(
    statements.filter(({ comments }) => comments.some((text) => cites.some((cite) => cite.test(text)))).map(({ number }) => number),
  );
}

function tableOf({ nodes }: Circuit, { values: all, gradients, slopes }: Evaluated): HTMLElement[] {
  const top = nodes.at(-1)!.name;
  const head = h("tr", {}, ...["node", "value", "upstream", "× local", "= gradient"].map((text) => h("th", { scope: "col" }, text)));
  const rows = nodes.flatMap((node, at) => {
    if (node.kind !== "apply") return [];
    return node.of.flatMap((operand, n) => {
      const { name, kind } = nodes[operand]!;
      if (kind === "number") return [];
      const cells = [
        shown(gradients[at]!),
        localOf(shown(slopes[at]![n]!), slopeText(nodes, at, n)),
        `${shown(gradients[at]! * slopes[at]![n]!)} to ${name}`,
      ];
      return [
        h(
          "tr",
          {},
          h("th", { scope: "row" }, `${node.name} = ${formula(nodes, at, false)}`),
          h("td", {}, shown(all[at]!)),
          ...cells.map((text) => h("td", {}, text)),
        ),
      ];
    });
  });
  const sums = nodes.flatMap((node, at) =>
    node.kind === "variable"
      ? [
          h(
            "tr",
            { class: "sum" },
            h("th", { scope: "row" }, `∂${top}/∂${node.name}`),
            h("td", {}, shown(all[at]!)),
            h("td", {}),
            h("td", {}),
            h("td", { "data-gradient": node.name }, shown(gradients[at]!)),
          ),
        ]
      : [],
  );
  return [h("thead", {}, head), h("tbody", {}, ...rows.toReversed(), ...sums)];
}

const localOf = (value: string, text: string): string => (text === value ? value : `${value}, which is ${text}`);

function go(to: number): void {
  done = Math.max(0, Math.min(steps.length, to));
  show();
}
function stop(): void {
  clearInterval(playing);
  playing = 0;
  byId("play").textContent = "Play";
}
function play(): void {
  if (playing !== 0) return stop();
  if (done === steps.length) go(0);
  byId("play").textContent = "Pause";
  playing = window.setInterval(() => {
    go(done + 1);
    if (done === steps.length) stop();
  }, 1100);
}

const typed = settled(() => {
  if (input.value !== last) void compileFormula();
}, 250);
input.addEventListener("input", typed);
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  void compileFormula();
});
byId("examples").append(
  ...EXAMPLES.map(({ text, values: given }) =>
    h(
      "button",
      {
        type: "button",
        click: () => {
          input.value = text;
          Object.assign(values, given);
          void compileFormula();
        },
      },
      text.replaceAll(" * ", "·"),
    ),
  ),
);
for (const [id, act] of Object.entries({
  first: () => go(0),
  back: () => go(done - 1),
  step: () => go(done + 1),
  last: () => go(steps.length),
}))
  byId(id).addEventListener("click", () => {
    stop();
    act();
  });
byId("play").addEventListener("click", play);
void compileFormula();
