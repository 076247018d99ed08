import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Zone } from '../lib/format.ts';
import type { TimeRange } from '../lib/time-range.ts';
import {
  type Condition,
  conditionParams,
  oneOf,
  type Params,
  rangeParams,
  readConditions,
  readRange,
} from '../lib/view.ts';

export interface View {
  readonly params: Params;
  readonly range: TimeRange;
  readonly conditions: readonly Condition[];
  readonly zone: Zone;
  /** Changes what the address says; undefined takes a parameter away. */
  change(params: Params): void;
  setRange(range: TimeRange): void;
  setConditions(conditions: readonly Condition[]): void;
  addCondition(condition: Condition): void;
}

/** What the address says: a link shows the same to whoever opens it. */
export function useView(): View {
  const params: Params = useSearch({ strict: false });
  const navigate = useNavigate();
  return useMemo(() => {
    const conditions = readConditions(params);
    const change = (next: Params): void => {
      void navigate({ to: '.', search: { ...params, ...next }, resetScroll: false });
    };
    const setConditions = (next: readonly Condition[]): void => change(conditionParams(next));
    return {
      params,
      range: readRange(params),
      conditions,
      zone: oneOf(params, 'zone') === 'utc' ? 'utc' : 'local',
      change,
      setRange: (range) => change(rangeParams(range)),
      setConditions,
      addCondition: ({ field, value }) => {
        if (!conditions.some((each) => each.field === field && each.value === value))
          setConditions([...conditions, { field, value }]);
      },
    };
  }, [params, navigate]);
}
