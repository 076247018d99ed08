const text = (name) => `line->>'${name}'`;
const insertLines = `
  insert into plain select ${text('project')}, (${text('timestamp')})::timestamptz, (${text('id')})::uuid,
    (${text('received_at')})::timestamptz, ${text('type')}, ${text('source')}, ${text('severity')}, ${text('correlation_id')},
    ${text('session_id')}, ${text('user_id')}, line->'tags', line->'metadata', line->'data'
  from jsonb_array_elements($1::jsonb) as line on conflict do nothing`;

/**
 * The ceiling of storing in PostgreSQL: lines by the plain idempotent insert of one JSON array into a partitioned table
 * with a primary key and an index by user, and no ids, roll-ups or texts. `client` is one of `pg`.
 */
export async function createPlainTable(client) {
  const begin = new Date();
  const month = (offset) =>
    new Date(Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + offset)).toISOString();
  await client.query(`
    create table plain (project text, timestamp timestamptz, id uuid, received_at timestamptz, type text, source text,
      severity text, correlation_id text, session_id text, user_id text, tags jsonb, metadata jsonb, data jsonb,
      primary key (project, timestamp, id)) partition by range (timestamp);
    create table plain_past partition of plain for values from (minvalue) to ('${month(0)}');
    create table plain_present partition of plain for values from ('${month(0)}') to (maxvalue);
    create index on plain (user_id, timestamp)`);
  return {
    insert: (lines) => client.query(insertLines, [`[${lines.toString().trimEnd().replaceAll('\n', ',')}]`]),
    drop: () => client.query('drop table plain'),
  };
}
