import type { Readable } from 'node:stream';
import type { EventsApi, StreamFlow } from '@streamflow/client';
import type { Clock } from '../../domain/clock.ts';
import { DeliveryPump } from './delivery-pump.ts';
import type { ResolvedMapping } from './field-mapping.ts';
import { type Input, type InputOptions, openInput } from './open-input.ts';
import { OutcomeCheck } from './outcome-check.ts';
import type { Problem, SourceRecord } from './record.ts';
import { createRecordConverter, type EventDefaults } from './record-to-event.ts';
import type { SentEvent } from './sent-event.ts';

/*
 * A file is read as records, which become events, which are sent in batches, several at a time. Reading waits while
 * enough batches are under way, so memory does not grow with the file. There is no state between runs: an event has the
 * same id each time, and StreamFlow takes each id once, so running an import again, after an interruption or not, is
 * always right, and adds only what is not there.
 */

export interface ImportOptions extends EventDefaults, InputOptions {
  /** Files in the order of reading; `-` is standard input. */
  readonly files: readonly string[];
  /** Requests at a time. */
  readonly concurrency: number;
  /** Events a request. */
  readonly batchEvents: number;
  /** Records of the first file to pass over: those that an interrupted run said to be done. */
  readonly skipRecords: number;
}

export interface FileProblem extends Problem {
  readonly file: string;
}

export interface ImportSummary {
  /** Records that were read. */
  readonly records: number;
  /** Events that StreamFlow has now, by this run or an earlier one: the sum of the four that follow. */
  readonly accepted: number;
  /** Events that were not there before. */
  readonly added: number;
  /** Events that were there already, the same. */
  readonly repeated: number;
  /** Events whose id was there already with other content: the first one stays, and this one is not kept. */
  readonly conflicting: number;
  /** Events of which it could not be found out; why is told to `onUnable`. */
  readonly unconfirmed: number;
  /** Records that could not be read or were not taken. */
  readonly refused: number;
  readonly seconds: number;
  /** The first of what was wrong, at most {@link maxProblems}. */
  readonly problems: readonly FileProblem[];
  /** Where an interrupted import stopped: everything in the file up to this record is answered. */
  readonly interrupted?: { readonly file: string; readonly afterRecord: number };
}

/** Problems that are kept for the summary; all of them are told. */
export const maxProblems = 1000;

export interface ImportProgress {
  readonly accepted: number;
  readonly refused: number;
  /** Bytes of all files. */
  readonly bytesRead: number;
}

export interface ImportDependencies {
  readonly client: Pick<StreamFlow, 'deliver'> & {
    readonly events: Pick<EventsApi, 'lookUp' | 'countReceived'>;
  };
  readonly clock: Clock;
  readonly stdin: Readable;
  readonly interrupted: AbortSignal;
  onProgress(progress: ImportProgress): void;
  onProblem(problem: FileProblem): void;
  /** Told when a file begins: its format and what the mappings mean for it. */
  onFile(file: string, format: string, mappings: readonly ResolvedMapping[]): void;
  /** Told before each wait for a server that is away or busy. */
  onWait(reason: string): void;
  /** Told once when it cannot be found out which events are new. */
  onUnable(reason: string): void;
  /** Resolves after the time, or when the import is interrupted. */
  sleep(milliseconds: number): Promise<void>;
}

/** Room below the body limit of 5 MB for what surrounds the events. */
const maxBatchBytes = 4_000_000;

/**
 * Imports files one after the other. Bad records are told and counted and stop nothing.
 * @throws StreamFlowApiError when the credential or the address is refused; what {@link openInput} rejects with
 */
