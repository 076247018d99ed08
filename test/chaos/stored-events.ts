/** What the store has of an id. */
export interface StoredEvent {
  readonly type: string;
  times: number;
  /** Whether every row of it is what was sent. */
  intact: boolean;
}

export type StoredEvents = Map<string, StoredEvent>;
