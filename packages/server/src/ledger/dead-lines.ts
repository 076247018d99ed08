import { eventLineLayout } from '@streamflow/contracts';
import { addToMinute, type ByMinute, minuteOf } from '../domain/ledger/minute.ts';
import { ledgerEntries } from '../domain/records/ledger.ts';
import type { Bus, DeadLetterInfo } from '../engines/bus/port.ts';
import type { EventStore } from '../engines/event-store/port.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import { enter, entered } from './ledger-entries.ts';
import { messageName } from './message-name.ts';

/*
 * A dead letter can hold lines that are accounted for already: a message that was stored, and expired or was delivered
 * too often before its acknowledgement, becomes a dead letter all the same. So of its lines those do not count that are
 * stored, or entered as duplicates, or whose drop is declared.
 */

export interface DeadLineOptions {
  readonly events: Pick<EventStore, 'receipts'>;
  readonly records: RecordStore;
}

export interface DeadLines {
  /** Lines that are nowhere but in dead letters, by minute of receipt. */
  readonly lines: ByMinute;
  /** Whether all dead letters were looked at. */
  readonly isComplete: boolean;
}

/** A dead letter of the storage queue. */
export interface DeadMessage {
  readonly project: string;
  readonly body: Buffer;
}

/** Letters that are looked at; each can have a megabyte. */
const mostLetters = 500;
const lettersAPage = 100;

/** Counts the lines of a project in the dead letters of the storage queue. */
export async function countDeadLines(
  bus: Pick<Bus, 'deadLetters'>,
  project: string,
  options: DeadLineOptions,
): Promise<DeadLines> {
  const lines: ByMinute = new Map();
  const seen = new Set<string>();
  const letters = await firstLetters(bus, project);
  for (const { id, queue, batch: headers } of letters.infos) {
    if (queue !== 'events.storage' || headers === null) continue;
    const letter = await bus.deadLetters.get(project, id);
    // Replayed or dropped meanwhile.
    if (letter === null) continue;
    const batch = { headers, body: letter.body };
    // A crash on the way to the dead letters can leave a message there twice.
    const subject = messageName(batch);
    if (seen.has(subject)) continue;
    seen.add(subject);
    const dropped = await entered(options.records, { project, entry: 'dropped', subject });
    if (dropped.size > 0) continue;
    const message = { project, body: batch.body };
    for (const [minute, count] of await linesOf(message, options)) addToMinute(lines, minute, count);
  }
  return { lines, isComplete: letters.infos.length >= letters.total };
}

async function firstLetters(
  { deadLetters }: Pick<Bus, 'deadLetters'>,
  project: string,
): Promise<{ readonly infos: readonly DeadLetterInfo[]; readonly total: number }> {
  const infos: DeadLetterInfo[] = [];
  for (;;) {
    const page = await deadLetters.list(project, { offset: infos.length, limit: lettersAPage });
    infos.push(...page.letters);
    if (page.letters.length < lettersAPage || infos.length >= mostLetters)
      return { infos, total: page.total };
  }
}

/**
 * Declares that the lines of a dead letter are dropped on purpose; to be called before the letter is removed. Until it is
 * removed it counts as dropped and not as dead.
 */
export async function declareDeadLetterDropped(
  message: DeadMessage,
  reason: string,
  options: DeadLineOptions,
): Promise<void> {
  const lines = await linesOf(message, options);
  const subject = messageName(message);
  await enter(options.records, [{ project: message.project, entry: 'dropped', subject, reason, lines }]);
}

/**
 * Takes the declaration back; to be called before a dead letter is replayed, since a drop may have been declared whose
 * letter was never removed.
 */
export async function withdrawDeadLetterDrop(message: DeadMessage, records: RecordStore): Promise<void> {
  const { project } = message;
  const subject = messageName(message);
  const minutes = [...(await entered(records, { project, entry: 'dropped', subject })).keys()];
  await records.transaction(async (transaction) => {
    for (const minute of minutes)
      await transaction.delete(ledgerEntries, { project, id: `dropped.${subject}.${minute}` });
  });
}

/** The lines of a letter that are nowhere else, by minute of receipt. */
async function linesOf(message: DeadMessage, { events, records }: DeadLineOptions): Promise<ByMinute> {
  const { project, body } = message;
  const held = readLines(body);
  const stored = await events.receipts(
    project,
    held.map(({ id }) => id),
  );
  const duplicates = await entered(records, { project, entry: 'duplicates', subject: messageName(message) });
  const lines: ByMinute = new Map();
  for (const { id, receivedAt } of held)
    if (stored.get(id) !== receivedAt) addToMinute(lines, minuteOf(receivedAt), 1);
  for (const [minute, count] of duplicates) addToMinute(lines, minute, -count);
  for (const [minute, count] of lines) if (count <= 0) lines.delete(minute);
  return lines;
}

const lineFeed = 0x0a;

/** Ids and times of receipt, by position. What is too short to be an event line is none that was ever accepted. */
function readLines(body: Buffer): { readonly id: string; readonly receivedAt: number }[] {
  const { id, receivedAt } = eventLineLayout;
  const lines: { readonly id: string; readonly receivedAt: number }[] = [];
  for (let start = 0; start < body.length; ) {
    const end = body.indexOf(lineFeed, start);
    const time = Date.parse(body.toString('latin1', start + receivedAt.start, start + receivedAt.end));
    if (!Number.isNaN(time))
      lines.push({ id: body.toString('latin1', start + id.start, start + id.end), receivedAt: time });
    if (end === -1) break;
    start = end + 1;
  }
  return lines;
}
