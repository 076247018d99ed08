import type { AlertNotification, EmailConfig } from '@streamflow/contracts';
import { createTransport } from 'nodemailer';
import { alertLines, titleOf } from './message-text.ts';
import { DeliveryError, type Notifier } from './notifier.ts';

export interface MailServer {
  /** `smtp://user:password@host:587` or `smtps://…:465`; options of nodemailer may follow as query parameters. */
  readonly url: string;
  readonly from: string;
}

/** Connections and greetings that take longer fail; the whole try has a deadline of its own. */
const patienceMs = 10_000;

/**
 * Sends mails with a text and an HTML part. Credentials are sent under TLS alone: with `smtp://`, STARTTLS is required
 * when the address has a user.
 */
export function createEmailNotifier(server: MailServer | null): Notifier<EmailConfig> {
  return {
    async send({ to }, message, signal) {
      if (server === null) throw new DeliveryError('Mails need SMTP_URL and SMTP_FROM', { permanent: true });
      const transport = createTransport(options(server));
      try {
        await Promise.race([
          transport.sendMail({ from: server.from, ...mailOf(message, to) }),
          whenAborted(signal),
        ]);
      } catch (error) {
        throw deliveryError(error, signal);
      } finally {
        transport.close();
      }
    },
  };
}

/** A connection that is left alone ends by its own timeouts. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(new Error('The time for this try is over'));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}

function options({ url }: MailServer) {
  const { username, searchParams } = new URL(url);
  return {
    url,
    connectionTimeout: patienceMs,
    greetingTimeout: patienceMs,
    socketTimeout: patienceMs,
    ...(username === '' || searchParams.has('requireTLS') ? {} : { requireTLS: true }),
  };
}

function mailOf(message: AlertNotification, to: readonly string[]) {
  const title = titleOf(message);
  return {
    to: [...to],
    subject: title,
    // The same at every try, so that mail programs show one that came twice once.
    messageId: `<${message.id}@streamflow>`,
    headers: { 'X-StreamFlow-Notification': message.id, 'Auto-Submitted': 'auto-generated' },
    text: textOf(message),
    html: htmlOf(message),
  };
}

function textOf({ rule, alerts, link }: AlertNotification): string {
  return [
    ...(rule.description === null ? [] : [rule.description, '']),
    ...alerts.flatMap((alert) => [
      ...alertLines(alert),
      ...(alert.link === null ? [] : [`Events concerned: ${alert.link}`]),
      '',
    ]),
    ...(link === null ? [] : [`Open in StreamFlow: ${link}`]),
  ].join('\n');
}

function htmlOf(message: AlertNotification): string {
  const { rule, alerts, link } = message;
  const anchor = (href: string, text: string): string => `<p><a href="${escapeText(href)}">${text}</a></p>`;
  return [
    '<!doctype html><html><body style="font-family:sans-serif">',
    `<h2>${escapeText(titleOf(message))}</h2>`,
    ...(rule.description === null ? [] : [`<p>${escapeText(rule.description)}</p>`]),
    ...alerts.map(
      (alert) =>
        `<p>${alertLines(alert).map(escapeText).join('<br>')}</p>${alert.link === null ? '' : anchor(alert.link, 'Events concerned')}`,
    ),
    ...(link === null ? [] : [anchor(link, 'Open in StreamFlow')]),
    '</body></html>',
  ].join('\n');
}

const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

function deliveryError(error: unknown, signal: AbortSignal): DeliveryError {
  if (signal.aborted) return new DeliveryError('The mail server did not answer in time', { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  // A reply of 5xx is for good (RFC 5321, 4.2.1), but for refused credentials, which somebody will put right.
  const code =
    typeof error === 'object' && error !== null && 'responseCode' in error ? error.responseCode : undefined;
  const isLogin = typeof error === 'object' && error !== null && 'code' in error && error.code === 'EAUTH';
  const permanent = typeof code === 'number' && code >= 500 && !isLogin;
  return new DeliveryError(`The mail server did not take it: ${message}`, { permanent, cause: error });
}
