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
  type AlertRecord,
  alertCommands,
  alertNotifications,
  alerts,
} from '../../domain/records/alerts.ts';
import type {
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

/** How far back lists and counts go. */
const mostAlerts = 10_000;
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
        const found = await recent(records, project, filter);
        const pages = Math.ceil(found.length / limit);
        return {
          data: found.slice((page - 1) * limit, page * limit).map(viewAlert),
          pagination: {
            page,
            page_size: limit,
            total: found.length,
            pages,
            has_next: page < pages,
            has_prev: page > 1,
          },
        };
      },
    },
    {
      contract: alertStats,
      async handle({ query, principal: { project } }) {
        const [found, pending, delivered, failed] = await Promise.all([
          recent(records, project, statsQuery.Parse(query)),
          ...(['pending', 'delivered', 'failed'] as const).map((status) =>
            records.count(alertNotifications, { project, where: { status } }),
          ),
        ]);
        const stats: AlertStats = {
          total: found.length,
          by_status: countBy(found, ({ status }) => status),
          by_level: countBy(found, ({ level }) => level),
          by_rule: countBy(found, ({ body }) => body.rule_name),
          acknowledged_after_seconds: meanSeconds(found, ({ acknowledged_at }) => acknowledged_at),
          resolved_after_seconds: meanSeconds(found, ({ resolved_at }) => resolved_at),
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

/** The alerts that fit, those that fired last first, as far back as lists go. */
async function recent(records: RecordReader, project: string, filter: AlertFilter): Promise<AlertRecord[]> {
  const { status, level, rule, start, end } = filter;
  const where = {
    ...(status === undefined ? {} : { status }),
    ...(level === undefined ? {} : { level }),
    ...(rule === undefined ? {} : { rule_id: rule.toLowerCase() }),
  };
  const earliest = start === undefined ? Number.NEGATIVE_INFINITY : Date.parse(start);
  const found: AlertRecord[] = [];
  let after: RecordPosition | undefined = end === undefined ? undefined : { value: Date.parse(end), id: '' };
  while (found.length < mostAlerts) {
    const page = await records.list(alerts, {
      project,
      where,
      orderBy: 'fired_at',
      direction: 'desc',
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    const fitting = page.records.filter(({ fired_at }) => fired_at >= earliest);
    found.push(...fitting);
    if (page.next === null || fitting.length < page.records.length) break;
    after = page.next;
  }
  return found;
}

function countBy(found: readonly AlertRecord[], key: (alert: AlertRecord) => string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const alert of found) counts.set(key(alert), (counts.get(key(alert)) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function meanSeconds(
  found: readonly AlertRecord[],
  until: (body: AlertBody) => string | null,
): number | null {
  const seconds = found.flatMap(({ fired_at, body }) => {
    const time = until(body);
    return time === null ? [] : [Math.max(0, Date.parse(time) - fired_at) / 1000];
  });
  return seconds.length === 0 ? null : seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
}
