import type { RecordMigration } from './dialect.ts';
import { usersKeysSettings } from './migrations/0001-users-keys-settings.ts';
import { ledger } from './migrations/0002-ledger.ts';
import { metricDefinitions } from './migrations/0003-metric-definitions.ts';
import { access } from './migrations/0004-access.ts';
import { alerting } from './migrations/0005-alerting.ts';
import { alertRuleOrigins } from './migrations/0006-alert-rule-origins.ts';

/** The schema of all records, step by step, for every dialect. */
export const recordMigrations: readonly RecordMigration[] = [
  usersKeysSettings,
  ledger,
  metricDefinitions,
  access,
  alerting,
  alertRuleOrigins,
];
