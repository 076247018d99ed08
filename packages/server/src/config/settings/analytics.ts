import Type from 'typebox';
import { integer, list } from '../setting.ts';

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
  metric_files: list({
    env: 'ANALYTICS_METRIC_FILES',
    description:
      'Files of metric definitions, each with the fields of `POST /metric-definitions`: one, a list, or a list under `metrics`; or directories of `.yaml`, `.yml` and `.json` files, relative to the working directory. The analytics service makes the definitions as they say when it starts, and deletes those that have left the files; by the API they cannot be changed. Without this setting definitions that it made stay, and can be changed.',
    isItem: (item) => item !== '',
    items: 'paths of files and directories',
    default: [],
  }),
});
