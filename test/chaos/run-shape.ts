import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, startCluster } from './cluster.ts';
import { type FaultRow, FaultRun } from './fault-run.ts';
import type { Consequence, Fault } from './faults/fault.ts';
import { killsUntilSent } from './faults/kills.ts';
import { type Load, startLoad } from './load.ts';
import type { Shape } from './shapes.ts';
import { mountSmallDisk } from './small-disk.ts';
import { now } from './timing.ts';

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
  readonly patienceMs: number;
  /** What the whole of the run must have seen, or it is void. */
  readonly mustSee: readonly Consequence[];
  /** Told after each fault. */
  readonly onRow: (row: FaultRow) => void;
  /** Whether what a fault has shown is all that was asked for, so that the others are left out. */
  readonly isEnough: (row: FaultRow) => boolean;
}

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
      ...(disk === null
        ? {}
        : {
            dataDirectory: join(diskPath, 'data'),
            // Acceptance is not to end before the disk is full.
            env: { BUS_MIN_FREE_BYTES: '0' },
          }),
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
    const run = new FaultRun({ ...options, cluster, load, ledgers, disk: disk === null ? null : diskPath });
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
