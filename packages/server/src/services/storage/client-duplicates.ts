import { addToMinute, type ByMinute, minuteOf } from '../../domain/ledger/minute.ts';
import type { Delivery } from '../../engines/bus/port.ts';
import type { Twin } from '../../engines/event-store/port.ts';
import type { LedgerEntry } from '../../ledger/ledger-entries.ts';
import { messageName } from '../../ledger/message-name.ts';

/** Milliseconds from the receipt of an event; no dead letter is replayed sooner. */
const sooner = 60_000;

/**
 * What the ledger has to know of duplicates: how many lines of each delivery were not stored because a client had sent
 * their id before, by minute of receipt. A line that is stored itself, and is a duplicate since the delivery comes
 * again, is none: it was received when what is stored was. So the answer is the same for every try of a delivery,
 * whatever the tries before have stored.
 *
 * Two replicas can receive the same id within a millisecond. A delivery that is surely before a store for the first time
 * cannot have stored anything: all of its duplicates are the client's, whatever their time. A dead letter that is
 * replayed can have, and is not marked; but a person has looked at it first.
 */
export function clientDuplicates(
  deliveries: readonly Delivery[],
  twins: readonly Twin[],
  { triedBefore, now }: { readonly triedBefore: boolean; readonly now: number },
): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  let next = 0;
  let behind = 0;
  for (const { batch, redelivered } of deliveries) {
    behind += batch.headers.count;
    const wasHandedOut = redelivered || triedBefore;
    const lines: ByMinute = new Map();
    for (let twin = twins[next]; twin !== undefined && twin.line < behind; twin = twins[next]) {
      next += 1;
      const { receivedAt, storedReceivedAt } = twin;
      const isFirstTime = !wasHandedOut && now - receivedAt < sooner;
      if (isFirstTime || receivedAt !== storedReceivedAt) addToMinute(lines, minuteOf(receivedAt), 1);
    }
    if (lines.size === 0) continue;
    const { project } = batch.headers;
    entries.push({
      project,
      entry: 'duplicates',
      subject: messageName(batch),
      reason: 'the id was known',
      lines,
    });
  }
  return entries;
}
