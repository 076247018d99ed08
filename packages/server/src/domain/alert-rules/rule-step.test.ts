import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acknowledgeGroup,
  type GroupState,
  type Reading,
  type RuleTiming,
  resolveGroup,
} from './group-state.ts';
import { type Happening, type ReferenceTick, referenceHistory } from './reference-evaluator.fixture.ts';
import { stepRule } from './rule-step.ts';
import { isSilenced } from './silencing.ts';

const minute = 60_000;
const plain: RuleTiming = {
  forMs: 0,
  keepFiringForMs: 0,
  suppressionMs: 0,
  escalationMs: 0,
  onNoData: 'ok',
  hasResolveCondition: false,
};

/** Drives one rule with readings by group and keeps its states, as the evaluator does. */
function createDriver(timing: RuleTiming) {
  const states = new Map<string, GroupState>();
  let ids = 0;
  const log: string[] = [];
  const tick = (
    at: number,
    readings: Readonly<Record<string, boolean | null>>,
    silenced = false,
  ): string[] => {
    const step = stepRule({
      timing,
      states,
      readings: new Map(
        Object.entries(readings).map(([group, holds]) => [
          group,
          { holds, resolves: null } satisfies Reading,
        ]),
      ),
      at,
      silenced: () => silenced,
      newId: () => `alert-${++ids}`,
    });
    for (const [group, state] of step.states)
      if (state === null) states.delete(group);
      else states.set(group, state);
    const said = [
      ...step.changes.map(({ group, transition }) => `${group} ${transition}`),
      ...step.notices.map(({ kind, alerts }) => `tell ${kind} ${alerts.map(({ group }) => group).join()}`),
    ];
    log.push(...said);
    return said;
  };
  return { states, tick, log };
}

