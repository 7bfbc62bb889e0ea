/** What one emitted piece of mathematics is: its TypeScript text and the pieces emitted before it. */

/** A text is formatted as prettier prints it at width 100 and needs nothing but the pieces named. */
export interface Source {
  readonly text: string;
  readonly needs: readonly PieceName[];
}

/** Stored values are float32 or, in checks, float64; arguments and results are doubles either way. */
export type Precision = "f32" | "f64";

export type BothPrecisions = Readonly<Record<Precision, Source>>;

export type MathematicsName = "exp" | "log" | "tanh" | "sin" | "cos" | "pow" | "erf" | "log1p" | "expm1" | "atan" | "erfc";

/** Pieces that functions share; no model names one. */
export type HelperName =
  "fround" | "powersOfTwo" | "rootsOfTwo" | "doubleBits" | "polynomial" | "productError" | "wrapAngle" | "quarterTurns" | "powerOfPositive";

export type PieceName = MathematicsName | HelperName;
