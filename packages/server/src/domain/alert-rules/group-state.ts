/*
 * One group of one alert rule:
 *
 *   ok ──holds──▶ pending ──held for `for`──▶ firing ──clear for `keep_firing_for`──▶ ok (the alert is resolved)
 *        ▲──────── not ────────┘
 *
 * With `for` of 0, ok goes to firing at once. A firing alert is clear when the resolve condition holds and the condition
 * does not; without a resolve condition, when the condition does not hold. Without values, `on_no_data` decides: `ok` is
 * as if the condition did not hold, `alert` as if it did, and `keep` leaves the phase as it is, as if there had been no
 * evaluation.
 *
 * A firing alert is told once: when it fires, or later, once it is neither silenced nor suppressed. It is suppressed
 * while the group was told of an alert less than `suppression` ago. It escalates once, `escalation` after it was told,
 * unless it is acknowledged or silenced. Its end is told when its beginning was. An alert that a person resolved does not
 * fire again before its condition has been seen not to hold.
 */

export interface RuleTiming {
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** 0 for none. */
  readonly suppressionMs: number;
  /** 0 for never. */
  readonly escalationMs: number;
  readonly onNoData: 'ok' | 'alert' | 'keep';
  readonly hasResolveCondition: boolean;
}

/** What the conditions of a rule said of one group; null without values. */
export interface Reading {
  readonly holds: boolean | null;
  /** Of the resolve condition; null without one. */
  readonly resolves: boolean | null;
}

export interface OpenAlert {
  readonly id: string;
  readonly firedAt: number;
  /** When it was told; null while it was silenced or suppressed. */
  readonly notifiedAt: number | null;
  readonly acknowledgedAt: number | null;
  readonly escalatedAt: number | null;
  /** Since when it has been clear; null while it is not. */
  readonly clearSince: number | null;
}

/** All times in milliseconds since the epoch. */
export interface GroupState {
  readonly phase: 'ok' | 'pending' | 'firing';
  /** Since when it is in this phase. */
  readonly since: number;
  /** While it fires. */
  readonly alert: OpenAlert | null;
  /** When an alert of this group was told last. */
  readonly lastNotifiedAt: number | null;
  /** A person resolved the alert while the condition held. */
  readonly waitsForClear: boolean;
}

export type AlertTransition = 'pending' | 'cancelled' | 'firing' | 'resolved';
export type NoticeKind = 'firing' | 'escalated' | 'resolved';

export interface Step {
  /** The same object when nothing changed. */
  readonly state: GroupState;
  readonly transition: AlertTransition | null;
  readonly notices: readonly NoticeKind[];
  /** The alert that the transition and the notices are of. */
  readonly alert: OpenAlert | null;
}

export interface StepContext {
  readonly at: number;
  readonly silenced: boolean;
  readonly newId: () => string;
}

export const restingState = (at: number): GroupState => ({
  phase: 'ok',
  since: at,
  alert: null,
  lastNotifiedAt: null,
  waitsForClear: false,
});

/** Whether nothing of it needs to be remembered; a group that alerts when its values stop must be known by then. */
export const isResting = (state: GroupState, timing: RuleTiming, at: number): boolean =>
  timing.onNoData !== 'alert' &&
  state.phase === 'ok' &&
  !state.waitsForClear &&
  (state.lastNotifiedAt === null || at - state.lastNotifiedAt >= timing.suppressionMs);

