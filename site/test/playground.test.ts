/** The playground: errors at their line, training once they are mended, and an end to texts that have none. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { CHROMIUM, openSite, type Opened, type Site } from "./support/site.ts";

describe.skipIf(CHROMIUM === undefined)("the playground", () => {
  let site: Site;
  let opened: Opened;
  let page: Page;
  beforeAll(async () => {
    site = await openSite();
    opened = await site.open("playground.html");
    page = opened.page;
    await page.waitForSelector(".cm-content", { timeout: 60_000 });
    await compiled("mnist-mlp");
  });
  afterAll(() => site.close());

  const compiled = (name: string): Promise<unknown> =>
    page.waitForFunction((model) => document.querySelector("#said")!.textContent!.startsWith(`${model}: an arena of`), name, {
      timeout: 90_000,
    });
  async function write(text: string): Promise<void> {
    await page.click(".cm-content");
    await page.keyboard.press("Control+A");
    await page.keyboard.insertText(text);
  }
  const own = (
    hidden: number,
    second: number,
  ): string => `import { accuracy, add, input, labels, matmul, model, normal, param, relu, sgd, softmaxCrossEntropy } from "adjoint";

export default model("own", { batch: 16 }, ({ batch }) => {
  const x = input("x", [batch, 8]);
  const y = labels("y", [batch], { classes: 3 });
  const W1 = param("W1", [8, ${hidden}], normal(0, 0.5));
  const W2 = param("W2", [${second}, 3], normal(0, 0.5));
  const hidden = relu(matmul(x, W1));
  const scores = matmul(hidden, W2);
  return { loss: softmaxCrossEntropy(scores, y), outputs: { scores }, optimizer: sgd({ learningRate: 0.3 }) };
});
`;

  test("the emitted step is shown, with its laws", async () => {
    expect(await page.textContent("#view")).toContain("d_W1 = xᵀ · d_z1");
    await page.click('[data-choice="file"]');
    expect(await page.textContent("#view pre")).toContain("export function createTrainer(");
    await page.click('[data-choice="step"]');
  });

  test("a shape that does not fit is said at its line; mended, it trains", async () => {
    await write(own(12, 13));
    await page.waitForSelector("#problems .error");
    expect(await page.getAttribute("#problems .error", "data-line")).toBe("9");
    expect(await page.textContent("#problems .error")).toMatch(/^Line 9: .*\[16,12\].*\[13,3\]/);
    await page.waitForSelector(".cm-lintRange-error");
    expect(await page.textContent(".cm-lintRange-error")).toContain("const scores = matmul(hidden, W2);");
    await write(own(12, 12));
    await compiled("own");
    expect(await page.locator("#problems .error").count()).toBe(0);
    await page.click("#train");
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("#curve")!.dataset["last"]) < 0.4, undefined, {
      timeout: 60_000,
    });
    await page.click("#stop");
  });

  test.each([
    ["const a = ;", /^Line 1: /],
    ['import { nothing } from "adjoint";', "Line 1: adjoint exports nothing of the name nothing; check the spelling"],
    ['import fs from "fs";\n', /./],
    [
      'import { model } from "adjoint";\nexport const a = 1;\n',
      "the text exports no model; end it with export default model(…), where model comes from adjoint",
    ],
    [own(12, 12).replace("relu(matmul", "relu(undefinedThing(matmul").replace("W1));", "W1)));"), /^Line 8: .*undefinedThing/],
  ])("%# what is no model is said in a sentence", async (text, said) => {
    await write(text);
    await page.waitForFunction(() => document.querySelector("#said")!.textContent === "There is no trainer of this text yet.", undefined, {
      timeout: 30_000,
    });
    expect(await page.textContent("#problems")).toMatch(said);
    await write(own(12, 12));
    await compiled("own");
  });

  test("a text that loops forever has its worker ended, which is said; the next text compiles", async () => {
    await write(own(12, 12).replace("  const hidden", "  while (true) {}\n  const hidden"));
    await page.waitForFunction(
      () => /its worker was ended: does it loop forever\?$/.test(document.querySelector("#said")!.textContent!),
      undefined,
      { timeout: 30_000 },
    );
    await write(own(10, 10));
    await compiled("own");
  });

  test("a model too large for a page is compiled, and refused with its arena when it is to train", async () => {
    await write(own(12, 12).replace("[8, 12]", "[8, 3200000]").replace("[12, 3]", "[3200000, 3]"));
    await compiled("own");
    await page.click("#train");
    await page.waitForFunction(
      () => /^This model needs an arena of \d+ MB, more than the 500 MB/.test(document.querySelector("#training")!.textContent!),
      undefined,
      {
        timeout: 30_000,
      },
    );
  });

  test("the inspector of the model opens in the page: a weight shows how its gradient came from the loss", async () => {
    await write(own(12, 12));
    await compiled("own");
    const before = opened.bytes();
    await page.click("#inspect");
    await page.waitForFunction(() => document.querySelector("#inspected")!.textContent!.startsWith("own, a page of "), undefined, {
      timeout: 60_000,
    });
    const inspector = page.frameLocator("#inspector");
    await inspector.getByRole("button", { name: "W1", exact: true }).first().click();
    expect(await inspector.locator("#detail .title strong").textContent()).toBe("W1");
    const chain = await inspector.locator("#detail .chain li > .link").allTextContents();
    expect(chain[0]).toMatch(/^d_/);
    expect(chain.at(-1)).toBe("d_W1");
    expect(await inspector.locator("#source .l.lit").allTextContents()).toEqual([expect.stringContaining('param("W1", [8, 12]')]);
    console.log(`editor and inspector: ${opened.bytes("editor") + opened.bytes() - before} bytes`);
    expect(opened.bytes("editor") + opened.bytes() - before).toBeLessThanOrEqual(700_000);
    // what is edited is inspected anew
    await write(own(11, 11));
    await compiled("own");
    await inspector.locator("#source .l", { hasText: 'param("W1", [8, 11]' }).waitFor();
  });

  test("as WebAssembly it trains as well; without SIMD that is said, and TypeScript goes on", async () => {
    await write(own(12, 12));
    await page.selectOption("#target", "wasm");
    await page.waitForFunction(() => document.querySelector("#said")!.textContent!.startsWith("own: an arena of"), undefined, {
      timeout: 60_000,
    });
    await page.click('[data-choice="file"]');
    expect(await page.textContent("#view pre")).toContain("WebAssembly");
    await page.click('[data-choice="step"]');
    expect(await page.textContent("#view")).toContain("d_W1 = xᵀ · d_dot");
    await page.click("#train");
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("#curve")!.dataset["last"]) < 0.4, undefined, {
      timeout: 60_000,
    });
    await page.click("#stop");
    await page.selectOption("#target", "typescript");
    await page.evaluate(() => {
      WebAssembly.validate = () => false;
    });
    await page.selectOption("#target", "wasm");
    expect(await page.textContent("#target-said")).toBe("This browser has no WebAssembly SIMD: the model is compiled to TypeScript.");
    expect(await page.inputValue("#target")).toBe("typescript");
    await compiled("own");
  });

  test("trainer.ts is downloaded as it was emitted", async () => {
    await write(own(12, 12));
    await compiled("own");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
    expect(download.suggestedFilename()).toBe("trainer.ts");
  });

  test("nothing is written to the console", () => {
    expect(opened.errors).toEqual([]);
  });
});
