/** What an event and a batch of them may be. */
export interface EventLimits {
  /** Events in one batch. */
  readonly maxBatchEvents: number;
  /** UTF-8 bytes of an event as compact JSON, the way it was sent. */
  readonly maxEventBytes: number;
  /** Lists and objects nested in each other, the event itself included. */
  readonly maxJsonDepth: number;
  readonly maxTags: number;
  /** How far ahead of our clock a timestamp may lie, seconds. */
  readonly maxFutureSeconds: number;
}

export const defaultEventLimits: EventLimits = {
  maxBatchEvents: 1000,
  maxEventBytes: 64 * 1024,
  maxJsonDepth: 32,
  maxTags: 64,
  maxFutureSeconds: 300,
};
