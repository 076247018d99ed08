import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { AuditTrail } from '../http/audit.ts';
import type { Principal, RequestContext } from '../http/service.ts';

interface Account {
  readonly id: string;
  readonly project: string;
  readonly email?: string;
}
type From = Pick<RequestContext, 'address' | 'correlationId'>;

/** Audit entries of signing in and out: who it is is known only then, and not to the gate. */
export interface SessionJournal {
  opened(from: From, account: Account): Promise<void>;
  ended(from: From, account: Account): Promise<void>;
  /** Null for an account that does not exist. */
  refused(from: From, account: Account | null): Promise<void>;
}

/** Refusals that a process enters in a minute: whoever guesses is not to fill the records. */
const refusalsPerMinute = 60;
const minuteMs = 60_000;

export function createSessionJournal(options: {
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
}): SessionJournal {
  const { audit, clock, log } = options;
  let minute = Number.NEGATIVE_INFINITY;
  let refusals = 0;

  async function note(
    { address, correlationId }: From,
    action: 'login' | 'logout',
    { id, project, email = '' }: Account,
    status: number,
  ): Promise<void> {
    const principal: Principal = {
      kind: 'user',
      id,
      name: email,
      role: null,
      permissions: new Set(),
      project,
    };
    const close = await audit.open({
      principal,
      action,
      target: id === '' ? null : id,
      fields: [],
      address,
      correlationId,
    });
    await close(status);
  }

  function mayEnterRefusal(): boolean {
    const now = Math.floor(clock.now() / minuteMs);
    if (now !== minute) {
      if (refusals > refusalsPerMinute)
        log.warning('Refused sign-ins are not all in the audit log', {
          refused: refusals,
          entered: refusalsPerMinute,
        });
      minute = now;
      refusals = 0;
    }
    refusals += 1;
    return refusals <= refusalsPerMinute;
  }

  return {
    opened: (from, account) => note(from, 'login', account, 200),
    ended: (from, account) => note(from, 'logout', account, 200),
    async refused(from, account) {
      if (!mayEnterRefusal()) return;
      // What was typed for an account that does not exist is not kept: it may be a password.
      await note(from, 'login', account ?? { id: '', project: 'default' }, 401);
    },
  };
}