/** One evaluation of a group. Pure. */
export function stepGroup(
  timing: RuleTiming,
  before: GroupState,
  reading: Reading,
  context: StepContext,
): Step {
  const { at } = context;
  const holds = reading.holds ?? { ok: false, alert: true, keep: null }[timing.onNoData];
  const unchanged: Step = { state: before, transition: null, notices: [], alert: before.alert };

  if (before.phase === 'firing') {
    if (before.alert === null) throw new Error('A firing group has no alert');
    const isClear = timing.hasResolveCondition
      ? holds === false && (reading.resolves === true || reading.holds === null)
      : holds === false;
    const clearSince =
      holds === null ? before.alert.clearSince : isClear ? (before.alert.clearSince ?? at) : null;
    if (isClear && clearSince !== null && at - clearSince >= timing.keepFiringForMs)
      return resolved(before, before.alert, at);
    const alert = clearSince === before.alert.clearSince ? before.alert : { ...before.alert, clearSince };
    const told = tell(timing, alert, before.lastNotifiedAt, context);
    if (told.alert === before.alert) return unchanged;
    return {
      state: { ...before, alert: told.alert, lastNotifiedAt: told.lastNotifiedAt },
      transition: null,
      notices: told.notices,
      alert: told.alert,
    };
  }

  if (holds === null) return unchanged;
  if (!holds) {
    if (before.phase === 'pending')
      return {
        state: { ...before, phase: 'ok', since: at, waitsForClear: false },
        transition: 'cancelled',
        notices: [],
        alert: null,
      };
    return before.waitsForClear ? { ...unchanged, state: { ...before, waitsForClear: false } } : unchanged;
  }
  if (before.waitsForClear) return unchanged;
  const since = before.phase === 'pending' ? before.since : at;
  if (at - since < timing.forMs) {
    if (before.phase === 'pending') return unchanged;
    return {
      state: { ...before, phase: 'pending', since: at },
      transition: 'pending',
      notices: [],
      alert: null,
    };
  }
  const fired: OpenAlert = {
    id: context.newId(),
    firedAt: at,
    notifiedAt: null,
    acknowledgedAt: null,
    escalatedAt: null,
    clearSince: null,
  };
  const told = tell(timing, fired, before.lastNotifiedAt, context);
  return {
    state: {
      phase: 'firing',
      since: at,
      alert: told.alert,
      lastNotifiedAt: told.lastNotifiedAt,
      waitsForClear: false,
    },
    transition: 'firing',
    notices: told.notices,
    alert: told.alert,
  };
}

/** What is due to be told of a firing alert. */
function tell(
  timing: RuleTiming,
  alert: OpenAlert,
  lastNotifiedAt: number | null,
  { at, silenced }: StepContext,
): { readonly alert: OpenAlert; readonly lastNotifiedAt: number | null; readonly notices: NoticeKind[] } {
  if (silenced) return { alert, lastNotifiedAt, notices: [] };
  if (alert.notifiedAt === null) {
    const suppressed = lastNotifiedAt !== null && at - lastNotifiedAt < timing.suppressionMs;
    return suppressed
      ? { alert, lastNotifiedAt, notices: [] }
      : { alert: { ...alert, notifiedAt: at }, lastNotifiedAt: at, notices: ['firing'] };
  }
  const escalates =
    timing.escalationMs > 0 &&
    alert.escalatedAt === null &&
    alert.acknowledgedAt === null &&
    at - alert.notifiedAt >= timing.escalationMs;
  return escalates
    ? { alert: { ...alert, escalatedAt: at }, lastNotifiedAt, notices: ['escalated'] }
    : { alert, lastNotifiedAt, notices: [] };
}

function resolved(before: GroupState, alert: OpenAlert, at: number): Step {
  return {
    state: { ...before, phase: 'ok', since: at, alert: null },
    transition: 'resolved',
    notices: alert.notifiedAt === null ? [] : ['resolved'],
    alert,
  };
}

/** A person took the alert on: it does not escalate. */
export function acknowledgeGroup(state: GroupState, alertId: string, at: number): GroupState {
  const { alert } = state;
  if (alert === null || alert.id !== alertId || alert.acknowledgedAt !== null) return state;
  return { ...state, alert: { ...alert, acknowledgedAt: at } };
}

/** A person, or the end of its rule, resolved the alert. */
export function resolveGroup(state: GroupState, alertId: string, at: number): Step {
  const { alert } = state;
  if (alert === null || alert.id !== alertId) return { state, transition: null, notices: [], alert: null };
  const step = resolved(state, alert, at);
  return { ...step, state: { ...step.state, waitsForClear: true } };
}
