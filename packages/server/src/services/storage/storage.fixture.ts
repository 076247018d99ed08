import type { Event } from '@streamflow/contracts';
import { eventLineLayout, formatEventLine } from '@streamflow/contracts';
import { addToMinute, type ByMinute, isWithin, minuteOf } from '../../domain/ledger/minute.ts';
import type { Bus, ConsumeOptions, Consumption, DeadLetter, Delivery } from '../../engines/bus/port.ts';
import type {
  AppendResult,
  EventAudit,
  EventBlock,
  EventPage,
  EventStore,
  ReadOptions,
  Twin,
} from '../../engines/event-store/port.ts';
import type { LedgerEntry } from '../../ledger/ledger-entries.ts';
import type { StorageMetrics } from './storage-metrics.ts';

/** The n-th event: one a second from the given time. */
export function eventOf(n: number, fields: Partial<Event> = {}): Event {
  const time = new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();
  return {
    id: `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
    type: 'web.click',
    source: 'website',
    timestamp: time,
    severity: 'medium',
    data: { n },
    metadata: {},
    correlation_id: null,
    session_id: null,
    user_id: null,
    tags: [],
    received_at: time,
    ...fields,
  };
}

export interface TestDelivery extends Delivery {
  answer: 'ack' | 'retry' | 'dead' | null;
  reason: string | null;
}

/** A delivery of these events, which remembers its answer and throws at a second one. */
export function deliveryOf(
  events: readonly Event[],
  { redelivered = false, clientIds = false, id = events[0]?.id ?? '' } = {},
): TestDelivery {
  const lines = events.map((event) => `${formatEventLine({ ...event, project: 'default' })}\n`);
  const answer = (given: 'ack' | 'retry' | 'dead', reason: string | null): void => {
    if (delivery.answer !== null) throw new Error(`${delivery.id} was answered already`);
    delivery.answer = given;
    delivery.reason = reason;
  };
  const delivery: TestDelivery = {
    id,
    attempts: redelivered ? 1 : 0,
    redelivered,
    batch: {
      headers: {
        schema: 1,
        project: 'default',
        type: events[0]?.type ?? 'custom',
        count: events.length,
        client_ids: clientIds,
      },
      body: Buffer.from(lines.join('')),
    },
    answer: null,
    reason: null,
    ack: () => answer('ack', null),
    retry: () => answer('retry', null),
    dead: (reason) => answer('dead', reason),
  };
  return delivery;
}

export interface TestStore extends EventStore {
  /** Ids by the block that they were stored with. */
  readonly blocks: string[][];
  readonly appended: EventBlock[];
  readonly events: Map<string, Event>;
  /** Ids that were there already in a block that said they were new: a real store would have them twice. */
  readonly misjudged: string[];
  /** Does what append does before it stores: take time, or throw. */
  before: (block: EventBlock, ids: readonly string[]) => Promise<void>;
  /** Throws after the block is stored, as a connection lost before the answer does. */
  after: () => Promise<void>;
  pinging: () => Promise<void>;
}

const nothing = async (): Promise<void> => {};

/** An event store in memory: identity by id, and no filters. */
export function createTestStore(): TestStore {
  const store: TestStore = {
    blocks: [],
    appended: [],
    events: new Map(),
    misjudged: [],
    before: nothing,
    after: nothing,
    pinging: nothing,
    async append(block): Promise<AppendResult> {
      store.appended.push(block);
      const lines = block.lines.toString().split('\n').slice(0, -1);
      if (lines.length !== block.count) throw new Error('count differs from the lines');
      const ids = lines.map((line) => line.slice(eventLineLayout.id.start, eventLineLayout.id.end));
      await store.before(block, ids);
      const fresh = [...new Set(ids)].filter((id) => !store.events.has(id));
      if (!block.mayBeKnown) store.misjudged.push(...ids.filter((id) => store.events.has(id)));
      const twins: Twin[] = [];
      for (const [index, line] of lines.entries()) {
        const event: Event = JSON.parse(line);
        const known = store.events.get(event.id);
        if (known === undefined) store.events.set(event.id, event);
        else {
          const receivedAt = Date.parse(event.received_at);
          twins.push({ line: index, receivedAt, storedReceivedAt: Date.parse(known.received_at) });
        }
      }
      store.blocks.push(fresh);
      await store.after();
      return {
        stored: fresh.length,
        textOnly: 0,
        setAside: 0,
        duplicates: ids.length - fresh.length,
        conflicts: 0,
        twins,
      };
    },
    audit: async (query): Promise<EventAudit> => {
      const stored: ByMinute = new Map();
      for (const event of store.events.values()) {
        const receivedAt = Date.parse(event.received_at);
        if (isWithin(query, receivedAt)) addToMinute(stored, minuteOf(receivedAt), 1);
      }
      return {
        minutes: [...stored].map(([minute, rows]) => ({ minute, stored: rows, setAside: 0 })),
        repeatedIds: { count: 0, examples: [] },
        rollUps: null,
      };
    },
    get: async (_project, id) => store.events.get(id) ?? null,
    receipts: async (_project, ids) =>
      new Map(
        ids.flatMap((id) => {
          const event = store.events.get(id);
          return event === undefined ? [] : [[id, Date.parse(event.received_at)] as const];
        }),
      ),
    countReceived: async ({ first, last, from, to }) =>
      [...store.events.values()].filter(({ id, received_at }) => {
        const received = Date.parse(received_at);
        return id >= first && id <= last && received >= from && received <= to;
      }).length,
    find: async (_project, ids) => ids.flatMap((id) => store.events.get(id) ?? []),
    list: async (query): Promise<EventPage> => {
      const sorted = [...store.events.values()].sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
      if (query.order === 'desc') sorted.reverse();
      const { after } = query;
      const from =
        after === undefined ? (query.offset ?? 0) : sorted.findIndex((event) => event.id === after.id) + 1;
      const events = sorted.slice(from, from + query.limit);
      const last = events.at(-1);
      const more = last !== undefined && from + query.limit < sorted.length;
      return {
        events,
        total: sorted.length,
        next: more ? { timestamp: Date.parse(last.timestamp), id: last.id } : null,
      };
    },
    history: async () => [],
    aggregate: async () => ({
      aggregations: {},
      total: store.events.size,
      period: { start: null, end: null },
    }),
    export: (query, options) => exportPages([...store.events.values()].slice(0, query.limit), options),
    remove: async () => ({ events: 0, partitions: [] }),
    settle: async () => false,
    ping: () => store.pinging(),
    close: nothing,
  };
  return store;
}

/** Pages of a hundred; rejects with the reason of an aborted signal. */
export async function* exportPages(
  events: readonly Event[],
  options: ReadOptions = {},
): AsyncGenerator<readonly Event[]> {
  for (let at = 0; at < events.length; at += 100) {
    options.signal?.throwIfAborted();
    yield events.slice(at, at + 100);
  }
}

export interface TestBus extends Pick<Bus, 'consume' | 'depth' | 'deadLetters' | 'ping'> {
  readonly log: string[];
  /** Batches in the queue. */
  batches: number;
  readonly letters: DeadLetter[];
  options: ConsumeOptions | null;
}

/** A bus whose deliveries and dead letters the test makes: `bus.options.onDelivery(…)`, `bus.letters`. */
export function createTestBus(): TestBus {
  const bus: TestBus = {
    log: [],
    batches: 0,
    letters: [],
    options: null,
    depth: async () => ({ batches: bus.batches, bytes: 0 }),
    ping: nothing,
    deadLetters: {
      async list(project, { offset, limit }) {
        const own = bus.letters.filter(({ batch }) => batch?.project === project);
        return { letters: own.slice(offset, offset + limit), total: own.length };
      },
      get: async (_project, id) => bus.letters.find((letter) => letter.id === id) ?? null,
      replay: async () => null,
      drop: async () => null,
    },
    async consume(queue, options): Promise<Consumption> {
      bus.log.push(`consume ${queue}`);
      bus.options = options;
      return {
        pause: () => bus.log.push('pause'),
        resume: () => bus.log.push('resume'),
        close: async () => void bus.log.push('close'),
      };
    },
  };
  return bus;
}

export interface TestLedger {
  readonly enter: (entries: readonly LedgerEntry[]) => Promise<void>;
  /** What was entered, once each. */
  readonly entries: Map<string, LedgerEntry>;
  /** Lines that were entered. */
  lines(): number;
  /** Does what entering does before: take time, or throw. */
  before: () => Promise<void>;
}

/** A ledger in memory. */
export function createTestLedger(): TestLedger {
  const ledger: TestLedger = {
    entries: new Map(),
    before: nothing,
    async enter(entries) {
      await ledger.before();
      for (const entry of entries) {
        const key = `${entry.project} ${entry.entry} ${entry.subject}`;
        if (!ledger.entries.has(key)) ledger.entries.set(key, entry);
      }
    },
    lines: () =>
      [...ledger.entries.values()].reduce(
        (sum, { lines }) => [...lines.values()].reduce((total, count) => total + count, sum),
        0,
      ),
  };
  return ledger;
}

export interface TestMetrics extends StorageMetrics {
  readonly totals: { stored: number; duplicates: number; redelivered: number; dead: number };
  /** Seconds from receipt to visibility, by block. */
  readonly ages: number[];
}

export function createTestMetrics(): TestMetrics {
  const metrics: TestMetrics = {
    totals: { stored: 0, duplicates: 0, redelivered: 0, dead: 0 },
    ages: [],
    onAppended({ stored, duplicates }) {
      metrics.totals.stored += stored;
      metrics.totals.duplicates += duplicates;
    },
    onAppendTime: () => {},
    onQueryable: (seconds) => metrics.ages.push(seconds),
    onRedelivered() {
      metrics.totals.redelivered += 1;
    },
    onDead(count) {
      metrics.totals.dead += count;
    },
    onRemoved: () => {},
  };
  return metrics;
}
