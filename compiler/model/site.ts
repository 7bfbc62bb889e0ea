/** Guarantees that a node knows the model line that made it, and the name its author gave it there. */

import { followed, type Place } from "./source-map.ts";

const here = import.meta.url;
/** The folder of this package's own code: frames inside it are not the model's. Bundled, this file lies in dist/ itself. */
const own = pathOf(new URL(here.endsWith("/compiler/model/site.ts") ? "../" : "./", here).href);

export type Site = Place;

const FRAME = /(?:\(|at |async |@|^)((?:file:\/\/|\/|[A-Za-z]:\\)[^]*):(\d+):(\d+)\)?$/;

/** The file of a frame, which engines give as a URL or, after a source map, as the path itself: only URLs are encoded. */
function pathOf(file: string): string {
  if (!file.startsWith("file:")) return file;
  return decodeURIComponent(file.slice("file://".length).replace(/\?.*$/, ""));
}

/** The lines of a stack, one a frame: a file's name may hold a line's end. */
export const framesOf = (stack: string): readonly string[] => stack.split(/\n\s+at /.test(stack) ? /\n(?=\s+at )/ : "\n");

/** Sites by the place in the code that runs: a loop that declares a hundred layers asks the source map once. */
const known = new Map<string, Site | undefined>();

/** The nearest frame of the call stack outside this package; engines map it through source maps themselves. */
export function callSite(): Site | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const running = runningPlace();
  if (running === undefined || !known.has(running)) {
    const site = mappedSite(new Error().stack ?? "");
    if (running !== undefined) known.set(running, site);
    Error.stackTraceLimit = stackTraceLimit;
    return site;
  }
  Error.stackTraceLimit = stackTraceLimit;
  return known.get(running);
}

const isOwn = (file: string): boolean => pathOf(file).startsWith(own) || file.includes("node:internal");

/** Where the code outside this package stands, before any source map; undefined on engines other than V8, which do not tell. */
function runningPlace(): string | undefined {
  const prepare = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, frames) => frames;
  const { stack } = new Error() as { readonly stack?: unknown };
  Error.prepareStackTrace = prepare;
  if (!Array.isArray(stack)) return undefined;
  for (const frame of stack as readonly NodeJS.CallSite[]) {
    const file = frame.getFileName();
    if (typeof file === "string" && !isOwn(file)) return `${file}:${frame.getLineNumber()}:${frame.getColumnNumber()}`;
  }
  return undefined;
}

function mappedSite(stack: string): Site | undefined {
  for (const frame of framesOf(stack)) {
    const site = siteOf(frame);
    if (site !== undefined && !isOwn(site.file)) return site;
  }
  return undefined;
}

/** The place that a line of a stack names; undefined where it names none. */
export function siteOf(frame: string): Site | undefined {
  // what was evaluated from a text has no file
  const match = frame.includes("(eval at ") ? null : FRAME.exec(frame.trim());
  if (match === null) return undefined;
  const { file, line, column } = followed({ file: pathOf(match[1]!), line: Number(match[2]), column: Number(match[3]) });
  return { file: pathOf(file), line, column };
}

const DECLARED = /([A-Za-z_$][\w$]*)\s*(?::[^=;,()]*)?[=:]\s*$/;

/** `hidden` of `const hidden = relu(…)`, `loss` of `{ loss: add(…) }`: the identifier that the call at this site is bound to. */
export function boundName(text: string, { line, column }: Site): string | undefined {
  const lines = text.split("\n").slice(0, line);
  const last = lines[line - 1];
  if (last === undefined) return undefined;
  const before = [...lines.slice(Math.max(0, line - 3), line - 1), last.slice(0, column - 1)].join("\n");
  return DECLARED.exec(before)?.[1];
}

/** Three lines of the model around a site, the middle one marked. */
export function codeFrame(text: string, line: number): string {
  const lines = text.split("\n");
  const from = Math.max(1, line - 1);
  const to = Math.min(lines.length, line + 1);
  const width = String(to).length;
  return Array.from({ length: to - from + 1 }, (_, n) => {
    const at = from + n;
    return `  ${at === line ? ">" : " "} ${String(at).padStart(width)} | ${lines[at - 1]}`.trimEnd();
  }).join("\n");
}
