/** What emitted code carries instead of `Math.exp` and its kin: the same bits on every engine. */
import { atan } from "./atan.ts";
import { cos } from "./cos.ts";
import { erf } from "./erf.ts";
import { erfc } from "./erfc.ts";
import { exp } from "./exp.ts";
import { expm1 } from "./expm1.ts";
import { helpers } from "./helpers.ts";
import { log } from "./log.ts";
import { log1p } from "./log1p.ts";
import { pow } from "./pow.ts";
import { sin } from "./sin.ts";
import type { BothPrecisions, MathematicsName, PieceName, Precision } from "./source.ts";
import { tanh } from "./tanh.ts";

export type { MathematicsName, Precision } from "./source.ts";

export const mathematics: Readonly<Record<MathematicsName, BothPrecisions>> = {
  exp,
  log,
  tanh,
  sin,
  cos,
  pow,
  erf,
  log1p,
  expm1,
  atan,
  erfc,
};

const pieces: Readonly<Record<PieceName, BothPrecisions>> = { ...helpers, ...mathematics };

const isPiece = (name: string): name is PieceName => Object.hasOwn(pieces, name);

/** The texts that `names` need, each once, every text after those it needs. */
export function sourcesFor(names: Iterable<string>, precision: Precision): string[] {
  const texts = new Map<PieceName, string>();
  const visit = (name: PieceName): void => {
    if (texts.has(name)) return;
    const { needs, text } = pieces[name][precision];
    needs.forEach(visit);
    texts.set(name, text.trim());
  };
  for (const name of names) {
    if (!isPiece(name)) throw new Error(`no emitted function is called '${name}'`);
    visit(name);
  }
  return [...texts.values()];
}
