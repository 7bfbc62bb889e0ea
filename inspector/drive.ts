/** Guarantees a page of the inspector in headless Chromium, at the widths of a phone, a tablet and a desk: what it takes to open, and what is wrong with it. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HERE = fileURLToPath(new URL(".", import.meta.url));

export const WIDTHS = [390, 820, 1440] as const;

export interface Seen {
  readonly width: number;
  /** From the request to what is painted. */
  readonly milliseconds: number;
  /** Until the panes show a chosen weight, and the statement after. */
  readonly toChoose: number;
  /** Errors of the console and of the script, overflow of the page, serious findings of axe-core, links that do not hold. */
  readonly faults: readonly string[];
  /** Things that were chosen, each of which must be lit where it is shown. */
  readonly chosen: number;
  /** Links that were followed, each to what it names. */
  readonly links: number;
  /** Of these choices, milliseconds of the script and the layout that follow: half take no longer, and the longest. */
  readonly perChoice: readonly [median: number, longest: number];
  /** Milliseconds until the longest pane is laid out at its end, which nobody has seen yet. */
  readonly toScroll: number;
}

/** How many things of a pane are chosen: some, evenly spread, or every one. */
export type Amount = "some" | "all";

/** Undefined where there is no Chromium. */
export async function opened(): Promise<Browser | undefined> {
  return CHROMIUM === undefined ? undefined : chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}

/** What is seen of a page at one width; `picture` is where a picture of it goes, if anywhere. */
export async function seen(browser: Browser, file: string, width: number, picture?: string, amount: Amount = "some"): Promise<Seen> {
  const faults: string[] = [];
  const context = await browser.newContext({ viewport: { width, height: width < 700 ? 844 : 900 } });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));
  page.on("pageerror", ({ message }) => faults.push(`script: ${message}`));
  page.on("request", (request) => /^(?:file|data):/.test(request.url()) || faults.push(`asks for ${request.url()}`));
  await page.goto(`file://${file}`);
  const milliseconds = await painted(page);
  const began = performance.now();
  await page.locator("#detail .link").first().click();
  await painted(page);
  await page.keyboard.press("]");
  await painted(page);
  const toChoose = performance.now() - began;
  if ((await page.textContent("#detail .title strong")) !== "Statement 1") faults.push("] does not go to the first statement");
  faults.push(...(await overflowOf(page)));
  await page.evaluate("globalThis.__name = (made) => made"); // what tsx calls in functions that it names
  const { broken, times, links, toScroll } = await page.evaluate(chooseAll, amount);
  faults.push(...broken);
  const sorted = times.toSorted((a, b) => a - b);
  const perChoice = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0] as const;
  if (picture !== undefined) await page.screenshot({ path: picture });
  await context.close();
  // the policy lets no script in but the page's own
  const open = await browser.newContext({ viewport: { width, height: 900 }, bypassCSP: true });
  const other = await open.newPage();
  await other.goto(`file://${file}`);
  await other.locator("#detail .link").first().click();
  await other.evaluate(AXE);
  const violations = await other.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe.run(),
  );
  for (const { impact, id, nodes } of violations.violations)
    if (impact === "serious" || impact === "critical") faults.push(`axe: ${id}, ${nodes.length} times: ${nodes[0]!.html.slice(0, 120)}`);
  await open.close();
  return { width, milliseconds, toChoose, faults, chosen: times.length, links, perChoice, toScroll };
}

interface Violation {
  readonly impact: string;
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** When the second frame from now is there, by the page's own clock. */
const painted = (page: Page): Promise<number> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))));

async function overflowOf(page: Page): Promise<string[]> {
  const tabs = await page.locator("nav .tab:visible").all();
  const found: string[] = [];
  for (const tab of [undefined, ...tabs]) {
    await tab?.click();
    const [wide, high] = await page.evaluate(() => {
      const { scrollWidth, scrollHeight } = document.documentElement;
      return [scrollWidth - innerWidth, scrollHeight - innerHeight];
    });
    if (wide! > 0 || high! > 0) found.push(`overflows by ${wide} and ${high} after ${(await tab?.textContent()) ?? "it was opened"}`);
  }
  return found;
}

