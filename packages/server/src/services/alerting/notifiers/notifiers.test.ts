import { createHmac } from 'node:crypto';
import type { AlertNotification } from '@streamflow/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type HttpReceiver,
  type MailReceiver,
  startHttpReceiver,
  startMailReceiver,
  startSilentReceiver,
} from '../receivers.fixture.ts';
import { createAddressPolicy } from './address-policy.ts';
import { createEmailNotifier } from './email.ts';
import { createGuardedPost } from './guarded-request.ts';
import { createSlackNotifier } from './slack.ts';
import { createSmsNotifier } from './sms.ts';
import { createWebhookNotifier } from './webhook.ts';

const now = () => Date.UTC(2023, 11, 1, 12);
const never = new AbortController().signal;
const message: AlertNotification = {
  id: '11111111-1111-4111-8111-111111111111',
  kind: 'firing',
  at: '2023-12-01T12:00:00.000Z',
  rule: {
    id: '22222222-2222-4222-8222-222222222222',
    name: 'Errors <b>&',
    description: 'Too many',
    tags: [],
  },
  level: 'error',
  alerts: [
    {
      id: '33333333-3333-4333-8333-333333333333',
      group: { source: 'api' },
      fired_at: '2023-12-01T12:00:00.000Z',
      resolved_at: null,
      link: 'http://streamflow/events?type=error',
      explanation: {
        value: 0.25,
        threshold: 0.1,
        condition: 'error_rate > threshold',
        window: { start: '2023-12-01T11:55:00.000Z', end: '2023-12-01T12:00:00.000Z' },
        contributors: [{ group: { type: 'error' }, value: 25, before: 2 }],
        events_query: 'type=error',
      },
    },
  ],
  link: 'http://streamflow/alerts',
};

