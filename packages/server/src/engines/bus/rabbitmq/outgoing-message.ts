export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  /** At most 255 bytes. */
  readonly id: string;
  readonly contentType: string;
  /** Values by name, as they travel with the message. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  /** Survives a restart of the broker. */
  readonly persistent: boolean;
  /** Comes back when no queue is bound for it. */
  readonly mandatory: boolean;
}
