import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  conditionParams,
  formatParams,
  parseParams,
  rangeParams,
  readConditions,
  readRange,
} from './view.ts';

const field = fc.constantFrom('type', 'source', 'user_id', 'data.page', 'data."id.orig_h"', 'data."a:b"');

describe('what the address says', () => {
  it('gives conditions back as they were, whatever is in them', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ field, value: fc.oneof(fc.string(), fc.constantFrom('ä&b=c', '%', '😀', 'a:b', '"')) }),
          { maxLength: 5 },
        ),
        (conditions) => {
          const written = conditions;
          const read = readConditions(parseParams(formatParams(conditionParams(written))));
          expect(read).toEqual(written);
        },
      ),
    );
  });

  it('gives ranges back as they were', () => {
    const between = { kind: 'between', start: 1_700_000_000_000, end: 1_700_000_060_000 } as const;
    expect(readRange(parseParams(formatParams(rangeParams(between))))).toEqual(between);
    const last = { kind: 'last', name: '7d', ms: 604_800_000 } as const;
    expect(readRange(parseParams(formatParams(rangeParams(last))))).toEqual(last);
  });

  it.each(['?range=9y', '?from=x&to=y', '?from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z', ''])(
    'shows the last hour where %j makes no sense',
    (search) => expect(readRange(parseParams(search))).toMatchObject({ kind: 'last', name: '1h' }),
  );
});
