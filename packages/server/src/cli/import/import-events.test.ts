import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type EventsApi, type Refusal, StreamFlowApiError } from '@streamflow/client';
import type { Event, EventInput } from '@streamflow/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../domain/clock.ts';
import { parseMapping } from './field-mapping.ts';
import {
  type FileProblem,
  type ImportDependencies,
  type ImportOptions,
  importEvents,
} from './import-events.ts';
import { beginningRecords } from './record-id.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamflow-import-'));
});
afterEach(() => rm(directory, { recursive: true }));

const write = async (name: string, content: string | Buffer): Promise<string> => {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
};
const ndjson = (records: readonly object[]): string =>
  records.map((each) => `${JSON.stringify(each)}\n`).join('');

type Deliver = ImportDependencies['client']['deliver'];

/** A store that takes each id once, and refuses what it is told to. */
function setUp(refuse: (event: EventInput) => boolean = () => false) {
  const stored = new Map<string, EventInput>();
  const receipts = new Map<string, string>();
  const unable: string[] = [];
  let now = Date.UTC(2026, 0, 1);
  const problems: FileProblem[] = [];
  const formats: string[] = [];
  const interrupt = new AbortController();
  const batches: number[] = [];
  const deliver: Deliver = async (texts, options) => {
    batches.push(texts.length);
    now += 10;
    const receivedAt = new Date(now).toISOString();
    const refusals: Refusal[] = [];
    for (const [index, text] of texts.entries()) {
      const event: EventInput = JSON.parse(text);
      if (refuse(event)) refusals.push({ index, message: 'type: Invalid event type provided', issues: [] });
      else if (event.id !== undefined && !stored.has(event.id)) {
        stored.set(event.id, event);
        receipts.set(event.id, receivedAt);
      }
    }
    options?.onReceived?.(receivedAt);
    return refusals;
  };
  const lookUp: EventsApi['lookUp'] = async (ids, options) =>
    ids.flatMap((id) => {
      const event = stored.get(id);
      const received_at = receipts.get(id);
      if (event === undefined || received_at === undefined) return [];
      return [
        { id, received_at, ...(options?.events === true ? { event: asStored(event, received_at) } : {}) },
      ];
    });
  const countReceived: EventsApi['countReceived'] = async ({ first, last, receivedFrom, receivedTo }) =>
    [...receipts].filter(([id, at]) => {
      const received = Date.parse(at);
      return (
        id >= first && id <= last && received >= receivedFrom.getTime() && received <= receivedTo.getTime()
      );
    }).length;
  const eventsApi = { lookUp, countReceived };
  const run = (
    files: readonly string[],
    options: Partial<Omit<ImportOptions, 'mappings'>> & { map?: readonly string[] } = {},
    dependencies: Partial<ImportDependencies> = {},
  ) => {
    const { map = [], ...rest } = options;
    return importEvents(
      {
        files,
        mappings: map.map(parseMapping),
        type: undefined,
        source: 'import',
        namespace: '',
        format: undefined,
        delimiter: undefined,
        csvText: false,
        concurrency: 2,
        batchEvents: 1000,
        skipRecords: 0,
        ...rest,
      },
      {
        client: { deliver, events: eventsApi },
        clock: systemClock,
        stdin: Readable.from([]),
        interrupted: interrupt.signal,
        onProgress() {},
        onProblem: (problem) => problems.push(problem),
        onFile: (_, format) => formats.push(format),
        onWait() {},
        onUnable: (reason) => unable.push(reason),
        sleep: () => new Promise((resolve) => setImmediate(resolve)),
        ...dependencies,
      },
    );
  };
  return { run, stored, receipts, problems, formats, interrupt, deliver, eventsApi, unable, batches };
}

const asStored = (event: EventInput, received_at: string): Event => ({
  severity: 'medium',
  data: {},
  metadata: {},
  correlation_id: null,
  session_id: null,
  user_id: null,
  tags: [],
  id: '',
  timestamp: received_at,
  ...event,
  received_at,
});

