import type { Clock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import { blamesRows, insertEvents, insertLines } from './insert-lines.ts';
import type { StatementError, Statements } from './statements.ts';

export type FaultyLineOutcome = 'text only' | 'set aside';

/**
 * Stores a line that the engine refused: with `data` and `metadata` given as texts, which needs no reading of them, or,
 * when that does not go either, as a line for a person to look at.
 */
export async function storeFaultyLine(
  { statements, clock, log }: { statements: Statements; clock: Clock; log: Log },
  line: Buffer,
  fault: StatementError,
): Promise<FaultyLineOutcome> {
  const asTexts = withTexts(line);
  if (asTexts !== null) {
    try {
      await insertLines(statements, insertEvents, asTexts);
      log.warning('Stored an event with its text alone', { code: fault.code, reason: fault.message });
      return 'text only';
    } catch (error) {
      if (!blamesRows(error)) throw error;
    }
  }
  const row = {
    stored_at: new Date(clock.now()).toISOString(),
    reason: fault.message,
    line: line.toString(),
  };
  await insertLines(
    statements,
    'INSERT INTO unreadable_lines FORMAT JSONEachRow',
    Buffer.from(`${JSON.stringify(row)}\n`),
    line,
  );
  log.error('Set an unreadable event line aside', { code: fault.code, reason: fault.message });
  return 'set aside';
}

function withTexts(line: Buffer): Buffer | null {
  try {
    const event: unknown = JSON.parse(line.toString());
    if (typeof event !== 'object' || event === null || !('data' in event) || !('metadata' in event))
      return null;
    const texts = { ...event, data: JSON.stringify(event.data), metadata: JSON.stringify(event.metadata) };
    return Buffer.from(`${JSON.stringify(texts)}\n`);
  } catch {
    return null;
  }
}
