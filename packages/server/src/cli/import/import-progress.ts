import type { Writable } from 'node:stream';
import cliProgress from 'cli-progress';
import type { Clock } from '../../domain/clock.ts';
import type { Terminal } from '../terminal.ts';
import type { ImportProgress } from './import-events.ts';

/** Milliseconds between lines where there is no screen to draw on. */
const lineEveryMs = 10_000;
/** Milliseconds over which the rate is taken. */
const rateWindowMs = 5000;

export interface ProgressView {
  update(progress: ImportProgress): void;
  /** Shows a line beside the progress. */
  note(line: string): void;
  finish(): void;
}

/** A bar with rate and time left on a screen, a line now and then elsewhere. */
export function createProgressView(
  terminal: Terminal,
  clock: Clock,
  bytesTotal: number | undefined,
): ProgressView {
  const rate = createRate(clock);
  return terminal.screen === undefined || bytesTotal === undefined
    ? lineView(terminal, clock, rate, bytesTotal)
    : barView(terminal.screen, rate, bytesTotal);
}

const grouped = (value: number): string => Math.round(value).toLocaleString('en');

/** Events a second, of the last seconds. */
function createRate(clock: Clock): (accepted: number) => number {
  const samples: { readonly at: number; readonly accepted: number }[] = [{ at: clock.now(), accepted: 0 }];
  return (accepted) => {
    const now = clock.now();
    samples.push({ at: now, accepted });
    while (samples.length > 2 && now - (samples[1]?.at ?? now) > rateWindowMs) samples.shift();
    const [first] = samples;
    return first === undefined || now === first.at
      ? 0
      : ((accepted - first.accepted) * 1000) / (now - first.at);
  };
}

function barView(screen: Writable, rate: (accepted: number) => number, bytesTotal: number): ProgressView {
  const bar = new cliProgress.SingleBar({
    stream: screen,
    fps: 8,
    barsize: 30,
    hideCursor: true,
    stopOnComplete: false,
    format: (options, state, payload: { readonly accepted: number; readonly rate: number }) => {
      const drawn = cliProgress.Format.BarFormat(state.progress, options);
      const left = Number.isFinite(state.eta) ? cliProgress.Format.TimeFormat(state.eta, options, 1) : '?';
      return `${drawn} ${Math.floor(state.progress * 100)}%  ${grouped(payload.accepted)} events  ${grouped(payload.rate)}/s  ${left} left`;
    },
    etaBuffer: 50,
  });
  bar.start(bytesTotal, 0, { accepted: 0, rate: 0 });
  return {
    update: ({ accepted, bytesRead }) => bar.update(bytesRead, { accepted, rate: rate(accepted) }),
    note(line) {
      // Takes the place of the bar, which is drawn again below it.
      screen.write(`\r\u001b[K${line}\n`);
    },
    finish: () => bar.stop(),
  };
}

function lineView(
  terminal: Terminal,
  clock: Clock,
  rate: (accepted: number) => number,
  bytesTotal: number | undefined,
): ProgressView {
  let nextLineAt = clock.now() + lineEveryMs;
  return {
    update({ accepted, bytesRead }) {
      const perSecond = rate(accepted);
      if (clock.now() < nextLineAt) return;
      nextLineAt = clock.now() + lineEveryMs;
      const share =
        bytesTotal === undefined || bytesTotal === 0
          ? ''
          : `, ${Math.floor((bytesRead / bytesTotal) * 100)}%`;
      terminal.note(`${grouped(accepted)} events${share}, ${grouped(perSecond)}/s`);
    },
    note: terminal.note,
    finish() {},
  };
}
