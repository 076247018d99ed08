import {
  CreateUserBody,
  createUser,
  getUser,
  ListUsersQuery,
  listUsers,
  UpdateUserBody,
  type User,
  UserParams,
  updateUser,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { normalEmail } from '../../domain/access/email.ts';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { type UserRecord, users } from '../../domain/records/users.ts';
import type { RecordReader } from '../../engines/record-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import type { UserAccounts } from '../user-accounts.ts';
import { entityTag, matchOptions } from './entity-tag.ts';
import { envelope, timeText, timeTextOrNull } from './envelope.ts';
import { readPage } from './record-pages.ts';

const listQuery = Compile(ListUsersQuery);
const params = Compile(UserParams);
const createBody = Compile(CreateUserBody);
const updateBody = Compile(UpdateUserBody);

export interface UserRoutesOptions {
  readonly records: RecordReader;
  readonly accounts: UserAccounts;
  readonly clock: Clock;
  readonly log: Log;
  /** Told when what a user may do has changed. */
  onChanged(userId: string): void;
}

/** Users of the caller's project. */
export function createUserRoutes(options: UserRoutesOptions): MountedRoute[] {
  const { records, accounts, clock, log, onChanged } = options;
  return [
    {
      contract: listUsers,
      handle({ query, principal: { project } }) {
        const { email, role, disabled, ...page } = listQuery.Parse(query);
        const where = {
          ...(email === undefined ? {} : { email: normalEmail(email) }),
          ...(role === undefined ? {} : { role }),
          ...(disabled === undefined ? {} : { disabled }),
        };
        return readPage(records, users, { project, where }, page, viewUser);
      },
    },
    {
      contract: createUser,
      async handle({ body, principal, reply }) {
        const user = await accounts.create({ ...createBody.Parse(body), project: principal.project });
        log.info('User created', { user_id: user.id, role: user.role, by: principal.id });
        reply.header('etag', entityTag(user));
        return envelope('User created successfully', viewUser(user), clock.now());
      },
    },
    {
      contract: getUser,
      async handle({ params: given, principal: { project }, reply }) {
        const user = await records.get(users, { project, id: params.Parse(given).user_id.toLowerCase() });
        if (user === null) throw new StreamFlowError('NotFound', 'There is no such user');
        reply.header('etag', entityTag(user));
        return envelope('User retrieved successfully', viewUser(user), clock.now());
      },
    },
    {
      contract: updateUser,
      async handle({ params: given, body, headers, principal, reply }) {
        const ref = { project: principal.project, id: params.Parse(given).user_id.toLowerCase() };
        const changes = updateBody.Parse(body);
        const user = await accounts.change(ref, changes, matchOptions(headers['if-match']));
        onChanged(user.id);
        log.info('User changed', { user_id: user.id, fields: Object.keys(changes), by: principal.id });
        reply.header('etag', entityTag(user));
        return envelope('User updated successfully', viewUser(user), clock.now());
      },
    },
  ];
}

const viewUser = (user: UserRecord): User => ({
  id: user.id,
  email: user.email,
  role: user.role,
  disabled: user.disabled,
  created_at: timeText(user.created_at),
  updated_at: timeText(user.updated_at),
  last_login_at: timeTextOrNull(user.last_login_at),
  version: user.version,
});
