import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const shownLength = 1500;

/** What processes complained of in their logs, each message once, with how often and its last line. */
export function complaintsIn(directory: string): string {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => {
      const seen = new Map<string, { times: number; last: string }>();
      for (const line of readFileSync(join(directory, name), 'utf8').split('\n')) {
        const message = messageOf(line);
        if (message === null) continue;
        seen.set(message, { times: (seen.get(message)?.times ?? 0) + 1, last: line });
      }
      return [...seen.values()].map(
        ({ times, last }) => `${name}, ${times} times: ${last.slice(0, shownLength)}`,
      );
    })
    .join('\n');
}

/** The message of a line that is a complaint, or the line itself when it is no line of the log. */
function messageOf(line: string): string | null {
  if (line === '') return null;
  try {
    const { level, message }: { level?: string; message?: string } = JSON.parse(line);
    return level === 'WARNING' || level === 'ERROR' || level === 'CRITICAL' ? String(message) : null;
  } catch {
    return /error|at .*:\d+:\d+/i.test(line) ? line : null;
  }
}
