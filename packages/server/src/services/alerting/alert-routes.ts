import {
  AlertCommentBody,
  AlertParams,
  type AlertStats,
  AlertStatsQuery,
  acknowledgeAlert,
  alertStats,
  getAlert,
  ListAlertsQuery,
  listAlerts,
  resolveAlert,
  SilenceAlertBody,
  silenceAlert,
  type TimelineEntry,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { envelope, timeText } from '../../access/routes/envelope.ts';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { alertSilences } from '../../domain/records/alert-rules.ts';
import {
  type AlertBody,
  type AlertFields,
  type AlertRecord,
  alertCommands,
  alertNotifications,
  alerts,
} from '../../domain/records/alerts.ts';
import type {
  RecordFilter,
  RecordPosition,
  RecordReader,
  RecordRef,
  RecordStore,
} from '../../engines/record-store/port.ts';
import type { MountedRoute, Principal } from '../../http/service.ts';
import { viewAlert, viewAlertDetail } from './alert-views.ts';
import type { TellAlert } from './alerts-feed.ts';
import { raiseRevision } from './revision.ts';
import { viewSilence } from './silence-routes.ts';

const listQuery = Compile(ListAlertsQuery);
const statsQuery = Compile(AlertStatsQuery);
const params = Compile(AlertParams);
const commentBody = Compile(AlertCommentBody);
const silenceBody = Compile(SilenceAlertBody);

/** Alerts that are counted at a time. */
const pageSize = 1000;

export interface AlertRoutesOptions {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly tell: TellAlert;
}

/** Alerts of the caller's project, and what people do to them. */
export function alertRoutes({ records, clock, newId, log, tell }: AlertRoutesOptions): MountedRoute[] {
  const refOf = (project: string, given: unknown): RecordRef => ({
    project,
    id: params.Parse(given).id.toLowerCase(),
  });
  const entry = (what: TimelineEntry['what'], principal: Principal, comment?: string): TimelineEntry => ({
    at: timeText(clock.now()),
    what,
    by: principal.name,
    comment: comment ?? null,
  });
  const open = (alert: AlertRecord | null): AlertRecord => {
    if (alert === null) throw new StreamFlowError('NotFound', 'There is no such alert');
    if (alert.status === 'resolved') throw new StreamFlowError('Conflict', 'The alert is resolved already');
    return alert;
  };
  /** Changes an alert and has the evaluator follow, in one transaction. */
  const act = (
    ref: RecordRef,
    command: 'acknowledge' | 'resolve',
    change: (alert: AlertRecord) => AlertBody | null,
  ): Promise<{ readonly alert: AlertRecord; readonly changed: boolean }> =>
    records.transaction(async (tx) => {
      const before = open(await tx.get(alerts, ref));
      const body = change(before);
      if (body === null) return { alert: before, changed: false };
      const alert = await tx.update(alerts, ref, { status: body.status, body });
      await tx.insert(alertCommands, { project: ref.project, id: newId(), command, alert_id: ref.id });
      await raiseRevision(tx, ref.project);
      return { alert, changed: true };
    });

  return [
    {
      contract: listAlerts,
      async handle({ query, principal: { project } }) {
        const { page = 1, limit = 100, ...filter } = listQuery.Parse(query);
        const wanted = filterOf(project, filter);
        const [found, total] = await Promise.all([
          records.list(alerts, { ...wanted, ...newestFirst, limit, skip: (page - 1) * limit }),
          records.count(alerts, wanted),
        ]);
        return {
          data: found.records.map(viewAlert),
          pagination: {
            page,
            page_size: limit,
            total,
            pages: Math.ceil(total / limit),
            has_next: found.next !== null,
            has_prev: page > 1,
          },
        };
      },
    },
    {
      contract: alertStats,
      async handle({ query, principal: { project } }) {
        const [tally, pending, delivered, failed] = await Promise.all([
          tallyOf(records, filterOf(project, statsQuery.Parse(query))),
          ...(['pending', 'delivered', 'failed'] as const).map((status) =>
            records.count(alertNotifications, { project, where: { status } }),
          ),
        ]);
        const stats: AlertStats = {
          total: tally.total,
          by_status: Object.fromEntries(tally.byStatus),
          by_level: Object.fromEntries(tally.byLevel),
          by_rule: Object.fromEntries(tally.byRule),
          acknowledged_after_seconds: tally.acknowledged.mean,
          resolved_after_seconds: tally.resolved.mean,
          notifications: { pending: pending ?? 0, delivered: delivered ?? 0, failed: failed ?? 0 },
        };
        return envelope('Alerts counted successfully', stats, clock.now());
      },
    },
    {
      contract: getAlert,
      async handle({ params: given, principal: { project } }) {
        const alert = await records.get(alerts, refOf(project, given));
        if (alert === null) throw new StreamFlowError('NotFound', 'There is no such alert');
        return envelope('Alert retrieved successfully', viewAlertDetail(alert), clock.now());
      },
    },
    {
      contract: acknowledgeAlert,
      async handle({ params: given, body, principal }) {
        const { comment } = commentBody.Parse(body);
        const { alert, changed } = await act(
          refOf(principal.project, given),
          'acknowledge',
          ({ body: before }) =>
            before.acknowledged_at !== null
              ? null
              : {
                  ...before,
                  status: 'acknowledged',
                  acknowledged_at: timeText(clock.now()),
                  acknowledged_by: principal.name,
                  timeline: [...before.timeline, entry('acknowledged', principal, comment)],
                },
        );
        if (changed) {
          log.info('Alert acknowledged', { alert: alert.id, by: principal.id });
          tell('acknowledged', alert);
        }
        return envelope('Alert acknowledged successfully', viewAlertDetail(alert), clock.now());
      },
    },
    {
      contract: resolveAlert,
      async handle({ params: given, body, principal }) {
        const { comment } = commentBody.Parse(body);
        const { alert } = await act(refOf(principal.project, given), 'resolve', ({ body: before }) => ({
          ...before,
          status: 'resolved',
          resolved_at: timeText(clock.now()),
          timeline: [...before.timeline, entry('resolved', principal, comment)],
        }));
        log.info('Alert resolved', { alert: alert.id, by: principal.id });
        tell('resolved', alert);
        return envelope('Alert resolved successfully', viewAlertDetail(alert), clock.now());
      },
    },
    {
      contract: silenceAlert,
      async handle({ params: given, body, principal }) {
        const ref = refOf(principal.project, given);
        const { minutes, comment } = silenceBody.Parse(body);
        const now = clock.now();
        const silence = await records.transaction(async (tx) => {
          const alert = await tx.get(alerts, ref);
          if (alert === null) throw new StreamFlowError('NotFound', 'There is no such alert');
          const group = Object.entries(alert.body.group).map(([name, value]) => ({ name, value }));
          const made = await tx.insert(alertSilences, {
            id: newId(),
            project: ref.project,
            matchers: [{ name: 'rule_id', value: alert.rule_id }, ...group],
            starts_at: now,
            ends_at: now + minutes * 60_000,
            comment: comment ?? '',
            created_by: principal.name,
          });
          const timeline = [...alert.body.timeline, entry('silenced', principal, comment)];
          await tx.update(alerts, ref, { body: { ...alert.body, timeline } });
          await raiseRevision(tx, ref.project);
          return made;
        });
        log.info('Alert silenced', { alert: ref.id, silence: silence.id, by: principal.id });
        return envelope('Alert silenced successfully', viewSilence(silence, now), now);
      },
    },
  ];
}

interface AlertFilter {
  readonly status?: AlertRecord['status'];
  readonly level?: AlertRecord['level'];
  readonly rule?: string;
  readonly start?: string;
  readonly end?: string;
}

const newestFirst = { orderBy: 'fired_at', direction: 'desc' } as const;

function filterOf(
  project: string,
  { status, level, rule, start, end }: AlertFilter,
): RecordFilter<AlertFields> {
  return {
    project,
    where: {
      ...(status === undefined ? {} : { status }),
      ...(level === undefined ? {} : { level }),
      ...(rule === undefined ? {} : { rule_id: rule.toLowerCase() }),
    },
    range: {
      field: 'fired_at',
      from: start === undefined ? undefined : Date.parse(start),
      to: end === undefined ? undefined : Date.parse(end),
    },
  };
}

/** Mean seconds from firing to something, of the alerts to which it happened. */
class MeanSeconds {
  private sum = 0;
  private count = 0;

  add(firedAt: number, time: string | null): void {
    if (time === null) return;
    this.sum += Math.max(0, Date.parse(time) - firedAt) / 1000;
    this.count += 1;
  }

  get mean(): number | null {
    return this.count === 0 ? null : this.sum / this.count;
  }
}

/** Counts what fits, page by page, in the memory of one page. */
async function tallyOf(records: RecordReader, filter: RecordFilter<AlertFields>) {
  const byStatus = new Map<string, number>();
  const byLevel = new Map<string, number>();
  const byRule = new Map<string, number>();
  const acknowledged = new MeanSeconds();
  const resolved = new MeanSeconds();
  let total = 0;
  let after: RecordPosition | undefined;
  do {
    const page = await records.list(alerts, {
      ...filter,
      ...newestFirst,
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    for (const { status, level, fired_at, body } of page.records) {
      count(byStatus, status);
      count(byLevel, level);
      count(byRule, body.rule_name);
      acknowledged.add(fired_at, body.acknowledged_at);
      resolved.add(fired_at, body.resolved_at);
    }
    total += page.records.length;
    after = page.next ?? undefined;
  } while (after !== undefined);
  return { total, byStatus, byLevel, byRule, acknowledged, resolved };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
