import type { LedgerRequest } from './ledger.ts';
import type { StoredEvents } from './stored-events.ts';

/** The ledger against the store: pure, so that the mutants prove this and nothing around it. */
export interface Comparison {
  readonly sent: number;
  readonly acknowledged: number;
  /** Acknowledged, and not in the store. */
  readonly lost: number;
  /** In the store more than once. */
  readonly doubled: number;
  /** In the store, and not as they were sent. */
  readonly altered: number;
  /** In the store, and never sent. */
  readonly strange: number;
  /** Answered with something else than yes or "not now". */
  readonly refused: number;
  /** Of events whose attempt got no answer once at least, so that they were sent again. */
  readonly unanswered: number;
  /** Never answered, to the end. */
  readonly open: number;
  /** Attempts after the acknowledgement, by events. */
  readonly repeated: number;
  /** What the first refusal said, and ids of what is lost or doubled: a few of each. */
  readonly examples: readonly string[];
}

const examplesOfEach = 3;

export function compare(ledger: readonly LedgerRequest[], stored: StoredEvents): Comparison {
  const found = { sent: 0, acknowledged: 0, lost: 0, doubled: 0, altered: 0, refused: 0 };
  const times = { unanswered: 0, open: 0, repeated: 0 };
  const examples = new Map<string, string[]>();
  const example = (kind: string, text: string): void => {
    const list = examples.get(kind) ?? [];
    if (list.length < examplesOfEach) list.push(`${kind}: ${text}`);
    examples.set(kind, list);
  };
  let known = 0;
  for (const { events, outcome, unanswered, repeats, detail } of ledger) {
    found.sent += events.length;
    if (unanswered > 0) times.unanswered += events.length;
    times.repeated += repeats * events.length;
    if (outcome === 'acknowledged') found.acknowledged += events.length;
    else if (outcome === 'refused') {
      found.refused += events.length;
      example('refused', detail);
    } else times.open += events.length;
    for (const { id } of events) {
      const row = stored.get(id);
      if (row === undefined) {
        if (outcome !== 'acknowledged') continue;
        found.lost += 1;
        example('lost', id);
        continue;
      }
      known += 1;
      if (row.times > 1) {
        found.doubled += 1;
        example('doubled', id);
      }
      if (!row.intact) {
        found.altered += 1;
        example('altered', id);
      }
    }
  }
  return { ...found, ...times, strange: stored.size - known, examples: [...examples.values()].flat() };
}
