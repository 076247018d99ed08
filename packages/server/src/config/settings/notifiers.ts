import Type from 'typebox';
import { address, optionalText, secret } from '../setting.ts';

/* The ways that alerts leave by. */

export const smtp = Type.Object({
  url: address({
    env: 'SMTP_URL',
    description: 'Mail server for alerts.',
    schemes: ['smtp', 'smtps'],
  }),
  from: optionalText({ env: 'SMTP_FROM', description: 'Sender of mails.', needs: 'smtp.url' }),
});

export const sms = Type.Object({
  api_url: address({
    env: 'SMS_API_URL',
    description: 'Service that sends text messages.',
    schemes: ['http', 'https'],
  }),
  account_sid: optionalText({
    env: 'SMS_ACCOUNT_SID',
    description: 'Account at that service.',
    needs: 'sms.api_url',
  }),
  auth_token: secret({
    env: 'SMS_AUTH_TOKEN',
    description: 'Credential at that service.',
    expected: 'a token',
    needs: 'sms.api_url',
  }),
  from: optionalText({ env: 'SMS_FROM', description: 'Sender of text messages.', needs: 'sms.api_url' }),
});
