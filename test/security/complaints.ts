import { ErrorResponse, errorCatalogue } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Answer } from './exchange.ts';

/* What no answer may be, whatever the question was. */

const errorShape = Compile(ErrorResponse);

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
export function complaintsOf({ status, headers, text }: Answer, secrets: readonly string[]): string[] {
  const complaints: string[] = [];
  if (status >= 500) complaints.push(`status ${status}`);
  if (status >= 400) {
    const body = jsonOf(text);
    if (!errorShape.Check(body)) complaints.push('the body is not the documented error');
    else {
      if (body.correlation_id !== headers['x-correlation-id'])
        complaints.push('the correlation id is not that of the header');
      const documented = errorCatalogue[body.error].status;
      if (documented !== status && !(body.error === 'BadRequest' && protocolStatuses.includes(status)))
        complaints.push(`${body.error} with status ${status}`);
      for (const pattern of insides)
        if (pattern.test(text)) complaints.push(`the error shows ${pattern.source}`);
    }
  }
  for (const header of ['x-powered-by', 'server'])
    if (headers[header] !== undefined) complaints.push(`the header ${header}`);
  for (const secret of secrets) if (text.includes(secret)) complaints.push('a secret');
  return complaints;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
