/** Convolution, hyperparameters, memory and dreams: what the pages say is what their trainers did. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, openSite, type Site } from "./support/site.ts";

describe.skipIf(CHROMIUM === undefined)("pages", () => {
  let site: Site;
  beforeAll(async () => void (site = await openSite()));
  afterAll(() => site.close());
  const patient = { timeout: 120_000 };

  test("convolution: the sum by hand is the number of the map, wherever the filter lies; filters change while they learn", async () => {
    const { page, errors } = await site.open("convolution.html");
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("#sum")!.dataset["stored"]) !== 0, undefined, patient);
    await page.focus("#picture");
    for (const key of ["ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft"]) {
      await page.keyboard.press(key);
      const { byHand, stored } = await page.$eval(
        "#sum",
        (said) => ({ ...(said as HTMLElement).dataset }) as { byHand: string; stored: string },
      );
      expect(Math.abs(Number(byHand) - Number(stored))).toBeLessThan(1e-5);
    }
    await page.waitForFunction(() => document.querySelector<HTMLElement>("#filters")!.dataset["sum"] !== undefined, undefined, patient);
    const before = await page.getAttribute("#filters", "data-sum");
    await page.waitForFunction((old) => document.querySelector<HTMLElement>("#filters")!.dataset["sum"] !== old, before, patient);
    await page.waitForFunction(() => Number.parseFloat(document.querySelector("#accuracy")!.textContent!) > 80, undefined, patient);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test("hyperparameters: trainers end with what they reached, and no more than four fit", async () => {
    const { page, errors } = await site.open("hyperparameters.html");
    await page.waitForFunction(() => document.querySelectorAll('[data-state="done"]').length === 2, undefined, { timeout: 170_000 });
    const reached = await page.$$eval("[data-accuracy]", (cells) => cells.map((cell) => Number((cell as HTMLElement).dataset["accuracy"])));
    for (const accuracy of reached) expect(accuracy).toBeGreaterThan(0.75);
    expect(await page.$$eval("#loss polyline", (lines) => lines.every((line) => line.getAttribute("points")!.split(" ").length > 2))).toBe(
      true,
    );
    await page.selectOption('[data-control="layers"]', "0");
    await page.selectOption('[data-control="epochs"]', "5");
    for (let n = 0; n < 3; n++) await page.click("#add");
    expect(await page.textContent("#said")).toBe("There are 4 trainers, as many as fit the picture: clear them first.");
    await page.click("#clear");
    expect(await page.locator("#runs tbody tr").count()).toBe(0);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test("memory: a budget is kept for more work, and one that nothing fits is said with the nearest that is possible", async () => {
    const { page, errors } = await site.open("memory.html");
    await page.selectOption("#models", "lenet");
    await page.waitForFunction(() => document.querySelector<HTMLElement>("#arena")!.dataset["bytes"] !== undefined, undefined, patient);
    const figures = () =>
      page.evaluate(
        () =>
          [
            Number(document.querySelector<HTMLElement>("#arena")!.dataset["bytes"]),
            Number(document.querySelector<HTMLElement>("#flops")!.dataset["flops"]),
          ] as const,
      );
    const [whole, flops] = await figures();
    expect(await page.locator("#picture rect").count()).toBeGreaterThan(20);
    const set = (share: number): Promise<void> =>
      page.$eval(
        "#budget",
        (slider, value) => {
          (slider as HTMLInputElement).value = String(value);
          slider.dispatchEvent(new Event("input"));
        },
        share,
      );
    await set(75);
    await page.waitForFunction((old) => Number(document.querySelector<HTMLElement>("#arena")!.dataset["bytes"]) < old, whole, patient);
    const [smaller, more] = await figures();
    expect(smaller).toBeLessThanOrEqual(0.75 * whole + 1000);
    expect(more).toBeGreaterThanOrEqual(flops);
    expect(await page.textContent("#cost")).toMatch(/^To fit, .*% more operations a step, and the same bits\.$/);
    await set(20);
    await page.waitForSelector("#said.error", patient);
    expect(await page.textContent("#said")).toMatch(
      /does not fit \d+KB: the smallest arena found has .* The nearest budget that is possible is /,
    );
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test("dreams: the picture comes nearer to content and style, and the net is sure of what it dreams", async () => {
    const { page, errors } = await site.open("dreams.html");
    const loss = (): Promise<number> => page.$eval("#style-loss", (said) => Number((said as HTMLElement).dataset["loss"]));
    await page.waitForFunction(() => document.querySelector<HTMLElement>("#style-loss")!.dataset["loss"] !== undefined, undefined, patient);
    const first = await loss();
    await page.waitForFunction(
      (old) => Number(document.querySelector<HTMLElement>("#style-loss")!.dataset["loss"]) < old / 2,
      first,
      patient,
    );
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("#dream-said")!.dataset["sure"]) > 0.9, undefined, patient);
    expect(await page.textContent("#dream-said")).toMatch(/^sure by 9\d\.\d % that this is a 3$/);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
