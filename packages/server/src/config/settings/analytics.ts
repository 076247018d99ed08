import Type from 'typebox';
import { integer } from '../setting.ts';

/* How live metrics are computed. */

export const analytics = Type.Object({
  allowed_lateness_seconds: integer({
    env: 'ANALYTICS_ALLOWED_LATENESS_SECONDS',
    description:
      'How long after its time an event is still folded into live metrics by a worker; later ones are counted as late and taken from the stored events.',
    unit: 'seconds',
    default: 300,
    minimum: 1,
    maximum: 3600,
  }),
  max_tag_values: integer({
    env: 'ANALYTICS_MAX_TAG_VALUES',
    description:
      'Values of each tag of a live metric that are told apart, and three times as many combinations; the rest is counted under `__other__`.',
    default: 200,
    minimum: 1,
    maximum: 10_000,
  }),
});
