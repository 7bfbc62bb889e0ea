/** What a team's file holds of whether sharing pays: statements are timed, shared and alone, so that threads lose next to nothing beside whatever else runs. */

/** Emitted where kernels are shared. */
export const JUDGE = `
/** How many milliseconds sharing may get ahead of one thread at most, and how many behind before it rests. */
const [AHEAD, BEHIND] = [16, 1] as const;
/** How many times as long as it lost sharing rests: at first, again once it is as far ahead as may be, and at most. */
const [REST, LONGEST] = [16, 64] as const;
/** Of so many calls of a statement the first thread runs the first few alone, to know how long it takes. */
const [CALLS, LOOKS] = [96, 3] as const;

/** Whether to share a statement, and how long it took. */
interface Judge {
  shares(statement: number, now: number): boolean;
  took(statement: number, shared: boolean, began: number, ended: number): void;
}

/**
 * Whether sharing pays here and now, for so many statements: what each takes shared is held against the least that one thread took for it
 * of late. Time won is kept up to a limit, to make up for time lost; who has lost more rests for many times as long, and for twice as
 * long each time that it happens again. Times are milliseconds.
 */
function judge(statements: number): Judge {
  const [calls, alone] = [new Uint32Array(statements), new Float64Array(statements)];
  let [balance, restUntil, times] = [0, 0, REST as number];
  return {
    shares: (statement, now) => calls[statement]!++ % CALLS >= LOOKS && now >= restUntil,
    took(statement, shared, began, ended) {
      const [ms, one] = [ended - began, alone[statement]!];
      if (!shared) {
        // slower than of late by an eighth of it, and of twice as slow: other work may have had the core for a moment
        alone[statement] = one === 0 || ms < one ? ms : one + Math.min(ms - one, one) / 8;
        return;
      }
      balance = Math.min(AHEAD, balance + one - ms);
      if (balance === AHEAD) times = REST;
      if (balance > -BEHIND) return;
      restUntil = ended - times * balance;
      [times, balance] = [Math.min(2 * times, LONGEST), 0];
    },
  };
}`;
