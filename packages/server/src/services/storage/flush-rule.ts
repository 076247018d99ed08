/** How large a block may become and how long its first batch may wait. */
export interface BlockLimits {
  /** Rows a block; a single batch of more is a block of its own. */
  readonly maxRows: number;
  /** Bytes of lines a block; a single batch of more is a block of its own. */
  readonly maxBytes: number;
  /** Milliseconds that the first batch of a block waits for others at most. */
  readonly maxWaitMs: number;
}

/*
 * A commit costs the store 6 to 10 ms whatever its size, so a block for every event would keep it busy with commits
 * alone, and one a fixed 200 ms would make a single event wait for no reason. So the store rests between blocks that are
 * not full: nine times as long as the last append took, which leaves such blocks a tenth of its time, but no longer than
 * half of `maxWaitMs`, so that a store which is slow for a while does not make sparse events wait.
 *
 * The larger the last block was, the less of its time went into the commit and the shorter is the rest: after a quarter
 * of a full block there is none, since by then waiting saves nothing but makes events wait (measured at 26,500 events a
 * second on two busy cores: half were found within 370 ms with the whole rest, and within 290 ms with half of it).
 *
 * That settles itself: a lone event is written at once; a trickle makes about a dozen commits a second; under load
 * appends take longer and blocks grow with them, until they are full.
 */
const restFactor = 9;
/** The share of a full block after which the store does not rest. */
const restlessShare = 1 / 4;

/** What is known of the append before. */
export interface LastAppend {
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
  readonly durationMs: number;
  readonly rows: number;
}

/** When a block that is not full is to be written; milliseconds since the epoch. */
export function flushDueAt(firstAt: number, last: LastAppend | null, limits: BlockLimits): number {
  if (last === null) return firstAt;
  const share = Math.max(0, 1 - last.rows / (limits.maxRows * restlessShare));
  const rest = share * Math.min(restFactor * last.durationMs, limits.maxWaitMs / 2);
  const rested = last.endedAt + Math.ceil(rest);
  return Math.min(firstAt + limits.maxWaitMs, Math.max(firstAt, rested));
}
