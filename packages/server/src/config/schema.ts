import Type from 'typebox';
import { analytics } from './settings/analytics.ts';
import { bus, clickhouse, database, rabbitmq, redis, storage } from './settings/engines.ts';
import { events, limits } from './settings/events.ts';
import { sms, smtp } from './settings/notifiers.ts';
import { app, dataDir, monitoring, server, services } from './settings/program.ts';
import { ingestion, rateLimiting, security } from './settings/security.ts';
import { testing } from './settings/testing.ts';

/**
 * Every setting of StreamFlow, written once: its key in config.yaml, its environment variable, what it accepts and its
 * default. The types, the checks, the warnings and docs/reference/configuration.md come from here.
 */
export const configSchema = Type.Object({
  app,
  data_dir: dataDir,
  server,
  services,
  database,
  clickhouse,
  rabbitmq,
  redis,
  security,
  monitoring,
  rate_limiting: rateLimiting,
  ingestion,
  events,
  limits,
  bus,
  storage,
  analytics,
  smtp,
  sms,
  testing,
});

/** What is set, each key as it stands in config.yaml. */
export type ConfigValues = Type.Static<typeof configSchema>;
