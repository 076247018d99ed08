import { expect, it } from 'vitest';
import { correlationIdsOf } from './correlation-ids.ts';

it('tells each correlation id of a batch once, ten at most, and leaves out lines that are no events', () => {
  const body = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const line = (id: string | null) => JSON.stringify({ id: 'x', correlation_id: id });
  expect(correlationIdsOf(body([line('a'), '{"torn', line(null), line('b'), line('a'), '7']))).toEqual([
    'a',
    'b',
  ]);
  const many = Array.from({ length: 50 }, (_, index) => line(`id-${index}`));
  expect(correlationIdsOf(body(many))).toHaveLength(10);
  expect(correlationIdsOf(Buffer.alloc(0))).toEqual([]);
});