describe('an alert rule', () => {
  it('fires once its condition has held for long enough, and resolves', () => {
    const rule = createDriver({ ...plain, forMs: minute });
    expect(rule.tick(0, { a: true })).toEqual(['a pending']);
    expect(rule.tick(59_999, { a: true })).toEqual([]);
    expect(rule.tick(60_000, { a: true })).toEqual(['a firing', 'tell firing a']);
    expect(rule.tick(61_000, { a: true })).toEqual([]);
    expect(rule.tick(62_000, { a: false })).toEqual(['a resolved', 'tell resolved a']);
    expect(rule.states.size).toBe(0);
  });

  it('forgets a condition that did not hold for long enough', () => {
    const rule = createDriver({ ...plain, forMs: minute });
    rule.tick(0, { a: true });
    expect(rule.tick(30_000, { a: false })).toEqual(['a cancelled']);
    expect(rule.tick(31_000, { a: true })).toEqual(['a pending']);
    expect(rule.tick(61_000, { a: true })).toEqual([]);
  });

  it('tells of groups that fire together in one notification', () => {
    const rule = createDriver(plain);
    expect(rule.tick(0, { a: true, b: false, c: true })).toEqual(['a firing', 'c firing', 'tell firing a,c']);
    expect(rule.tick(1000, { a: true, b: true, c: true })).toEqual(['b firing', 'tell firing b']);
    // A group that has no values any more is as `on_no_data` says.
    expect(rule.tick(2000, { a: true })).toEqual(['c resolved', 'b resolved', 'tell resolved c,b']);
  });

  it('alerts when the values of a group stop, if it is to', () => {
    const rule = createDriver({ ...plain, onNoData: 'alert' });
    expect(rule.tick(0, { a: false, b: false })).toEqual([]);
    expect(rule.tick(1000, { b: false })).toEqual(['a firing', 'tell firing a']);
    expect(rule.tick(2000, { a: false, b: false })).toEqual(['a resolved', 'tell resolved a']);
  });

  it('keeps firing through short breaks', () => {
    const rule = createDriver({ ...plain, keepFiringForMs: minute });
    rule.tick(0, { a: true });
    rule.tick(1000, { a: false });
    rule.tick(31_000, { a: true });
    expect(rule.tick(32_000, { a: false })).toEqual([]);
    expect(rule.tick(91_999, { a: false })).toEqual([]);
    expect(rule.tick(92_000, { a: false })).toEqual(['a resolved', 'tell resolved a']);
  });

  it('is not told again within the suppression, and is told after it while it still fires', () => {
    const rule = createDriver({ ...plain, suppressionMs: minute });
    rule.tick(0, { a: true });
    rule.tick(10_000, { a: false });
    expect(rule.tick(20_000, { a: true })).toEqual(['a firing']);
    expect(rule.tick(30_000, { a: false })).toEqual(['a resolved']);
    expect(rule.tick(40_000, { a: true })).toEqual(['a firing']);
    expect(rule.tick(60_000, { a: true })).toEqual(['tell firing a']);
    expect(rule.tick(70_000, { a: false })).toEqual(['a resolved', 'tell resolved a']);
  });

  it('escalates once, unless somebody took it on', () => {
    const rule = createDriver({ ...plain, escalationMs: minute });
    rule.tick(0, { a: true, b: true });
    const { alert } = rule.states.get('b') ?? {};
    const state = rule.states.get('b');
    if (state === undefined || alert === null || alert === undefined) throw new Error('b does not fire');
    rule.states.set('b', acknowledgeGroup(state, alert.id, 30_000));
    expect(rule.tick(59_999, { a: true, b: true })).toEqual([]);
    expect(rule.tick(60_000, { a: true, b: true })).toEqual(['tell escalated a']);
    expect(rule.tick(999_000, { a: true, b: true })).toEqual([]);
  });

  it('stays quiet while it is silenced, and is told afterwards', () => {
    const rule = createDriver({ ...plain, escalationMs: minute });
    expect(rule.tick(0, { a: true }, true)).toEqual(['a firing']);
    expect(rule.tick(90_000, { a: true }, true)).toEqual([]);
    expect(rule.tick(91_000, { a: true })).toEqual(['tell firing a']);
    expect(rule.tick(150_999, { a: true })).toEqual([]);
    expect(rule.tick(151_000, { a: true })).toEqual(['tell escalated a']);
  });

  it('does not fire again at once when a person resolved it', () => {
    const rule = createDriver(plain);
    rule.tick(0, { a: true });
    const state = rule.states.get('a');
    if (state?.alert === null || state === undefined) throw new Error('a does not fire');
    const step = resolveGroup(state, state.alert.id, 500);
    expect([step.transition, ...step.notices]).toEqual(['resolved', 'resolved']);
    rule.states.set('a', step.state);
    expect(rule.tick(1000, { a: true })).toEqual([]);
    expect(rule.tick(2000, { a: false })).toEqual([]);
    expect(rule.tick(3000, { a: true })).toEqual(['a firing', 'tell firing a']);
  });

  it('agrees with the reference on every transition and every notification', () => {
    const span = fc.constantFrom(0, 1000, 2000, 5000);
    const timing = fc.record({
      forMs: span,
      keepFiringForMs: span,
      suppressionMs: fc.constantFrom(0, 3000, 8000),
      escalationMs: fc.constantFrom(0, 2000, 6000),
      onNoData: fc.constantFrom('ok' as const, 'alert' as const, 'keep' as const),
      hasResolveCondition: fc.boolean(),
    });
    const value = fc.option(fc.boolean(), { nil: null, freq: 6 });
    const series = fc.array(
      fc.record({
        gap: fc.constantFrom(1000, 1000, 1000, 2000),
        holds: value,
        resolves: value,
        silenced: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
      }),
      { maxLength: 60 },
    );
    let alerts = 0;
    fc.assert(
      fc.property(timing, series, (rule, gaps) => {
        const ticks: ReferenceTick[] = [];
        for (const { gap, ...tick } of gaps) ticks.push({ ...tick, at: (ticks.at(-1)?.at ?? 0) + gap });
        const states = new Map<string, GroupState>();
        const happened: Happening[] = [];
        for (const tick of ticks) {
          const step = stepRule({
            timing: rule,
            states,
            readings: new Map([['g', { holds: tick.holds, resolves: tick.resolves }]]),
            at: tick.at,
            silenced: () => tick.silenced,
            newId: () => 'id',
          });
          for (const [group, state] of step.states)
            if (state === null) states.delete(group);
            else states.set(group, state);
          for (const { transition } of step.changes) happened.push({ at: tick.at, what: transition });
          for (const { kind } of step.notices) happened.push({ at: tick.at, what: `tell ${kind}` });
        }
        const expected = referenceHistory(rule, ticks);
        alerts += expected.filter(({ what }) => what === 'firing').length;
        const sorted = (list: readonly Happening[]) => list.map((one) => `${one.at} ${one.what}`).sort();
        expect(sorted(happened)).toEqual(sorted(expected));
      }),
      { numRuns: 3000 },
    );
    expect(alerts).toBeGreaterThan(1000);
  });
});

describe('a silence', () => {
  it('fits alerts by all of its matchers, from its start to before its end', () => {
    const silence = {
      matchers: [
        { name: 'rule', value: 'Errors', equal: true },
        { name: 'source', value: 'web', equal: false },
      ],
      startsAt: 10,
      endsAt: 20,
    };
    const quiet = (labels: Record<string, string>, at: number) => isSilenced(labels, [silence], at);
    expect(quiet({ rule: 'Errors', source: 'api' }, 10)).toBe(true);
    expect(quiet({ rule: 'Errors' }, 19)).toBe(true);
    expect(quiet({ rule: 'Errors', source: 'web' }, 10)).toBe(false);
    expect(quiet({ rule: 'Other', source: 'api' }, 10)).toBe(false);
    expect(quiet({ rule: 'Errors' }, 9)).toBe(false);
    expect(quiet({ rule: 'Errors' }, 20)).toBe(false);
    expect(quiet({ __proto__: 'x' }, 10)).toBe(false);
  });
});
