import type { ErrorCode, ErrorDetails, Issue } from '@streamflow/contracts';

export interface ErrorOptions {
  readonly details?: ErrorDetails;
  /** Seconds after which to try again; becomes `Retry-After`. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** The one error of StreamFlow: a code of the catalogue, a message for a person, and details for a program. */
export class StreamFlowError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code;
    this.code = code;
    this.details = options.details ?? {};
    this.retryAfter = options.retryAfter;
  }
}

/** A 422 that names every issue; the first one is also at the top of the details. */
export function validationError(issues: readonly [Issue, ...Issue[]]): StreamFlowError {
  const [first] = issues;
  const message = issues.length === 1 ? first.message : `${first.message} (and ${issues.length - 1} more)`;
  const details: ErrorDetails = { field: first.field, issues: [...issues] };
  if (first.allowed_values !== undefined) details.allowed_values = first.allowed_values;
  return new StreamFlowError('ValidationError', message, { details });
}

/** A 503: a dependency is away or full. */
export function unavailable(message: string, retryAfter = 1, cause?: unknown): StreamFlowError {
  return new StreamFlowError('ServiceUnavailable', message, { retryAfter, cause });
}
