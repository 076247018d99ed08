import type { ErrorCode, ErrorDetails } from '@streamflow/contracts';

/**
 * Why a request did not succeed. Codes of the error catalogue come from StreamFlow; `ConnectionFailed` (no answer: the
 * network, or a server that is away), `Timeout` and `InvalidResponse` (an answer that is not StreamFlow's, from a proxy
 * for one) are found on this side.
 */
export type ApiErrorCode = ErrorCode | 'ConnectionFailed' | 'Timeout' | 'InvalidResponse';

export interface ApiErrorFields {
  readonly code: ApiErrorCode;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly message: string;
  readonly details?: ErrorDetails;
  readonly correlationId?: string | undefined;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** A request that did not succeed. Programs look at `code` and `details`; the message is for a person. */
export class StreamFlowApiError extends Error {
  readonly code: ApiErrorCode;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly details: ErrorDetails;
  /** Finds the request in the server's logs. */
  readonly correlationId: string | undefined;
  /** Seconds after which the server asks to be tried again. */
  readonly retryAfter: number | undefined;

  constructor(fields: ApiErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = 'StreamFlowApiError';
    this.code = fields.code;
    this.status = fields.status;
    this.details = fields.details ?? {};
    this.correlationId = fields.correlationId;
    this.retryAfter = fields.retryAfter;
  }
}
