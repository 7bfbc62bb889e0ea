/** Browsers that refuse something: every page says so in one sentence, and goes on with what it has. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PAGES } from "../src/pages.ts";
import { CHROMIUM, openSite, type Site } from "./support/site.ts";

describe.skipIf(CHROMIUM === undefined)("a browser", () => {
  let site: Site;
  beforeAll(async () => void (site = await openSite()));
  afterAll(() => site.close());

  test.each(PAGES.map(({ file }) => file))("without workers: %s says so, and can still be used", async (file) => {
    const { page, errors } = await site.open(file, { before: "delete globalThis.Worker" });
    const sentence = "This browser has no workers, in which the compiler would run.";
    await page.waitForFunction((text) => document.querySelector("main")!.textContent!.includes(text), sentence, { timeout: 30_000 });
    // whatever is pressed, nothing breaks
    for (const button of await page.locator("main button:enabled:visible").all()) await button.click();
    await page.waitForTimeout(300);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test("that keeps nothing: the playground says so, compiles and trains", async () => {
    const { page, errors } = await site.open("playground.html", {
      before: `Object.defineProperty(globalThis, "localStorage", {
        get() { throw new DOMException("The operation is insecure.", "SecurityError"); },
      })`,
    });
    const compiled = (): Promise<unknown> =>
      page.waitForFunction(() => document.querySelector("#said")!.textContent!.startsWith("mnist-mlp: an arena of"), undefined, {
        timeout: 60_000,
      });
    await page.waitForSelector(".cm-content", { timeout: 60_000 });
    await compiled();
    await page.click(".cm-content");
    await page.keyboard.press("Control+End");
    await page.keyboard.type("// a word");
    await page.waitForFunction(
      () =>
        document.querySelector("#training")!.textContent === "This browser keeps nothing for the page: the text is gone when it is closed.",
    );
    await compiled();
    await page.click("#train");
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("#curve")!.dataset["last"]) < 2, undefined, {
      timeout: 60_000,
    });
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
