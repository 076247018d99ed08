import { describe, expect, it } from 'vitest';
import type { StreamFlowError } from '../../domain/errors.ts';
import type { AcceptedEvent } from '../../domain/events/normalise.ts';
import { minuteMs } from '../../domain/ledger/minute.ts';
import { silentLog } from '../../domain/log.ts';
import type { SpanOptions, Tracing } from '../../domain/tracing.ts';
import { createMinuteCounts } from '../../ledger/minute-counts.ts';
import { createFakeBus, start, turns } from './ingestion.fixture.ts';
import { silentObserver } from './observer.ts';
import { createPublisher, type PublisherLimits } from './publisher.ts';

const event = (type: string, text: string, idFromClient = false, id = text): AcceptedEvent => ({
  id,
  type,
  label: type,
  idFromClient,
  line: JSON.stringify({ text }),
});

function begin(limits: Partial<PublisherLimits> = {}, tracing: Pick<Tracing, 'start'> | null = null) {
  const bus = createFakeBus();
  const counts = createMinuteCounts();
  let repeats = '';
  const observer = { ...silentObserver, repeated: (conflict: boolean) => (repeats += conflict ? 'c' : 'r') };
  const publisher = createPublisher({ bus, observer, counts, log: silentLog, limits, tracing });
  const results: [string, StreamFlowError | null][] = [];
  const publish = (
    name: string,
    events: readonly AcceptedEvent[],
    project = 'default',
    receivedAt: number = start,
    traceparent?: string,
  ) => publisher.publish(project, receivedAt, events, (error) => results.push([name, error]), traceparent);
  const codes = () => results.map(([name, error]) => [name, error?.code ?? 'durable']);
  const texts = () =>
    bus.published.map(({ headers, body }) => {
      const lines = body.toString().split('\n');
      expect(lines.pop()).toBe('');
      expect(lines).toHaveLength(headers.count);
      return `${headers.project}/${headers.type}: ${lines.map((line) => JSON.parse(line).text).join(' ')}`;
    });
  /** Minutes from the first on, with what became of their lines. */
  const tallies = () =>
    [...counts.list()].map(({ project, minute, pending, accepted, unanswered, repeated }) => ({
      is: `${project} ${(minute - start) / minuteMs}`,
      pending,
      accepted,
      unanswered,
      repeated,
    }));
  return { bus, publisher, publish, codes, texts, tallies, repeats: () => repeats };
}

