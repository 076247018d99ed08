import { expect, it } from 'vitest';
import type { Log } from '../domain/log.ts';
import { silentLog } from '../domain/log.ts';
import type { AuditedChange } from '../http/audit.ts';
import { createSessionJournal } from './session-journal.ts';

it('enters sixty refusals a minute, says how many there were, and every success', async () => {
  const entered: AuditedChange[] = [];
  const warned: unknown[] = [];
  let now = Date.UTC(2026, 0, 1);
  const log: Log = { ...silentLog, warning: (_message, fields) => void warned.push(fields) };
  const journal = createSessionJournal({
    audit: {
      async open(change) {
        entered.push(change);
        return async () => {};
      },
    },
    clock: { now: () => now },
    log,
  });
  const from = { address: '192.0.2.1', correlationId: 'c' };
  for (let guess = 0; guess < 100; guess++) await journal.refused(from, null);
  expect(entered).toHaveLength(60);
  await journal.opened(from, { id: 'u', project: 'default', email: 'ann@example.org' });
  expect(entered).toHaveLength(61);
  now += 60_000;
  await journal.refused(from, null);
  expect(entered).toHaveLength(62);
  expect(warned).toEqual([{ refused: 100, entered: 60 }]);
});