export async function importEvents(
  options: ImportOptions,
  dependencies: ImportDependencies,
): Promise<ImportSummary> {
  const { client, clock, interrupted } = dependencies;
  const startedAt = clock.now();
  const problems: FileProblem[] = [];
  const counts = { records: 0, accepted: 0, refused: 0, bytesRead: 0 };
  let stoppedAt: ImportSummary['interrupted'];
  const check = new OutcomeCheck({
    events: client.events,
    interrupted,
    sleep: dependencies.sleep,
    onUnable: dependencies.onUnable,
  });

  try {
    for (const [index, file] of options.files.entries()) {
      if (stoppedAt !== undefined) break;
      const input = await openInput(file, dependencies.stdin, options);
      const bytesBefore = counts.bytesRead;
      const tell = (line: number, reason: string): void => {
        const problem = { file, line, reason };
        counts.refused += 1;
        if (problems.length < maxProblems) problems.push(problem);
        dependencies.onProblem(problem);
      };
      const pump = new DeliveryPump({
        client,
        concurrency: options.concurrency,
        interrupted,
        clock,
        onAccepted(events, received) {
          check.add(events, received);
          counts.accepted += events.length;
          counts.bytesRead = bytesBefore + input.bytesRead();
          dependencies.onProgress(counts);
        },
        onRefused: tell,
        onWait: dependencies.onWait,
      });
      await sendFile(input, pump, {
        options,
        room: () => check.room(),
        skipRecords: index === 0 ? options.skipRecords : 0,
        tell,
        onRecords: (count) => {
          counts.records += count;
        },
        onStart: (mappings) => dependencies.onFile(file, input.format, mappings),
      });
      await pump.drain();
      if (interrupted.aborted) stoppedAt = { file, afterRecord: pump.answeredUpTo };
    }
    await check.finish();
  } finally {
    check.stop();
  }
  return {
    records: counts.records,
    accepted: counts.accepted,
    ...check.counts,
    refused: counts.refused,
    seconds: (clock.now() - startedAt) / 1000,
    problems,
    ...(stoppedAt === undefined ? {} : { interrupted: stoppedAt }),
  };
}

interface FileTask {
  readonly options: ImportOptions;
  readonly skipRecords: number;
  /** Resolves when more may be sent. */
  room(): Promise<void>;
  tell(line: number, reason: string): void;
  onRecords(count: number): void;
  onStart(mappings: readonly ResolvedMapping[]): void;
}

/** Reads a file to its end, or until the pump stops, and hands its events to the pump. */
async function sendFile(input: Input, pump: DeliveryPump, task: FileTask): Promise<void> {
  const { options, skipRecords, tell } = task;
  let convert: ReturnType<typeof createRecordConverter> | undefined;
  let events: SentEvent[] = [];
  let lines: number[] = [];
  let bytes = 0;
  let position = skipRecords;
  let lastLine = 0;

  const send = async (): Promise<void> => {
    const batch = { events, lines, last: position };
    events = [];
    lines = [];
    bytes = 0;
    if (batch.events.length === 0) return;
    await task.room();
    await pump.send(batch);
  };
  const begin = (sample: readonly SourceRecord[]): ReturnType<typeof createRecordConverter> => {
    const converter = createRecordConverter(options, sample);
    task.onStart(converter.resolved);
    return converter;
  };

  try {
    for await (const chunk of input.reader(input.content)) {
      if (chunk.records.length > 0) convert ??= begin(chunk.records.slice(0, 1000));
      for (const { line, reason } of chunk.problems) tell(line, reason);
      task.onRecords(chunk.records.length + chunk.problems.length);
      for (const record of chunk.records) {
        lastLine = record.line;
        if (convert === undefined) continue;
        if (record.ordinal <= skipRecords) {
          convert.pass(record);
          continue;
        }
        const outcome = convert.convert(record);
        if ('reason' in outcome) {
          tell(record.line, outcome.reason);
          continue;
        }
        const size = Buffer.byteLength(outcome.json) + 1;
        if (bytes + size > maxBatchBytes) await send();
        events.push(outcome);
        lines.push(record.line);
        bytes += size;
        position = record.ordinal;
        if (events.length >= options.batchEvents) await send();
        if (pump.stopped.aborted) return;
      }
    }
    await send();
  } catch (error) {
    // What was read before stands; the rest of the file (a gzip stream that is cut off, a disk) is one problem.
    tell(lastLine + 1, `the rest of the file cannot be read: ${String(error)}`);
    await send();
  }
}
