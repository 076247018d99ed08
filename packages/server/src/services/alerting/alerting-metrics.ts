/** What alerting reports. */
export interface AlertingMetrics {
  /** An alert began to fire. */
  onFired(level: string): void;
  /** A notification was taken by its channel, or given up. */
  onNotification(outcome: 'delivered' | 'failed'): void;
  /** Seconds of one evaluation of all rules. */
  onEvaluation(seconds: number): void;
}
