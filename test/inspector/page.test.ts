/** The page of an inspection: one file under a policy of its own hashes, small enough, whose links hold both ways; in Chromium where the driver is installed. */

import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { compile, inspect } from "adjoint";
import { pageAssets } from "../../compiler/cli/page-assets.ts";
import type { PageData } from "../../compiler/inspector/data.ts";
import { inspectorPage } from "../../compiler/inspector/page.ts";
import { Links, type Thing } from "../../inspector/page/links.ts";
import { root } from "../support/command.ts";
import { modelOf, modelText } from "../support/models.ts";

let page: string;
let data: PageData;
beforeAll(async () => {
  const source = { path: "models/lenet.ts", text: modelText("lenet") };
  const model = await modelOf("lenet");
  const inspections = [];
  for (const target of ["typescript", "plain"] as const)
    inspections.push(inspect(await compile(model, { source, target, effort: "none" })));
  page = await inspectorPage(inspections, await pageAssets("inspector"));
  data = JSON.parse(/<script type="application\/json" id="data">(.*)<\/script>/.exec(page)![1]!) as PageData;
}, 120_000);

test("lenet is one file of at most 600 kB, whose policy knows its own script and style and lets nothing else in", () => {
  expect(page.length).toBeLessThanOrEqual(600_000);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
  const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const [, style] = /<style>([^]*?)<\/style>/.exec(page)!;
  const [, script] = /<script>([^]*)<\/script>\n<\/body>/.exec(page)!;
  expect(policy).toBe(
    `default-src 'none'; script-src ${hash(script!)}; style-src ${hash(style!)}; img-src data:; base-uri 'none'; form-action 'none'`,
  );
  expect(page.match(/<script/g)).toHaveLength(2);
});

test("what lights up with a thing lights it up in turn: every node, statement, kernel, buffer and line, in both files", () => {
  const missing: string[] = [];
  let pairs = 0;
  data.views.forEach((_, view) =>
    data.entries.forEach((__, entry) => {
      const links = new Links(data, view, entry);
      const lines = new Set([...links.nodes.values()].flatMap(({ line }) => line ?? []));
      const things: readonly Thing[] = [
        ...[...links.nodes.keys()].map((id) => ({ kind: "node", id }) as const),
        ...links.run.statements.map(({ number }) => ({ kind: "statement", number }) as const),
        ...[...links.buffers.keys()].map((id) => ({ kind: "buffer", id }) as const),
        ...[...lines].map((line) => ({ kind: "line", line }) as const),
      ];
      const lit = new Map(things.map((thing) => [thing, links.litBy(thing)]));
      const has = (thing: Thing, other: Thing): boolean => {
        const of = lit.get(thing)!;
        if (other.kind === "node") return of.nodes.has(other.id);
        if (other.kind === "statement") return of.statements.has(other.number);
        if (other.kind === "buffer") return of.buffers.has(other.id);
        return other.kind === "line" && of.lines.has(other.line);
      };
      // of a line its nodes and statements are lit, and not all that these store
      const compared = (a: Thing, b: Thing): boolean => ![a.kind, b.kind].includes("line") || ![a.kind, b.kind].includes("buffer");
      for (const a of things)
        for (const b of things)
          if (a.kind !== b.kind && compared(a, b) && has(a, b)) {
            pairs++;
            if (!has(b, a)) missing.push(`${data.views[view]!.target} ${JSON.stringify(b)} does not light ${JSON.stringify(a)}`);
          }
    }),
  );
  expect(missing).toEqual([]);
  expect(pairs).toBeGreaterThan(1000);
});

test("a weight's gradient is derived from the loss, law by law", () => {
  const links = new Links(data, 0, 0);
  const { chain } = links.litBy({ kind: "node", id: "c1.kernel" });
  expect(chain.at(-1)).toBe("d_c1.kernel");
  expect(links.nodes.get(chain[0]!)!.of).toBe("loss");
  for (const id of chain) expect(links.nodes.get(id)!.law, id).toBeDefined();
});

const driver = `${root}inspector/drive.ts`;
const installed = existsSync(`${root}inspector/node_modules/playwright-core`);
if (!installed) console.warn("the inspector's page is not opened in Chromium: npm ci --prefix inspector installs what opens it");

test.skipIf(!installed)(
  "in Chromium it opens, shows what is chosen, and has no fault at any width",
  async () => {
    const { opened, seen, WIDTHS } = (await import(/* @vite-ignore */ driver)) as Driver;
    const browser = await opened();
    if (browser === undefined) return console.warn("the inspector's page is not opened: there is no Chromium");
    const folder = mkdtempSync(join(tmpdir(), "adjoint-inspector-"));
    try {
      writeFileSync(join(folder, "lenet.html"), page);
      for (const width of WIDTHS) {
        const { faults, chosen } = await seen(browser, join(folder, "lenet.html"), width);
        expect(faults).toEqual([]);
        expect(chosen).toBeGreaterThan(50);
      }
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true });
    }
  },
  180_000,
);

/** What inspector/drive.ts exports, whose packages are its own. */
interface Driver {
  readonly WIDTHS: readonly number[];
  opened(): Promise<{ close(): Promise<void> } | undefined>;
  seen(browser: object, file: string, width: number): Promise<{ readonly faults: readonly string[]; readonly chosen: number }>;
}