const events = (stored: ReadonlyMap<string, EventInput>) => [...stored.values()];
const withoutIds = (stored: ReadonlyMap<string, EventInput>) =>
  events(stored).map(({ id, ...rest }) => {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    return rest;
  });

const edits = [
  { time: '2015-09-12T00:46:58.771Z', user: 'GELongstreet', channel: '#en', delta: 36 },
  { time: '2015-09-12T00:47:00.496Z', user: null, channel: '#ca', delta: 17 },
];
const editMaps = ['type=custom.edit', 'user_id=user', 'source=channel', 'timestamp=time'];
const mappedEdits = [
  {
    type: 'custom.edit',
    source: '#en',
    user_id: 'GELongstreet',
    timestamp: edits[0]?.time,
    data: { delta: 36 },
  },
  { type: 'custom.edit', source: '#ca', timestamp: edits[1]?.time, data: { user: undefined, delta: 17 } },
];

describe('mapping', () => {
  it('lifts fields out of records, in every format, and leaves the rest in data', async () => {
    const csv = `time,user,channel,delta\n${edits.map((e) => `${e.time},${e.user ?? ''},${e.channel},${e.delta}`).join('\n')}`;
    const files = [
      await write('edits.ndjson', ndjson(edits)),
      await write('edits.json', JSON.stringify(edits, null, 2)),
      await write('lines.json.gz', gzipSync(ndjson(edits))),
      await write('edits.csv', csv),
      await write('edits.tsv', csv.replaceAll(',', '\t')),
      await write('semicolons.csv.gz', gzipSync(csv.replaceAll(',', ';'))),
      await write('no-extension', ndjson(edits)),
    ];
    for (const file of files) {
      const { run, stored, problems } = setUp();
      expect(await run([file], { map: editMaps })).toMatchObject({ records: 2, accepted: 2, refused: 0 });
      expect(problems).toEqual([]);
      expect(withoutIds(stored)).toEqual(mappedEdits);
    }
  });

  it('reads fields whose names have dots, numbers as ids, and tags', async () => {
    const file = await write(
      'dns.ndjson',
      ndjson([{ 'id.orig_h': '10.0.0.1', ts: 1_521_911_720.865, port: 53, labels: ['a', 'b'] }]),
    );
    const { run, stored } = setUp();
    await run([file], {
      map: ['type=custom.dns', 'user_id="id.orig_h"', 'timestamp=ts', 'session_id=port', 'tags=labels'],
    });
    expect(withoutIds(stored)).toEqual([
      {
        type: 'custom.dns',
        source: 'import',
        user_id: '10.0.0.1',
        session_id: '53',
        timestamp: '2018-03-24T17:15:20.865Z',
        tags: ['a', 'b'],
        data: {},
      },
    ]);
  });

  it('makes data of whole records when only a type is given', async () => {
    const { run, stored } = setUp();
    await run([await write('a.ndjson', ndjson(edits))], { type: 'custom.edit', source: 'wiki' });
    expect(withoutIds(stored)).toEqual(edits.map((data) => ({ type: 'custom.edit', source: 'wiki', data })));
  });

  it('tells records that the mapping does not fit, by line, and takes the others', async () => {
    const file = await write(
      'a.ndjson',
      `${ndjson([{ t: 'yesterday' }, { t: 0, big: 1 }])}{"t":1,"n":12345678901234567890}\n`,
    );
    const { run, problems } = setUp();
    const summary = await run([file], { map: ['type=custom', 'timestamp=t'] });
    expect(summary).toMatchObject({ records: 3, accepted: 1, refused: 2 });
    expect(problems).toMatchObject([
      { file, line: 1, reason: expect.stringContaining('yesterday') },
      { file, line: 3, reason: expect.stringMatching(/^n: /) },
    ]);
  });
});

