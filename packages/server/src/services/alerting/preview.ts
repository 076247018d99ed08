import type { RulePreview } from '@streamflow/contracts';
import type { GroupState, NoticeKind } from '../../domain/alert-rules/group-state.ts';
import { stepRule } from '../../domain/alert-rules/rule-step.ts';
import { validationError } from '../../domain/errors.ts';
import { channelNames } from './evaluation-writer.ts';
import { groupTags, type ReadyRule } from './rule-book.ts';
import { createReadings, type GroupReading } from './rule-readings.ts';
import { readStoredSeries, type SeriesSource } from './stored-series.ts';

export interface PreviewQuery {
  readonly project: string;
  readonly from: number;
  readonly to: number;
}

const longestRangeMs = 31 * 24 * 3_600_000;
/** So many evaluations are made, and more only where the spans of the rule are no multiples of a step that is long enough. */
const wantedEvaluations = 43_200;
/** The store answers with as many points at most. */
const mostEvaluations = 100_000;
const stepsMs: readonly number[] = [1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000];
/** Evaluations between which others have their turn. */
const evaluationsAtATime = 2000;

type Firing = RulePreview['firings'][number];

/**
 * What a rule would have done, by the same readings and the same state machine as when it runs. Silences and what people
 * do are left out.
 */
export async function previewRule(
  source: SeriesSource,
  rule: ReadyRule,
  { project, from: begin, to: end }: PreviewQuery,
  signal: AbortSignal,
  pause: () => Promise<unknown>,
): Promise<RulePreview> {
  if (!(end > begin) || end - begin > longestRangeMs)
    throw validationError([{ field: 'to', message: 'to must be after from, by at most 31 days' }]);
  const reads = [...rule.condition.reads, ...(rule.resolveCondition?.reads ?? [])];
  const spans = [rule.windowMs, ...reads.map(({ agoMs }) => agoMs)];
  const reach = rule.windowMs + Math.max(0, ...reads.map(({ agoMs }) => agoMs));
  const step = stepFor(spans, end - begin, reach);
  const from = Math.floor(begin / step) * step;
  const to = Math.ceil(end / step) * step;
  const series = await readStoredSeries(source, rule, { project, from: from - reach, to, step }, signal);

  const { definition, timing } = rule;
  const states = new Map<string, GroupState>();
  const open = new Map<string, { from: number; peak: number | null; told: readonly string[] }>();
  const firings: Firing[] = [];
  const notifications: RulePreview['notifications'] = [];
  const text = (at: number): string => new Date(at).toISOString();
  const finish = (group: string, at: number | null): void => {
    const firing = open.get(group);
    if (firing === undefined) return;
    open.delete(group);
    firings.push({
      from: text(firing.from),
      to: at === null ? null : text(at),
      group: groupTags(definition.group_by, group),
      peak: firing.peak,
    });
  };
  const tell = (kind: NoticeKind, group: string, at: number, channels: readonly string[]): void => {
    const alert = groupTags(definition.group_by, group);
    for (const channel of channels) notifications.push({ at: text(at), kind, channel, alert });
  };

  // A span changes by the step that enters it and the one that leaves it.
  const edges = [...new Set(reads.flatMap(({ agoMs }) => [agoMs, agoMs + rule.windowMs]))];
  let readings: ReadonlyMap<string, GroupReading> | null = null;
  let evaluations = 0;
  for (let at = from + step; at <= to; at += step) {
    if (++evaluations % evaluationsAtATime === 0) {
      await pause();
      signal.throwIfAborted();
    }
    if (readings === null || edges.some((ago) => series.hasAny(at - step - ago)))
      readings = createReadings(series, project, at)(rule);
    // Where no group waits for anything, nothing comes of the same once more.
    else if (states.size === 0) continue;
    const outcome = stepRule({ timing, states, readings, at, silenced: () => false, newId: () => 'preview' });
    for (const [group, state] of outcome.states)
      if (state === null) states.delete(group);
      else states.set(group, state);
    for (const { group, transition } of outcome.changes)
      if (transition === 'firing') open.set(group, { from: at, peak: null, told: [] });
    for (const [group, firing] of open) {
      const value = readings.get(group)?.value ?? null;
      if (value !== null && (firing.peak === null || value > firing.peak)) firing.peak = value;
    }
    for (const { kind, alerts } of outcome.notices)
      for (const { group } of alerts) {
        const firing = open.get(group);
        if (firing === undefined) continue;
        const channels = kind === 'resolved' ? firing.told : channelNames(definition, kind);
        tell(kind, group, at, channels);
        firing.told = [...new Set([...firing.told, ...channels])];
      }
    for (const { group, transition } of outcome.changes) if (transition === 'resolved') finish(group, at);
  }
  for (const group of [...open.keys()]) finish(group, null);
  firings.sort((a, b) => a.from.localeCompare(b.from));
  return { firings, notifications, step: `${step / 1000}s` };
}

/** As long as the range wants and the spans of the rule, which are made of whole steps, allow. */
function stepFor(spans: readonly number[], rangeMs: number, reachMs: number): number {
  const possible = stepsMs.filter((step) => spans.every((span) => span % step === 0));
  const step = possible.find((one) => rangeMs / one <= wantedEvaluations) ?? possible.at(-1) ?? 1000;
  if ((rangeMs + reachMs) / step <= mostEvaluations) return step;
  const hours = Math.floor((mostEvaluations * step) / 3_600_000);
  throw validationError([
    {
      field: 'to',
      message: `With windows as short as those of this rule, a preview spans at most ${hours} hours, the windows before it included`,
    },
  ]);
}
