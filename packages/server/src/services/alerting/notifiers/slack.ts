import type { AlertNotification, SlackConfig } from '@streamflow/contracts';
import type { Post } from './guarded-request.ts';
import { alertLines, titleOf } from './message-text.ts';
import type { Notifier } from './notifier.ts';

/** Slack takes 50 blocks of 3,000 characters, and a header of 150. */
const mostAlerts = 10;
const longestText = 2900;
const longestHeader = 150;

/** Posts to an incoming webhook: blocks for people, and a text for where blocks are not shown. */
export function createSlackNotifier(post: Post): Notifier<SlackConfig> {
  return {
    send: ({ webhook_url: url }, message, signal) =>
      post({
        url,
        signal,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(slackMessage(message)),
      }),
  };
}

export function slackMessage(message: AlertNotification): Readonly<Record<string, unknown>> {
  const title = titleOf(message);
  const { rule, alerts, link, id } = message;
  const section = (text: string) => ({
    type: 'section',
    text: { type: 'mrkdwn', text: text.slice(0, longestText) },
  });
  return {
    text: escapeText(title),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: title.slice(0, longestHeader) } },
      ...(rule.description === null ? [] : [section(escapeText(rule.description))]),
      ...alerts.slice(0, mostAlerts).map((alert) => {
        const events = alert.link === null ? '' : `\n<${alert.link}|Events concerned>`;
        return section(
          `${escapeText(alertLines(alert).join('\n')).slice(0, longestText - events.length)}${events}`,
        );
      }),
      ...(alerts.length > mostAlerts ? [section(`and ${alerts.length - mostAlerts} more`)] : []),
      ...(link === null ? [] : [section(`<${link}|Open in StreamFlow>`)]),
      { type: 'context', elements: [{ type: 'plain_text', text: `StreamFlow notification ${id}` }] },
    ],
  };
}

/** Slack's own three: all else is text as it stands. */
const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
