import { createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

/*
 * What was sent and what became of it: a file that is only ever added to, one entry a line. An entry is written before
 * what it tells of can have an effect elsewhere: `sent` before the request leaves, so that no event exists without it.
 *
 *   ["sent", request, fault, [[id, n], …]]    events leave for the first time
 *   ["again", request]                        they leave once more, with the same ids
 *   ["end", request, outcome, detail]         acknowledged: a 2xx or an ack came back whole
 *                                             unanswered: a 503, a broken connection, a timeout
 *                                             refused: any other answer
 */

export type Outcome = 'acknowledged' | 'unanswered' | 'refused';

export interface SentEvent {
  readonly id: string;
  /** Its content follows from this number. */
  readonly n: number;
}

type Entry =
  | readonly ['sent', number, string, readonly (readonly [string, number])[]]
  | readonly ['again', number]
  | readonly ['end', number, Outcome, string];

export interface LedgerWriter {
  sent(request: number, fault: string, events: readonly SentEvent[]): void;
  again(request: number): void;
  end(request: number, outcome: Outcome, detail: string): void;
}

export function openLedger(file: string): LedgerWriter {
  const descriptor = openSync(file, 'a');
  const add = (entry: Entry): void => void writeSync(descriptor, `${JSON.stringify(entry)}\n`);
  return {
    sent: (request, fault, events) =>
      add(['sent', request, fault, events.map(({ id, n }) => [id, n] as const)]),
    again: (request) => add(['again', request]),
    end: (request, outcome, detail) => add(['end', request, outcome, detail]),
  };
}

/** One request as the ledger has it; its events share its fate. */
export interface LedgerRequest {
  readonly fault: string;
  readonly events: readonly SentEvent[];
  /** Of its last attempt, or of an earlier one that was acknowledged; null while no attempt has ended. */
  outcome: Outcome | null;
  /** Attempts that got no answer. */
  unanswered: number;
  /** Attempts after it was acknowledged. */
  repeats: number;
  /** What the refusal said. */
  detail: string;
}

/** Reads ledgers back; a last line that is not whole is of an entry whose event never left. */
export async function readLedgers(files: readonly string[]): Promise<readonly LedgerRequest[]> {
  const all: LedgerRequest[] = [];
  for (const file of files) {
    const requests = new Map<number, LedgerRequest>();
    for await (const line of createInterface({ input: createReadStream(file) })) {
      const entry = parseEntry(line);
      if (entry === null) continue;
      if (entry[0] === 'sent') {
        const [, request, fault, events] = entry;
        requests.set(request, {
          fault,
          events: events.map(([id, n]) => ({ id, n })),
          outcome: null,
          unanswered: 0,
          repeats: 0,
          detail: '',
        });
        continue;
      }
      const request = requests.get(entry[1]);
      if (request === undefined) throw new Error(`${file} ends a request that it never began: ${line}`);
      if (entry[0] === 'again') {
        if (request.outcome === 'acknowledged') request.repeats += 1;
        continue;
      }
      if (entry[2] === 'unanswered') request.unanswered += 1;
      if (request.outcome !== 'acknowledged') {
        request.outcome = entry[2];
        request.detail = entry[3];
      }
    }
    for (const request of requests.values()) all.push(request);
  }
  return all;
}

function parseEntry(line: string): Entry | null {
  if (!line.endsWith(']')) return null;
  const entry: Entry = JSON.parse(line);
  return entry;
}
