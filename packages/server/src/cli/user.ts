import { type Role, roles, type UpdateUserBody, type User } from '@streamflow/contracts';
import { Command, Option } from 'commander';
import { StreamFlowError } from '../domain/errors.ts';
import type { CliConnection, Connect } from './cli-connection.ts';
import { readNewPassword } from './password-prompt.ts';
import { formatTable, printable } from './query/table.ts';
import { type Answer, connected, listAll, type RecordFlags } from './record-requests.ts';
import type { Terminal } from './terminal.ts';

interface PasswordFlags extends RecordFlags {
  readonly passwordStdin?: boolean;
}
interface AddFlags extends PasswordFlags {
  readonly role: Role;
}

const passwordFromStdin = () =>
  new Option('--password-stdin', 'read the password from the first line of standard input');
const asJson = () => new Option('--json', 'print JSON');

/** `streamflow user add|list|passwd|disable|enable`: who may sign in. Passwords are never taken from the arguments. */
export function userCommand(connect: Connect, terminal: Terminal): Command {
  const command = new Command('user').description('say who may sign in');

  const show = (user: User, json: boolean | undefined, text: string): Promise<void> =>
    terminal.print(json === true ? JSON.stringify(user) : text);

  command
    .command('add')
    .description('add a user; the password is asked for')
    .argument('<email>', 'e-mail address')
    .addOption(new Option('--role <role>', 'what the user may do').choices(roles).default('viewer'))
    .addOption(passwordFromStdin())
    .addOption(asJson())
    .action(async (email: string, _options: unknown, self: Command) => {
      const flags: AddFlags = self.optsWithGlobals();
      const password = await readNewPassword(terminal, flags.passwordStdin === true);
      const body = { email, password, role: flags.role };
      const { data } = await connected(
        connect,
        flags,
        (connection) => connection.request<Answer<User>>('dashboard', 'POST', '/users', { body }),
        { makes: true },
      );
      await show(data, flags.json, `Added ${data.email} as ${data.role}.`);
    });

  command
    .command('list')
    .description('list the users')
    .addOption(asJson())
    .action(async (_options: unknown, self: Command) => {
      const flags: RecordFlags = self.optsWithGlobals();
      const users = await connected(connect, flags, (connection) => listAll<User>(connection, '/users'));
      if (flags.json === true) return terminal.print(JSON.stringify(users));
      for (const line of formatUsers(users, terminal.columns)) await terminal.print(line);
    });

  command
    .command('passwd')
    .description('give a user a new password, which is asked for, and end all sessions of the user')
    .argument('<email>', 'e-mail address')
    .addOption(passwordFromStdin())
    .addOption(asJson())
    .action(async (email: string, _options: unknown, self: Command) => {
      const flags: PasswordFlags = self.optsWithGlobals();
      const password = await readNewPassword(terminal, flags.passwordStdin === true);
      const user = await connected(connect, flags, (connection) => change(connection, email, { password }));
      await show(user, flags.json, `${user.email} has a new password.`);
    });

  for (const disabled of [true, false]) {
    const [name, description] = disabled
      ? ['disable', 'refuse a user, and end all sessions of the user']
      : ['enable', 'let a disabled user in again'];
    command
      .command(name)
      .description(description)
      .argument('<email>', 'e-mail address')
      .addOption(asJson())
      .action(async (email: string, _options: unknown, self: Command) => {
        const flags: RecordFlags = self.optsWithGlobals();
        const user = await connected(connect, flags, (connection) => change(connection, email, { disabled }));
        await show(user, flags.json, `${user.email} is ${name}d.`);
      });
  }
  return command;
}

async function change(connection: CliConnection, email: string, body: UpdateUserBody): Promise<User> {
  const found = await connection.request<Answer<User[]>>('dashboard', 'GET', '/users', { query: { email } });
  const [user] = found.data;
  if (user === undefined) throw new StreamFlowError('NotFound', `There is no user ${email}`);
  return (await connection.request<Answer<User>>('dashboard', 'PATCH', `/users/${user.id}`, { body })).data;
}

const formatUsers = (users: readonly User[], width: number | undefined): readonly string[] =>
  formatTable(
    ['EMAIL', 'ROLE', 'STATE', 'CREATED', 'LAST SIGN-IN'],
    users.map((user) => [
      printable(user.email),
      user.role,
      user.disabled ? 'disabled' : 'active',
      user.created_at,
      user.last_login_at ?? 'never',
    ]),
    width,
  );
