import { errorCatalogue } from '@streamflow/contracts';

/** docs/reference/errors.md: every error that the APIs answer with, from the catalogue. */
export function errorsPage(): string {
  const rows = Object.entries(errorCatalogue).map(
    ([code, { status, description }]) => `| \`${code}\` | ${status} | ${description} |`,
  );
  return `# Errors

<!-- Made by \`npm run generate\` from packages/contracts/src/errors.ts; changes here are overwritten. -->

Every answer that is not a success has this form; the code is under \`error\`:

\`\`\`json
{
  "error": "ValidationError",
  "message": "Invalid event type provided",
  "details": { "field": "type", "allowed_values": ["web.click", "error"] },
  "timestamp": "2023-12-01T12:00:00.000Z",
  "correlation_id": "550e8400-e29b-41d4-a716-446655440000"
}
\`\`\`

\`details.issues\` lists everything that is wrong with a request; \`details.field\` and \`details.allowed_values\` are those of
the first. \`correlation_id\` is the \`X-Correlation-ID\` of the request, and finds it in the logs. With 429, \`retry_after\`,
\`limit\` and \`remaining\` stand beside them; 429 and 503 carry \`Retry-After\` in seconds.

| Code | Status | When |
|---|---|---|
${rows.join('\n')}
`;
}