describe('records that are events', () => {
  const id = '00000000-0000-7000-8000-000000000001';

  it('go as they stand in the file, with what they lack', async () => {
    const exact = `{"id":"${id}","type":"custom","source":"s","data":{"n":1.50,"s":"\\u00e4"}}`;
    const texts: string[] = [];
    const { run, deliver, eventsApi } = setUp();
    await run(
      [await write('a.ndjson', `${exact}\n{"type":"custom","data":{}}\n`)],
      {},
      {
        client: {
          events: eventsApi,
          deliver: (events, options) => {
            texts.push(...events);
            return deliver(events, options);
          },
        },
      },
    );
    expect(texts[0]).toBe(exact);
    expect(JSON.parse(texts[1] ?? '')).toMatchObject({ type: 'custom', source: 'import', data: {} });
  });

  it('come back from an export, as NDJSON and as CSV', async () => {
    const event = {
      id,
      type: 'custom',
      source: 's',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { a: [1] },
      tags: ['x'],
    };
    const csv = `id,type,source,timestamp,data,tags,user_id,received_at\n${id},custom,s,${event.timestamp},"{""a"":[1]}","[""x""]",,2026-01-01\n`;
    const received = { ...event, received_at: '2026-01-01T00:00:01.000Z' };
    for (const file of [await write('a.ndjson', ndjson([received])), await write('a.csv', csv)]) {
      const { run, stored } = setUp();
      await run([file]);
      expect(events(stored)).toEqual([event]);
    }
  });

  it('need a type', async () => {
    const { run, problems } = setUp();
    await run([await write('a.ndjson', ndjson([{ page: '/' }]))]);
    expect(problems).toMatchObject([{ line: 1, reason: expect.stringContaining('--type') }]);
  });

  it('that StreamFlow refuses are told by line', async () => {
    const records = Array.from({ length: 2500 }, (_, n) => ({
      type: n % 1000 === 7 ? 'odd' : 'custom',
      data: { n },
    }));
    const { run, problems, batches } = setUp(({ type }) => type === 'odd');
    const summary = await run([await write('a.ndjson', ndjson(records))]);
    expect(summary).toMatchObject({ records: 2500, accepted: 2497, refused: 3 });
    expect(problems.map(({ line }) => line)).toEqual([8, 1008, 2008]);
    expect(batches).toEqual([1000, 1000, 500]);
  });
});

describe('importing again', () => {
  const many = Array.from({ length: 3000 }, (_, n) => ({ n: n % 10, text: 'the same' }));

  it('adds nothing, whatever the file is called', async () => {
    const { run, stored } = setUp();
    await run([await write('a.ndjson', ndjson(many))], { type: 'custom' });
    expect(stored.size).toBe(3000);
    await run([await write('b.ndjson.gz', gzipSync(ndjson(many)))], { type: 'custom' });
    expect(stored.size).toBe(3000);
  });

  it('adds what a file has grown by, and what was mended in it', async () => {
    const { run, stored } = setUp();
    const broken = `${ndjson(many.slice(0, 10))}{"n":\n${ndjson(many.slice(10))}`;
    expect(await run([await write('a.ndjson', broken)], { type: 'custom' })).toMatchObject({ refused: 1 });
    const mended = `${broken.replace('{"n":\n', '{"n":11}\n')}${ndjson([{ n: 12 }])}`;
    await run([await write('a.ndjson', mended)], { type: 'custom' });
    expect(stored.size).toBe(3002);
  });

  it('takes all of different files, however much of them is the same at the same place', async () => {
    const { run, stored } = setUp();
    const first = await write('a.ndjson', ndjson([{ day: 1 }, ...many]));
    const second = await write('b.ndjson', ndjson([{ day: 2 }, ...many]));
    expect(await run([first, second], { type: 'custom' })).toMatchObject({ accepted: 6002, added: 6002 });
    expect(stored.size).toBe(6002);
  });

  it('adds what a file has grown by, also when it was shorter than what files are told apart by', async () => {
    const { run } = setUp();
    for (let length = 1; length <= 2 * beginningRecords; length++) {
      const summary = await run([await write('a.ndjson', ndjson(many.slice(0, length)))], { type: 'custom' });
      expect(summary).toMatchObject({ added: 1, repeated: length - 1 });
    }
  });

  it('is the same from standard input', async () => {
    const { run } = setUp();
    await run([await write('a.ndjson', ndjson(many))], { type: 'custom' });
    const stdin = Readable.from([Buffer.from(ndjson(many))]);
    expect(await run(['-'], { type: 'custom' }, { stdin })).toMatchObject({ added: 0, repeated: 3000 });
  });

  it('tells files with the same content apart when asked to', async () => {
    const { run, stored } = setUp();
    const file = await write('a.ndjson', ndjson(edits));
    await run([file], { type: 'custom', namespace: 'monday' });
    await run([file], { type: 'custom', namespace: 'tuesday' });
    expect(stored.size).toBe(4);
  });

  it('goes on after an interruption from where all was answered', async () => {
    const { run, stored, interrupt, deliver, eventsApi } = setUp();
    const file = await write('a.ndjson', ndjson(many));
    let calls = 0;
    const summary = await run(
      [file],
      { type: 'custom', batchEvents: 100, concurrency: 2 },
      {
        client: {
          events: eventsApi,
          async deliver(events, options) {
            calls += 1;
            // The second request hangs until the interruption; those after it are answered.
            if (calls !== 2) return deliver(events, options);
            return new Promise((_, reject) => {
              options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
            });
          },
        },
        onProgress: ({ accepted }) => {
          if (accepted >= 1000) interrupt.abort();
        },
      },
    );
    expect(summary.interrupted).toEqual({ file, afterRecord: 100 });
    const second = setUp();
    for (const [id, event] of stored) second.stored.set(id, event);
    await second.run([file], { type: 'custom', skipRecords: summary.interrupted?.afterRecord ?? 0 });
    expect(second.stored.size).toBe(3000);
  });
});