describe('the publisher', () => {
  it('puts requests of one turn into one message for each project and type', async () => {
    const { publish, codes, texts } = begin();
    publish('a', [event('x', 'a1'), event('y', 'a2'), event('x', 'a3')]);
    publish('b', [event('x', 'b1')]);
    publish('c', [event('x', 'c1')], 'other');
    await turns();
    expect(texts()).toEqual(['default/x: a1 a3 b1', 'default/y: a2', 'other/x: c1']);
    expect(codes().toSorted()).toEqual([
      ['a', 'durable'],
      ['b', 'durable'],
      ['c', 'durable'],
    ]);
  });

  it('says whether any id of a message was chosen by a client', async () => {
    const { bus, publish } = begin();
    publish('a', [event('x', 'a1'), event('x', 'a2', true), event('y', 'a3')]);
    await turns();
    expect(bus.published.map(({ headers }) => [headers.type, headers.client_ids])).toEqual([
      ['x', true],
      ['y', false],
    ]);
  });

  it('refuses exactly the requests that have a line in a rejected message', async () => {
    const { bus, publish, codes } = begin();
    bus.rejects.add('bad');
    publish('good', [event('x', '1')]);
    publish('mixed', [event('x', '2'), event('bad', '3')]);
    publish('bad', [event('bad', '4')]);
    await turns();
    expect(codes().toSorted()).toEqual([
      ['bad', 'ServiceUnavailable'],
      ['good', 'durable'],
      ['mixed', 'ServiceUnavailable'],
    ]);
  });

  it('collects while its flushes are under way, and publishes that together afterwards', async () => {
    const { bus, publish, texts, codes } = begin({ maxFlushesInFlight: 1 });
    bus.hold = true;
    publish('a', [event('x', 'a')]);
    await turns();
    for (const name of ['b', 'c', 'd']) {
      publish(name, [event('x', name)]);
      await turns();
    }
    expect(texts()).toEqual(['default/x: a']);
    bus.answer();
    await turns();
    expect(texts()).toEqual(['default/x: a', 'default/x: b c d']);
    expect(codes()).toEqual([['a', 'durable']]);
    bus.answer();
    await turns();
    expect(codes()).toHaveLength(4);
  });

  it('seals a message when it is full', async () => {
    const { publish, texts, codes } = begin({ maxMessageBytes: 30 });
    publish('a', [event('x', '1'.repeat(20)), event('x', '2'), event('x', '3')]);
    await turns();
    expect(texts()).toEqual([`default/x: ${'1'.repeat(20)}`, 'default/x: 2 3']);
    expect(codes()).toEqual([['a', 'durable']]);
  });

  it('refuses at once what would make too much wait, and takes it when there is room again', async () => {
    const { bus, publish, codes } = begin({ maxWaitingBytes: 20 });
    bus.hold = true;
    publish('a', [event('x', '1234567890')]);
    publish('b', [event('x', '1234567890')]);
    await turns();
    expect(codes()).toEqual([['b', 'ServiceUnavailable']]);
    bus.answer();
    await turns();
    bus.hold = false;
    publish('c', [event('x', '1234567890')]);
    await turns();
    expect(codes()).toEqual([
      ['b', 'ServiceUnavailable'],
      ['a', 'durable'],
      ['c', 'durable'],
    ]);
  });

  it('works again after the bus was away', async () => {
    const { bus, publish, codes } = begin({ maxFlushesInFlight: 1 });
    bus.rejects.add('x');
    publish('a', [event('x', 'a')]);
    await turns();
    bus.rejects.clear();
    publish('b', [event('x', 'b')]);
    await turns();
    expect(codes()).toEqual([
      ['a', 'ServiceUnavailable'],
      ['b', 'durable'],
    ]);
  });

  it('drains: answers what is under way, refuses what comes, and resolves then', async () => {
    const { bus, publisher, publish, codes } = begin({ maxFlushesInFlight: 1 });
    bus.hold = true;
    publish('a', [event('x', 'a')]);
    await turns();
    publish('b', [event('x', 'b')]);
    let isDrained = false;
    void publisher.drain().then(() => {
      isDrained = true;
    });
    publish('late', [event('x', 'late')]);
    await turns();
    expect(codes()).toEqual([['late', 'ServiceUnavailable']]);
    bus.answer();
    await turns();
    expect(isDrained).toBe(false);
    bus.answer();
    await turns();
    expect(isDrained).toBe(true);
    expect(codes()).toEqual([
      ['late', 'ServiceUnavailable'],
      ['a', 'durable'],
      ['b', 'durable'],
    ]);
    await publisher.drain();
  });
});

