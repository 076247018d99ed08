/** What storage tells about its work; the names of figures and labels are the receiver's. */
export interface StorageMetrics {
  /** A block is durable and visible. */
  onAppended(result: {
    readonly stored: number;
    /** Those of the stored that are kept as text alone. */
    readonly textOnly: number;
    /** Lines that cannot become events, kept beside them. */
    readonly setAside: number;
    readonly duplicates: number;
    readonly conflicts: number;
  }): void;
  /** Seconds that the store took for it. */
  onAppendTime(seconds: number): void;
  /** Seconds from the receipt of the block's first event until queries see it. */
  onQueryable(seconds: number): void;
  /** A batch was delivered that may have been delivered before. */
  onRedelivered(): void;
  /** Batches that went to the dead letters. */
  onDead(count: number): void;
  /** Events were removed by retention. */
  onRemoved(count: number): void;
}
