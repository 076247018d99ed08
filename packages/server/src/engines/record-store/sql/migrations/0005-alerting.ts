import type { RecordMigration } from '../dialect.ts';
import { baseColumns } from './base-columns.ts';

export const alerting: RecordMigration = {
  version: 5,
  name: 'alerting',
  sql: (dialect) => {
    const { text, integer, json, truth, tableEnd } = dialect;
    return `
create table if not exists alert_rules (${baseColumns(dialect)}
  name ${text} not null,
  enabled ${truth('enabled')},
  level ${text} not null,
  definition ${json('definition')} not null,
  primary key (project, id)
)${tableEnd};
create unique index if not exists alert_rules_name on alert_rules (project, name);
create index if not exists alert_rules_created_at on alert_rules (project, created_at, id);

create table if not exists alert_channels (${baseColumns(dialect)}
  type ${text} not null,
  name ${text} not null,
  enabled ${truth('enabled')},
  sealed_config ${text} not null,
  shown_config ${json('shown_config')} not null,
  primary key (project, id)
)${tableEnd};
create unique index if not exists alert_channels_name on alert_channels (project, type, name);

create table if not exists alert_silences (${baseColumns(dialect)}
  matchers ${json('matchers')} not null,
  starts_at ${integer} not null,
  ends_at ${integer} not null,
  comment ${text} not null,
  created_by ${text} not null,
  primary key (project, id)
)${tableEnd};
create index if not exists alert_silences_ends_at on alert_silences (project, ends_at, id);

create table if not exists alerts (${baseColumns(dialect)}
  rule_id ${text} not null,
  level ${text} not null,
  status ${text} not null,
  fired_at ${integer} not null,
  told_channels ${json('told_channels')} not null,
  body ${json('body')} not null,
  primary key (project, id)
)${tableEnd};
create index if not exists alerts_fired_at on alerts (project, fired_at, id);
create index if not exists alerts_status on alerts (project, status, fired_at, id);
create index if not exists alerts_rule on alerts (project, rule_id, fired_at, id);

create table if not exists alert_states (${baseColumns(dialect)}
  rule_id ${text} not null,
  group_key ${text} not null,
  state ${json('state')} not null,
  primary key (project, id)
)${tableEnd};
create index if not exists alert_states_created_at on alert_states (project, created_at, id);

create table if not exists alert_notifications (${baseColumns(dialect)}
  channel_id ${text} not null,
  kind ${text} not null,
  status ${text} not null,
  alert_ids ${json('alert_ids')} not null,
  message ${json('message')} not null,
  attempts ${integer} not null,
  last_error ${text},
  finished_at ${integer},
  primary key (project, id)
)${tableEnd};
create index if not exists alert_notifications_status on alert_notifications (project, status, created_at, id);
create index if not exists alert_notifications_channel on alert_notifications (project, channel_id, status, created_at, id);

create table if not exists alert_commands (${baseColumns(dialect)}
  command ${text} not null,
  alert_id ${text} not null,
  primary key (project, id)
)${tableEnd};

create table if not exists leases (${baseColumns(dialect)}
  holder ${text},
  epoch ${integer} not null,
  primary key (project, id)
)${tableEnd};
`;
  },
};