/** In the page: chooses what stands in every pane, and sees that it is lit there and told of; and that what it names can be chosen in turn. */
async function chooseAll(amount: "some" | "all"): Promise<{ broken: string[]; times: number[]; links: number; toScroll: number }> {
  const broken: string[] = [];
  const times: number[] = [];
  const click = (element: Element): void => void element.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  const told = (): string => document.querySelector("#detail .title strong")?.textContent ?? "";
  const tried = new Set<string>();
  let links = 0;
  /** Follows every link that nobody followed yet, and those where it leads: each must tell of what it names. */
  const follow = (): void => {
    for (;;) {
      const links = [...document.querySelectorAll("#detail .link")];
      const link = links.find((one) => !tried.has(`${one.className} ${one.textContent}`));
      if (link === undefined) return;
      const [, kind] = link.classList;
      const name = link.textContent;
      tried.add(`${link.className} ${name}`);
      // of a law the node's name is the one that it had where the rule was applied
      const isLaw = link.previousElementSibling?.tagName === "CODE";
      click(link);
      const wanted = kind === "statement" ? `Statement ${name}` : kind === "line" ? `Line ${name.replace(/^.*:/, "")}` : name;
      if (told() !== wanted && !(isLaw && told() !== "")) broken.push(`the link to ${kind} ${name} leads to ${told()}`);
    }
  };
  const pick = (what: string, element: Element, name: string): void => {
    const began = performance.now();
    click(element);
    void document.body.getBoundingClientRect(); // lays all out
    times.push(performance.now() - began);
    if (told() !== name) broken.push(`${what} ${name} is not told of, but ${told()}`);
    if (!element.isConnected || element.closest(".lit") === null) broken.push(`${what} ${name} is not lit where it was chosen`);
  };
  const some = <T>(all: readonly T[], most: number): T[] =>
    amount === "all" ? [...all] : all.filter((_, n) => n % Math.ceil(all.length / most) === 0);
  const entries = [...document.querySelectorAll(".entries button")];
  for (const entry of amount === "all" ? entries : entries.slice(0, 1)) {
    click(entry);
    tried.clear();
    click(document.querySelector("#graph .choices button")!);
    for (const folded of document.querySelectorAll<HTMLDetailsElement>("#graph details")) folded.open = true;
    for (const box of some([...document.querySelectorAll("#graph .box")], 60)) {
      const title = box.querySelector(".id")!.textContent;
      if (!title.endsWith("…")) pick("node", box, title);
      if (amount === "all") follow();
    }
    for (const rect of some([...document.querySelectorAll("#memory rect.buffer")], 40))
      pick("buffer", rect, rect.getAttribute("aria-label")!.split(", ")[0]!);
    for (const row of some([...document.querySelectorAll("#cost tbody tr")], 40)) {
      const number = row.querySelector("td")!.textContent;
      pick("kernel's statement", row.querySelector("button")!, `Statement ${number}`);
      const lines = [...document.querySelectorAll("#code .l.lit")].map((line) => line.textContent);
      if (!lines.some((line) => line.includes(`// ${number}. `))) broken.push(`statement ${number} is not lit in the code`);
      if (amount === "all") follow();
    }
    links += tried.size;
  }
  const code = document.querySelector("#code .text")!;
  const began = performance.now();
  code.scrollTop = code.scrollHeight;
  void code.querySelector(".chunk:last-child .l:last-child")?.getBoundingClientRect();
  const toScroll = performance.now() - began;
  click(document.querySelectorAll("#graph .choices button")[1]!);
  return { broken, times, links, toScroll };
}

/** Where pictures of the pages go. */
export const PICTURES = `${HERE}.work/`;