describe('the summary', () => {
  const records = Array.from({ length: 2500 }, (_, n) => ({ n, at: '2026-01-01T00:00:00Z' }));
  const nothing = { added: 0, repeated: 0, conflicting: 0, unconfirmed: 0 };

  it('tells what is new and what was there already', async () => {
    const { run } = setUp();
    const file = await write('a.ndjson', ndjson(records));
    expect(await run([file], { type: 'custom' })).toMatchObject({ ...nothing, added: 2500 });
    expect(await run([file], { type: 'custom' })).toMatchObject({ ...nothing, repeated: 2500 });
    const grown = await write('b.ndjson', ndjson([...records, { n: -1 }]));
    expect(await run([grown], { type: 'custom' })).toMatchObject({ ...nothing, added: 1, repeated: 2500 });
  });

  it('tells of a corrected mapping that what is there stays as it was', async () => {
    const { run, stored } = setUp();
    const file = await write('a.ndjson', ndjson(records));
    await run([file], { type: 'custom' });
    const summary = await run([file], { type: 'custom', map: ['timestamp=at'] });
    // Without a time of its own an event has that of its receipt, and the mapping takes the field out of data.
    expect(summary).toMatchObject({ ...nothing, accepted: 2500, conflicting: 2500 });
    expect(stored.size).toBe(2500);
  });

  it('counts an event once when it is sent twice in one run', async () => {
    const { run, stored } = setUp();
    const file = await write('a.ndjson', ndjson(records));
    expect(await run([file, file], { type: 'custom' })).toMatchObject({
      ...nothing,
      added: 2500,
      repeated: 2500,
    });
    const id = '01890000-0000-7000-8000-000000000001';
    const twice = await write(
      'c.ndjson',
      ndjson([1, 1, 2].map((n) => ({ id, type: 'custom', data: { n } }))),
    );
    expect(await run([twice])).toMatchObject({ ...nothing, added: 1, repeated: 1, conflicting: 1 });
    expect(stored.size).toBe(2501);
  });

  it('counts as new what was stored by a request that was answered at the second try', async () => {
    const { run, deliver, eventsApi } = setUp();
    const summary = await run(
      [await write('a.ndjson', ndjson(records))],
      { type: 'custom' },
      {
        client: {
          events: eventsApi,
          async deliver(events, options) {
            await deliver(events);
            await new Promise((resolve) => setTimeout(resolve, 100));
            options?.onRetry?.(new StreamFlowApiError({ code: 'Timeout', status: 0, message: 'late' }));
            return deliver(events, options);
          },
        },
      },
    );
    expect(summary).toMatchObject({ ...nothing, added: 2500 });
  });

  it('waits for the store, and says how many it waited for in vain', async () => {
    const { run, deliver, eventsApi, unable } = setUp();
    const file = await write('a.ndjson', ndjson(records));
    let looks = 0;
    const late: EventsApi['lookUp'] = async (ids, options) =>
      looks++ < 20 ? [] : eventsApi.lookUp(ids, options);
    const lateCount: EventsApi['countReceived'] = async (query) =>
      looks++ < 20 ? 0 : eventsApi.countReceived(query);
    const client = { deliver, events: { lookUp: late, countReceived: lateCount } };
    expect(await run([file], { type: 'custom' }, { client })).toMatchObject({ ...nothing, added: 2500 });
    const never = { deliver, events: { lookUp: async () => [], countReceived: async () => 0 } };
    const summary = await run([file], { type: 'custom.other' }, { client: never });
    expect(summary).toMatchObject({ ...nothing, accepted: 2500, unconfirmed: 2500 });
    expect(unable).toEqual([expect.stringContaining('not stored yet')]);
  });

  it('says that it cannot tell when the store may not be read', async () => {
    const { run, deliver, unable } = setUp();
    const denied = new StreamFlowApiError({ code: 'PermissionDenied', status: 403, message: 'no reading' });
    const reject = () => Promise.reject(denied);
    const client = { deliver, events: { lookUp: reject, countReceived: reject } };
    const summary = await run([await write('a.ndjson', ndjson(records))], { type: 'custom' }, { client });
    expect(summary).toMatchObject({ ...nothing, accepted: 2500, unconfirmed: 2500 });
    expect(unable).toEqual(['no reading']);
  });
});

