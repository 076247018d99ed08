import { serviceNames } from '@streamflow/contracts';
import type { FirstAdministrator } from './access/administrator.ts';
import type { App } from './app.ts';
import type { Config } from './config/load.ts';

/** What a person reads after the start: the addresses, the way to sign in, and a line to try. */
export function greeting({ app, config }: { readonly app: App; readonly config: Config }): string {
  const url = (service: (typeof serviceNames)[number]): string | undefined =>
    app.addresses.get(service)?.replace('0.0.0.0', 'localhost').replace('127.0.0.1', 'localhost');
  const place = config.keepsData ? ` Its data is in ${config.dataDir}` : '';
  const lines = ['', `StreamFlow is ready.${place}`, ''];
  for (const name of serviceNames) {
    const address = url(name);
    if (address !== undefined) lines.push(`  ${name.padEnd(10)} ${address}   docs ${address}/docs`);
  }
  const dashboard = url('dashboard');
  if (dashboard !== undefined) lines.push('', `  Open ${dashboard} in a browser and sign in.`);
  const ingestion = url('ingestion');
  if (ingestion !== undefined) {
    lines.push(
      '',
      '  Sign in by curl:',
      '',
      `  curl -s ${ingestion}/auth/login -H 'Content-Type: application/json' \\`,
      `    -d '{"username":"<e-mail>","password":"<password>"}'`,
      '',
      '  Or make a key, and send a first event:',
      '',
      '  npx streamflow key create first --scope ingest --scope read',
      `  curl -s ${ingestion}/events -H 'Authorization: Bearer <key>' -H 'Content-Type: application/json' \\`,
      `    -d '{"type":"web.click","source":"website","data":{"page":"/pricing"}}'`,
    );
  }
  return `${lines.join('\n')}\n\n`;
}

/** Shown when the administrator is made, this once. */
export function administratorNotice({ email, generatedPassword }: FirstAdministrator): string {
  return generatedPassword === null
    ? `The administrator is ${email}, with the password of the configuration.`
    : `The administrator is ${email}, with the password ${generatedPassword} (shown this once).`;
}
