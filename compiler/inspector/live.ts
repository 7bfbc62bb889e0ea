/** What the page of `train --live` is told, an event at a time; and what it is told first, where it comes late. */

/** A mean of the losses of some steps: the last of them, counted from the first epoch on, and by phase. */
export interface LossPoint {
  readonly step: number;
  readonly loss: Readonly<Record<string, number>>;
}

/** A row that was held back, and what the trainer makes of it now. */
export interface Answer {
  /** The row as a picture: address of its data. */
  readonly picture?: string;
  /** The row in numbers, where it is no picture and there are few. */
  readonly row?: string;
  readonly given: string;
  readonly truth: string;
  /** Of classes, whether it is the right one. */
  readonly right?: boolean;
}

export interface LivePictures {
  /** First weights, as the address of a picture's data. */
  readonly weights?: string;
  readonly answers: readonly Answer[];
}

export type LiveEvent =
  | { readonly kind: "run"; readonly model: string; readonly epochs: number; readonly rows: Readonly<Record<string, number>> }
  | {
      readonly kind: "steps";
      readonly epoch: number;
      readonly step: number;
      /** In an epoch. */
      readonly steps: number;
      readonly rowsASecond: number;
      /** New ones; to who comes late, all. */
      readonly points: readonly LossPoint[];
    }
  | { readonly kind: "epoch"; readonly entry: Readonly<Record<string, number>> }
  | ({ readonly kind: "pictures" } & LivePictures)
  | { readonly kind: "paused"; readonly paused: boolean }
  /** The means of the test rows; or why the run ended before. */
  | { readonly kind: "ended"; readonly test?: Readonly<Record<string, number>>; readonly why?: string };
