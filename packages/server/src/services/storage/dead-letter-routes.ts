import {
  type DeadLetter,
  type DeadLetterContent,
  DeadLetterParams,
  dropDeadLetter,
  getDeadLetter,
  ListDeadLettersQuery,
  listDeadLetters,
  replayDeadLetter,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import { formatTimestamp } from '../../domain/events/timestamp.ts';
import type { Log } from '../../domain/log.ts';
import type { DeadLetterInfo, DeadLetters } from '../../engines/bus/port.ts';
import type { MountedRoute } from '../../http/service.ts';

const listQuery = Compile(ListDeadLettersQuery);
const params = Compile(DeadLetterParams);

export interface DeadLetterRoutesOptions {
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly log: Log;
}

/** Dead letters of the caller's project. */
export function deadLetterRoutes({
  deadLetters,
  clock,
  log,
}: DeadLetterRoutesOptions): readonly MountedRoute[] {
  const envelope = <T>(message: string, data: T) => ({
    success: true as const,
    message,
    data,
    timestamp: formatTimestamp(clock.now()),
  });
  return [
    {
      contract: listDeadLetters,
      async handle({ query, principal: { project } }) {
        const { page = 1, limit = 100 } = listQuery.Parse(query);
        const offset = (page - 1) * limit;
        const { letters, total } = await deadLetters.list(project, { offset, limit });
        const pagination = {
          page,
          page_size: limit,
          total,
          pages: Math.ceil(total / limit),
          has_next: offset + letters.length < total,
          has_prev: page > 1,
        };
        return { data: letters.map(viewLetter), pagination };
      },
    },
    {
      contract: getDeadLetter,
      async handle({ params: given, principal: { project } }) {
        const id = params.Parse(given).letter_id;
        const letter = found(await deadLetters.get(project, id), id);
        const { headers } = letter;
        const content: DeadLetterContent = { ...viewLetter(letter), headers, lines: linesOf(letter.body) };
        return envelope('Dead letter retrieved successfully', content);
      },
    },
    {
      contract: replayDeadLetter,
      async handle({ params: given, principal }) {
        const id = params.Parse(given).letter_id;
        const letter = found(await deadLetters.replay(principal.project, id), id);
        log.info('Dead letter replayed', { letter: id, queue: letter.queue, by: principal.id });
        return envelope('Dead letter replayed successfully', viewLetter(letter));
      },
    },
    {
      contract: dropDeadLetter,
      async handle({ params: given, principal }) {
        const id = params.Parse(given).letter_id;
        const letter = found(await deadLetters.drop(principal.project, id), id);
        log.warning('Dead letter dropped', { letter: id, events: letter.batch?.count, by: principal.id });
        return envelope('Dead letter dropped successfully', viewLetter(letter));
      },
    },
  ];
}

function found<T>(letter: T | null, id: string): T {
  if (letter === null) throw new StreamFlowError('NotFound', `There is no dead letter ${id}`);
  return letter;
}

const viewLetter = ({ id, queue, reason, at, batch, bytes }: DeadLetterInfo): DeadLetter => ({
  id,
  queue,
  reason,
  dead_at: formatTimestamp(at),
  type: batch?.type ?? null,
  events: batch?.count ?? null,
  bytes,
});

function linesOf(body: Buffer): string[] {
  const lines = body.toString().split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
