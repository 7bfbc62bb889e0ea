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
/** `role (%of): law in composition`, each but the role where there is one. */
const WHY = /^(.*?)(?: \(%(\S+)\): (.*?))?(?: in (.*))?$/u;

/** A graph node as one `//` line; quoted where it would not read back. */
export function docLine(doc: Doc): string {
  const { maths, node, role, site, adjoint, within } = doc;
  const law = adjoint === undefined ? "" : ` (%${adjoint.of}): ${adjoint.law}`;
  const text = `${maths}    %${node}  ${role}${law}${within === undefined ? "" : ` in ${within}`}, ${site}`;
  const isPlain = COMMENT.test(text) && !text.startsWith('["') && text === text.trimEnd();
  const back = isPlain ? readDoc(text) : undefined;
  const parts = partsOf(doc);
  return `// ${back !== undefined && JSON.stringify(partsOf(back)) === JSON.stringify(parts) ? text : quoted(parts)}`;
}

/** One graph node from its `//` line: `maths    %node  role, site`, where a role may go on in `(%of): law in composition`; or all as a JSON array. */
export function readDoc(text: string): Doc | undefined {
  if (text.startsWith('["')) return docOf(JSON.parse(text) as (string | null)[]);
  const [, maths, node, written, site] = DOC.exec(text) ?? [];
  if (written === undefined) return undefined;
  const [, role, of, law, within] = WHY.exec(written)!; // each of its parts may be empty
  return docOf([maths, node, role, site, of, law, within]);
}

function docOf([maths, node, role, site, of, law, within]: readonly (string | null | undefined)[]): Doc {
  const text = (given: string | null | undefined): string => given ?? "";
  return {
    ...{ maths: text(maths), node: text(node), role: text(role), site: text(site) },
    ...(of === undefined || of === null ? {} : { adjoint: { of, law: text(law) } }),
    ...(within === undefined || within === null ? {} : { within }),
  };
}

/** The parts of a node up to the last that it has. */
const partsOf = ({ maths, node, role, site, adjoint, within }: Doc): (string | null)[] => {
  const parts = [maths, node, role, site, adjoint?.of ?? null, adjoint?.law ?? null, within ?? null];
  return parts.slice(0, parts.findLastIndex((part) => part !== null) + 1);
};

/** The graph nodes before a definition or a call. */
export const readDocs = (r: Reader): Doc[] => r.comments("`// maths    %node  role, site`", readDoc);
