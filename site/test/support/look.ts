/** Pictures of pages at the three widths: `npx tsx test/support/look.ts <folder> [page …]`. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PAGES } from "../../src/pages.ts";
import { openSite } from "./site.ts";

const [folder = "pictures", ...asked] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const site = await openSite();
for (const file of asked.length > 0 ? asked : ["index.html", ...PAGES.map(({ file }) => file)]) {
  for (const [width, dark] of [
    [390, false],
    [820, true],
    [1440, false],
  ] as const) {
    const { page, errors, bytes } = await site.open(file, { width, dark });
    await page.waitForTimeout(Number(process.env["WAIT"] ?? 6000));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await page.screenshot({ path: join(folder, `${file.replace(".html", "")}-${width}.png`), fullPage: true });
    console.log(file, width, `overflow ${overflow}, ${bytes()} bytes`, errors);
    await page.context().close();
  }
}
await site.close();
