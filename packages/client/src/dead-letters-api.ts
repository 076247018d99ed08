import type { DeadLetter, DeadLetterContent, ListDeadLettersQuery, Pagination } from '@streamflow/contracts';
import type { Transport } from './transport.ts';

export interface DeadLetterPage {
  readonly data: readonly DeadLetter[];
  readonly pagination: Pagination;
}

interface Envelope<T> {
  readonly data: T;
}

/** Messages that could not be processed. Every method throws StreamFlowApiError; the last two are for administrators. */
export interface DeadLettersApi {
  /** Oldest first. */
  list(query?: ListDeadLettersQuery): Promise<DeadLetterPage>;
  /** With its content. */
  get(id: string): Promise<DeadLetterContent>;
  /** Has it processed again; the answer is what it was. */
  replay(id: string): Promise<DeadLetter>;
  /** Removes it, and its events, for ever. */
  drop(id: string): Promise<DeadLetter>;
}

export function createDeadLettersApi({ exchange }: Transport): DeadLettersApi {
  const path = (id: string): string => `/dead-letters/${encodeURIComponent(id)}`;
  const single = async <T>(method: string, of: string): Promise<T> =>
    (await exchange<Envelope<T>>('storage', method, of)).data;
  return {
    list: (query = {}) => exchange('storage', 'GET', '/dead-letters', { query }),
    get: (id) => single<DeadLetterContent>('GET', path(id)),
    replay: (id) => single<DeadLetter>('POST', `${path(id)}/replay`),
    drop: (id) => single<DeadLetter>('DELETE', path(id)),
  };
}
