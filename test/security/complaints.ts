import { errorCatalogue, errorCodes } from '@streamflow/contracts';
import type { Answer } from './exchange.ts';

/* What no answer may be, whatever the question was. */

/** Statuses of HTTP itself, which our catalogue sends as BadRequest. */
const protocolStatuses = [408, 431];

/** Traces of our insides. */
const insides: readonly RegExp[] = [
  /\n\s+at .+:\d+:\d+/,
  /node_modules|\/packages\/server|\.ts:\d+/,
  /SQLITE_|DB::Exception|\bECONN[A-Z]+|\bselect\b.+\bfrom\b.+\bwhere\b/i,
  /TypeError|ReferenceError|RangeError|SyntaxError|Cannot read propert/,
  /\$argon2/,
];

/** Everything that is wrong with an answer; `secrets` are texts that must not be in it. */
export function complaintsOf(answer: Answer, secrets: readonly string[]): string[] {
  const { status, headers, text } = answer;
  const complaints: string[] = [];
  if (status >= 500) complaints.push(`status ${status}`);
  if (status >= 400) {
    complaints.push(...wrongInError(answer));
    for (const pattern of insides)
      if (pattern.test(text)) complaints.push(`the error shows ${pattern.source}`);
  }
  for (const header of ['x-powered-by', 'server'])
    if (headers[header] !== undefined) complaints.push(`the header ${header}`);
  for (const secret of secrets) if (text.includes(secret)) complaints.push('a secret');
  return complaints;
}

/** Holds an error to its documented shape. */
function wrongInError({ status, headers, text }: Answer): string[] {
  const body = jsonOf(text);
  const { error, message, details, timestamp, correlation_id: correlationId } = body;
  const code = errorCodes.find((one) => one === error);
  if (code === undefined) return [`the error ${JSON.stringify(error)} is not in the catalogue`];
  const wrong: string[] = [];
  if (typeof message !== 'string' || message === '') wrong.push('no message');
  if (typeof details !== 'object' || details === null) wrong.push('no details');
  if (typeof timestamp !== 'string' || Number.isNaN(Date.parse(timestamp))) wrong.push('no timestamp');
  if (correlationId !== headers['x-correlation-id'])
    wrong.push('the correlation id is not that of the header');
  const documented = errorCatalogue[code].status;
  if (documented !== status && !(code === 'BadRequest' && protocolStatuses.includes(status)))
    wrong.push(`${code} with status ${status}`);
  return wrong;
}

export function jsonOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
