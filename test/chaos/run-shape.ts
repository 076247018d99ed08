import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, startCluster } from './cluster.ts';
import { type Comparison, compare } from './compare.ts';
import { type Evidence, evidenceBetween, readEvidence } from './evidence.ts';
import type { Consequence, Fault, FaultResult } from './faults/fault.ts';
import { killsUntilSent } from './faults/kills.ts';
import { openLedger, readLedgers } from './ledger.ts';
import { type Load, startLoad } from './load.ts';
import { createProbe } from './probe.ts';
import { seeded } from './random.ts';
import { createReadBack, type ReadBack } from './read-back.ts';
import type { Shape } from './shapes.ts';
import { mountSmallDisk } from './small-disk.ts';
import { now, until, within } from './timing.ts';

export interface FaultRow {
  readonly fault: string;
  readonly kills: number;
  readonly comparison: Comparison;
  /** Seconds until an event that was sent after the fault was stored; null when none was. */
  readonly recoverySeconds: number | null;
  readonly evidence: Evidence;
  readonly remarks: readonly string[];
  readonly problems: readonly string[];
}

export interface ShapeReport {
  readonly shape: Shape;
  readonly rows: readonly FaultRow[];
  /** Everything of the run, read back once more at its end. */
  readonly whole: FaultRow;
  readonly seconds: number;
}

export interface ShapeRunOptions {
  readonly shape: Shape;
  readonly faults: readonly Fault[];
  readonly program: string;
  readonly directory: string;
  readonly seconds: number | null;
  readonly kills: number;
  readonly events: number;
  readonly seed: number;
  /** What the whole of the run must have seen, or it is void. */
  readonly mustSee: readonly Consequence[];
  /** Told after each fault. */
  readonly onRow: (row: FaultRow) => void;
  /** Whether what a fault has shown is all that was asked for, so that the others are left out. */
  readonly isEnough: (row: FaultRow) => boolean;
}

const defaultLastingSeconds = 10;
const warmUpMs = 1500;
const recoveryDeadlineMs = 90_000;
const drainDeadlineMs = 60_000;
const storedDeadlineMs = 60_000;

/** Why the shape cannot be run on this machine. */
export class CannotRunError extends Error {}

/** Starts a shape, brings each fault upon it under load, and compares what the clients know with what is stored. */
export async function runShape(options: ShapeRunOptions): Promise<ShapeReport> {
  const { shape, directory } = options;
  const begun = now();
  await mkdir(directory, { recursive: true });
  const diskPath = join(directory, 'disk');
  const disk = shape.diskMegabytes === undefined ? null : await mountSmallDisk(diskPath, shape.diskMegabytes);
  if (shape.diskMegabytes !== undefined && disk === null)
    throw new CannotRunError('this user may not mount a tmpfs');
  let cluster: Cluster | null = null;
  let load: Load | null = null;
  try {
    cluster = await startCluster({
      shape,
      program: options.program,
      directory,
      ...(disk === null ? {} : { dataDirectory: join(diskPath, 'data') }),
    });
    const ledgers = [join(directory, 'ledger-load.ndjson'), join(directory, 'ledger-run.ndjson')] as const;
    load = await startLoad(
      {
        targets: cluster.having('ingestion').map((replica) => replica.url('ingestion')),
        authorization: cluster.key,
        ledger: ledgers[0],
        singles: 6,
        batches: 2,
        sockets: 2,
        batchSize: 50,
        pauseMs: 10,
        timeoutMs: 10_000,
      },
      join(directory, 'load.log'),
    );
    const run = new ShapeRun(options, cluster, load, ledgers, disk === null ? null : diskPath);
    const rows: FaultRow[] = [];
    const { events } = options;
    for (const fault of events > 0 ? [...options.faults, killsUntilSent(events)] : options.faults) {
      const row = await run.fault(fault);
      rows.push(row);
      options.onRow(row);
      if (options.isEnough(row)) break;
    }
    const whole = await run.whole(rows);
    return { shape, rows, whole, seconds: (now() - begun) / 1000 };
  } finally {
    await load?.end();
    await cluster?.abandon();
    await disk?.unmount();
  }
}

class ShapeRun {
  private readonly options: ShapeRunOptions;
  private readonly cluster: Cluster;
  private readonly load: Load;
  private readonly ledgers: readonly [string, string];
  private readonly disk: string | null;
  private readonly readBack: ReadBack;
  private readonly random: () => number;
  private readonly ownLedger: ReturnType<typeof openLedger>;
  private readonly start: Evidence;
  private requests = 0;
  /** Far from the numbers of the load. */
  private events = 1_000_000_000;

