import Type from 'typebox';

/** Every error that the API answers with: its HTTP status and when it is used. */
export const errorCatalogue = {
  BadRequest: { status: 400, description: 'The request cannot be parsed.' },
  AuthenticationRequired: { status: 401, description: 'The token or API key is missing, wrong or expired.' },
  PermissionDenied: { status: 403, description: 'The caller is known but not allowed to do this.' },
  NotFound: { status: 404, description: 'There is no such resource or route.' },
  MethodNotAllowed: {
    status: 405,
    description: 'The route exists, but not with this method; `Allow` lists those it has.',
  },
  Conflict: { status: 409, description: 'The request contradicts the present state of the resource.' },
  PayloadTooLarge: { status: 413, description: 'The body is larger than `limits.max_body_bytes`.' },
  UnsupportedMediaType: {
    status: 415,
    description: 'The content type or content encoding is not one that the route takes.',
  },
  ValidationError: {
    status: 422,
    description: 'The request parses but is not acceptable; `details` names the field and what was allowed.',
  },
  RateLimitExceeded: {
    status: 429,
    description: 'Too many requests; `retry_after` tells the seconds to wait.',
  },
  InternalError: {
    status: 500,
    description: 'A defect of the server; the correlation id finds it in the logs.',
  },
  BadGateway: { status: 502, description: 'A service behind the dashboard gave no sane answer.' },
  ServiceUnavailable: {
    status: 503,
    description:
      'A dependency is away or full. Some of the events may be durable all the same: send them again with the same ids. `Retry-After` tells the seconds to wait.',
  },
} as const;

export type ErrorCode = keyof typeof errorCatalogue;
export const errorCodes = Object.keys(errorCatalogue) as ErrorCode[];

/** One thing that is wrong with a request. */
export const Issue = Type.Object({
  index: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Position in the batch, when the request is one.' }),
  ),
  field: Type.String({ description: 'Dotted path of the field, `data.a.0.b`; empty for the whole.' }),
  message: Type.String(),
  allowed_values: Type.Optional(Type.Array(Type.Unknown())),
});
export type Issue = Type.Static<typeof Issue>;

/** `details` of an error: the first issue's `field` and `allowed_values`, all issues, and whatever the code adds. */
export const ErrorDetails = Type.Object(
  {
    field: Type.Optional(Type.String()),
    allowed_values: Type.Optional(Type.Array(Type.Unknown())),
    issues: Type.Optional(Type.Array(Issue)),
  },
  { additionalProperties: true },
);
export type ErrorDetails = Type.Static<typeof ErrorDetails> & Record<string, unknown>;

export const ErrorResponse = Type.Object(
  {
    error: Type.Enum(errorCodes, { description: 'The code; see the error reference.' }),
    message: Type.String({ description: 'For a person.' }),
    details: ErrorDetails,
    timestamp: Type.String({ format: 'date-time' }),
    correlation_id: Type.String({ description: 'The same as the `X-Correlation-ID` header.' }),
    retry_after: Type.Optional(Type.Integer({ description: 'Seconds; with 429.' })),
    limit: Type.Optional(Type.Integer({ description: 'Requests a window; with 429.' })),
    remaining: Type.Optional(Type.Integer({ description: 'Requests left in the window; with 429.' })),
  },
  { $id: 'ErrorResponse', description: 'Every answer that is not a success.' },
);
export type ErrorResponse = Type.Static<typeof ErrorResponse>;
