import Type from 'typebox';
import { ChannelType, channelNamePattern } from './alert-rule.ts';

const HttpUrl = (description: string) => Type.String({ pattern: '^https?://', maxLength: 2048, description });

export const WebhookConfig = Type.Object(
  {
    url: HttpUrl('Where alerts are posted.'),
    secret: Type.Optional(
      Type.String({
        minLength: 8,
        maxLength: 256,
        description:
          'Signs each request: `X-StreamFlow-Signature: v1=<HMAC-SHA256 of timestamp, dot and body>`.',
      }),
    ),
    format: Type.Optional(
      Type.Enum(['streamflow', 'alertmanager'], {
        description:
          'The form of the body: our own (the default), or that of a Prometheus Alertmanager webhook.',
      }),
    ),
  },
  { additionalProperties: false, $id: 'WebhookConfig' },
);
export type WebhookConfig = Type.Static<typeof WebhookConfig>;

export const SlackConfig = Type.Object(
  { webhook_url: HttpUrl('An incoming webhook of Slack.') },
  { additionalProperties: false, $id: 'SlackConfig' },
);
export type SlackConfig = Type.Static<typeof SlackConfig>;

export const EmailConfig = Type.Object(
  {
    to: Type.Array(Type.String({ pattern: '^[^\\s@<>,;]+@[^\\s@<>,;]+$', maxLength: 320 }), {
      minItems: 1,
      maxItems: 50,
      uniqueItems: true,
      description: 'Addresses. The mail server is that of `smtp.url`.',
    }),
  },
  { additionalProperties: false, $id: 'EmailConfig' },
);
export type EmailConfig = Type.Static<typeof EmailConfig>;

export const SmsConfig = Type.Object(
  {
    to: Type.Array(Type.String({ pattern: '^\\+[1-9][0-9]{5,14}$' }), {
      minItems: 1,
      maxItems: 20,
      uniqueItems: true,
      description: 'Numbers with their country, `+12025550123`. The service is that of `sms.api_url`.',
    }),
  },
  { additionalProperties: false, $id: 'SmsConfig' },
);
export type SmsConfig = Type.Static<typeof SmsConfig>;

const Name = Type.String({
  pattern: channelNamePattern,
  description: 'Unique among the channels of its type; rules name it `<type>:<name>`.',
});
const Enabled = Type.Boolean({ description: 'Whether anything is sent to it.' });

const input = <T extends string, C extends Type.TSchema>(type: T, config: C) =>
  Type.Object(
    { type: Type.Literal(type), name: Name, config, enabled: Type.Optional(Enabled) },
    { additionalProperties: false },
  );

export const ChannelInput = Type.Union(
  [
    input('webhook', WebhookConfig),
    input('slack', SlackConfig),
    input('email', EmailConfig),
    input('sms', SmsConfig),
  ],
  {
    $id: 'ChannelInput',
    description: 'Where alerts go. What is secret of it is kept encrypted and never shown again.',
  },
);
export type ChannelInput = Type.Static<typeof ChannelInput>;

export const ChannelChange = Type.Object(
  {
    name: Type.Optional(Name),
    enabled: Type.Optional(Enabled),
    config: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'The whole configuration, of the form that the type of the channel has.',
      }),
    ),
  },
  { additionalProperties: false, minProperties: 1, $id: 'ChannelChange' },
);
export type ChannelChange = Type.Static<typeof ChannelChange>;

export const Channel = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    type: ChannelType,
    name: Name,
    enabled: Enabled,
    config: Type.Record(Type.String(), Type.Unknown(), {
      description: 'Without what is secret: of addresses the host alone, and `secret_set` for a secret.',
    }),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
    version: Type.Integer({ minimum: 1, description: 'Raised by each change; also the `ETag`.' }),
  },
  { $id: 'Channel' },
);
export type Channel = Type.Static<typeof Channel>;
