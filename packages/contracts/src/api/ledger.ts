import Type from 'typebox';
import { defineRoute, Envelope } from './route.ts';

const Lines = (description: string) => Type.Integer({ minimum: 0, description });

const LedgerFigures = {
  accepted: Lines('Events that were acknowledged.'),
  unanswered: Lines(
    'Events whose publishing failed, so that the client was told to send again: durable or not.',
  ),
  stored: Lines('Rows in the event store.'),
  duplicates: Lines('Events that were not stored since their id was known.'),
  dead: Lines('Events in dead letters of the storage queue.'),
  set_aside: Lines('Lines that the event store keeps beside the events since it cannot read them.'),
  dropped: Lines('Events that were removed on purpose: by retention, or by whoever dropped a dead letter.'),
  refused: Lines(
    'Events that were not taken in, which their senders were told: not acceptable, or too much was waiting. Outside of the account.',
  ),
  difference: Type.Integer({
    description:
      'What was found (stored, duplicates, dead, set_aside and dropped together) less what was accepted. From 0 to `unanswered` it holds.',
  }),
};

export const LedgerMinute = Type.Object(
  {
    minute: Type.String({ format: 'date-time', description: 'Start of the minute of receipt.' }),
    status: Type.Enum(['holds', 'loss', 'surplus', 'unsettled', 'unchecked'], {
      description:
        '`loss`: less was found than was accepted. `surplus`: more, beyond what was unanswered or a crashed process left uncounted. `unsettled`: events are still on their way or still counted. `unchecked`: from before the ledger was begun.',
    }),
    ...LedgerFigures,
    uncounted: Lines(
      'Events beyond these that a process, killed within this minute, may have acknowledged without having counted them yet.',
    ),
  },
  { $id: 'LedgerMinute' },
);
export type LedgerMinute = Type.Static<typeof LedgerMinute>;

export const LedgerProcess = Type.Object(
  {
    id: Type.String(),
    name: Type.String({ description: 'Host and process id.' }),
    state: Type.Enum(['running', 'silent', 'crashed'], {
      description: '`silent`: it has not stopped and not written for a while, and is taken for dead.',
    }),
    counted_to: Type.String({
      format: 'date-time',
      description: 'All that it had received before this is counted.',
    }),
    written_at: Type.String({ format: 'date-time', description: 'When it wrote last.' }),
  },
  { $id: 'LedgerProcess' },
);
export type LedgerProcess = Type.Static<typeof LedgerProcess>;

export const LedgerReport = Type.Object(
  {
    from: Type.String({ format: 'date-time', description: 'Included.' }),
    to: Type.String({ format: 'date-time', description: 'Excluded.' }),
    since: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'When the ledger was begun; null when nothing was ever accepted.',
    }),
    verdict: Type.Enum(['holds', 'broken', 'unsettled'], {
      description: '`unsettled`: nothing is known to be wrong, and not all can be told yet; ask again.',
    }),
    totals: Type.Object({ ...LedgerFigures, uncounted: Lines('As in a minute.') }),
    minutes: Type.Array(LedgerMinute, { description: 'Those that do not hold, or all, oldest first.' }),
    repeated_ids: Type.Object({
      count: Lines('Ids that are stored more than once.'),
      examples: Type.Array(Type.String()),
    }),
    roll_ups: Type.Union(
      [
        Type.Object({
          compared: Lines('Rows of roll-ups that were compared with a recount.'),
          mismatches: Lines('Those that differ.'),
          examples: Type.Array(
            Type.Object({ roll_up: Type.String(), kept: Type.Number(), recounted: Type.Number() }),
          ),
        }),
        Type.Null(),
      ],
      { description: 'null where the event store keeps no roll-ups.' },
    ),
    queue: Type.Object({
      batches: Lines('Batches that are not stored yet.'),
      drained: Type.Boolean({ description: 'Whether surely none of them is of the range.' }),
    }),
    dead_letters: Type.Object({
      complete: Type.Boolean({ description: 'Whether all dead letters were looked at.' }),
    }),
    processes: Type.Array(LedgerProcess, {
      description:
        'Those that take events in, and those that were killed with something of the range uncounted.',
    }),
  },
  { $id: 'LedgerReport' },
);
export type LedgerReport = Type.Static<typeof LedgerReport>;

/** Days that one request may span. */
export const longestLedgerDays = 31;

export const ReadLedgerQuery = Type.Object({
  from: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'Earliest time of receipt, inclusive, by the minute; a day before `to` unless given.',
    }),
  ),
  to: Type.Optional(
    Type.String({
      format: 'date-time',
      description: `Latest time of receipt, exclusive, by the minute; the start of the present minute unless given. At most ${longestLedgerDays} days after \`from\`.`,
    }),
  ),
  all: Type.Optional(Type.Boolean({ default: false, description: 'Every minute, also those that hold.' })),
});

export const readLedger = defineRoute({
  method: 'GET',
  path: '/ledger',
  operationId: 'readLedger',
  summary: 'Account for every accepted event',
  description:
    'Compares, by minute of receipt, what was accepted with what is stored, suppressed as a duplicate, dead, set aside or dropped on purpose; looks for ids that are stored twice; and compares roll-ups with a recount.',
  tag: 'Storage',
  permission: 'admin',
  query: ReadLedgerQuery,
  responses: { 200: { description: 'The account.', schema: Envelope(LedgerReport) } },
});
