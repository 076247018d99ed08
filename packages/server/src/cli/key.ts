import {
  type ApiKey,
  type CreateApiKeyBody,
  type CreatedApiKey,
  type RotateApiKeyBody,
  type Scope,
  scopes,
} from '@streamflow/contracts';
import { Command, InvalidArgumentError, Option } from 'commander';
import { apiKeyPrefix, isWellFormedApiKey } from '../domain/access/api-key.ts';
import type { Clock } from '../domain/clock.ts';
import { StreamFlowError } from '../domain/errors.ts';
import { durationArgument, integerArgument } from './arguments.ts';
import type { Connect } from './cli-connection.ts';
import { formatTable, printable } from './query/table.ts';
import { type Answer, connected, listAll, type RecordFlags } from './record-requests.ts';
import type { Terminal } from './terminal.ts';

interface CreateFlags extends RecordFlags {
  readonly scope: Scope[];
  readonly expires?: string;
  readonly requestsPerMinute?: number;
  readonly origin?: string[];
  readonly eventType?: string[];
}

/** `streamflow key create|list|revoke`: keys of programs. */
export function keyCommand(connect: Connect, terminal: Terminal, clock: Clock): Command {
  const command = new Command('key').description('make and revoke the API keys of programs');

  command
    .command('create')
    .description('make a key and print it, this once')
    .argument('<name>', 'what the key is for')
    .addOption(new Option('--scope <scope...>', 'what the key may do').choices(scopes).default(['ingest']))
    .addOption(
      new Option('--expires <when>', 'a time such as 2030-01-31, or in how long: 12h, 90d').argParser(
        expiry(clock),
      ),
    )
    .option('--requests-per-minute <n>', 'in place of the configured rate', integerArgument(1, 1_000_000_000))
    .option('--origin <origin...>', 'web pages that may use it, such as https://shop.example.com')
    .option('--event-type <type...>', 'what it may send: types, and patterns such as web.*')
    .option('--json', 'print JSON')
    .action(async (name: string, _options: unknown, self: Command) => {
      const flags: CreateFlags = self.optsWithGlobals();
      const body: CreateApiKeyBody = {
        name,
        scopes: [...new Set(flags.scope)],
        ...(flags.expires === undefined ? {} : { expires_at: flags.expires }),
        ...(flags.requestsPerMinute === undefined ? {} : { requests_per_minute: flags.requestsPerMinute }),
        ...(flags.origin === undefined ? {} : { allowed_origins: [...new Set(flags.origin)] }),
        ...(flags.eventType === undefined ? {} : { event_types: [...new Set(flags.eventType)] }),
      };
      const { data } = await connected(
        connect,
        flags,
        (connection) => connection.request<Answer<CreatedApiKey>>('dashboard', 'POST', '/api-keys', { body }),
        { makes: true },
      );
      if (flags.json === true) return terminal.print(JSON.stringify(data));
      terminal.note(`Made ${data.id} for ${data.scopes.join(', ')}. The key is not shown again:`);
      await terminal.print(data.key);
    });

  command
    .command('list')
    .description('list the keys by their beginnings')
    .option('--json', 'print JSON')
    .action(async (_options: unknown, self: Command) => {
      const flags: RecordFlags = self.optsWithGlobals();
      const keys = await connected(connect, flags, (connection) => listAll<ApiKey>(connection, '/api-keys'));
      if (flags.json === true) return terminal.print(JSON.stringify(keys));
      for (const line of formatKeys(keys, clock.now(), terminal.columns)) await terminal.print(line);
    });

  command
    .command('rotate')
    .description('put a new key in the place of one, and print it, this once')
    .argument('<key>', 'its id, or the beginning that `key list` shows')
    .option('--overlap <seconds>', 'how long the old one is still good; a day', integerArgument(0, 2_592_000))
    .option('--json', 'print JSON')
    .action(async (text: string, _options: unknown, self: Command) => {
      const flags: RecordFlags & { readonly overlap?: number } = self.optsWithGlobals();
      const { data } = await connected(connect, flags, async (connection) => {
        const id = find(await listAll<ApiKey>(connection, '/api-keys'), text).id;
        const body: RotateApiKeyBody = flags.overlap === undefined ? {} : { overlap_seconds: flags.overlap };
        return connection.request<Answer<CreatedApiKey>>('dashboard', 'POST', `/api-keys/${id}/rotate`, {
          body,
        });
      });
      if (flags.json === true) return terminal.print(JSON.stringify(data));
      terminal.note(
        `Rotated ${data.id}; the old key is good until ${data.previous_key_until ?? 'now'}. The new one is not shown again:`,
      );
      await terminal.print(data.key);
    });

  command
    .command('revoke')
    .description('end a key for ever')
    .argument('<key>', 'its id, or the beginning that `key list` shows')
    .option('--json', 'print JSON')
    .action(async (text: string, _options: unknown, self: Command) => {
      const flags: RecordFlags = self.optsWithGlobals();
      const { data } = await connected(connect, flags, async (connection) => {
        const id = find(await listAll<ApiKey>(connection, '/api-keys'), text).id;
        return connection.request<Answer<ApiKey>>('dashboard', 'DELETE', `/api-keys/${id}`);
      });
      await terminal.print(
        flags.json === true ? JSON.stringify(data) : `${data.prefix}… (${printable(data.name)}) is revoked.`,
      );
    });
  return command;
}

/** The one key that is meant; also by the whole key, since that is what one has at hand when it has leaked. */
function find(keys: readonly ApiKey[], text: string): ApiKey {
  const start = isWellFormedApiKey(text) ? apiKeyPrefix(text) : text;
  const meant = keys.filter((key) => key.id === text || key.prefix === start);
  const [key, ...others] = meant;
  if (key === undefined) throw new StreamFlowError('NotFound', 'There is no such key; `key list` shows all');
  if (others.length === 0) return key;
  throw new StreamFlowError(
    'Conflict',
    `Several keys begin so; use an id: ${meant.map(({ id }) => id).join(', ')}`,
  );
}

function expiry(clock: Clock) {
  return (text: string): string => {
    const isTime = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/i.test(text);
    const at = isTime ? Date.parse(text) : clock.now() + durationArgument(text);
    if (Number.isNaN(at))
      throw new InvalidArgumentError('expected a time such as 2030-01-31, or in how long: 90d');
    return new Date(at).toISOString();
  };
}

function state(key: ApiKey, now: number): string {
  if (key.revoked_at !== null) return 'revoked';
  if (key.expires_at === null) return 'active';
  return Date.parse(key.expires_at) <= now ? 'expired' : `until ${key.expires_at}`;
}

const formatKeys = (keys: readonly ApiKey[], now: number, width: number | undefined): readonly string[] =>
  formatTable(
    ['BEGINNING', 'NAME', 'SCOPES', 'STATE', 'LAST USE', 'ID'],
    keys.map((key) => [
      key.prefix,
      printable(key.name),
      key.scopes.join(','),
      state(key, now),
      key.last_used_at ?? 'never',
      key.id,
    ]),
    width,
  );
