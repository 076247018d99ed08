import type { SmsConfig } from '@streamflow/contracts';
import type { Post } from './guarded-request.ts';
import { alertLines, titleOf } from './message-text.ts';
import { DeliveryError, type Notifier } from './notifier.ts';

export interface SmsAccount {
  /** `https://api.twilio.com`, or that of a service that speaks the same. */
  readonly apiUrl: string;
  readonly sid: string;
  readonly token: string;
  readonly from: string;
}

/** What fits into two messages of a phone. */
const longestText = 300;

/** Sends text messages by the API of Twilio (`/2010-04-01/Accounts/<sid>/Messages.json`), one request a number. */
export function createSmsNotifier(post: Post, account: SmsAccount | null): Notifier<SmsConfig> {
  return {
    async send({ to }, message, signal) {
      if (account === null)
        throw new DeliveryError(
          'Text messages need SMS_API_URL, SMS_ACCOUNT_SID, SMS_AUTH_TOKEN and SMS_FROM',
          {
            permanent: true,
          },
        );
      const [first] = message.alerts;
      const lines = [titleOf(message), ...(first === undefined ? [] : alertLines(first).slice(0, 1))];
      const credentials = Buffer.from(`${account.sid}:${account.token}`).toString('base64');
      const url = `${account.apiUrl.replace(/\/+$/, '')}/2010-04-01/Accounts/${encodeURIComponent(account.sid)}/Messages.json`;
      for (const number of to)
        await post({
          url,
          signal,
          headers: {
            authorization: `Basic ${credentials}`,
            'content-type': 'application/x-www-form-urlencoded',
          },
          body: new URLSearchParams({
            To: number,
            From: account.from,
            Body: lines.join('\n').slice(0, longestText),
          }).toString(),
        });
    },
  };
}
