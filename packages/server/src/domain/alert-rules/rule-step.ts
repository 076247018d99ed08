import {
  type AlertTransition,
  type GroupState,
  isResting,
  type NoticeKind,
  type OpenAlert,
  type Reading,
  type RuleTiming,
  restingState,
  type Step,
  stepGroup,
} from './group-state.ts';

/** A change of one group. */
export interface GroupChange {
  readonly group: string;
  readonly transition: AlertTransition;
  /** Null for `pending` and `cancelled`. */
  readonly alert: OpenAlert | null;
}

/** Alerts of one rule of which the same is told at the same time: one notification to each of its channels. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly alerts: readonly { readonly group: string; readonly alert: OpenAlert }[];
}

export interface RuleStep {
  /** Groups whose state changed; null where nothing needs to be remembered any more. */
  readonly states: ReadonlyMap<string, GroupState | null>;
  readonly changes: readonly GroupChange[];
  readonly notices: readonly Notice[];
}

export interface RuleStepInput {
  readonly timing: RuleTiming;
  /** By group; groups that are left out rest. */
  readonly states: ReadonlyMap<string, GroupState>;
  /** By group; groups that are left out have no values. */
  readonly readings: ReadonlyMap<string, Reading>;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly silenced: (group: string) => boolean;
  readonly newId: () => string;
}

const noValues: Reading = { holds: null, resolves: null };

/** One evaluation of a rule over all of its groups. Pure. */
export function stepRule({ timing, states, readings, at, silenced, newId }: RuleStepInput): RuleStep {
  const collected = createCollector();
  const visit = (group: string, reading: Reading): void => {
    const known = states.get(group);
    // What rests and stays so is most of it.
    if (known === undefined && reading.holds === false && timing.onNoData !== 'alert') return;
    const before = known ?? restingState(at);
    const step = stepGroup(timing, before, reading, {
      at,
      newId,
      get silenced() {
        return silenced(group);
      },
    });
    const resting = isResting(step.state, timing, at);
    if (step.state === known && !resting) return;
    if (known === undefined && resting) return;
    collected.add(group, step, resting ? null : step.state);
  };
  for (const [group, reading] of readings) visit(group, reading);
  for (const group of states.keys()) if (!readings.has(group)) visit(group, noValues);
  return collected.result();
}

/** Puts the steps of groups together. */
export function createCollector(): {
  add(group: string, step: Step, state: GroupState | null): void;
  result(): RuleStep;
} {
  const states = new Map<string, GroupState | null>();
  const changes: GroupChange[] = [];
  const notices = new Map<NoticeKind, { group: string; alert: OpenAlert }[]>();
  return {
    add(group, { transition, notices: kinds, alert }, state) {
      states.set(group, state);
      if (transition !== null) changes.push({ group, transition, alert });
      if (alert === null) return;
      for (const kind of kinds) {
        const alerts = notices.get(kind) ?? [];
        alerts.push({ group, alert });
        notices.set(kind, alerts);
      }
    },
    result: () => ({
      states,
      changes,
      notices: [...notices].map(([kind, alerts]) => ({ kind, alerts })),
    }),
  };
}
