/** What is true of every page: it fits its screen, people can use it, it asks for little, and it never stands still. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, loadavg } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PAGES } from "../src/pages.ts";
import { CHROMIUM, openSite, type Site } from "./support/site.ts";

/** How many times longer all takes because of what else the machine does. */
const busy = (): number => Math.max(1, loadavg()[0]! / availableParallelism());

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.skipIf(CHROMIUM === undefined).each(["index.html", ...PAGES.map(({ file }) => file)])("%s", (file) => {
  let site: Site;
  beforeAll(async () => void (site = await openSite()));
  afterAll(() => site.close());

  test.each([
    [390, false],
    [820, true],
    [1440, false],
  ] as const)("fits %d px, and axe finds nothing serious", async (width, dark) => {
    const { page, errors } = await site.open(file, { width, dark });
    await page.waitForTimeout(4000);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.evaluate(axe);
    const found = await page.evaluate(async () => {
      const { violations } = await (
        globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }> };
        }
      ).axe.run();
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join("; ")}`);
    });
    expect(found).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe.skipIf(CHROMIUM === undefined)("budgets", () => {
  let site: Site;
  beforeAll(async () => void (site = await openSite()));
  afterAll(() => site.close());

  test("until the first trainer has trained a page asks for at most 700 kB, and no task of its thread is longer than 100 ms while it trains", async () => {
    for (const [file, trained] of [
      ["linear.html", () => Number(document.querySelector("#steps")!.textContent!.replace(/\D/g, "")) > 0],
      ["templates.html", () => document.querySelector<HTMLCanvasElement>("#linear-weights")!.style.width !== ""],
      ["convolution.html", () => document.querySelector<HTMLElement>("#filters")!.dataset["sum"] !== undefined],
      ["hyperparameters.html", () => [...document.querySelectorAll("#runs td.n")].some((cell) => /\d/.test(cell.textContent))],
      ["dreams.html", () => document.querySelector<HTMLElement>("#style-loss")!.dataset["loss"] !== undefined],
    ] as const) {
      const { page, bytes } = await site.open(file);
      await page.waitForFunction(trained, undefined, { timeout: 60_000, polling: 20 });
      const asked = bytes();
      console.log(`${file}: ${asked} bytes until it has trained`);
      expect(asked, file).toBeLessThanOrEqual(700_000);
      const longest = await site.longestTask(page, () => page.waitForTimeout(5000));
      console.log(`${file}: longest task ${longest.toFixed(1)} ms`);
      expect(longest, file).toBeLessThan(100);
      // the page's own clock, from the request on
      const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]!.startTime);
      console.log(`${file}: first contentful paint ${painted.toFixed(0)} ms`);
      expect(painted, file).toBeLessThan(1000 * busy());
      await page.context().close();
    }
  });

  test("what is printed is the text without what one presses", async () => {
    const { page } = await site.open("chain-rule.html", { width: 820 });
    await page.waitForFunction(() => document.body.dataset["settled"] !== undefined, undefined, { timeout: 60_000 });
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("button:visible, header nav:visible").count()).toBe(0);
    expect(await page.locator(".statement:visible").count()).toBe(6);
    expect((await page.pdf()).length).toBeGreaterThan(10_000);
    await page.context().close();
  });

  test("the first compile of mnist-mlp takes at most three seconds", async () => {
    const { page } = await site.open("playground.html");
    await page.waitForFunction(() => document.querySelector("#said")!.textContent!.startsWith("mnist-mlp: an arena of"), undefined, {
      timeout: 60_000,
    });
    const seconds = Number(/compiled in ([\d.]+) s/.exec((await page.textContent("#said"))!)![1]);
    console.log(
      `mnist-mlp compiled in ${seconds} s; first contentful paint ${await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime)} ms`,
    );
    expect(seconds).toBeLessThanOrEqual(3 * busy());
  });
});
