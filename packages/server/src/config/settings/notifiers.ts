import { isIP } from 'node:net';
import Type from 'typebox';
import { address, list, optionalText, secret, secretList, toggle } from '../setting.ts';

/* The ways that alerts leave by. */

const isNetwork = (item: string): boolean => {
  const [ip = '', bits = '', ...rest] = item.split('/');
  const family = isIP(ip);
  return (
    family !== 0 &&
    rest.length === 0 &&
    /^[0-9]{1,3}$/.test(bits) &&
    Number(bits) <= (family === 4 ? 32 : 128)
  );
};

export const alerting = Type.Object({
  secret_key: secret({
    env: 'ALERTING_SECRET_KEY',
    description:
      'Encrypts what is secret of alert channels. Derived from the secret that signs tokens unless it is set; channels made under a key that is neither this nor a previous one cannot be read.',
    expected: 'a secret of at least 32 bytes',
  }),
  previous_secret_keys: secretList({
    env: 'ALERTING_PREVIOUS_SECRET_KEYS',
    description:
      'Keys that encrypted channels before. Channels are encrypted anew with the key of now when the alerting service starts; after that they can be taken out.',
    expected: 'secrets of at least 32 bytes, separated by commas or as a YAML list',
  }),
  allow_private_targets: toggle({
    env: 'ALERTING_ALLOW_PRIVATE_TARGETS',
    description: 'Lets channels reach loopback, private and link-local addresses.',
    default: false,
  }),
  allowed_networks: list({
    env: 'ALERTING_ALLOWED_NETWORKS',
    description: 'Private networks that channels may reach all the same.',
    isItem: isNetwork,
    items: 'networks like 10.1.0.0/16 or fd00::/8',
    default: [],
  }),
  rule_files: list({
    env: 'ALERTING_RULE_FILES',
    description:
      'Files of alert rules, in the form of `streamflow rule apply`, or directories of `.yaml`, `.yml` and `.json` files, relative to the working directory. The alerting service makes the rules as they say when it starts, and deletes those that have left the files; by the API they cannot be changed. Without this setting rules that it made stay, and can be changed.',
    isItem: (item) => item !== '',
    items: 'paths of files and directories',
    default: [],
  }),
  public_url: address({
    env: 'ALERTING_PUBLIC_URL',
    description: 'Address of the dashboard as people reach it, for links in alerts.',
    schemes: ['http', 'https'],
  }),
});

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
