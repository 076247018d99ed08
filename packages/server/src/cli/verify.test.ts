import { PassThrough } from 'node:stream';
import { StreamFlow } from '@streamflow/client';
import { type LedgerReport, readLedger } from '@streamflow/contracts';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../http/server.fixture.ts';
import type { Connect } from './cli-connection.ts';
import type { Terminal } from './terminal.ts';
import { verifyCommand } from './verify.ts';

const none = { unanswered: 0, dead: 0, set_aside: 0, dropped: 0, refused: 0, uncounted: 0 };
const holds: LedgerReport = {
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-02T00:00:00.000Z',
  since: '2025-12-01T00:00:00.000Z',
  verdict: 'holds',
  totals: { ...none, accepted: 12, stored: 10, duplicates: 2, difference: 0 },
  minutes: [],
  repeated_ids: { count: 0, examples: [] },
  roll_ups: null,
  queue: { batches: 0, drained: true },
  dead_letters: { complete: true },
  processes: [],
};
const unsettled: LedgerReport = {
  ...holds,
  verdict: 'unsettled',
  queue: { batches: 7, drained: false },
};

let server: TestServer;
let answers: LedgerReport[];
let asked: unknown[];

beforeEach(async () => {
  answers = [];
  asked = [];
  server = await startTestServer(
    [
      {
        contract: { ...readLedger, permission: 'any' },
        handle({ query }) {
          asked.push({ ...Object(query) });
          const data = answers.length > 1 ? answers.shift() : answers[0];
          return { success: true, message: '', data, timestamp: holds.to };
        },
      },
    ],
    {},
  );
});
afterEach(() => server.close());

async function run(...words: string[]): Promise<{ out: string[]; exitCode: number }> {
  const { port } = await server.listen('127.0.0.1', 0);
  const client = new StreamFlow({ storageUrl: `http://127.0.0.1:${port}`, apiKey: 'reader-token' });
  const out: string[] = [];
  let exitCode = 0;
  const terminal: Terminal = {
    stdin: new PassThrough(),
    print: async (line) => void out.push(line),
    note: () => {},
    screen: undefined,
    columns: undefined,
    interrupted: new AbortController().signal,
    fail: (code = 1) => {
      exitCode = code;
    },
  };
  const connect: Connect = async () => ({
    client,
    request: (service, method, path, options = {}) => client.request(service, method, path, options),
    close: async () => {},
  });
  const program = new Command().exitOverride();
  program.addCommand(verifyCommand(connect, terminal, { now: () => Date.now() }).exitOverride());
  await program.parseAsync(['verify', ...words], { from: 'user' });
  return { out, exitCode };
}

describe('streamflow verify', () => {
  it('says that it holds, with what was accepted and what became of it', async () => {
    answers = [holds];
    const { out, exitCode } = await run('--from', '2026-01-01', '--to', '2026-01-02', '--all');
    expect(exitCode).toBe(0);
    expect(asked).toEqual([{ from: holds.from, to: holds.to, all: true }]);
    expect(out).toContain('accepted 12 = stored 10 + duplicates 2 + dead 0 + set aside 0 + dropped 0');
    expect(out.at(-1)).toBe('It holds.');
  });

  it('exits with 1 and names the minutes of what is lost, and of what is too many', async () => {
    const figures = { ...none, accepted: 12, stored: 9, duplicates: 0 };
    answers = [
      {
        ...holds,
        verdict: 'broken',
        minutes: [
          { minute: '2026-01-01T10:00:00.000Z', status: 'loss', ...figures, difference: -3 },
          { minute: '2026-01-01T11:00:00.000Z', status: 'surplus', ...figures, stored: 14, difference: 2 },
        ],
        repeated_ids: { count: 1, examples: ['some-id'] },
        roll_ups: {
          compared: 4,
          mismatches: 1,
          examples: [{ roll_up: 'type web.click 10:00', kept: 3, recounted: 4 }],
        },
      },
    ];
    const { out, exitCode } = await run('--wait', '1s');
    expect(exitCode).toBe(1);
    expect(asked.length).toBeGreaterThan(1);
    const text = out.join('\n');
    expect(text).toMatch(/2026-01-01T10:00:00.000Z +LOSS +12 +9 +0 +0 +0 +0 +-3 +0/);
    expect(text).toContain('ids: 1 STORED MORE THAN ONCE: some-id');
    expect(text).toContain('type web.click 10:00: 3 kept, 4 recounted');
    expect(out.at(-1)).toBe(
      'IT DOES NOT HOLD: 3 lost of 2026-01-01T10:00:00.000Z; 2 too many of 2026-01-01T11:00:00.000Z.',
    );
  });

  it('asks again for the same minutes while events are on their way', async () => {
    answers = [unsettled, holds];
    const { exitCode } = await run();
    expect(exitCode).toBe(0);
    expect(asked).toEqual([{}, { from: holds.from, to: holds.to }]);
  });

  it('exits with 3 when they are still on their way after the time to wait', async () => {
    answers = [unsettled];
    const { out, exitCode } = await run('--wait', '0s');
    expect(exitCode).toBe(3);
    expect(asked).toHaveLength(1);
    expect(out.join('\n')).toContain('queue: 7 batches are not stored yet');
    expect(out.at(-1)).toMatch(/^UNSETTLED/);
  });

  it('tells of a process that was killed with something uncounted', async () => {
    answers = [
      {
        ...holds,
        totals: { ...holds.totals, difference: 4, uncounted: 4 },
        processes: [
          { id: 'a', name: 'host:7', state: 'crashed', counted_to: holds.from, written_at: holds.from },
        ],
      },
    ];
    const { out, exitCode } = await run();
    expect(exitCode).toBe(0);
    expect(out.join('\n')).toMatch(/process host:7 counted to .* was killed; it may have accepted what is/);
  });

  it('prints the account as JSON', async () => {
    answers = [holds];
    const { out } = await run('--json');
    expect(out.map((line) => JSON.parse(line))).toEqual([holds]);
  });
});
