/** The page of the linear classifier: what is dragged changes loss and regions; lines stay lines, and better features bend them. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { CHROMIUM, openSite, type Opened, type Site } from "./support/site.ts";

describe.skipIf(CHROMIUM === undefined)("a linear classifier", () => {
  let site: Site;
  let opened: Opened;
  let page: Page;
  beforeAll(async () => {
    site = await openSite();
    opened = await site.open("linear.html");
    page = opened.page;
    await steps(200);
  });
  afterAll(() => site.close());

  const steps = (least: number): Promise<unknown> =>
    page.waitForFunction((n) => Number(document.querySelector("#steps")!.textContent!.replace(/\D/g, "")) >= n, least, { timeout: 60_000 });
  const loss = async (): Promise<number> => Number(await page.textContent("#loss"));
  const accuracy = async (): Promise<number> => Number.parseFloat((await page.textContent("#accuracy"))!);
  const region = (): Promise<string | null> => page.getAttribute("#plane", "data-region");
  async function choose(group: string, value: string): Promise<void> {
    await page.click(`${group} [data-choice="${value}"]`);
    await page.waitForFunction(() => Number(document.querySelector("#steps")!.textContent!.replace(/\D/g, "")) < 150, undefined, {
      timeout: 60_000,
    });
  }

  test("three groups are separated", async () => {
    await steps(400);
    expect(await accuracy()).toBeGreaterThanOrEqual(95);
    expect(await loss()).toBeLessThan(0.35);
  });

  test("a point that is dragged among others changes the loss, and, as training goes on, the regions", async () => {
    const before = { loss: await loss(), region: await region() };
    const box = (await page.locator("#plane").boundingBox())!;
    const at = (x: number, y: number): [number, number] => [box.x + ((x + 1) / 2) * box.width, box.y + ((1 - y) / 2) * box.height];
    // a new blue point, put down on the side of the orange ones
    await page.mouse.move(...at(-0.9, 0.9));
    await page.mouse.down();
    await page.mouse.move(...at(0, 0.6), { steps: 4 });
    await page.mouse.move(...at(0.85, 0.5), { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction((old) => Number(document.querySelector("#loss")!.textContent) > old + 0.02, before.loss, {
      timeout: 30_000,
    });
    await page.waitForFunction((old) => document.querySelector<HTMLElement>("#plane")!.dataset["region"] !== old, before.region, {
      timeout: 30_000,
    });
    expect(await page.textContent("#point")).toMatch(/^This ● has the scores ● .*, ■ .*, ▲ .*: softmax loss [\d.]+, SVM loss [\d.]+\.$/);
  });

  test("the SVM loss is that of the lecture", async () => {
    await page.click('#losses [data-choice="svmLoss"]');
    await page.waitForFunction(() => document.querySelector("#model")!.textContent!.includes("add(svmLoss(scores, color)"));
    expect(await page.textContent("#model")).toContain("svmLoss(scores, color)");
  });

  test("no line separates rings; two linear layers are a line again, and the compiler says so; polar features and hidden units separate them", async () => {
    await choose("#losses", "softmaxCrossEntropy");
    await choose("#sets", "Rings");
    await steps(800);
    expect(await accuracy()).toBeLessThan(80);
    await choose("#ideas", "two");
    await steps(800);
    expect(await accuracy()).toBeLessThan(80);
    expect(await page.textContent("#said")).toMatch(
      /^The compiler warns, line \d+: two linear layers with nothing between them are one linear layer/,
    );
    expect(await page.locator("#product td").count()).toBe(6);
    await choose("#ideas", "polar");
    await page.waitForFunction(() => Number.parseFloat(document.querySelector("#accuracy")!.textContent!) >= 98, undefined, {
      timeout: 60_000,
    });
    await choose("#ideas", "hidden");
    await page.waitForFunction(() => Number.parseFloat(document.querySelector("#accuracy")!.textContent!) >= 97, undefined, {
      timeout: 60_000,
    });
  });

  test("paused, nothing moves; one step is one", async () => {
    await page.click("#train");
    await page.waitForTimeout(300);
    const before = await page.textContent("#steps");
    await page.waitForTimeout(300);
    expect(await page.textContent("#steps")).toBe(before);
    const lossBefore = await loss();
    await page.click("#one");
    await page.waitForFunction((old) => document.querySelector("#steps")!.textContent !== old, before);
    expect(await loss()).toBeLessThanOrEqual(lossBefore);
  });

  test("nothing is written to the console", () => {
    expect(opened.errors).toEqual([]);
  });
});
