/** Guarantees one file that a browser opens from a disk, under a policy that lets in nothing but the page's own script and style: no server, no network. */

import type { Inspection } from "../explain/inspection/index.ts";
import { base64 } from "../targets/base64.ts";
import { pageDataOf } from "./data.ts";

/** The page's own script and style, as texts. */
export interface Assets {
  readonly script: string;
  readonly style: string;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => ENTITIES[sign]!);

/** By which a policy knows a text. */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${base64(new Uint8Array(digest))}'`;
}

/** No text of a model ends the element that holds it. */
const inScript = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028");

interface PageParts {
  readonly title: string;
  /** What those see who run no scripts. */
  readonly without: string;
  readonly body: string;
  /** Whether its script asks the server that it came from. */
  readonly connects?: true;
}

async function pageOf({ title, without, body, connects }: PageParts, { script, style }: Assets): Promise<string> {
  const policy = [
    "default-src 'none'",
    `script-src ${await hashOf(script)}`,
    `style-src ${await hashOf(style)}`,
    "img-src data:",
    ...(connects === undefined ? [] : ["connect-src 'self'"]),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<noscript>${escaped(without)}</noscript>
${body}
<script>${script}</script>
</body>
</html>
`;
}

/** The page of inspections of one model, of which the first is shown; the others have the same graph. */
export async function inspectorPage(inspections: readonly Inspection[], assets: Assets): Promise<string> {
  const data = await pageDataOf(inspections);
  return pageOf(
    {
      title: `${data.model} · adjoint inspector`,
      without: "This page is made by its script; without it, adjoint inspect --all prints the same as text.",
      body: `<div id="inspector"></div>\n<script type="application/json" id="data">${inScript(data)}</script>`,
    },
    assets,
  );
}

/** The page that shows a training while it goes on, as the server tells it in events (`live.ts`). */
export const livePage = (model: string, assets: Assets): Promise<string> =>
  pageOf(
    {
      title: `${model} · adjoint train`,
      without: "This page is drawn by its script; the terminal says how the training goes.",
      body: '<div id="live"></div>',
      connects: true,
    },
    assets,
  );
