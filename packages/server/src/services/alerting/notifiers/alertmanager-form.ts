import { createHash } from 'node:crypto';
import type { AlertNotification } from '@streamflow/contracts';
import { numberText, titleOf } from './message-text.ts';

/** What is not over yet, as Alertmanager writes it. */
const noTime = '0001-01-01T00:00:00Z';

/** The body of a webhook of Prometheus Alertmanager (version 4), so that its receivers work unchanged. */
export function alertmanagerForm(message: AlertNotification): Readonly<Record<string, unknown>> {
  const { rule, level, kind } = message;
  const status = kind === 'resolved' ? 'resolved' : 'firing';
  const groupLabels = { alertname: rule.name };
  const alerts = message.alerts.map((alert) => {
    const labels = { ...alert.group, ...groupLabels, severity: level, rule_id: rule.id };
    return {
      status,
      labels,
      annotations: {
        summary: titleOf(message),
        description: rule.description ?? alert.explanation.condition,
        value: numberText(alert.explanation.value),
      },
      startsAt: alert.fired_at,
      endsAt: alert.resolved_at ?? noTime,
      generatorURL: alert.link ?? '',
      fingerprint: createHash('sha256')
        .update(`${rule.id}${JSON.stringify(alert.group)}`)
        .digest('hex')
        .slice(0, 16),
    };
  });
  return {
    version: '4',
    groupKey: `{}:{alertname=${JSON.stringify(rule.name)}}`,
    truncatedAlerts: 0,
    status,
    receiver: 'streamflow',
    groupLabels,
    commonLabels: { ...groupLabels, severity: level, rule_id: rule.id },
    commonAnnotations: { summary: titleOf(message) },
    externalURL: message.link ?? '',
    notificationId: message.id,
    alerts,
  };
}
