import { describe, expect, it } from 'vitest';
import { StreamFlowError } from '../domain/errors.ts';
import { correlated } from './correlation-scope.ts';
import { createLog, type LogOptions } from './log.ts';

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({
    level: 'INFO',
    format: 'json',
    service: 'ingestion',
    destination: { write: (line) => void lines.push(line) },
    now: () => Date.UTC(2023, 11, 1, 12),
    ...options,
  });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

describe('createLog', () => {
  it('writes the documented line', () => {
    const { log, lines } = capture();
    log.info('Event processed successfully', {
      correlation_id: 'c-1',
      event_id: 'e-1',
      user_id: 'user123',
      duration: 0.045,
      event_type: 'web.click',
      source: 'website',
    });
    expect(lines).toEqual([
      '{"timestamp":"2023-12-01T12:00:00.000Z","level":"INFO","service":"ingestion",' +
        '"message":"Event processed successfully","correlation_id":"c-1","event_id":"e-1","user_id":"user123",' +
        '"duration":0.045,"extra":{"event_type":"web.click","source":"website"}}\n',
    ]);
  });

  it('names the request on whose behalf something is told, unless that names another', async () => {
    const { log, parsed } = capture();
    await correlated('request-1', async () => {
      log.info('at once');
      await new Promise((resolve) => setImmediate(resolve));
      log.child({ service: 'storage' }).info('later');
      log.info('of another', { correlation_id: 'c-2' });
    });
    log.info('of none');
    expect(parsed().map(({ message, correlation_id }) => [message, correlation_id])).toEqual([
      ['at once', 'request-1'],
      ['later', 'request-1'],
      ['of another', 'c-2'],
      ['of none', undefined],
    ]);
  });

  it('leaves out what is below its level', () => {
    const { log, parsed } = capture({ level: 'WARNING' });
    log.debug('a');
    log.info('b');
    log.warning('c');
    log.error('d');
    log.critical('e');
    expect(parsed().map(({ level }) => level)).toEqual(['WARNING', 'ERROR', 'CRITICAL']);
  });

  it('adds the fields of a child to every line, and lets it name another service', () => {
    const { log, parsed } = capture();
    log.child({ service: 'storage', correlation_id: 'c' }).child({ shard: 1 }).info('x', { rows: 2 });
    expect(parsed()).toMatchObject([
      { service: 'storage', correlation_id: 'c', extra: { shard: 1, rows: 2 } },
    ]);
  });

  it('writes errors with their code and cause, and stacks only when asked', () => {
    const error = new StreamFlowError('ServiceUnavailable', 'The broker is away', {
      cause: new Error('connect amqp://user:hunter2@host failed'),
    });
    const plain = capture();
    plain.log.error('Failed', { error });
    expect(plain.parsed()[0].extra.error).toEqual({
      name: 'ServiceUnavailable',
      message: 'The broker is away',
      code: 'ServiceUnavailable',
      cause: { name: 'Error', message: 'connect amqp://user:********@host failed' },
    });
    const debugging = capture({ stacks: true });
    debugging.log.error('Failed', { error });
    expect(debugging.parsed()[0].extra.error.stack).toMatch(/log\.test\.ts/);
    expect(debugging.lines[0]).not.toMatch(/hunter2/);
  });

  it('never writes a secret, however deep it stands', () => {
    const { log, lines } = capture();
    log.info('x', {
      password: 'p-1',
      headers: { Authorization: 'Bearer t-2', 'x-api-key': 'k-3', accept: '*/*' },
      list: [{ access_token: 'a-4' }],
    });
    expect(lines[0]).not.toMatch(/p-1|t-2|k-3|a-4/);
    expect(lines[0]).toMatch(/\*\/\*/);
  });

  it('survives values that JSON cannot hold', () => {
    const { log, parsed } = capture();
    const loop: Record<string, unknown> = { big: 10n };
    loop.self = loop;
    log.info('x', { loop, none: undefined });
    expect(parsed()[0].extra.loop.big).toBe('10');
  });

  it('writes text for people', () => {
    const { log, lines } = capture({ format: 'text' });
    log.warning('Disk is nearly full', { free: 12, path: '/var/lib/streamflow', note: 'a b' });
    expect(lines).toEqual([
      '2023-12-01T12:00:00.000Z WARNING  ingestion: Disk is nearly full  free=12 path=/var/lib/streamflow note="a b"\n',
    ]);
  });

  it('changes its level for children that exist already, and says so', () => {
    const { log, parsed } = capture({ level: 'ERROR' });
    const child = log.child({ service: 'storage' });
    child.debug('before');
    log.setLevel('DEBUG');
    child.debug('after');
    expect(log.level).toBe('DEBUG');
    log.setLevel('ERROR');
    child.warning('again quiet');
    expect(parsed().map(({ message, extra }) => [message, extra?.log_level])).toEqual([
      ['The log level was changed', 'DEBUG'],
      ['after', undefined],
      ['The log level was changed', 'ERROR'],
    ]);
  });

  it('writes 20 lines of one message in 10 s, then says how many more there were', () => {
    const due: [number, () => void][] = [];
    const { log, parsed } = capture({ level: 'DEBUG', after: (ms, run) => void due.push([ms, run]) });
    const storage = log.child({ service: 'storage', shard: 1 });
    for (let i = 0; i < 1000; i += 1) log.warning('Away', { i });
    for (let i = 0; i < 30; i += 1) storage.warning('Away', { i });
    for (let i = 0; i < 30; i += 1) log.debug('Request answered');
    log.error('Something else');
    expect(parsed()).toHaveLength(20 + 20 + 30 + 1);
    expect(due.map(([ms]) => ms)).toEqual([10_000]);
    due.pop()?.[1]();
    expect(parsed().slice(-2)).toMatchObject([
      { level: 'WARNING', service: 'ingestion', message: 'Away', extra: { repeats: 980, seconds: 10 } },
      { level: 'WARNING', service: 'storage', message: 'Away', extra: { repeats: 10, seconds: 10 } },
    ]);
    log.warning('Away', { i: 'next' });
    expect(parsed().at(-1)).toMatchObject({ message: 'Away', extra: { i: 'next' } });
    expect(due).toHaveLength(1);
  });
});
