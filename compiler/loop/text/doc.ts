/** What stands after `//`: comments of kernels, and the graph nodes that a definition or a call comes from; printed and read back. */

import type { Doc } from "../loop.ts";
import type { Reader } from "./reader.ts";
import { quoted } from "./words.ts";

/** Without what is not visible. */
const COMMENT = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

/** The text of a `//` line as it was; a quoted one is JSON. */
export const readComment = (text: string): string => (text.startsWith('"') ? (JSON.parse(text) as string) : text);

/** A comment as one `//` line; quoted where it would not read back. */
export function commentLine(text: string): string {
  const plain = COMMENT.test(text) && !text.startsWith('"') && text === text.trimEnd();
  return `// ${plain ? text : quoted(text)}`.trimEnd();
}

const DOC = /^(.*) {4}%(\S+) {2}(.*), (.*?)$/u;

const ADJOINT = /^(.*?) \(%(\S+)\): (.*)$/u;

/** A graph node as one `//` line; quoted where it would not read back. */
export function docLine({ maths, node, role, site, adjoint }: Doc): string {
  const law = adjoint === undefined ? "" : ` (%${adjoint.of}): ${adjoint.law}`;
  const text = `${maths}    %${node}  ${role}${law}, ${site}`;
  const back = COMMENT.test(text) && !text.startsWith('["') && text === text.trimEnd() ? readDoc(text) : undefined;
  const same =
    back?.maths === maths &&
    back.node === node &&
    back.role === role &&
    back.site === site &&
    back.adjoint?.of === adjoint?.of &&
    back.adjoint?.law === adjoint?.law;
  const all = [maths, node, role, site, ...(adjoint === undefined ? [] : [adjoint.of, adjoint.law])];
  return `// ${same ? text : quoted(all)}`;
}

/** One graph node from its `//` line: `maths    %node  role, site`, where a role may go on in `(%of): law`; or all as a JSON array. */
export function readDoc(text: string): Doc | undefined {
  const isQuoted = text.startsWith('["');
  const parts = isQuoted ? (JSON.parse(text) as string[]) : DOC.exec(text)?.slice(1);
  if (parts === undefined) return undefined;
  const [maths = "", node = "", written = "", site = ""] = parts;
  const adjoint = isQuoted ? parts.slice(4) : ADJOINT.exec(written)?.slice(1);
  if (adjoint === undefined || adjoint.length === 0) return { maths, node, role: written, site };
  const [of = "", law = ""] = adjoint.slice(-2);
  return { maths, node, role: isQuoted ? written : adjoint[0]!, site, adjoint: { of, law } };
}

/** The graph nodes before a definition or a call. */
export const readDocs = (r: Reader): Doc[] => r.comments("`// maths    %node  role, site`", readDoc);
