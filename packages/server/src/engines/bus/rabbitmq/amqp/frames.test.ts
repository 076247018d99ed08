import { describe, expect, test } from 'vitest';
import { StreamFlowError } from '../../../../domain/errors.ts';
import { parseBrokerAddress } from './broker-address.ts';
import { FrameReader, readBodySize, readMessageId } from './frame-reader.ts';
import { FrameWriter, type OutgoingMessage } from './frame-writer.ts';
import { frameType, method } from './protocol.ts';
import { UnconfirmedMessages } from './unconfirmed.ts';

const message: OutgoingMessage = {
  exchange: 'events',
  routingKey: 'events.café',
  id: '0190a0b0-0000-7000-8000-000000000000',
  contentType: 'application/x-ndjson',
  headers: {
    schema: 1,
    large: 2 ** 40,
    half: 0.5,
    yes: true,
    none: null,
    list: ['a', { b: -1 }],
    left: undefined,
  },
  body: Buffer.from('x'.repeat(10_000)),
  persistent: true,
  mandatory: true,
};

interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

function framesOf(bytes: Buffer, chunk: number): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((type, channel, payload) => {
    frames.push({ type, channel, payload: Buffer.from(payload) });
  });
  for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
  return frames;
}

describe('frames', () => {
  test('come out as they went in, however the bytes are cut', () => {
    const writer = new FrameWriter();
    writer.message(1, message, 4096);
    writer.heartbeat();
    writer.message(2, { ...message, body: Buffer.alloc(0) }, 4096);
    const bytes = writer.take();
    expect(writer.length).toBe(0);
    for (const chunk of [1, 7, 1000, bytes.length]) {
      const frames = framesOf(bytes, chunk);
      expect(frames.map(({ type }) => type)).toEqual([1, 2, 3, 3, 3, 8, 1, 2]);
      expect(frames.map(({ channel }) => channel)).toEqual([1, 1, 1, 1, 1, 0, 2, 2]);
      const [publish, header, ...rest] = frames;
      expect(publish?.payload.readUInt32BE(0)).toBe(method.basicPublish);
      expect(header === undefined ? undefined : readMessageId(header.payload)).toBe(message.id);
      expect(header === undefined ? undefined : readBodySize(header.payload)).toBe(message.body.length);
      const bodies = rest.filter(({ type }) => type === frameType.body);
      expect(Buffer.concat(bodies.map(({ payload }) => payload)).equals(message.body)).toBe(true);
      for (const { payload } of frames) expect(payload.length + 8).toBeLessThanOrEqual(4096);
    }
  });

  test('a message that does not fit the protocol leaves nothing written', () => {
    const writer = new FrameWriter();
    writer.message(1, message, 4096);
    const { length } = writer;
    for (const wrong of [{ routingKey: 'x'.repeat(256) }, { headers: { f: () => 1 } }]) {
      expect(() => writer.message(1, { ...message, ...wrong }, 4096)).toThrow('cannot be written');
      expect(writer.length).toBe(length);
    }
    expect(framesOf(writer.take(), 100)).toHaveLength(5);
  });

  test('what was taken is not written over', () => {
    const writer = new FrameWriter();
    writer.message(1, message, 131_072);
    const first = writer.take();
    const copy = Buffer.from(first);
    for (let n = 0; n < 50; n++) writer.message(1, { ...message, body: Buffer.alloc(10_000, n) }, 131_072);
    writer.take();
    expect(first.equals(copy)).toBe(true);
  });

  test('bytes that are no frames are refused', () => {
    expect(() => framesOf(Buffer.from('HTTP/1.1 400 Bad Request'), 1000)).toThrow('no AMQP frame');
    const broken = Buffer.from([1, 0, 0, 0, 0, 0, 1, 42, 0]);
    expect(() => framesOf(broken, 9)).toThrow('no AMQP frame');
  });
});

describe('unconfirmed messages', () => {
  const waiting = (count: number) => {
    const messages = new UnconfirmedMessages();
    const outcomes: (string | undefined)[] = Array.from({ length: count }, () => undefined);
    for (let n = 0; n < count; n++) {
      const settle = (error?: Error): void => {
        expect(outcomes[n]).toBeUndefined();
        outcomes[n] = error === undefined ? 'confirmed' : 'refused';
      };
      messages.add({ id: String(n), bytes: 10, deadline: n, settle });
    }
    const confirm = (tag: number, multiple: boolean) =>
      messages.take(tag, multiple, ({ settle }) => settle?.());
    return { messages, outcomes, confirm };
  };

  test('are taken one by one or all up to a tag, in any order and once', () => {
    const { messages, outcomes, confirm } = waiting(10_000);
    confirm(3, false);
    confirm(3, false);
    confirm(2, true);
    confirm(9_000, true);
    confirm(8_000, false);
    confirm(10_000, false);
    expect(outcomes.filter((outcome) => outcome === 'confirmed')).toHaveLength(9_001);
    expect(messages.bytes).toBe(999 * 10);
    confirm(20_000, true);
    expect(messages.bytes).toBe(0);
    expect(outcomes.every((outcome) => outcome === 'confirmed')).toBe(true);
  });

  test('that were given up are counted until they are answered', () => {
    const { messages, outcomes, confirm } = waiting(4);
    messages.giveUp(new StreamFlowError('ServiceUnavailable', 'late'), 1);
    expect(outcomes).toEqual(['refused', 'refused', undefined, undefined]);
    expect(messages.bytes).toBe(40);
    expect(messages.oldest?.id).toBe('2');
    confirm(4, true);
    expect(outcomes).toEqual(['refused', 'refused', 'confirmed', 'confirmed']);
    expect(messages.bytes).toBe(0);
  });
});

test('an address of a broker is read with its defaults', () => {
  expect(parseBrokerAddress('amqp://host')).toEqual({
    tls: false,
    host: 'host',
    port: 5672,
    user: 'guest',
    password: 'guest',
    vhost: '/',
  });
  expect(parseBrokerAddress('amqps://a%40b:p%2Fw@[::1]:99/%2Fv')).toEqual({
    tls: true,
    host: '::1',
    port: 99,
    user: 'a@b',
    password: 'p/w',
    vhost: '/v',
  });
});
