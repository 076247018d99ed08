/** What storage tells about its work; the names of figures and labels are the receiver's. */
export interface StorageMetrics {
  /** A block is durable and visible. */
  appended(block: AppendedBlock): void;
  /** Events went to the dead letters. */
  deadLettered(events: number): void;
  /** The store refused as unavailable; `false` when it took a block again. */
  storeAway(away: boolean): void;
}

export interface AppendedBlock {
  readonly stored: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly bytes: number;
  /** How long the store took, milliseconds. */
  readonly durationMs: number;
  /** From the receipt of the block's first event until it can be queried, milliseconds. */
  readonly ageMs: number;
}
