import { minuteOf } from '../domain/ledger/minute.ts';

/** What became of the lines of one project and minute of receipt, as plain numbers: they are added to at every message. */
export interface MinuteCount {
  readonly project: string;
  /** Start of the minute, milliseconds since the epoch. */
  readonly minute: number;
  /** Unlike that of any other count of this process, also of one of the same minute. */
  readonly number: number;
  /** Messages whose fate is not known yet. */
  pending: number;
  /** Lines that the bus confirmed as durable, and those that met such a one at the edge. */
  accepted: number;
  /** Lines whose publishing failed: durable or not. */
  unanswered: number;
  /** Those of the accepted that met their id at the edge and were not published. */
  repeated: number;
  /** Events that were not taken in, and whose senders know it; in no other figure. */
  refused: number;
}

/** The counts of one process. */
export interface MinuteCounts {
  /** The count for lines received at a moment, to be kept as long as there is something pending in it. */
  of(project: string, receivedAt: number): MinuteCount;
  /** All that are kept. */
  list(): Iterable<MinuteCount>;
  /** Lets go of one that will not change any more; lines of its minute are counted in another from then on. */
  forget(count: MinuteCount): void;
}

export function createMinuteCounts(): MinuteCounts {
  const kept = new Map<string, Map<number, MinuteCount>>();
  let numbers = 0;
  return {
    of(project, receivedAt) {
      const minute = minuteOf(receivedAt);
      let minutes = kept.get(project);
      if (minutes === undefined) {
        minutes = new Map();
        kept.set(project, minutes);
      }
      let count = minutes.get(minute);
      if (count === undefined) {
        numbers += 1;
        count = {
          project,
          minute,
          number: numbers,
          pending: 0,
          accepted: 0,
          unanswered: 0,
          repeated: 0,
          refused: 0,
        };
        minutes.set(minute, count);
      }
      return count;
    },
    *list() {
      for (const minutes of kept.values()) yield* minutes.values();
    },
    forget({ project, minute }) {
      kept.get(project)?.delete(minute);
    },
  };
}
