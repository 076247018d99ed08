import type { Pagination, RecordListQuery } from '@streamflow/contracts';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { validationError } from '../../domain/errors.ts';
import type { RecordKind, Stored } from '../../domain/records/record-kind.ts';
import type { RecordFilter, RecordPosition, RecordReader } from '../../engines/record-store/port.ts';

/** A cursor: the number of the page that it opens, and the position after which that begins. */
const Cursor = Type.Tuple([
  Type.Integer({ minimum: 2 }),
  Type.Union([Type.String(), Type.Integer()]),
  Type.String(),
]);
const cursors = Compile(Cursor);

/** The page that a list request asks for, newest records first. */
export async function readPage<T, V>(
  records: RecordReader,
  kind: RecordKind<T>,
  filter: RecordFilter<T>,
  query: RecordListQuery,
  view: (record: Stored<T>) => V,
): Promise<{ data: V[]; pagination: Pagination }> {
  const limit = query.limit ?? 100;
  const from = query.cursor === undefined ? null : parseCursor(query.cursor);
  const page = from?.page ?? query.page ?? 1;
  const [found, total] = await Promise.all([
    records.list(kind, {
      ...filter,
      direction: 'desc',
      limit,
      ...(from === null ? { skip: (page - 1) * limit } : { after: from.after }),
    }),
    records.count(kind, filter),
  ]);
  return {
    data: found.records.map(view),
    pagination: {
      page,
      page_size: limit,
      total,
      pages: Math.ceil(total / limit),
      has_next: found.next !== null,
      has_prev: page > 1,
      next_cursor: found.next === null ? null : formatCursor(page + 1, found.next),
    },
  };
}

function formatCursor(page: number, after: RecordPosition): string {
  const cursor: Type.Static<typeof Cursor> = [page, after.value, after.id];
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function parseCursor(text: string): { readonly page: number; readonly after: RecordPosition } {
  const cursor = decode(text);
  if (!cursors.Check(cursor))
    throw validationError([
      { field: 'cursor', message: 'cursor must be the next_cursor of the page before' },
    ]);
  const [page, value, id] = cursor;
  return { page, after: { value, id } };
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
