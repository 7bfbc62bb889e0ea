/** Offsets in one arena for buffers with lives: none that live at once share bytes, and the top is as near the largest sum of live bytes as a bounded search finds. */

/** What is placed: bytes, already aligned, and the first and last statement of its life. */
export interface Block {
  readonly bytes: number;
  readonly life: readonly [first: number, last: number];
}

/** Pairs of blocks that a search may compare: its cost stays the same however deep the net. */
const COMPARISONS = 2e7;

/** Bytes of a block times the statements of its life. */
const areaOf = ({ bytes, life }: Block): number => bytes * (life[1] - life[0] + 1);

/** Orders to begin with: large ones first; what is large for long; what is long. Ties by place. */
const ORDERS: readonly ((block: Block) => number)[] = [({ bytes }) => bytes, areaOf, ({ life }) => life[1] - life[0]];

/**
 * The offset of each block. Blocks are placed one by one at the lowest free address; of several orders the best is improved by
 * placing what stands highest first, until `bound` is reached or the search has had its share. Deterministic.
 */
export function offsetsFor(blocks: readonly Block[], bound: number): readonly number[] {
  const tries = Math.max(ORDERS.length, Math.min(400, Math.floor(COMPARISONS / (blocks.length ** 2 + 1))));
  const columns = columnsOf(blocks);
  let best: Placed | undefined;
  for (const weight of ORDERS) {
    let order = blocks.map((_, n) => n).sort((a, b) => weight(blocks[b]!) - weight(blocks[a]!) || a - b);
    const seen = new Set<string>();
    const next = numbers();
    for (let left = Math.ceil(tries / ORDERS.length); left > 0; left--) {
      const placed = place(columns, order);
      if (best === undefined || placed.top < best.top) best = placed;
      if (best.top <= bound) return [...best.offsets];
      order = first(placed.highest, order);
      // an order met again would go round in a circle: another block is tried in front
      for (let tries = 0; tries < blocks.length && seen.has(order.join()); tries++) order = first(order[next(blocks.length)]!, order);
      seen.add(order.join());
    }
  }
  return [...(best?.offsets ?? [])];
}

const first = (n: number, order: readonly number[]): number[] => [n, ...order.filter((other) => other !== n)];

/** Whole numbers below a limit, the same on every machine (a linear congruential generator). */
function numbers(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Placed {
  readonly offsets: Float64Array;
  readonly top: number;
  readonly highest: number;
}

/** Blocks as columns: they are walked for every pair. */
interface Columns {
  readonly bytes: Float64Array;
  readonly firsts: Int32Array;
  readonly lasts: Int32Array;
}

function columnsOf(blocks: readonly Block[]): Columns {
  return {
    bytes: Float64Array.from(blocks, ({ bytes }) => bytes),
    firsts: Int32Array.from(blocks, ({ life }) => life[0]),
    lasts: Int32Array.from(blocks, ({ life }) => life[1]),
  };
}

function place({ bytes, firsts, lasts }: Columns, order: readonly number[]): Placed {
  const offsets = new Float64Array(order.length);
  /** What is placed, from the lowest address up. */
  const placed = new Int32Array(order.length);
  let [top, highest] = [0, 0];
  for (let count = 0; count < order.length; count++) {
    const n = order[count]!;
    const [size, first, last] = [bytes[n]!, firsts[n]!, lasts[n]!];
    let offset = 0;
    for (let at = 0; at < count; at++) {
      const rival = placed[at]!;
      if (firsts[rival]! > last || lasts[rival]! < first) continue;
      const from = offsets[rival]!;
      if (from >= offset + size) break;
      const end = from + bytes[rival]!;
      if (end > offset) offset = end;
    }
    offsets[n] = offset;
    let at = count;
    for (; at > 0 && offsets[placed[at - 1]!]! > offset; at--) placed[at] = placed[at - 1]!;
    placed[at] = n;
    if (offset + size > top) [top, highest] = [offset + size, n];
  }
  return { offsets, top, highest };
}