describe('notifiers', () => {
  let http: HttpReceiver;
  let mail: MailReceiver;
  const policy = createAddressPolicy({ allowPrivate: true, allowedNetworks: [] });
  const post = createGuardedPost({ policy, now });

  beforeAll(async () => {
    http = await startHttpReceiver();
    mail = await startMailReceiver('ann', 'secret pass');
  });
  beforeEach(() => {
    http.answer = { status: 200 };
    http.received.length = 0;
    mail.mails.length = 0;
  });
  afterAll(() => Promise.all([http.close(), mail.close()]));

  it('post JSON that is signed with its time', async () => {
    const notifier = createWebhookNotifier(post, now);
    await notifier.send({ url: `${http.url}/hook?a=1`, secret: 'a secret of ours' }, message, never);
    const [{ path, headers, body } = { path: '', headers: {}, body: '' }] = http.received;
    expect(path).toBe('/hook?a=1');
    expect(JSON.parse(body)).toEqual(message);
    expect(headers['x-streamflow-notification']).toBe(message.id);
    expect(headers['x-streamflow-timestamp']).toBe(String(now() / 1000));
    const expected = createHmac('sha256', 'a secret of ours')
      .update(`${now() / 1000}.${body}`)
      .digest('hex');
    expect(headers['x-streamflow-signature']).toBe(`v1=${expected}`);
  });

  it('post what receivers of Alertmanager understand', async () => {
    const notifier = createWebhookNotifier(post, now);
    await notifier.send({ url: http.url, format: 'alertmanager' }, message, never);
    expect(http.received[0]?.headers['x-streamflow-signature']).toBeUndefined();
    expect(JSON.parse(http.received[0]?.body ?? '')).toMatchObject({
      version: '4',
      status: 'firing',
      commonLabels: { alertname: 'Errors <b>&', severity: 'error' },
      alerts: [
        {
          status: 'firing',
          labels: { source: 'api', alertname: 'Errors <b>&', severity: 'error' },
          startsAt: '2023-12-01T12:00:00.000Z',
          endsAt: '0001-01-01T00:00:00Z',
        },
      ],
    });
  });

  it('give Slack blocks with links, and text that is only text', async () => {
    await createSlackNotifier(post).send({ webhook_url: `${http.url}/services/T/B/x` }, message, never);
    const { text, blocks } = JSON.parse(http.received[0]?.body ?? '');
    expect(text).toBe('[FIRING] error: Errors &lt;b&gt;&amp; – source=api');
    expect(blocks[0]).toEqual({
      type: 'header',
      text: { type: 'plain_text', text: '[FIRING] error: Errors <b>& – source=api' },
    });
    expect(JSON.stringify(blocks)).toContain('<http://streamflow/events?type=error|Events concerned>');
    expect(JSON.stringify(blocks)).toContain('type=error: 25, before 2');
  });

  it('send text messages by the API of Twilio, one a number', async () => {
    const account = { apiUrl: `${http.url}/`, sid: 'AC1', token: 't', from: '+15550100' };
    await createSmsNotifier(post, account).send({ to: ['+12025550123', '+12025550124'] }, message, never);
    expect(http.received.map(({ path }) => path)).toEqual([
      '/2010-04-01/Accounts/AC1/Messages.json',
      '/2010-04-01/Accounts/AC1/Messages.json',
    ]);
    const form = new URLSearchParams(http.received[1]?.body);
    expect(form.get('To')).toBe('+12025550124');
    expect(form.get('From')).toBe('+15550100');
    expect(form.get('Body')).toMatch(/^\[FIRING\] error: Errors/);
    expect(http.received[0]?.headers.authorization).toBe(`Basic ${btoa('AC1:t')}`);
  });

  it('send mails under TLS with a text and an HTML part', async () => {
    const url = `smtp://ann:secret%20pass@127.0.0.1:${mail.port}?tls.rejectUnauthorized=false`;
    const notifier = createEmailNotifier({ url, from: 'StreamFlow <alerts@example.org>' });
    await notifier.send({ to: ['bob@example.org', 'eve@example.org'] }, message, never);
    const [{ from, to, text, secure } = { from: '', to: [], text: '', secure: false }] = mail.mails;
    expect([from, to, secure]).toEqual(['alerts@example.org', ['bob@example.org', 'eve@example.org'], true]);
    expect(text).toContain(`Message-ID: <${message.id}@streamflow>`);
    expect(text).toContain('multipart/alternative');
    expect(text).toContain('text/plain');
    expect(text).toContain('text/html');
    expect(text).toContain('Condition: error_rate > threshold (threshold 0.1)');
    expect(text).toContain('Errors &#60;b&#62;&#38;');
  });

  it.each([
    [
      'a certificate that nobody vouches for',
      'smtp://ann:secret%20pass@127.0.0.1:PORT',
      'bob@example.org',
      false,
    ],
    [
      'a wrong password',
      'smtp://ann:wrong@127.0.0.1:PORT?tls.rejectUnauthorized=false',
      'bob@example.org',
      false,
    ],
    [
      'an unknown address',
      'smtp://ann:secret%20pass@127.0.0.1:PORT?tls.rejectUnauthorized=false',
      'nobody@example.org',
      true,
    ],
  ])('refuse %s', async (_name, url, to, permanent) => {
    const notifier = createEmailNotifier({
      url: url.replace('PORT', String(mail.port)),
      from: 'a@example.org',
    });
    await expect(notifier.send({ to: [to] }, message, never)).rejects.toMatchObject({
      name: 'DeliveryError',
      permanent,
    });
    expect(mail.mails).toEqual([]);
  });

  it('say what they lack', async () => {
    await expect(createEmailNotifier(null).send({ to: ['a@b.c'] }, message, never)).rejects.toThrow(
      /SMTP_URL/,
    );
    await expect(createSmsNotifier(post, null).send({ to: ['+1202555'] }, message, never)).rejects.toThrow(
      /SMS_API_URL/,
    );
  });

  it.each([
    [
      { status: 500, body: 'oh\nno' },
      { message: expect.stringMatching(/answered 500: oh no/), permanent: false },
    ],
    [
      { status: 429, headers: { 'retry-after': '7' } },
      { permanent: false, retryAfterMs: 7000 },
    ],
    [{ status: 503, headers: { 'retry-after': 'Fri, 01 Dec 2023 12:00:09 GMT' } }, { retryAfterMs: 9000 }],
    [{ status: 404 }, { permanent: true }],
    [
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      { permanent: true, message: expect.stringMatching(/redirects/) },
    ],
    ['die' as const, { permanent: false, message: expect.stringMatching(/cannot be reached/) }],
  ])('tell failures that may mend from those that do not: %j', async (answer, expected) => {
    http.answer = answer;
    const notifier = createWebhookNotifier(post, now);
    await expect(notifier.send({ url: http.url }, message, never)).rejects.toMatchObject(expected);
    expect(http.received).toHaveLength(1);
  });

  it('give up on receivers that hang when their time is over', async () => {
    http.answer = 'hang';
    const webhook = createWebhookNotifier(post, now);
    await expect(webhook.send({ url: http.url }, message, AbortSignal.timeout(50))).rejects.toThrow(
      /in time/,
    );
    const silent = await startSilentReceiver();
    const email = createEmailNotifier({ url: `smtp://127.0.0.1:${silent.port}`, from: 'a@b.c' });
    await expect(email.send({ to: ['a@b.c'] }, message, AbortSignal.timeout(50))).rejects.toThrow(/in time/);
    await silent.close();
  });

  it.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://0.0.0.0/',
    'http://0x7f000001/',
    'http://2130706433/',
    'http://127.1/',
    'http://10.0.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.64.0.1/',
    'http://[fd00::1]/',
    'http://[fe80::1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'ftp://example.org/',
    'file:///etc/passwd',
    'nonsense',
  ])('do not reach %s', async (url) => {
    const guarded = createGuardedPost({
      policy: createAddressPolicy({ allowPrivate: false, allowedNetworks: [] }),
      now,
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    await expect(guarded({ url, headers: {}, body: '', signal: never })).rejects.toMatchObject({
      permanent: true,
    });
  });

  it('refuse a name when any of its addresses is private, and connect to what was looked at', async () => {
    const { port } = new URL(http.url);
    const policyOf = (allowedNetworks: string[]) =>
      createAddressPolicy({ allowPrivate: false, allowedNetworks });
    let asked = 0;
    const resolve = async () => {
      asked++;
      return [
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ];
    };
    const request = { url: `http://hooks.invalid:${port}/x`, headers: {}, body: '{}', signal: never };
    await expect(createGuardedPost({ policy: policyOf([]), now, resolve })(request)).rejects.toThrow(
      /127\.0\.0\.1/,
    );
    const pinned = async () => {
      asked++;
      return [{ address: '127.0.0.1', family: 4 }];
    };
    await createGuardedPost({ policy: policyOf(['127.0.0.0/8']), now, resolve: pinned })(request);
    expect(http.received.map(({ headers }) => headers.host)).toEqual([`hooks.invalid:${port}`]);
    expect(asked).toBe(2);
  });

  it('reach public addresses', () => {
    const policyOf = createAddressPolicy({ allowPrivate: false, allowedNetworks: ['fd12::/16'] });
    for (const address of ['8.8.8.8', '2606:4700:4700::1111', 'fd12::1'])
      expect(policyOf.allows(address)).toBe(true);
    for (const address of ['fd13::1', '', 'x', '::']) expect(policyOf.allows(address)).toBe(false);
  });
});
