import { createHmac } from 'node:crypto';
import type { WebhookConfig } from '@streamflow/contracts';
import { alertmanagerForm } from './alertmanager-form.ts';
import type { Post } from './guarded-request.ts';
import type { Notifier } from './notifier.ts';

/**
 * Posts JSON. `X-StreamFlow-Notification` is the id of the notification; with a secret, `X-StreamFlow-Signature` is
 * `v1=` and the HMAC-SHA256 (hexadecimal) of the seconds in `X-StreamFlow-Timestamp`, a dot, and the body as it stands.
 * The timestamp is that of the try.
 */
export function createWebhookNotifier(post: Post, now: () => number): Notifier<WebhookConfig> {
  return {
    send({ url, secret, format }, message, signal, traceparent) {
      const body = JSON.stringify(format === 'alertmanager' ? alertmanagerForm(message) : message);
      const timestamp = String(Math.floor(now() / 1000));
      return post({
        url,
        body,
        signal,
        headers: {
          'content-type': 'application/json',
          'x-streamflow-notification': message.id,
          'x-streamflow-timestamp': timestamp,
          ...(traceparent === undefined ? {} : { traceparent }),
          ...(secret === undefined ? {} : { 'x-streamflow-signature': signature(secret, timestamp, body) }),
        },
      });
    },
  };
}

const signature = (secret: string, timestamp: string, body: string): string =>
  `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
