import { constants, copyFile, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../domain/clock.ts';
import type { Log, LogFields } from '../../../domain/log.ts';
import type { Bus } from '../port.ts';
import { openSegmentLogBus, type SegmentLogBusOptions } from './open-segment-log-bus.ts';

/**
 * Copies what a process that is killed now would leave. Files that the bus removes or renames meanwhile are left out,
 * as they would be a moment later. Newest segments first: the bus removes the oldest first, so that copying in that
 * order too could keep one, lose the next, and show a hole that no kill leaves.
 */
export async function copyAsCrashed(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const entries = await readdir(from, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? 1 : -1))) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyAsCrashed(source, target);
    else await copyFile(source, target, constants.COPYFILE_EXCL).catch(ignoreMissing);
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}

interface LogLine {
  readonly level: 'debug' | 'info' | 'warning' | 'error' | 'critical';
  readonly message: string;
  readonly fields: LogFields;
}

/** A directory for the buses of one test, with what they logged. */
export class BusDirectory {
  readonly path: string;
  readonly lines: LogLine[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<BusDirectory> {
    return new BusDirectory(await mkdtemp(join(tmpdir(), 'streamflow-log-')));
  }

  open(options: Partial<SegmentLogBusOptions> = {}): Promise<Bus> {
    return openSegmentLogBus({ directory: this.path, clock: systemClock, log: this.log(), ...options });
  }

  logged(level: LogLine['level']): string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message);
  }

  /** Paths of the segments, oldest first. */
  async segments(): Promise<string[]> {
    const directory = join(this.path, 'segments');
    const names = (await readdir(directory)).filter((name) => name.endsWith('.log')).sort();
    return names.map((name) => join(directory, name));
  }

  async quarantined(): Promise<string[]> {
    const directory = join(this.path, 'segments', 'quarantine');
    return readdir(directory).catch(() => []);
  }

  async segmentBytes(): Promise<number> {
    let bytes = 0;
    for (const path of await this.segments()) bytes += (await stat(path)).size;
    return bytes;
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }

  private log(): Log {
    const at =
      (level: LogLine['level']) =>
      (message: string, fields: LogFields = {}): void => {
        this.lines.push({ level, message, fields });
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warning: at('warning'),
      error: at('error'),
      critical: at('critical'),
      child: () => this.log(),
    };
  }
}
