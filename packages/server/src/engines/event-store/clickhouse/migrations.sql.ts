import { tokenKindSql, tokenNumberSql, tokenTextSql } from './json-sql.ts';
import { type Layout, tableEngine } from './layout.ts';
import {
  kindColumn,
  numberColumn,
  promotedNumbers,
  promotedTexts,
  textColumn,
} from './promoted-properties.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Run one after the other; each may be run again. */
  readonly statements: readonly string[];
}

const token = (property: string): string => `JSONExtractRaw(data, '${property}')`;

const promotedColumns = [
  ...promotedTexts.flatMap((property) => [
    `${textColumn(property)} LowCardinality(String) MATERIALIZED ${tokenTextSql(token(property))}`,
    `${kindColumn(property)} UInt8 MATERIALIZED ${tokenKindSql(token(property))}`,
  ]),
  ...promotedNumbers.map(
    (property) =>
      `${numberColumn(property)} Nullable(Float64) MATERIALIZED ${tokenNumberSql(token(property))}`,
  ),
];

const monthNumber = (column: string): string => `toYear(${column}) * 12 + toMonth(${column})`;
/** Months from the time of an event to its receipt; below 0 for what was ahead. */
const age = `(${monthNumber('received_at')}) - (${monthNumber('timestamp')})`;
const monthsApart = 12;
const yearsApart = 20;

/**
 * Which partition a row is in: its month (202305), its year when it was received more than a year later (2019), and one
 * for all that is older than the years or ahead of its receipt by more than a month (0). An insert writes a part a
 * partition, which costs some ten milliseconds each: times from anywhere make at most
 * monthsApart + yearsApart + 3 of them. Parts know the first and the last time in them, so reading is no different.
 */
const partition = `multiIf(
  ${age} BETWEEN -1 AND ${monthsApart}, toYYYYMM(timestamp),
  ${age} BETWEEN ${monthsApart} AND ${yearsApart * 12}, toUInt32(toYear(timestamp)),
  toUInt32(0))`;

/**
 * The events. `data` and `metadata` are the texts that came in and are what is returned; all columns below them are
 * derived from the text.
 *
 * - Sorted by time, since almost every query names a time range and lists are in that order; the number of a UUID is
 *   in the order of its text, the UUID itself is not.
 * - `by_id` makes looking up ids cheap at any size; UUIDv7 ids that arrive together are neighbours in it.
 * - Granules are a quarter of the usual size: whoever looks for a user's events reads whole granules for a row in each.
 * - `simple` is 0 where the fast JSON reader cannot read the text: integers beyond 64 bits.
 * - Every query reads the time: T64 is read in 60 % of the time that DoubleDelta takes, for a quarter more bytes.
 * - DateTime64 goes from 1900 to 2299 and cuts off what is outside without a word; the constraint makes that an error.
 */
const createEvents = (layout: Layout): string => `
CREATE TABLE IF NOT EXISTS events${layout.onCluster} (
  project LowCardinality(String),
  id UUID,
  timestamp DateTime64(3, 'UTC') CODEC(T64, LZ4),
  received_at DateTime64(3, 'UTC') CODEC(DoubleDelta, LZ4),
  type LowCardinality(String),
  source LowCardinality(String),
  severity LowCardinality(String),
  correlation_id Nullable(String),
  session_id Nullable(String),
  user_id Nullable(String),
  tags Array(LowCardinality(String)),
  data String CODEC(ZSTD(1)),
  metadata String CODEC(ZSTD(1)),
  simple UInt8 MATERIALIZED isValidJSON(data),
  is_error UInt8 MATERIALIZED type = 'error' OR (type = 'api.response' AND greatest(
    ifNull(${tokenNumberSql(token('status'))}, 0), ifNull(${tokenNumberSql(token('status_code'))}, 0)) >= 500),
  ${promotedColumns.join(',\n  ')},
  INDEX simple_range simple TYPE minmax GRANULARITY 1,
  INDEX user_id_filter user_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX session_id_filter session_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX correlation_id_filter correlation_id TYPE bloom_filter(0.01) GRANULARITY 1,
  PROJECTION by_id (SELECT _part_offset ORDER BY toUInt128(id)),
  CONSTRAINT timestamp_in_range CHECK timestamp >= '1900-01-01 00:00:00.000' AND timestamp <= '2299-12-31 23:59:59.999'
)
${tableEngine(layout)}
PARTITION BY ${partition}
ORDER BY (project, timestamp, toUInt128(id))
SETTINGS ${layout.durable},
  index_granularity = 2048`;

/** Lines that cannot become rows of \`events\`, kept for a person to look at. */
const createUnreadableLines = (layout: Layout): string => `
CREATE TABLE IF NOT EXISTS unreadable_lines${layout.onCluster} (
  stored_at DateTime64(3, 'UTC'),
  reason String,
  line String
)
${tableEngine(layout)}
ORDER BY stored_at
SETTINGS ${layout.durable}`;

/** Who may write, claim by claim (writer-lease.ts); only the last few matter. */
const createWriterClaims = (layout: Layout): string => `
CREATE TABLE IF NOT EXISTS writer_claims${layout.onCluster} (
  number UInt64,
  holder String,
  claimed_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
${tableEngine(layout)}
ORDER BY number
SETTINGS ${layout.durable}`;

/**
 * Ids of events that retention removed, until they may come again. What they hold must not grow: parts go whole when the
 * last id in them is forgotten.
 */
const createRemovedIds = (layout: Layout): string => `
CREATE TABLE IF NOT EXISTS removed_ids${layout.onCluster} (
  project LowCardinality(String),
  id UUID,
  received_at DateTime64(3, 'UTC'),
  forget_at DateTime('UTC')
)
${tableEngine(layout)}
PARTITION BY toYYYYMMDD(forget_at)
ORDER BY toUInt128(id)
TTL forget_at
SETTINGS ${layout.durable}, ttl_only_drop_parts = 1`;

/** Rows are removed by marking them; the projection by id is made anew where that happens. */
const allowRemoving = (layout: Layout): string =>
  `ALTER TABLE events${layout.onCluster} MODIFY SETTING lightweight_mutation_projection_mode = 'rebuild'`;

/** The one set of migrations, for whatever the layout is. */
export const migrationsFor = (layout: Layout): readonly Migration[] => [
  { version: 1, name: 'events', statements: [createEvents(layout), createUnreadableLines(layout)] },
  { version: 2, name: 'writer claims', statements: [createWriterClaims(layout)] },
  { version: 3, name: 'removals', statements: [createRemovedIds(layout), allowRemoving(layout)] },
];
