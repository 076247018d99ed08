import { parseMultipart } from './multipart.ts';

/** A statement as a request to the ClickHouse HTTP interface asks for it. */
export interface StatementRequest {
  /** The client's SQL, to be executed as it is. */
  readonly sql: string;
  /** What an INSERT reads, in the format that its SQL names; null without. */
  readonly data: Buffer | null;
  /** Values of `{name:Type}`, in the escaped form of TabSeparated, as the protocol has them. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  readonly database: string;
  readonly queryId: string;
  readonly defaultFormat: string;
  /** Collect the whole result before the answer begins, so that any error has a status of its own. */
  readonly waitEndOfQuery: boolean;
}

/** A request that is not of the protocol. */
export class MalformedRequestError extends Error {}

const transportOptions = new Set([
  'buffer_size',
  'compress',
  'decompress',
  'enable_http_compression',
  // The connection has the largest there is from its start: settings and parameters reach it in statements, too.
  'max_query_size',
  'password',
  'quota_key',
  'role',
  'session_check',
  'session_id',
  'session_timeout',
  'user',
]);
const identifier = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Reads the URL, the content type and the body of a request. */
export function readStatementRequest(
  url: URL,
  contentType: string | undefined,
  body: Buffer,
): StatementRequest {
  const parts = parseMultipart(contentType, body);
  const entries = parts === null ? [...url.searchParams] : [...url.searchParams, ...parts];
  const parameters = new Map<string, string>();
  const settings = new Map<string, string>();
  let inUrl = '';
  let queryId = '';
  let database = 'default';
  let defaultFormat = 'TabSeparated';
  let waitEndOfQuery = false;
  for (const [name, value] of entries) {
    if (name === 'query') inUrl = value;
    else if (name === 'query_id') queryId = value;
    else if (name === 'database') database = value;
    else if (name === 'default_format') defaultFormat = value;
    else if (name === 'wait_end_of_query') waitEndOfQuery = value === '1';
    else if (name.startsWith('param_')) parameters.set(checked(name.slice('param_'.length)), value);
    else if (!transportOptions.has(name)) settings.set(checked(name), value);
  }
  const data = parts === null && inUrl !== '' && body.length > 0 ? body : null;
  const sql = inUrl !== '' ? inUrl : parts === null ? body.toString() : '';
  if (sql.trim() === '') throw new MalformedRequestError('Empty query');
  return { sql, data, parameters, settings, database, queryId, defaultFormat, waitEndOfQuery };
}

function checked(name: string): string {
  if (identifier.test(name)) return name;
  throw new MalformedRequestError(`Not the name of a setting or parameter: ${JSON.stringify(name)}`);
}
