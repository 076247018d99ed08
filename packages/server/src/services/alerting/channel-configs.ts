import { type ChannelType, EmailConfig, SlackConfig, SmsConfig, WebhookConfig } from '@streamflow/contracts';
import Type, { type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { createCheck } from '../../http/validation.ts';

const schemas = {
  webhook: WebhookConfig,
  slack: SlackConfig,
  email: EmailConfig,
  sms: SmsConfig,
} satisfies Record<ChannelType, TSchema>;

const checks = new Map(
  Object.entries(schemas).map(([type, schema]) => [type, createCheck(Type.Object({ config: schema }))]),
);
const webhook = Compile(WebhookConfig);
const slack = Compile(SlackConfig);

/** @throws StreamFlowError ValidationError that names the field */
export function checkChannelConfig(type: ChannelType, config: unknown): void {
  checks.get(type)?.({ config });
}

/** What of a configuration may be shown: tokens stand in paths and queries, so of addresses the host alone. */
export function shownConfig(type: ChannelType, config: unknown): Record<string, unknown> {
  if (type === 'webhook') {
    const { url, secret, format } = webhook.Parse(config);
    return { url: hostOf(url), format: format ?? 'streamflow', secret_set: secret !== undefined };
  }
  if (type === 'slack') return { webhook_url: hostOf(slack.Parse(config).webhook_url) };
  return typeof config === 'object' && config !== null ? { ...config } : {};
}

function hostOf(url: string): string {
  if (!URL.canParse(url)) return '…';
  const { origin, pathname, search } = new URL(url);
  return pathname === '/' && search === '' ? `${origin}/` : `${origin}/…`;
}
