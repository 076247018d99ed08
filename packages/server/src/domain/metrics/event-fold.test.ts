import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compileDefinition, type MeasuredDefinition } from './defined-metric.ts';
import { readFigure, readFigureByTags, readFigures } from './live-figures.ts';
import { createTestLive, testEvent } from './live-metrics.fixture.ts';

const noon = Date.UTC(2023, 11, 1, 12);
const span = { project: 'default', from: noon, to: noon + 60_000 };

const define = (parts: Partial<MeasuredDefinition>) => {
  const made = compileDefinition({
    name: 'defined',
    type: 'counter',
    filter: null,
    value: null,
    group_by: {},
    ...parts,
  });
  if ('issues' in made) throw new Error(JSON.stringify(made.issues));
  return made.metric;
};

describe('the built-in figures', () => {
  it('are of the events of the span, by event time', () => {
    const live = createTestLive(noon + 60_000);
    live.add(
      testEvent({ at: noon - 1, user_id: 'before' }),
      testEvent({ at: noon, user_id: 'a', session_id: 's', data: { response_time: 0.2 } }),
      testEvent({ at: noon + 1999, user_id: 'b', type: 'error', data: { duration: 0.4, duration_ms: 9 } }),
      testEvent({
        at: noon + 2000,
        user_id: 'a',
        type: 'api.response',
        data: { status: 500, duration_ms: 600 },
      }),
      testEvent({ at: noon + 2000, type: 'api.response', data: { status_code: 499, duration: -1 } }),
      testEvent({ at: noon + 60_000, user_id: 'after' }),
    );
    const figures = readFigures(live, span);
    expect(figures).toMatchObject({
      events_per_second: 4 / 60,
      // Of five minutes before the end.
      active_users: 3,
      active_sessions: 1,
      error_rate: 0.5,
      events_total: 4,
      error_count: 2,
    });
    expect(figures.response_time_avg).toBeCloseTo(0.4, 9);
    expect(figures.response_time_p99).toBeCloseTo(0.6, 2);
    expect(readFigure(live, { ...span, to: noon + 2000, name: 'events_per_second' })).toBe(1);
  });

  it('are zero, or null where nothing was measured', () => {
    const live = createTestLive(noon);
    expect(readFigures(live, span)).toMatchObject({
      events_total: 0,
      error_rate: 0,
      response_time_avg: null,
    });
    expect(readFigure(live, { ...span, name: 'nobody_knows' })).toBeNull();
  });

  it('are parted by tags', () => {
    const live = createTestLive(noon);
    live.add(
      testEvent({ at: noon, source: 'a', type: 'error' }),
      testEvent({ at: noon, source: 'a' }),
      testEvent({ at: noon, source: 'b' }),
    );
    const by = (name: string) =>
      Object.fromEntries(
        readFigureByTags(live, { ...span, name, groupBy: ['source'] }).map(({ tags, value }) => [
          tags[0],
          value,
        ]),
      );
    expect(by('events_total')).toEqual({ a: 2, b: 1 });
    expect(by('error_rate')).toEqual({ a: 0.5, b: 0 });
  });
});

describe('a defined metric', () => {
  it('counts the events that its filter takes, by its tags', () => {
    const metric = define({ filter: 'event.type == "web.click"', group_by: { page: 'event.data.page' } });
    const live = createTestLive(noon, [metric]);
    live.add(
      testEvent({ at: noon, data: { page: '/a' } }),
      testEvent({ at: noon, data: { page: '/a' } }),
      testEvent({ at: noon, data: { page: 7 } }),
      testEvent({ at: noon, data: {} }),
      testEvent({ at: noon, type: 'custom', data: { page: '/a' } }),
    );
    expect(readFigureByTags(live, { ...span, name: 'defined', groupBy: ['page'] })).toEqual([
      { tags: ['/a'], value: 2 },
      { tags: ['7'], value: 1 },
    ]);
    expect(readFigure(live, { ...span, name: 'defined' })).toBe(3);
  });

  it.each([
    ['counter', 9],
    ['gauge', 5],
    ['histogram', 3],
    ['timer', 3],
  ] as const)('of a %s of values is its sum, last or mean', (type, expected) => {
    const live = createTestLive(noon, [define({ type, value: 'event.data.n * 1' })]);
    live.add(
      testEvent({ at: noon + 500, data: { n: 5 } }),
      testEvent({ at: noon, data: { n: 1 } }),
      testEvent({ at: noon + 100, data: { n: 3 } }),
      testEvent({ at: noon + 900, data: { n: 'text' } }),
    );
    expect(readFigure(live, { ...span, name: 'defined' })).toBe(expected);
  });

  it.each([
    [{ filter: 'event.type ==' }, 'filter', /position 13/],
    [{ filter: 'event.type + 1.5 == "a" && evnt.x' }, 'filter', /evnt/],
    [{ filter: '"text"' }, 'filter', /true or false/],
    [{ value: 'event.type == "a"' }, 'value', /a number/],
    [{ group_by: { page: '1 + 1' } }, 'group_by.page', /text/],
    [{ type: 'gauge' as const }, 'value', /must be given/],
  ])('is refused with the field and the position: %j', (parts, field, message) => {
    const made = compileDefinition({
      name: 'x',
      type: 'counter',
      filter: null,
      value: null,
      group_by: {},
      ...parts,
    });
    if ('metric' in made) throw new Error('It compiles');
    expect(made.issues).toEqual([{ field, message: expect.stringMatching(message) }]);
  });
});

