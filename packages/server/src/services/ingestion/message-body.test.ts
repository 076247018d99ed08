import { describe, expect, it } from 'vitest';
import { MessageBody } from './message-body.ts';

describe('a message body', () => {
  it('holds its lines in order, each ended by a line feed, however large it grows', () => {
    const lines = Array.from({ length: 500 }, (_, n) => `${n} ${'aé漢😀'[n % 4]} ${'漢é😀x'.repeat(n)}`);
    const body = new MessageBody();
    for (const line of lines) body.append(line);
    const expected = Buffer.from(`${lines.join('\n')}\n`);
    expect(body.length).toBe(expected.length);
    expect(body.seal().equals(expected)).toBe(true);
  });

  it('takes a first line of any size', () => {
    const body = new MessageBody();
    body.append('漢'.repeat(100_000));
    expect(body.seal().toString()).toBe(`${'漢'.repeat(100_000)}\n`);
  });
});