  constructor(
    options: ShapeRunOptions,
    cluster: Cluster,
    load: Load,
    ledgers: readonly [string, string],
    disk: string | null,
  ) {
    this.options = options;
    this.cluster = cluster;
    this.load = load;
    this.ledgers = ledgers;
    this.disk = disk;
    this.readBack = createReadBack(cluster);
    this.random = seeded(options.seed);
    this.ownLedger = openLedger(ledgers[1]);
    this.start = readEvidence(cluster, load);
  }

  async fault(fault: Fault): Promise<FaultRow> {
    const { cluster, load, options } = this;
    const lasting = options.seconds ?? fault.lastingSeconds ?? defaultLastingSeconds;
    const before = readEvidence(cluster, load);
    await load.run(fault.name);
    await until(warmUpMs, () => false);
    const problems: string[] = [];
    let result: FaultResult = { liftedAt: now() };
    try {
      const work = fault.run({
        cluster,
        load,
        random: this.random,
        ledger: this.ownLedger,
        nextRequest: () => this.requests++,
        nextEvent: (count = 1) => {
          const first = this.events;
          this.events += count;
          return first;
        },
        lastingMs: lasting * 1000,
        kills: options.kills,
        directory: options.directory,
        disk: this.disk,
      });
      const deadline = fault.deadlineSeconds ?? 3 * lasting + 60 * options.kills + 180;
      result = await within(deadline * 1000, fault.name, work);
    } catch (error) {
      problems.push(`the fault itself failed: ${String(error)}`);
    }
    problems.push(...(result.problems ?? []));
    const recoverySeconds = await this.probe(fault.name, result.liftedAt);
    if (recoverySeconds === null) problems.push('nothing was stored again after the fault');
    if (!(await load.drain(drainDeadlineMs))) problems.push('requests were never answered');
    const comparison = await this.compare(fault.name);
    const evidence = evidenceBetween(before, readEvidence(cluster, load));
    const kills = result.kills ?? 0;
    problems.push(...defects(comparison), ...missing(fault.brings, { ...evidence, ...comparison, kills }));
    return {
      fault: fault.name,
      kills,
      comparison,
      recoverySeconds,
      evidence,
      remarks: result.remarks ?? [],
      problems,
    };
  }

  /** Everything, once more: what was right after its fault may have been harmed by a later one. */
  async whole(rows: readonly FaultRow[]): Promise<FaultRow> {
    const stored = await this.readBack.events(null);
    const comparison = compare(await readLedgers(this.ledgers), stored);
    const totals = await this.readBack.differingTotals(stored);
    const evidence = evidenceBetween(this.start, readEvidence(this.cluster, this.load));
    const kills = rows.reduce((sum, row) => sum + row.kills, 0);
    const unclean = await this.cluster.stop();
    return {
      fault: 'all together',
      kills,
      comparison,
      recoverySeconds: null,
      evidence,
      remarks: [],
      problems: [
        ...defects(comparison),
        ...totals,
        ...missing(this.options.mustSee, { ...evidence, ...comparison, kills }).map(
          (problem) => `void: ${problem}`,
        ),
        ...unclean,
      ],
    };
  }

  private async probe(fault: string, since: number): Promise<number | null> {
    const probe = createProbe(this.cluster, this.ownLedger, fault);
    const stored = await probe(this.requests++, this.events++, recoveryDeadlineMs);
    return stored ? (now() - since) / 1000 : null;
  }

  private async compare(fault: string): Promise<Comparison> {
    const ledger = (await readLedgers(this.ledgers)).filter((request) => request.fault === fault);
    const acknowledged = ledger.reduce(
      (sum, { outcome, events }) => sum + (outcome === 'acknowledged' ? events.length : 0),
      0,
    );
    // What is not there by then counts as lost.
    await until(
      storedDeadlineMs,
      async () => (await this.readBack.count(fault).catch(() => 0)) >= acknowledged,
      200,
    );
    return compare(ledger, await this.readBack.events(fault));
  }
}

function defects(comparison: Comparison): string[] {
  const { lost, doubled, altered, strange, refused, open, examples, acknowledged } = comparison;
  const counts = { lost, doubled, altered, strange, refused, 'never answered': open };
  const found = Object.entries(counts).flatMap(([name, count]) => (count > 0 ? [`${count} ${name}`] : []));
  if (acknowledged === 0) found.push('nothing was acknowledged');
  return found.length > 0 ? [...found, ...examples] : [];
}

const missing = (wanted: readonly Consequence[], seen: Readonly<Record<Consequence, number>>): string[] =>
  wanted.flatMap((name) => (seen[name] > 0 ? [] : [`nothing was ${name === 'kills' ? 'killed' : name}`]));
