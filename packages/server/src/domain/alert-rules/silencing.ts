/** One label that must, or must not, have the value. */
export interface LabelMatcher {
  readonly name: string;
  readonly value: string;
  /** Whether it must have the value, or must not. */
  readonly equal: boolean;
}

/** Quiet for alerts that fit all matchers. Times in milliseconds since the epoch; the end is not included. */
export interface SilenceSpan {
  readonly matchers: readonly LabelMatcher[];
  readonly startsAt: number;
  readonly endsAt: number;
}

/** What an alert is known by: `rule`, `rule_id`, `level`, each tag of its rule as `tag:<name>`, and its group's tags. */
export type Labels = Readonly<Record<string, string>>;

export const isSilenced = (labels: Labels, silences: readonly SilenceSpan[], at: number): boolean =>
  silences.some(
    ({ matchers, startsAt, endsAt }) =>
      at >= startsAt && at < endsAt && matchers.every((matcher) => fits(labels, matcher)),
  );

const fits = (labels: Labels, { name, value, equal }: LabelMatcher): boolean =>
  (Object.hasOwn(labels, name) && labels[name] === value) === equal;
