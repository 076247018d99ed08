import { expect } from 'vitest';
import {
  type HttpReceiver,
  type MailReceiver,
  startHttpReceiver,
  startMailReceiver,
} from '../../packages/server/src/services/alerting/receivers.fixture.ts';

/* The tools of the people who are told of alerts: a mailbox, a Slack channel and a webhook, all on loopback. */

const user = 'streamflow';
const password = 'a secret pass';

/** One message, as far as every receiver shows it. */
export interface Told {
  /** Of the notification; the same at every try. */
  readonly id: string;
  readonly title: string;
}

export const receiverNames = ['webhook', 'slack', 'mail'] as const;
type ReceiverName = (typeof receiverNames)[number];

export interface AlertReceivers {
  readonly webhook: HttpReceiver;
  /** What a server needs in its environment to reach them. */
  readonly env: Readonly<Record<string, string>>;
  /** Bodies for `POST /channels`. */
  readonly channels: readonly Readonly<Record<string, unknown>>[];
  /** Everything that each was told so far, in order. */
  told(): Readonly<Record<ReceiverName, readonly Told[]>>;
  close(): Promise<void>;
}

export async function startAlertReceivers(): Promise<AlertReceivers> {
  const [webhook, slack, mail] = await Promise.all([
    startHttpReceiver(),
    startHttpReceiver(),
    startMailReceiver(user, password),
  ]);
  return {
    webhook,
    env: {
      ALERTING_ALLOW_PRIVATE_TARGETS: 'true',
      SMTP_URL: `smtp://${user}:${encodeURIComponent(password)}@127.0.0.1:${mail.port}?tls.rejectUnauthorized=false`,
      SMTP_FROM: 'alerts@example.com',
    },
    channels: [
      { type: 'webhook', name: 'oncall', config: { url: `${webhook.url}/hook`, secret: 'a signing secret' } },
      { type: 'slack', name: 'team', config: { webhook_url: `${slack.url}/services/T/B/x` } },
      { type: 'email', name: 'people', config: { to: ['oncall@example.com'] } },
    ],
    told: () => ({
      webhook: webhook.received.map(({ body }) => fromWebhook(body)),
      slack: slack.received.map(({ body }) => fromSlack(body)),
      mail: mail.mails.map(fromMail),
    }),
    async close() {
      await Promise.all([webhook.close(), slack.close(), mail.close()]);
    },
  };
}

export interface BadReceivers {
  readonly hangs: HttpReceiver;
  readonly fails: HttpReceiver;
  readonly dies: HttpReceiver;
  readonly redirects: HttpReceiver;
  /** Where the last one sends whoever asks it. */
  readonly elsewhere: HttpReceiver;
  /** Bodies for `POST /channels`, each webhook by its name here. */
  readonly channels: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

/** Webhooks as they are on a bad day. */
export async function startBadReceivers(): Promise<BadReceivers> {
  const [hangs, fails, dies, redirects, elsewhere] = await Promise.all([
    startHttpReceiver(),
    startHttpReceiver(),
    startHttpReceiver(),
    startHttpReceiver(),
    startHttpReceiver(),
  ]);
  hangs.answer = 'hang';
  fails.answer = { status: 503, headers: { 'retry-after': '1' } };
  dies.answer = 'die';
  redirects.answer = { status: 302, headers: { location: elsewhere.url } };
  const named = { hangs, fails, dies, redirects };
  return {
    ...named,
    elsewhere,
    channels: Object.entries(named).map(([name, { url }]) => ({ type: 'webhook', name, config: { url } })),
    async close() {
      await Promise.all([...Object.values(named), elsewhere].map((receiver) => receiver.close()));
    },
  };
}

function fromWebhook(body: string): Told {
  const { id, kind, level, rule }: { id: string; kind: string; level: string; rule: { name: string } } =
    JSON.parse(body);
  return { id, title: `[${kind.toUpperCase()}] ${level}: ${rule.name}` };
}

function fromSlack(body: string): Told {
  const { text }: { text: string } = JSON.parse(body);
  return { id: /StreamFlow notification ([0-9a-f-]+)/.exec(body)?.[1] ?? '', title: text };
}

function fromMail({ text, secure }: MailReceiver['mails'][number]): Told {
  expect(secure).toBe(true);
  return {
    id: /^Message-ID: <([0-9a-f-]+)@streamflow>/im.exec(text)?.[1] ?? '',
    title: /^Subject: (.*)$/im.exec(text)?.[1]?.trim() ?? '',
  };
}
