/** When the server received a request, milliseconds since the epoch by its clock; a span where it was sent repeatedly. */
export interface ReceivedWithin {
  readonly from: number;
  readonly to: number;
}

export interface SentEvent {
  readonly id: string;
  /** As it was sent. */
  readonly json: string;
}
