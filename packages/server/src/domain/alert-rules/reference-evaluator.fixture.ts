/* What happens to one group, told a second time: not step by step, but by looking for runs over the whole series. Written
 * from the description of rules, and sharing no code with the state machine. */

export interface ReferenceTick {
  readonly at: number;
  readonly holds: boolean | null;
  readonly resolves: boolean | null;
  readonly silenced: boolean;
}

export interface ReferenceRule {
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly suppressionMs: number;
  readonly escalationMs: number;
  readonly onNoData: 'ok' | 'alert' | 'keep';
  readonly hasResolveCondition: boolean;
}

export interface Happening {
  readonly at: number;
  readonly what: string;
}

export function referenceHistory(rule: ReferenceRule, all: readonly ReferenceTick[]): Happening[] {
  const seen = all
    .filter((tick) => tick.holds !== null || rule.onNoData !== 'keep')
    .map((tick) => {
      const on = tick.holds === null ? rule.onNoData === 'alert' : tick.holds;
      const off = !on && (!rule.hasResolveCondition || tick.holds === null || tick.resolves === true);
      return { at: tick.at, on, off };
    });
  const happenings: Happening[] = [];
  const alerts: { from: number; to: number }[] = [];

  let position = 0;
  while (position < seen.length) {
    const start = seen.findIndex((tick, index) => index >= position && tick.on);
    if (start < 0) break;
    const broken = seen.findIndex((tick, index) => index > start && !tick.on);
    const end = broken < 0 ? seen.length : broken;
    const began = seen[start]?.at ?? 0;
    const fired = seen.findIndex(
      (tick, index) => index >= start && index < end && tick.at - began >= rule.forMs,
    );
    if (fired !== start) happenings.push({ at: began, what: 'pending' });
    if (fired < 0) {
      if (broken >= 0) happenings.push({ at: seen[broken]?.at ?? 0, what: 'cancelled' });
      position = end + 1;
      continue;
    }
    const from = seen[fired]?.at ?? 0;
    happenings.push({ at: from, what: 'firing' });
    // The first tick that ends an unbroken run of clear ones that is long enough.
    const over = seen.findIndex((tick, index) => {
      if (index <= fired || !tick.off) return false;
      let first = index;
      while (first - 1 > fired && seen[first - 1]?.off === true) first -= 1;
      return tick.at - (seen[first]?.at ?? 0) >= rule.keepFiringForMs;
    });
    const to = over < 0 ? Number.POSITIVE_INFINITY : (seen[over]?.at ?? 0);
    if (over >= 0) happenings.push({ at: to, what: 'resolved' });
    alerts.push({ from, to });
    position = over < 0 ? seen.length : over + 1;
  }

  let told = Number.NEGATIVE_INFINITY;
  for (const { from, to } of alerts) {
    const audible = all.filter((tick) => tick.at >= from && tick.at < to && !tick.silenced);
    const first = audible.find((tick) => tick.at - told >= rule.suppressionMs);
    if (first === undefined) continue;
    told = first.at;
    happenings.push({ at: first.at, what: 'tell firing' });
    const second = audible.find((tick) => tick.at > first.at && tick.at - first.at >= rule.escalationMs);
    if (rule.escalationMs > 0 && second !== undefined)
      happenings.push({ at: second.at, what: 'tell escalated' });
    if (to !== Number.POSITIVE_INFINITY) happenings.push({ at: to, what: 'tell resolved' });
  }
  return happenings;
}
