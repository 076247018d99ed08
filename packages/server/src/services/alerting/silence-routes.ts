import {
  createSilence,
  expireSilence,
  getSilence,
  listSilences,
  RecordListQuery,
  type Silence,
  SilenceInput,
  SilenceParams,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { envelope, timeText } from '../../access/routes/envelope.ts';
import { readPage } from '../../access/routes/record-pages.ts';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError, validationError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { type AlertSilenceRecord, alertSilences } from '../../domain/records/alert-rules.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { raiseRevision } from './revision.ts';

const listQuery = Compile(RecordListQuery);
const params = Compile(SilenceParams);
const input = Compile(SilenceInput);

export interface SilenceRoutesOptions {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
}

/** Silences of the caller's project. */
export function silenceRoutes({ records, clock, newId, log }: SilenceRoutesOptions): MountedRoute[] {
  const view = (record: AlertSilenceRecord) => viewSilence(record, clock.now());
  return [
    {
      contract: listSilences,
      handle: ({ query, principal: { project } }) =>
        readPage(records, alertSilences, { project }, listQuery.Parse(query), view),
    },
    {
      contract: createSilence,
      async handle({ body, principal }) {
        const { project } = principal;
        const { matchers, starts_at, ends_at, comment = '' } = input.Parse(body);
        const now = clock.now();
        const start = starts_at === undefined ? now : Date.parse(starts_at);
        const end = Date.parse(ends_at);
        if (!(end > start && end > now))
          throw validationError([
            { field: 'ends_at', message: 'ends_at must be in the future, and after starts_at' },
          ]);
        const silence = await records.transaction(async (tx) => {
          const made = await tx.insert(alertSilences, {
            id: newId(),
            project,
            matchers,
            starts_at: start,
            ends_at: end,
            comment,
            created_by: principal.name,
          });
          await raiseRevision(tx, project);
          return made;
        });
        log.info('Silence created', { silence: silence.id, by: principal.id });
        return envelope('Silence created successfully', view(silence), now);
      },
    },
    {
      contract: getSilence,
      async handle({ params: given, principal: { project } }) {
        const silence = await records.get(alertSilences, {
          project,
          id: params.Parse(given).id.toLowerCase(),
        });
        if (silence === null) throw new StreamFlowError('NotFound', 'There is no such silence');
        return envelope('Silence retrieved successfully', view(silence), clock.now());
      },
    },
    {
      contract: expireSilence,
      async handle({ params: given, principal }) {
        const ref = { project: principal.project, id: params.Parse(given).id.toLowerCase() };
        const now = clock.now();
        const silence = await records.transaction(async (tx) => {
          const before = await tx.get(alertSilences, ref);
          if (before === null) throw new StreamFlowError('NotFound', 'There is no such silence');
          if (before.ends_at <= now) return before;
          const ended = await tx.update(alertSilences, ref, {
            ends_at: now,
            starts_at: Math.min(before.starts_at, now),
          });
          await raiseRevision(tx, ref.project);
          return ended;
        });
        log.info('Silence ended', { silence: ref.id, by: principal.id });
        return envelope('Silence ended successfully', view(silence), now);
      },
    },
  ];
}

export const viewSilence = (silence: AlertSilenceRecord, now: number): Silence => ({
  id: silence.id,
  matchers: silence.matchers,
  starts_at: timeText(silence.starts_at),
  ends_at: timeText(silence.ends_at),
  comment: silence.comment,
  created_by: silence.created_by,
  created_at: timeText(silence.created_at),
  state: silence.ends_at <= now ? 'expired' : silence.starts_at > now ? 'pending' : 'active',
});
