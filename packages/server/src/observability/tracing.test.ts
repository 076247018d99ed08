import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../domain/log.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';
import { type OpenTracing, openTracing } from './tracing.ts';

const caller = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('parseTraceparent', () => {
  it('gives back what it was given', () => {
    const context = parseTraceparent(caller);
    expect(context === null ? null : formatTraceparent(context)).toBe(caller);
  });

  it.each([
    '',
    'nonsense',
    caller.toUpperCase(),
    caller.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
    caller.replace('00f067aa0ba902b7', '0'.repeat(16)),
    caller.replace('00-', 'ff-'),
    caller.slice(0, -1),
  ])('takes %j for none', (text) => {
    expect(parseTraceparent(text)).toBeNull();
  });
});

describe('openTracing', () => {
  let collector: Server;
  let status: number;
  let taken: number;
  let warnings: string[];
  let exported: [number, boolean][];
  let endpoint: string;
  let opened: OpenTracing[];

  beforeEach(async () => {
    [status, taken, warnings, exported, opened] = [200, 0, [], [], []];
    collector = createServer((request, response) => {
      request.resume().once('end', () => {
        taken += 1;
        response.writeHead(status).end();
      });
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const address = collector.address();
    endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1/traces`;
  });
  afterEach(async () => {
    for (const tracing of opened) await tracing.close();
    collector.close();
    collector.closeAllConnections();
  });

  const open = (sampleRatio: number): OpenTracing => {
    const tracing = openTracing({
      endpoint,
      sampleRatio,
      serviceName: 'streamflow',
      version: '0.0.0',
      log: { ...silentLog, warning: (message) => void warnings.push(message) },
      onExported: (spans, sent) => void exported.push([spans, sent]),
    });
    opened.push(tracing);
    return tracing;
  };

  it('keeps the share of new traces that it is told to keep', () => {
    const kept = (ratio: number): number => {
      const tracing = open(ratio);
      return Array.from({ length: 400 }, () => tracing.start('work', { kind: 'server' })).filter(
        (span) => span !== null,
      ).length;
    };
    expect(kept(0)).toBe(0);
    expect(kept(1)).toBe(400);
    // Fewer than 20 or more than 100 of 400 at a tenth come once in millions of runs.
    expect(kept(0.1)).toBeGreaterThan(10);
    expect(kept(0.1)).toBeLessThan(110);
  });

  it('follows the decision of the caller', () => {
    expect(open(0).start('work', { kind: 'server', parent: caller })?.traceparent).toMatch(
      /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/,
    );
    const unsampled = caller.replace(/01$/, '00');
    expect(open(1).start('work', { kind: 'server', parent: unsampled })).toBeNull();
    expect(open(1).start('work', { kind: 'server', parent: 'nonsense' })?.traceparent).not.toContain('4bf9');
  });

  it('sends what is left when it is closed', async () => {
    const tracing = open(1);
    tracing.start('work', { kind: 'server', links: [caller, 'nonsense'] })?.end('it failed');
    await tracing.close();
    expect(taken).toBe(1);
    expect(exported).toEqual([[1, true]]);
  });

  it('says once that the collector refuses, counts every batch that was lost, and closes all the same', async () => {
    status = 400;
    const tracing = open(1);
    // The libraries send 512 spans at a time.
    for (let i = 0; i < 1200; i += 1) tracing.start('work', { kind: 'server' })?.end();
    await tracing.close();
    expect(exported.slice(0, 2)).toEqual([
      [512, false],
      [512, false],
    ]);
    expect(warnings).toEqual(['Traces cannot be sent']);
  });
});
