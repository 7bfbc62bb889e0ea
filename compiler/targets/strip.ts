/** The JavaScript of an emitted TypeScript file: types removed, nothing else changed; and the file loaded in process. */

import { base64 } from "./base64.ts";

/** Removes types; comments and lines stay where they are. Runs in a page as it does in Node. What it is made with is loaded when first needed. */
export async function stripTypes(text: string): Promise<string> {
  const { transform } = await import("sucrase");
  return transform(text, { transforms: ["typescript"], disableESTransforms: true, keepUnusedImports: true }).code;
}

/** Imports a module from its JavaScript text, in process and without a file. */
export async function importText<Exports>(code: string): Promise<Exports> {
  const url = `data:text/javascript;base64,${base64(new TextEncoder().encode(code))}`;
  return (await import(url)) as Exports; // the caller states what the text exports
}
