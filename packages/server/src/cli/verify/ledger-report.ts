import type { LedgerMinute, LedgerReport } from '@streamflow/contracts';
import { formatTable } from '../query/table.ts';

const header = [
  'MINUTE OF RECEIPT',
  'STATUS',
  'ACCEPTED',
  'STORED',
  'DUPLICATES',
  'DEAD',
  'SET ASIDE',
  'DROPPED',
  'DIFFERENCE',
  'UNANSWERED',
] as const;

/** The account for a person: minutes as a table, then what it comes to. */
export function formatLedger(report: LedgerReport, width: number | undefined): readonly string[] {
  const { from, to, since, minutes, totals } = report;
  const lines = [`Received from ${from} to ${to}.`];
  if (since === null) lines.push('Nothing was ever accepted: there is no ledger yet.');
  if (minutes.length > 0) {
    const rows = minutes.map((minute) => [minute.minute, statusOf(minute), ...figuresOf(minute)]);
    lines.push('', ...formatTable(header, [...rows, ['(total)', '', ...figuresOf(totals)]], width), '');
  }
  lines.push(
    `accepted ${totals.accepted} ${totals.difference === 0 ? '=' : '≠'} stored ${totals.stored} + duplicates ` +
      `${totals.duplicates} + dead ${totals.dead} + set aside ${totals.set_aside} + dropped ${totals.dropped}` +
      (totals.difference === 0 ? '' : ` (difference ${signed(totals.difference)})`),
  );
  if (totals.unanswered > 0)
    lines.push(`unanswered ${totals.unanswered}: of these, any number may be among what was found`);
  if (totals.refused > 0) lines.push(`refused ${totals.refused}: never accepted, and outside of the account`);
  return [
    ...lines,
    ...queueLines(report),
    ...processLines(report),
    ...identityLines(report),
    verdictOf(report),
  ];
}

const statusOf = ({ status, uncounted }: LedgerMinute): string =>
  status === 'holds' && uncounted > 0 ? `holds, ${uncounted} uncounted` : status.toUpperCase();

const figuresOf = (figures: LedgerReport['totals']): string[] => [
  String(figures.accepted),
  String(figures.stored),
  String(figures.duplicates),
  String(figures.dead),
  String(figures.set_aside),
  String(figures.dropped),
  signed(figures.difference),
  String(figures.unanswered),
];

const signed = (number: number): string => (number > 0 ? `+${number}` : String(number));

function queueLines({ queue, dead_letters }: LedgerReport): string[] {
  const lines: string[] = [];
  if (!queue.drained)
    lines.push(`queue: ${queue.batches} batches are not stored yet, and may be of these minutes`);
  if (!dead_letters.complete)
    lines.push('dead letters: there are more than are looked at; replay or drop some');
  return lines;
}

function processLines({ processes, totals }: LedgerReport): string[] {
  return processes.flatMap(({ name, state, counted_to, written_at }) => {
    if (state === 'running') return [];
    const crashed = state === 'crashed' ? 'was killed' : 'has not written since, and did not stop';
    const uncounted = totals.uncounted > 0 ? '; it may have accepted what is uncounted' : '';
    return [`process ${name} counted to ${counted_to}, wrote at ${written_at} and ${crashed}${uncounted}`];
  });
}

function identityLines({ repeated_ids, roll_ups }: LedgerReport): string[] {
  const lines: string[] = [];
  if (repeated_ids.count === 0) lines.push('ids: each is stored once');
  else lines.push(`ids: ${repeated_ids.count} STORED MORE THAN ONCE: ${repeated_ids.examples.join(', ')}`);
  if (roll_ups === null) return lines;
  const { compared, mismatches, examples } = roll_ups;
  if (mismatches === 0) lines.push(`roll-ups: ${compared} equal a recount`);
  else {
    lines.push(`roll-ups: ${mismatches} of ${compared} DIFFER from a recount:`);
    for (const { roll_up, kept, recounted } of examples)
      lines.push(`  ${roll_up}: ${kept} kept, ${recounted} recounted`);
  }
  return lines;
}

function verdictOf({ verdict, minutes }: LedgerReport): string {
  if (verdict === 'holds') return 'It holds.';
  if (verdict === 'unsettled')
    return 'UNSETTLED: not all of it can be told yet; events are on their way, or still counted.';
  const missing = minutes.filter(({ status }) => status === 'loss');
  const beyond = minutes.filter(({ status }) => status === 'surplus');
  const parts: string[] = [];
  for (const { minute, difference } of missing) parts.push(`${-difference} lost of ${minute}`);
  for (const { minute, difference, unanswered } of beyond)
    parts.push(`${difference - unanswered} too many of ${minute}`);
  return `IT DOES NOT HOLD${parts.length === 0 ? '' : `: ${parts.join('; ')}`}.`;
}
