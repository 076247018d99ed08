import Type from 'typebox';
import { optionalText } from '../setting.ts';

/* What only the fault run of StreamFlow sets. */

/** Moments at which a process may be made to die; see crash-points.ts. */
export const crashPointNames = [
  'ingestion.before_publish',
  'ingestion.after_confirm',
  'storage.before_commit',
  'storage.during_commit',
  'storage.after_commit',
  'analytics.after_publish',
] as const;
export type CrashPointName = (typeof crashPointNames)[number];

const names = crashPointNames.map((name) => name.replace('.', '\\.')).join('|');

export const testing = Type.Object({
  crash_point: optionalText({
    env: 'STREAMFLOW_CRASH_POINT',
    description:
      'Kills the process when it passes the named point for the given time, `storage.after_commit:3`: for the fault run that proves StreamFlow, and refused unless `app.environment` is `test`.',
    pattern: new RegExp(`^(${names}):[1-9][0-9]{0,8}$`),
    expected: `one of ${crashPointNames.join(', ')}, a colon and a number`,
  }),
});
