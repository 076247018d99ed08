import type { Clock } from '../domain/clock.ts';
import { StreamFlowError } from '../domain/errors.ts';
import { addToMinute, type ByMinute } from '../domain/ledger/minute.ts';
import { ledgerEntries } from '../domain/records/ledger.ts';
import { settings } from '../domain/records/settings.ts';
import type { Removal, RemovalBooks } from '../engines/event-store/port.ts';
import type { RecordReader, RecordStore, RecordTransaction } from '../engines/record-store/port.ts';
import { installation } from './acceptance-ledger.ts';
import { enter, entered } from './ledger-entries.ts';

/*
 * Events that retention removes are entered as dropped before any of them is removed. One removal at a time is open:
 *
 *   (none) ──begin: the name, then the entries──▶ open ──end──▶ (none)
 *                                                  └──cancel: the entries are taken back──▶ (none)
 *
 * A process that dies leaves it open. The event store then says whether it was done (`settle`): what is entered under
 * its name stays, or is taken back as a whole. The entries are not made anew, since what came meanwhile would be in them,
 * and what was removed would not. While a removal is open, its lines may be both stored and dropped: `verify` says of
 * their minutes that they are not settled.
 */

const removedTotal = { project: installation, id: 'retention.removed' };
const openRemoval = { project: installation, id: 'retention.removal' };
/** Records that are written in one transaction. */
const portion = 500;

export interface Removals extends RemovalBooks {
  /** The removal that is open, and since when in milliseconds since the epoch; null for none. */
  open(): Promise<{ readonly name: string; readonly since: number } | null>;
}

/** What was ever removed. */
export interface RemovedTotal {
  readonly events: number;
  readonly lastEvents: number;
  /** Milliseconds since the epoch; null when nothing ever was. */
  readonly lastAt: number | null;
}

export async function readRemovedTotal(records: RecordReader): Promise<RemovedTotal> {
  const value = (await records.get(settings, removedTotal))?.value;
  if (typeof value !== 'object' || value === null) return { events: 0, lastEvents: 0, lastAt: null };
  const { events, last_events, last_at } = Object.fromEntries(Object.entries(value));
  return { events: Number(events), lastEvents: Number(last_events), lastAt: Number(last_at) };
}

export function createRemovals(records: RecordStore, clock: Clock): Removals {
  async function close(name: string, isDone: boolean): Promise<void> {
    await records.transaction(async (transaction) => {
      const open = readOpen((await transaction.get(settings, openRemoval))?.value);
      if (open?.name !== name) return;
      await transaction.delete(settings, openRemoval);
      if (isDone) await addToTotal(transaction, open.events, clock.now());
    });
  }

  return {
    async begin({ name, lines }) {
      const byProject = linesByProject(lines);
      await records.transaction(async (transaction) => {
        if ((await transaction.get(settings, openRemoval)) !== null)
          throw new StreamFlowError('Conflict', 'Another process removes events');
        const events = lines.reduce((sum, { count }) => sum + count, 0);
        const value = { name, projects: [...byProject.keys()], events, since: clock.now() };
        await transaction.insert(settings, { ...openRemoval, value });
      });
      for (const [project, byMinute] of byProject) {
        const all = [...byMinute];
        for (let start = 0; start < all.length; start += portion) {
          const some: ByMinute = new Map(all.slice(start, start + portion));
          const entry = {
            project,
            entry: 'dropped',
            subject: name,
            reason: 'retention',
            lines: some,
          } as const;
          await enter(records, [entry]);
        }
      }
    },
    end: (name) => close(name, true),
    async cancel(name) {
      const open = readOpen((await records.get(settings, openRemoval))?.value);
      if (open?.name !== name) return;
      for (const project of open.projects) {
        const minutes = [...(await entered(records, { project, entry: 'dropped', subject: name })).keys()];
        for (let start = 0; start < minutes.length; start += portion)
          await records.transaction(async (transaction) => {
            for (const minute of minutes.slice(start, start + portion))
              await transaction.delete(ledgerEntries, { project, id: `dropped.${name}.${minute}` });
          });
      }
      await close(name, false);
    },
    async open() {
      return readOpen((await records.get(settings, openRemoval))?.value);
    },
  };
}

/** In the transaction that ends a removal, so that each is in it once. */
async function addToTotal(transaction: RecordTransaction, lastEvents: number, now: number): Promise<void> {
  const { events } = await readRemovedTotal(transaction);
  const value = { events: events + lastEvents, last_events: lastEvents, last_at: now };
  if ((await transaction.get(settings, removedTotal)) === null)
    await transaction.insert(settings, { ...removedTotal, value });
  else await transaction.update(settings, removedTotal, { value });
}

/** Lines of a project that are entered as dropped and may not be removed yet, by minute of receipt. */
export async function readOpenRemoval(records: RecordReader, project: string): Promise<ByMinute> {
  const open = readOpen((await records.get(settings, openRemoval))?.value);
  if (open === null) return new Map();
  return entered(records, { project, entry: 'dropped', subject: open.name });
}

function linesByProject(lines: Removal['lines']): ReadonlyMap<string, ByMinute> {
  const byProject = new Map<string, ByMinute>();
  for (const { project, minute, count } of lines) {
    const byMinute = byProject.get(project) ?? new Map<number, number>();
    byProject.set(project, byMinute);
    addToMinute(byMinute, minute, count);
  }
  return byProject;
}

interface OpenRemoval {
  readonly name: string;
  readonly projects: readonly string[];
  /** How many it removes. */
  readonly events: number;
  readonly since: number;
}

function readOpen(value: unknown): OpenRemoval | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!('name' in value) || !('projects' in value) || !('since' in value)) return null;
  const { name, projects, since } = value;
  return {
    name: String(name),
    projects: Array.isArray(projects) ? projects.map(String) : [],
    events: 'events' in value ? Number(value.events) : 0,
    since: Number(since),
  };
}
