import type { Pagination } from '@streamflow/contracts';
import type { CliConnection, Connect, ConnectOptions, DataOptions } from './cli-connection.ts';

/** Flags of commands about users and keys. */
export interface RecordFlags extends ConnectOptions {
  readonly json?: boolean;
}

/** The answer about a single thing. */
export interface Answer<T> {
  readonly data: T;
}

interface PageAnswer<T> extends Answer<T[]> {
  readonly pagination: Pagination;
}

/** Everything of a list, page by page. */
export async function listAll<T>(connection: CliConnection, path: string): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | null | undefined;
  do {
    const query = { limit: '1000', ...(typeof cursor === 'string' ? { cursor } : {}) };
    const page: PageAnswer<T> = await connection.request('dashboard', 'GET', path, { query });
    all.push(...page.data);
    cursor = page.pagination.next_cursor;
  } while (typeof cursor === 'string');
  return all;
}

/** Runs work on a connection that is closed afterwards. */
export async function connected<R>(
  connect: Connect,
  flags: RecordFlags,
  work: (connection: CliConnection) => Promise<R>,
  data?: DataOptions,
): Promise<R> {
  const connection = await connect(flags, data);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
