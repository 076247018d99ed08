import type { Notifiers } from './channel-sender.ts';
import { createAddressPolicy } from './notifiers/address-policy.ts';
import { createEmailNotifier, type MailServer } from './notifiers/email.ts';
import { createGuardedPost } from './notifiers/guarded-request.ts';
import { createSlackNotifier } from './notifiers/slack.ts';
import { createSmsNotifier, type SmsAccount } from './notifiers/sms.ts';
import { createWebhookNotifier } from './notifiers/webhook.ts';

export interface NotifiersOptions {
  readonly allowPrivateTargets: boolean;
  readonly allowedNetworks: readonly string[];
  readonly mailServer: MailServer | null;
  readonly smsAccount: SmsAccount | null;
  readonly now: () => number;
}

/** Every way in which people are told. Addresses that users chose are guarded, those of the configuration are not. */
export function createNotifiers(options: NotifiersOptions): Notifiers {
  const { allowPrivateTargets: allowPrivate, allowedNetworks, now } = options;
  const post = createGuardedPost({ policy: createAddressPolicy({ allowPrivate, allowedNetworks }), now });
  const postAnywhere = createGuardedPost({ policy: { allows: () => true }, now });
  return {
    webhook: createWebhookNotifier(post, now),
    slack: createSlackNotifier(post),
    email: createEmailNotifier(options.mailServer),
    sms: createSmsNotifier(postAnywhere, options.smsAccount),
  };
}
