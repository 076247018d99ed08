import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { FaultRow } from './fault-run.ts';
import type { ShapeReport } from './run-shape.ts';

const columns: readonly (readonly [string, (row: FaultRow) => string | number])[] = [
  ['fault', ({ fault }) => fault],
  ['kills', ({ kills }) => kills],
  ['sent', ({ comparison }) => comparison.sent],
  ['acknowledged', ({ comparison }) => comparison.acknowledged],
  ['lost', ({ comparison }) => comparison.lost],
  ['doubled', ({ comparison }) => comparison.doubled],
  ['altered', ({ comparison }) => comparison.altered],
  ['refused', ({ comparison }) => comparison.refused],
  ['unanswered', ({ comparison }) => comparison.unanswered],
  ['never answered', ({ comparison }) => comparison.open],
  ['recovery s', ({ recoverySeconds }) => recoverySeconds?.toFixed(1) ?? '–'],
  ['redelivered', ({ evidence }) => evidence.redelivered],
  ['by the broker', ({ evidence }) => evidence.brokerRedelivered],
  ['reconnected', ({ evidence }) => evidence.reconnected],
  ['suppressed', ({ evidence }) => evidence.suppressed],
  ['held', ({ problems }) => (problems.length === 0 ? 'yes' : 'NO')],
];

const legend = `- **sent**, **acknowledged**: events, by the ledger of the clients, which send what was not answered again with the same ids.
- **lost**: acknowledged and not stored. **doubled**: stored more than once. **altered**: not stored as it was sent.
- **refused**: answered with something else than yes or "not now". **unanswered**: of a request that got a 503, a broken
  connection or nothing at least once. **never answered**: to the end.
- **recovery s**: from the end of the fault until an event that was sent after it was stored.
- **redelivered**: batches that storage was given which may have been delivered before, by its own metric; **by the broker**:
  messages that the broker counts as delivered once more. **reconnected**: connections to the broker that were made anew
  (without a broker: sockets of the clients). **suppressed**: events that storage had already.
`;

export function tableOf({ rows, whole }: ShapeReport): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(([name]) => name)),
    line(columns.map((_, index) => (index === 0 ? '---' : '--:'))),
    ...[...rows, whole].map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join('\n');
}

export const problemsOf = ({ rows, whole }: ShapeReport): readonly string[] =>
  [...rows, whole].flatMap(({ fault, problems }) => problems.map((problem) => `${fault}: ${problem}`));

export function writeResults(directory: string, report: ShapeReport, options: readonly string[]): void {
  const { shape, rows, seconds } = report;
  const remarks = rows.flatMap((row) => row.remarks.map((remark) => `- ${row.fault}: ${remark}`));
  const problems = problemsOf(report);
  const [cpu] = cpus();
  const text = `# Fault run: ${shape.name}

${shape.description[0]?.toUpperCase()}${shape.description.slice(1)}.

- Run: \`npm run chaos -- ${options.join(' ')}\`, ${Math.round(seconds)} s, on ${new Date().toISOString().slice(0, 10)}
- Version: ${commit()}
- Machine: ${cpus().length} × ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node ${process.version}; load, services and servers share it

${tableOf(report)}

${legend}
${remarks.length === 0 ? '' : `Seen:\n\n${remarks.join('\n')}\n\n`}${problems.length === 0 ? 'Everything held.' : `What did not hold:\n\n${problems.map((problem) => `- ${problem}`).join('\n')}`}
`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${shape.name}.md`), text);
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'not from a clone';
  }
}
