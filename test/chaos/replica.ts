import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type MetricSums, sumMetrics } from './metric-sums.ts';
import { type Exit, type OwnedProcess, startProcess } from './owned-process.ts';
import type { ReplicaSpec, ServiceName } from './shapes.ts';
import { now, until, wait } from './timing.ts';

/*
 * One process of `streamflow start <services>`, kept running as an operating system's supervisor would: when it ends
 * without having been asked to, it is started again.
 *
 *   down ──start──▶ up ──ends by itself, or is killed──▶ down ──a moment later──▶ up …
 *                    └──stop──▶ down for good
 */

export interface ReplicaOptions {
  readonly spec: ReplicaSpec;
  /** The file that is run. */
  readonly program: string;
  readonly directory: string;
  readonly dataDirectory: string;
  readonly ports: Readonly<Record<ServiceName, number>>;
  readonly env: Readonly<Record<string, string>>;
}

const restartMs = 50;
/** After a start that failed: what it needs is away. */
const failedRestartMs = 300;

export class Replica {
  readonly spec: ReplicaSpec;
  readonly logFile: string;
  /** Times that it was started. */
  starts = 0;
  /** Ends by SIGKILL that this run did not send: it died at a crash point. */
  crashes = 0;
  /** When it last died, by `now()`. */
  diedAt = 0;
  private readonly options: ReplicaOptions;
  private current: OwnedProcess | null = null;
  private stopped = true;
  private killing = false;
  /** Whether the process of now was given a crash point. */
  private isDoomed = false;
  /** Gives the crash point of the next start; null for none. */
  private nextCrashPoint: (() => string) | null = null;
  private finished: MetricSums = {};
  private live: MetricSums = {};

  constructor(options: ReplicaOptions) {
    this.options = options;
    this.spec = options.spec;
    this.logFile = join(options.directory, `${options.spec.name}.log`);
  }

  get pid(): number | null {
    return this.current === null || this.current.hasExited() ? null : this.current.pid;
  }

  url(service: ServiceName, path = ''): string {
    return `http://127.0.0.1:${this.options.ports[service]}${path}`;
  }

  /** Starts it, and keeps it running. */
  async start(): Promise<void> {
    await mkdir(this.options.dataDirectory, { recursive: true });
    this.stopped = false;
    void this.supervise();
  }

  /** Whether all of its services are ready in so many milliseconds. */
  ready(withinMs: number): Promise<boolean> {
    return until(withinMs, async () => {
      const answers = await Promise.all(
        this.spec.services.map((service) => fetch(this.url(service, '/ready')).catch(() => null)),
      );
      return answers.every((answer) => answer?.status === 200);
    });
  }

  /** Ends it as a power cut would, as far as it can tell; it is started again. */
  async kill9(): Promise<void> {
    const { current } = this;
    if (current === null || current.hasExited()) return;
    this.killing = true;
    await current.end('SIGKILL', 1000);
    // The supervisor has seen it.
    await until(1000, () => !this.killing, 5);
  }

  /** Kills it; from then on it dies at these crash points, each time that it was started again. */
  async dieAt(next: () => string): Promise<void> {
    this.nextCrashPoint = next;
    await this.kill9();
  }

  /** Ends that; a process that would still die at one is killed. True when it was. */
  async dieNoMore(): Promise<boolean> {
    this.nextCrashPoint = null;
    if (!this.isDoomed || this.pid === null) return false;
    await this.kill9();
    return true;
  }

  /** Asks it to end, for good; resolves with how it did. */
  async stop(): Promise<Exit | null> {
    this.stopped = true;
    return this.current === null ? null : this.current.end('SIGTERM', 28_000);
  }

  /** Ends it at once, for good. */
  async abandon(): Promise<void> {
    this.stopped = true;
    await this.current?.end('SIGKILL', 1000);
  }

  /** Reads its figures; those of a process that dies between two readings are those of the last one. */
  async scrape(): Promise<void> {
    const { pid } = this;
    const [service] = this.spec.services;
    if (pid === null || service === undefined) return;
    const answer = await fetch(this.url(service, '/metrics'), { signal: AbortSignal.timeout(2000) }).catch(
      () => null,
    );
    if (answer?.status !== 200) return;
    const text = await answer.text().catch(() => null);
    if (text !== null && pid === this.pid) this.live = sumMetrics(text);
  }

  /** A counter over all processes that this replica was. */
  counted(name: string): number {
    return (this.finished[name] ?? 0) + (this.live[name] ?? 0);
  }

  /** A figure of the process of now. */
  gauge(name: string): number {
    return this.live[name] ?? 0;
  }

  /** The end of what it has logged. */
  lastWords(): string {
    return readFileSync(this.logFile, 'utf8').slice(-4000);
  }

  private async supervise(): Promise<void> {
    while (!this.stopped) {
      const startedAt = now();
      const process = this.spawn();
      this.current = process;
      this.starts += 1;
      const exit = await process.exited;
      this.diedAt = now();
      for (const [name, value] of Object.entries(this.live)) {
        this.finished[name] = (this.finished[name] ?? 0) + value;
      }
      this.live = {};
      if (exit.signal === 'SIGKILL' && !this.killing && !this.stopped) this.crashes += 1;
      const failed = exit.signal === null && now() - startedAt < 15_000;
      this.killing = false;
      await wait(failed ? failedRestartMs : restartMs);
    }
  }

  private spawn(): OwnedProcess {
    const { program, spec, dataDirectory, ports, env } = this.options;
    const crashPoint = this.nextCrashPoint?.();
    this.isDoomed = crashPoint !== undefined;
    return startProcess(process.execPath, [program, 'start', ...spec.services], {
      // Nobody's config.yaml but ours.
      cwd: dataDirectory,
      logFile: this.logFile,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        ENVIRONMENT: 'test',
        HOST: '127.0.0.1',
        STREAMFLOW_DATA_DIR: dataDirectory,
        ...Object.fromEntries(
          Object.entries(ports).map(([name, port]) => [`${name.toUpperCase()}_PORT`, String(port)]),
        ),
        PROMETHEUS_ENABLED: 'false',
        ...env,
        ...(crashPoint === undefined ? {} : { STREAMFLOW_CRASH_POINT: crashPoint }),
      },
    });
  }
}
