/** The inspector as a whole: its panes, what leads from one to the other, and the keys. */

import type { PageData } from "../../compiler/inspector/data.ts";
import { App, type Change, type Pane } from "./app.ts";
import { ArenaPane } from "./arena.ts";
import { CodePane } from "./code.ts";
import { CostPane } from "./cost.ts";
import { DetailPane } from "./detail.ts";
import { h } from "./dom.ts";
import { Find } from "./find.ts";
import { GraphPane } from "./graph.ts";
import { PassesPane } from "./passes.ts";
import { SourcePane } from "./source.ts";

const TABS = [
  ["source", "Model"],
  ["graph", "Graph"],
  ["code", "Code"],
  ["memory", "Memory"],
  ["cost", "Cost"],
  ["passes", "Passes"],
] as const;
type Tab = (typeof TABS)[number][0];

/** Those that stand side by side where there is room. */
const WIDE: readonly Tab[] = ["source", "graph", "code"];

/** Fills an element with the inspector of a model; gives what chooses things in it from outside. */
export function mount(root: HTMLElement, data: PageData): App {
  const app = new App(data);
  const find = new Find(app);
  const tabs = new Map<Tab, HTMLElement>();
  let lower: Tab = "memory";
  const open = (tab: Tab): void => {
    if (!WIDE.includes(tab)) lower = tab;
    root.dataset["lower"] = lower;
    root.dataset["tab"] = tab;
    for (const [name, button] of tabs) {
      button.toggleAttribute("data-open", name === tab);
      button.toggleAttribute("data-low", name === lower);
      button.setAttribute("aria-pressed", String(name === tab));
    }
  };
  for (const [tab, name] of TABS) tabs.set(tab, h("button", { type: "button", class: `tab ${tab}`, click: () => open(tab) }, name));
  const entries = data.entries.map(({ name }, entry) => h("button", { type: "button", click: () => app.go({ entry }) }, name));
  const themes = h("button", { type: "button", class: "theme", click: () => turn(root), "aria-label": "Light or dark" }, "◐");
  root.classList.add("inspector");
  root.replaceChildren(
    h(
      "header",
      {},
      h("h1", {}, data.model, h("span", { class: "what" }, `adjoint ${data.version}`)),
      h("span", { class: "choices entries", role: "group", "aria-label": "Entry point" }, ...entries),
      find.element,
      themes,
    ),
    h("nav", { "aria-label": "Panes" }, ...tabs.values()),
  );
  const around: Pane = {
    element: root,
    show({ state }: Change) {
      entries.forEach((button, n) => button.setAttribute("aria-pressed", String(n === state.entry)));
    },
  };
  const panes = [
    new SourcePane(app),
    new GraphPane(app),
    new CodePane(app),
    new ArenaPane(app),
    new CostPane(app),
    new PassesPane(app),
    new DetailPane(app),
  ];
  root.append(h("main", {}, ...panes.map(({ element }) => element)));
  app.panes.push(around, find, ...panes);
  open("graph");
  app.go({}, true);
  root.ownerDocument.addEventListener("keydown", (event) => onKey(event, app, find, open));
  return app;
}

function onKey(event: KeyboardEvent, app: App, find: Find, open: (tab: Tab) => void): void {
  const typing = event.target instanceof HTMLInputElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") app.choose(undefined);
  if (typing) return;
  const { chosen } = app.state;
  const { statements } = app.links.run;
  const now = chosen?.kind === "statement" ? chosen.number : 0;
  const tab = TABS[Number(event.key) - 1];
  if (event.key === "/") find.focus();
  else if (event.key === "]") app.choose({ kind: "statement", number: Math.min(now + 1, statements.length) });
  else if (event.key === "[") app.choose({ kind: "statement", number: Math.max(now - 1, 1) });
  else if (tab !== undefined) open(tab[0]);
  else return;
  event.preventDefault();
}

/** The other of light and dark than is seen. */
function turn(root: HTMLElement): void {
  const { documentElement } = root.ownerDocument;
  const now = documentElement.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  documentElement.dataset["theme"] = now === "dark" ? "light" : "dark";
}
