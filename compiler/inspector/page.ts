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

/** The page of inspections of one model, of which the first is shown; the others have the same graph. */
export async function inspectorPage(inspections: readonly Inspection[], { script, style }: Assets): Promise<string> {
  const data = await pageDataOf(inspections);
  const policy = [
    "default-src 'none'",
    `script-src ${await hashOf(script)}`,
    `style-src ${await hashOf(style)}`,
    "img-src data:",
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
<title>${escaped(data.model)} · adjoint inspector</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<noscript>This page is made by its script; without it, adjoint inspect --all prints the same as text.</noscript>
<div id="inspector"></div>
<script type="application/json" id="data">${inScript(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}