describe('the publisher, for the ledger', () => {
  const tally = (
    is: string,
    some: Partial<Record<'pending' | 'accepted' | 'unanswered' | 'repeated', number>>,
  ) => ({
    is,
    pending: 0,
    accepted: 0,
    unanswered: 0,
    repeated: 0,
    ...some,
  });

  it('counts lines by project and minute of receipt, each message within one minute', async () => {
    const { bus, publish, texts, tallies } = begin();
    bus.hold = true;
    publish('a', [event('x', 'a1'), event('x', 'a2')], 'default', start + minuteMs - 1);
    publish('b', [event('x', 'b1')], 'default', start + minuteMs);
    publish('c', [event('x', 'c1')], 'other', start + minuteMs);
    await turns();
    expect(texts()).toEqual(['default/x: a1 a2', 'default/x: b1', 'other/x: c1']);
    const waiting = { pending: 1 };
    expect(tallies()).toEqual([
      tally('default 0', waiting),
      tally('default 1', waiting),
      tally('other 1', waiting),
    ]);
    bus.answer();
    await turns();
    expect(tallies()).toEqual([
      tally('default 0', { accepted: 2 }),
      tally('default 1', { accepted: 1 }),
      tally('other 1', { accepted: 1 }),
    ]);
  });

  it('counts lines of a rejected message as unanswered, and of a refused request not at all', async () => {
    const { bus, publisher, publish, tallies } = begin();
    bus.rejects.add('bad');
    publish('a', [event('x', '1'), event('bad', '2'), event('bad', '3')]);
    await turns();
    await publisher.drain();
    publish('late', [event('x', '4')]);
    await turns();
    expect(tallies()).toEqual([tally('default 0', { accepted: 1, unanswered: 2 })]);
  });

  it('publishes an id once within a millisecond, and answers every request like the first', async () => {
    const { bus, publish, codes, texts, tallies, repeats } = begin();
    bus.hold = true;
    const first = event('x', 'first', true, 'id');
    publish('a', [first, event('y', 'other', true), first]);
    await turns();
    publish('b', [event('z', 'changed', true, 'id')]);
    publish('elsewhere', [first], 'other');
    publish('later', [first], 'default', start + 1);
    await turns();
    expect(codes()).toEqual([]);
    bus.answer();
    await turns();
    expect(texts()).toEqual(['default/x: first', 'default/y: other', 'other/x: first', 'default/x: first']);
    expect(codes().toSorted()).toEqual([
      ['a', 'durable'],
      ['b', 'durable'],
      ['elsewhere', 'durable'],
      ['later', 'durable'],
    ]);
    expect(repeats()).toBe('rc');
    expect(tallies()).toEqual([
      tally('default 0', { accepted: 5, repeated: 2 }),
      tally('other 0', { accepted: 1 }),
    ]);
  });

  it('answers a repeated id at once when the first is durable, and publishes it when the first was rejected', async () => {
    const { bus, publish, codes, texts, tallies } = begin();
    publish('a', [event('x', '1', true)]);
    await turns();
    publish('again', [event('x', '1', true)]);
    await turns();
    bus.rejects.add('bad');
    publish('b', [event('bad', '2', true)]);
    publish('b again', [event('bad', '2', true)]);
    await turns();
    bus.rejects.clear();
    publish('b once more', [event('bad', '2', true)]);
    await turns();
    expect(texts()).toEqual(['default/x: 1', 'default/bad: 2', 'default/bad: 2']);
    expect(codes()).toEqual([
      ['a', 'durable'],
      ['again', 'durable'],
      ['b', 'ServiceUnavailable'],
      ['b again', 'ServiceUnavailable'],
      ['b once more', 'durable'],
    ]);
    expect(tallies()).toEqual([tally('default 0', { accepted: 3, unanswered: 1, repeated: 1 })]);
  });
});

describe('a traced request', () => {
  it('has a span of each message that holds an event of it, linked to the others that share it', async () => {
    const spans: (SpanOptions & { readonly name: string; ended: string | undefined | null })[] = [];
    const tracing: Pick<Tracing, 'start'> = {
      start(name, options) {
        const span: (typeof spans)[number] = { ...options, name, ended: null };
        spans.push(span);
        return {
          traceparent: `${options.parent}/${spans.length}`,
          set: () => {},
          end: (failure) => {
            span.ended = failure;
          },
        };
      },
    };
    const { bus, publish } = begin({}, tracing);
    bus.rejects.add('bad');
    publish('plain', [event('x', '1'), event('z', '1')]);
    publish('a', [event('x', '2'), event('bad', '2')], 'default', start, 'trace-a');
    publish('b', [event('x', '3')], 'default', start, 'trace-b');
    await turns();
    expect(bus.published.map(({ headers }) => [headers.type, headers.traceparent])).toEqual([
      ['x', 'trace-a/1'],
      ['z', undefined],
      ['bad', 'trace-a/2'],
    ]);
    expect(spans.map(({ name, parent, links, ended }) => [name, parent, links, ended])).toEqual([
      ['publish x', 'trace-a', ['trace-b'], undefined],
      ['publish bad', 'trace-a', [], 'The bus is full'],
    ]);
  });
});
