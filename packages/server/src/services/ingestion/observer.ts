/** Why events were not accepted: not JSON; not acceptable; the bus is away or full; too much is waiting already. */
export type RefusalReason = 'malformed' | 'invalid' | 'unavailable' | 'overloaded';

/** Is told what becomes of events, for metrics. `type` is one of few labels, see EventTypes. Must not throw. */
export interface IngestionObserver {
  /** Events became durable. */
  accepted(type: string, count: number): void;
  refused(reason: RefusalReason, count: number): void;
  /** An id came a second time within a millisecond, and the first stays; `conflict` when the second is another event. */
  repeated(conflict: boolean): void;
}

export const silentObserver: IngestionObserver = { accepted() {}, refused() {}, repeated() {} };