describe('trouble', () => {
  it('with the credential ends the import at once', async () => {
    const { run } = setUp();
    const refused = new StreamFlowApiError({ code: 'AuthenticationRequired', status: 401, message: 'no' });
    const outcome = run(
      [await write('a.ndjson', ndjson(edits))],
      { type: 'custom' },
      {
        client: {
          events: { lookUp: async () => [], countReceived: async () => 0 },
          async deliver(_, options) {
            options?.onRetry?.(refused);
            options?.signal?.throwIfAborted();
            return [];
          },
        },
      },
    );
    await expect(outcome).rejects.toBe(refused);
  });

  it('with the end of a gzip file is told, and what came before it is taken', async () => {
    const text = Array.from({ length: 20_000 }, (_, n) => `{"n":${n},"r":${Math.sin(n)}}\n`).join('');
    const whole = gzipSync(text);
    const { run, stored, problems } = setUp();
    const summary = await run([await write('a.ndjson.gz', whole.subarray(0, whole.length - 100))], {
      type: 'custom',
    });
    expect(problems).toMatchObject([{ reason: expect.stringContaining('cannot be read') }]);
    expect(summary.accepted).toBe(stored.size);
    expect(stored.size).toBeGreaterThan(10_000);
  });

  it('with a file that is not there is said before anything is sent', async () => {
    const { run } = setUp();
    await expect(run([join(directory, 'none.ndjson')])).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

const shared =
  process.env.STREAMFLOW_SHARED_DATA ?? resolve(import.meta.dirname, '../../../../../../shared/data');
describe.skipIf(!existsSync(shared))(`real data in ${shared}`, () => {
  it.each([
    [
      'wikipedia-edits-2015-09-12.json.gz',
      ['type=custom.edit', 'user_id=user', 'timestamp=time'],
      39_244,
      10_531,
    ],
    ['zeek-dns-2018-03-24.json.gz', ['type=custom.dns', 'user_id="id.orig_h"', 'timestamp=ts'], 53_615, 77],
  ])('%s is taken whole', async (file, map, count, users) => {
    const { run, stored, problems } = setUp();
    const summary = await run([join(shared, file)], { map });
    expect(summary).toMatchObject({ records: count, accepted: count, refused: 0 });
    expect(problems).toEqual([]);
    expect(stored.size).toBe(count);
    expect(new Set(events(stored).map((event) => event.user_id)).size).toBe(users);
  });
});
