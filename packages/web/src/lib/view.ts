import { defaultRange, ranges, type TimeRange } from './time-range.ts';

/** What the address says beside the path: names and their values, in order. */
export type Params = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Condition {
  readonly field: string;
  readonly value: string;
}

/** One value of a parameter; the first when it is repeated. */
export function oneOf(params: Params, name: string): string | undefined {
  const value = params[name];
  return typeof value === 'string' ? value : value?.[0];
}

export function allOf(params: Params, name: string): readonly string[] {
  const value = params[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

export function parseParams(search: string): Params {
  const found = new URLSearchParams(search);
  return Object.fromEntries(
    [...new Set(found.keys())].map((name) => {
      const values = found.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

export function formatParams(params: Params): string {
  const text = new URLSearchParams(
    Object.keys(params).flatMap((name) => allOf(params, name).map((value) => [name, value])),
  ).toString();
  return text === '' ? '' : `?${text}`;
}

export function readRange(params: Params): TimeRange {
  const start = Date.parse(oneOf(params, 'from') ?? '');
  const end = Date.parse(oneOf(params, 'to') ?? '');
  if (start < end) return { kind: 'between', start, end };
  const known = ranges.find(({ name }) => name === oneOf(params, 'range'));
  return known === undefined ? defaultRange : { kind: 'last', name: known.name, ms: known.ms };
}

export function rangeParams(range: TimeRange): Params {
  return range.kind === 'last'
    ? { range: range.name, from: undefined, to: undefined }
    : {
        range: undefined,
        from: new Date(range.start).toISOString(),
        to: new Date(range.end).toISOString(),
      };
}

/** `f=type:web.click`; the field of a property may hold colons within quotes. */
export function readConditions(params: Params): readonly Condition[] {
  return allOf(params, 'f').flatMap((text) => {
    const [, field, value] = /^((?:"[^"]*"|[^":])+):(.*)$/s.exec(text) ?? [];
    return field === undefined || value === undefined ? [] : [{ field, value }];
  });
}

export const conditionParams = (conditions: readonly Condition[]): Params => ({
  f: conditions.map(({ field, value }) => `${field}:${value}`),
});

/** What stays when a person goes to another page. */
export function carriedParams(params: Params): Params {
  const { range, from, to, f, zone } = params;
  return { range, from, to, f, zone };
}
