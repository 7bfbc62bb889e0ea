/** Guarantees the arguments why an edit that survives changes nothing: each a law, and the form of the edits that it covers. */

import type { Outcome } from "./campaign.ts";

interface Law {
  readonly holds: (before: string, after: string, kind: Outcome["edit"]["kind"]) => boolean;
  readonly because: string;
}

const LAWS: readonly Law[] = [];

/** Why a survivor computes the same; undefined where nothing has been argued. */
export const whyEquivalent = ({ edit: { before, after, kind } }: Outcome): string | undefined =>
  LAWS.find(({ holds }) => holds(before.trim(), after.trim(), kind))?.because;
