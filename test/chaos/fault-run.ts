import type { Cluster } from './cluster.ts';
import { type Comparison, compare } from './compare.ts';
import { type Evidence, evidenceBetween, readEvidence } from './evidence.ts';
import type { Consequence, Fault, FaultResult } from './faults/fault.ts';
import { openLedger, readLedgers } from './ledger.ts';
import type { Load } from './load.ts';
import { createProbe } from './probe.ts';
import { seeded } from './random.ts';
import { createReadBack, type ReadBack } from './read-back.ts';
import { now, until, wait, within } from './timing.ts';

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

export interface FaultRunOptions {
  readonly cluster: Cluster;
  readonly load: Load;
  /** Of the load, and of the run itself. */
  readonly ledgers: readonly [string, string];
  readonly directory: string;
  /** Where the data is, on a disk of its own; null when it is on that of everybody. */
  readonly disk: string | null;
  /** How long faults last; each its own time when null. */
  readonly seconds: number | null;
  readonly kills: number;
  readonly seed: number;
  /** Milliseconds in which what a fault brought down must be back, and what was sent be answered and stored. */
  readonly patienceMs: number;
  /** What the whole of the run must have seen, or it is void. */
  readonly mustSee: readonly Consequence[];
}

const defaultLastingSeconds = 10;
const warmUpMs = 1500;
const quietMs = 30_000;
const evidenceDeadlineMs = 20_000;

/** Brings faults upon a cluster under load, and compares the ledgers with what is stored. */
export class FaultRun {
  private readonly options: FaultRunOptions;
  private readonly readBack: ReadBack;
  private readonly random: () => number;
  private readonly ownLedger: ReturnType<typeof openLedger>;
  private readonly start: Evidence;
  private requests = 0;
  /** Far from the numbers of the load. */
  private events = 1_000_000_000;

  constructor(options: FaultRunOptions) {
    this.options = options;
    this.readBack = createReadBack(options.cluster, options.patienceMs);
    this.random = seeded(options.seed);
    this.ownLedger = openLedger(options.ledgers[1]);
    this.start = readEvidence(options.cluster, options.load);
  }

  async fault(fault: Fault): Promise<FaultRow> {
    const { options } = this;
    const { cluster, load } = options;
    const lasting = options.seconds ?? fault.lastingSeconds ?? defaultLastingSeconds;
    const before = readEvidence(cluster, load);
    await load.run(fault.name);
    await wait(warmUpMs);
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
        disk: options.disk,
      });
      const deadline = fault.deadlineSeconds ?? 3 * lasting + 100 * options.kills + 500;
      result = await within(deadline * 1000, fault.name, work);
    } catch (error) {
      problems.push(`the fault itself failed: ${String(error)}`);
    }
    problems.push(...(result.problems ?? []));
    const recoverySeconds = await this.probe(fault.name, result.liftedAt);
    if (recoverySeconds === null) problems.push('nothing was stored again after the fault');
    if (!(await load.drain(options.patienceMs))) problems.push('requests were never answered');
    const comparison = await this.compare(fault.name);
    const kills = result.kills ?? 0;
    const seen = () => evidenceBetween(before, readEvidence(cluster, load));
    const lacking = () => missing(fault.brings, { ...seen(), ...comparison, kills });
    // What the broker writes of its connections is in its log some time after they are made.
    const deadline = now() + evidenceDeadlineMs;
    while (lacking().length > 0 && now() < deadline) await wait(250);
    const evidence = seen();
    problems.push(...defects(comparison), ...lacking());
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
    const comparison = compare(await readLedgers(this.options.ledgers), stored);
    const totals = await this.readBack.differingTotals(stored);
    const evidence = evidenceBetween(this.start, readEvidence(this.options.cluster, this.options.load));
    const kills = rows.reduce((sum, row) => sum + row.kills, 0);
    const unclean = await this.options.cluster.stop();
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
    const probe = createProbe(this.options.cluster, this.ownLedger, fault);
    const stored = await probe(this.requests++, this.events++, this.options.patienceMs);
    return stored ? (now() - since) / 1000 : null;
  }

  private async compare(fault: string): Promise<Comparison> {
    const ledger = (await readLedgers(this.options.ledgers)).filter((request) => request.fault === fault);
    const acknowledged = ledger.reduce(
      (sum, { outcome, events }) => sum + (outcome === 'acknowledged' ? events.length : 0),
      0,
    );
    // What is not there when nothing more comes counts as lost.
    let last = -1;
    let cameAt = now();
    const isAllOrQuiet = async (): Promise<boolean> => {
      const count = await this.readBack.count(fault).catch(() => last);
      if (count !== last) cameAt = now();
      last = count;
      return count >= acknowledged || now() - cameAt > quietMs;
    };
    await until(this.options.patienceMs, isAllOrQuiet, 200);
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
