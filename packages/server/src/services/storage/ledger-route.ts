import { longestLedgerDays, readLedger } from '@streamflow/contracts';
import { formatTimestamp } from '../../domain/events/timestamp.ts';
import { type MinuteRange, minuteOf } from '../../domain/ledger/minute.ts';
import { readInstant } from '../../domain/queries/parse-event-filter.ts';
import { createQueryReader } from '../../domain/queries/query-reader.ts';
import type { MountedRoute } from '../../http/service.ts';
import { auditLedger, type LedgerAuditOptions, wholeMinutes } from '../../ledger/audit-ledger.ts';
import { pause } from './back-off.ts';

const dayMs = 86_400_000;

/** `GET /ledger`: the account of what was accepted. */
export function ledgerRoute(options: Omit<LedgerAuditOptions, 'pause'>): MountedRoute {
  return {
    contract: readLedger,
    async handle({ query, principal, signal }) {
      const { range, all } = parseQuery(query, options.clock.now());
      const data = await auditLedger(
        { project: principal.project, range, all, signal },
        { ...options, pause: (milliseconds) => pause(milliseconds, signal) },
      );
      return {
        success: true,
        message: 'Ledger audited successfully',
        data,
        timestamp: formatTimestamp(options.clock.now()),
      };
    },
  };
}

function parseQuery(query: unknown, now: number): { range: MinuteRange; all: boolean } {
  const reader = createQueryReader(query);
  const to = readInstant(reader, 'to') ?? minuteOf(now);
  const range = wholeMinutes(readInstant(reader, 'from') ?? to - dayMs, to);
  if (range.from >= range.to) reader.refuse('to', 'to must be later than from');
  if (range.to - range.from > longestLedgerDays * dayMs)
    reader.refuse('from', `from and to must be at most ${longestLedgerDays} days apart`);
  const all = reader.oneOf('all', ['true', 'false']) === 'true';
  reader.finish();
  return { range, all };
}
