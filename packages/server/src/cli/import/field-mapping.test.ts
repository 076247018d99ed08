import { describe, expect, it } from 'vitest';
import { parseMapping, resolveMappings, takeField } from './field-mapping.ts';

describe('mappings', () => {
  it('reads fields, fields within fields, quoted fields and literals', () => {
    expect(parseMapping('user_id=user')).toEqual({ target: 'user_id', path: ['user'], literal: 'user' });
    expect(parseMapping('user_id=user.id')).toMatchObject({ path: ['user', 'id'] });
    expect(parseMapping('user_id="id.orig_h"')).toEqual({
      target: 'user_id',
      path: ['id.orig_h'],
      literal: null,
    });
    expect(parseMapping('user_id=a."b.c".d')).toMatchObject({ path: ['a', 'b.c', 'd'] });
    expect(parseMapping('type==custom.edit')).toEqual({ target: 'type', path: null, literal: 'custom.edit' });
  });

  it.each(['user_id', 'user_id=', 'data=payload', 'nothing=x', 'user_id="a', 'user_id="a"b', '=x'])(
    'refuses %s',
    (text) => {
      expect(() => parseMapping(text)).toThrow();
    },
  );

  it('takes a name for a literal when no record of the beginning has it, and a field when one has', () => {
    const mappings = ['type=custom.edit', 'user_id=user', 'session_id="none"'].map(parseMapping);
    expect(resolveMappings(mappings, [{ page: '/' }, { user: null }])).toEqual([
      { target: 'type', literal: 'custom.edit' },
      { target: 'user_id', path: ['user'] },
      { target: 'session_id', path: ['none'] },
    ]);
  });

  it('takes the value out of the record and leaves the rest', () => {
    const record = { user: { id: 7, name: 'a' }, gone: null };
    expect(takeField(record, ['user', 'id'])).toBe(7);
    expect(takeField(record, ['gone'])).toBeUndefined();
    expect(takeField(record, ['constructor'])).toBeUndefined();
    expect(takeField(record, ['user', 'name', 'length'])).toBeUndefined();
    expect(JSON.stringify(record)).toBe('{"user":{"name":"a"}}');
  });
});