describe('an event of type metric', () => {
  const sent = (data: Record<string, unknown>) => testEvent({ at: noon, type: 'metric', data });

  it('becomes a metric as it is', () => {
    const live = createTestLive(noon);
    live.add(
      sent({ name: 'queue.depth', value: 4, tags: { queue: 'mail' } }),
      sent({ name: 'queue.depth', type: 'gauge', value: 7, tags: { queue: 'sms' } }),
      sent({ name: 'orders', type: 'counter', value: 2 }),
      sent({ name: 'orders', type: 'counter', value: 3 }),
    );
    expect(live.namesOf('default')).toEqual(['orders', 'queue.depth']);
    expect(readFigure(live, { ...span, name: 'orders' })).toBe(5);
    expect(readFigureByTags(live, { ...span, name: 'queue.depth', groupBy: ['queue'] })).toEqual([
      { tags: ['mail'], value: 4 },
      { tags: ['sms'], value: 7 },
    ]);
  });

  it.each([
    { name: 'events_total', value: 1 },
    { name: 'Wrong', value: 1 },
    { name: 'a', value: '1' },
    { name: 'a', value: 1, type: 'sum' },
    { name: 'a', value: 1, tags: { ok: 1 } },
    { name: 'a', value: 1, tags: { 'not ok': 'x' } },
    {},
  ])('is none with %j, and counts as an event all the same', (data) => {
    const live = createTestLive(noon);
    live.add(sent(data));
    expect(live.namesOf('default')).toEqual([]);
    expect(readFigure(live, { ...span, name: 'events_total' })).toBe(1);
  });
});

const shared =
  process.env.STREAMFLOW_SHARED_DATA ??
  resolve(fileURLToPath(new URL('../../../../..', import.meta.url)), '../shared/data');
const file = resolve(shared, 'wikipedia-edits-2015-09-12.json.gz');

interface Edit {
  readonly time: string;
  readonly user: string;
  readonly channel: string;
  readonly added: number;
}

async function readEdits(): Promise<Edit[]> {
  const edits: Edit[] = [];
  const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()) });
  for await (const line of lines) if (line !== '') edits.push(JSON.parse(line));
  return edits;
}

describe.skipIf(!existsSync(file))('a day of real edits', () => {
  it('folds, second by second, to what is counted from the file', async () => {
    const edits = await readEdits();
    const times = edits.map(({ time }) => Date.parse(time));
    const latest = Math.max(...times);
    const hour = {
      from: Math.floor(latest / 60_000) * 60_000 - 50 * 60_000,
      to: (Math.floor(latest / 1000) + 1) * 1000,
    };
    const live = createTestLive(hour.to, [
      define({ name: 'added', type: 'histogram', value: 'event.data.added' }),
    ]);
    // Out of order, as from many senders; in parts, as from many workers.
    const shuffled = edits
      .map((edit, n) => ({ edit, at: times[n] ?? 0, order: (n * 7919) % edits.length }))
      .toSorted((a, b) => a.order - b.order);
    for (let n = 0; n < shuffled.length; n += 1000)
      live.add(
        ...shuffled
          .slice(n, n + 1000)
          .map(({ edit, at }) =>
            testEvent({ at, user_id: edit.user, source: edit.channel, data: { added: edit.added } }),
          ),
      );

    const perSecond = new Map<number, Edit[]>();
    edits.forEach((edit, n) => {
      const at = Math.floor((times[n] ?? 0) / 1000) * 1000;
      perSecond.set(at, [...(perSecond.get(at) ?? []), edit]);
    });
    let seconds = 0;
    for (let from = hour.from; from < hour.to; from += 1000) {
      const found = perSecond.get(from) ?? [];
      const read = { project: 'default', from, to: from + 1000 };
      expect(readFigure(live, { ...read, name: 'events_total' })).toBe(found.length);
      const [group] = live.read({ ...read, metric: 'added' });
      expect(group?.value.count ?? 0).toBe(found.length);
      expect(group?.value.sum ?? 0).toBe(found.reduce((sum, { added }) => sum + added, 0));
      if (found.length > 0) seconds += 1;
    }
    expect(seconds).toBeGreaterThan(100);

    // Windows of five minutes, each a minute after the other: parts, users and quantiles.
    for (let to = hour.from + 5 * 60_000; to <= hour.to; to += 60_000) {
      const inWindow = edits.filter((_, n) => (times[n] ?? 0) >= to - 300_000 && (times[n] ?? 0) < to);
      const read = { project: 'default', from: to - 300_000, to };
      const users = new Set(inWindow.map(({ user }) => user)).size;
      expect(
        Math.abs((readFigure(live, { ...read, name: 'active_users' }) ?? 0) - users),
      ).toBeLessThanOrEqual(users * 0.02);
      const sources = new Map<string, number>();
      for (const { channel } of inWindow) sources.set(channel, (sources.get(channel) ?? 0) + 1);
      const groups = readFigureByTags(live, { ...read, name: 'events_total', groupBy: ['source'] });
      expect(new Map(groups.map(({ tags, value }) => [tags[0], value]))).toEqual(sources);
      const sorted = inWindow.map(({ added }) => added).toSorted((a, b) => a - b);
      const exact = sorted[Math.min(Math.floor(0.9 * sorted.length), sorted.length - 1)] ?? 0;
      const sketched = live.read({ ...read, metric: 'added' })[0]?.value.quantile(0.9) ?? Number.NaN;
      expect(Math.abs(sketched - exact)).toBeLessThanOrEqual(exact * 0.01 + 1e-9);
    }
    // And the day as a whole, by minutes.
    const day = { project: 'default', from: hour.to - 86_400_000, to: hour.to };
    const ofDay = times.filter((at) => at >= Math.floor(day.from / 60_000) * 60_000).length;
    expect(Math.abs((readFigure(live, { ...day, name: 'events_total' }) ?? 0) - ofDay)).toBeLessThan(
      ofDay * 0.002,
    );
  }, 30_000);
});
