import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Log, silentLog } from '../../domain/log.ts';
import { alertChannels } from '../../domain/records/alert-rules.ts';
import { openTestRecords, type TestRecords } from '../../ledger/test-records.fixture.ts';
import { renewChannels } from './renew-channels.ts';
import { createSealing } from './sealing.ts';

const project = 'default';
let records: TestRecords;
beforeEach(async () => {
  records = await openTestRecords({ now: () => 0 });
});
afterEach(() => records.close());

it('seals channels anew, leaves those of the key of now, and tells of those that it cannot read', async () => {
  const add = async (name: string, secret: string): Promise<string> => {
    const id = randomUUID();
    await records.store.insert(alertChannels, {
      project,
      id,
      type: 'webhook',
      name,
      enabled: true,
      sealed_config: createSealing([secret]).seal(name, id),
      shown_config: {},
    });
    return id;
  };
  const ids = [await add('old', 'first'), await add('lost', 'of nobody'), await add('new', 'second')];
  const told: unknown[] = [];
  const log: Log = {
    ...silentLog,
    info: (message, fields) => void told.push([message, fields]),
    warning: (message, fields) => void told.push([message, fields]),
  };
  const renew = () =>
    renewChannels({ records: records.store, project, log, sealing: createSealing(['second', 'first']) });
  await renew();
  const second = createSealing(['second']);
  const opened = await Promise.all(
    ids.map(async (id) => {
      const channel = await records.store.get(alertChannels, { project, id });
      try {
        return [second.open(channel?.sealed_config ?? '', id), channel?.version];
      } catch {
        return ['unreadable', channel?.version];
      }
    }),
  );
  expect(opened).toEqual([
    ['old', 2],
    ['unreadable', 1],
    ['new', 1],
  ]);
  const lost = [
    'A channel could not be encrypted anew',
    { channel: 'webhook:lost', reason: expect.stringContaining('another key') },
  ];
  expect(told).toEqual([lost, ['Channels were encrypted anew with the key of now', { channels: 1 }]]);
  told.length = 0;
  await renew();
  expect(told).toEqual([lost]);
});
