import {
  type AlertNotification,
  EmailConfig,
  SlackConfig,
  SmsConfig,
  WebhookConfig,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { StreamFlowError } from '../../domain/errors.ts';
import type { AlertChannelRecord } from '../../domain/records/alert-rules.ts';
import { DeliveryError, type Notifier } from './notifiers/notifier.ts';
import type { Sealing } from './sealing.ts';

export interface Notifiers {
  readonly webhook: Notifier<WebhookConfig>;
  readonly slack: Notifier<SlackConfig>;
  readonly email: Notifier<EmailConfig>;
  readonly sms: Notifier<SmsConfig>;
}

/** Sends a message to a channel, once. Rejects with a `DeliveryError`. Receivers that know traces are told of theirs. */
export type SendToChannel = (
  channel: AlertChannelRecord,
  message: AlertNotification,
  signal: AbortSignal,
  traceparent?: string,
) => Promise<void>;

const webhookConfig = Compile(WebhookConfig);
const slackConfig = Compile(SlackConfig);
const emailConfig = Compile(EmailConfig);
const smsConfig = Compile(SmsConfig);

export function createChannelSender(notifiers: Notifiers, sealing: Sealing): SendToChannel {
  return async (channel, message, signal, traceparent) => {
    const config = open(channel, sealing);
    switch (channel.type) {
      case 'webhook':
        return notifiers.webhook.send(webhookConfig.Parse(config), message, signal, traceparent);
      case 'slack':
        return notifiers.slack.send(slackConfig.Parse(config), message, signal);
      case 'email':
        return notifiers.email.send(emailConfig.Parse(config), message, signal);
      case 'sms':
        return notifiers.sms.send(smsConfig.Parse(config), message, signal);
    }
  };
}

function open(channel: AlertChannelRecord, sealing: Sealing): unknown {
  try {
    return JSON.parse(sealing.open(channel.sealed_config, channel.id));
  } catch (error) {
    if (!(error instanceof StreamFlowError)) throw error;
    throw new DeliveryError(error.message, { permanent: true, cause: error });
  }
}
