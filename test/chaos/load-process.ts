import { type Outcome, openLedger, type SentEvent } from './ledger.ts';
import { makeLoadEvent } from './load-event.ts';
import type { LoadCommand, LoadOptions, LoadState } from './load-options.ts';
import { LoadSocket } from './load-socket.ts';
import { wait } from './timing.ts';

/*
 * The clients, a process of their own that no fault touches. A sender has one request at a time and sends it again, with
 * the same ids, to the next replica, until it is answered: acknowledged, or refused for good.
 */

const options: LoadOptions = JSON.parse(process.argv[2] ?? '');
const ledger = openLedger(options.ledger);
const repeatable = 200;
const statePeriodMs = 100;
const retryMs = 100;

interface Request {
  readonly number: number;
  readonly events: readonly ReturnType<typeof makeLoadEvent>[];
}
type Send = (request: Request) => Promise<{ readonly outcome: Outcome; readonly detail: string }>;

let fault = 'none';
let paused = true;
let ended = false;
let requests = 0;
let events = 0;
let sent = 0;
let acknowledged = 0;
let answered503 = 0;
let open = 0;
let turn = 0;
const recent: Request[] = [];
const toRepeat: Request[] = [];
let repeating = 0;

const nextTarget = (): string => options.targets[turn++ % options.targets.length] ?? '';

const overHttp: Send = async ({ events: list }) => {
  const [first] = list;
  const answer = await fetch(`${nextTarget()}${list.length === 1 ? '/events' : '/events/batch'}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${options.authorization}` },
    body: JSON.stringify(list.length === 1 ? first : { events: list }),
    signal: AbortSignal.timeout(options.timeoutMs),
  });
  const text = await answer.text();
  if (answer.status === 503) {
    answered503 += 1;
    return { outcome: 'unanswered', detail: '503' };
  }
  return answer.status === 201
    ? { outcome: 'acknowledged', detail: '' }
    : { outcome: 'refused', detail: `${answer.status} ${text.slice(0, 500)}` };
};

const sockets = Array.from({ length: options.sockets }, () => new LoadSocket(nextTarget, options));
const overSocket =
  (socket: LoadSocket): Send =>
  async ({ number, events: list }) => {
    const result = await socket.send(number, list);
    if (result.detail === 'ServiceUnavailable') answered503 += 1;
    return result;
  };

/** Resolves when it is answered for good; true when it was acknowledged. */
async function settle(request: Request, send: Send): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    if (attempt > 0) ledger.again(request.number);
    const result = await send(request).catch((error: unknown) => ({
      outcome: 'unanswered' as const,
      detail: String(error),
    }));
    ledger.end(request.number, result.outcome, result.detail);
    if (result.outcome !== 'unanswered') return result.outcome === 'acknowledged';
    if (ended) return false;
    await wait(retryMs);
  }
}

async function sender(size: number, send: Send): Promise<void> {
  while (!ended) {
    const again = toRepeat.shift();
    if (again !== undefined) {
      ledger.again(again.number);
      if (await settle(again, send)) repeating -= 1;
    } else if (paused) await wait(20);
    else {
      const request = makeRequest(size);
      open += 1;
      if (await settle(request, send)) acknowledged += size;
      open -= 1;
      recent.push(request);
      if (recent.length > repeatable) recent.shift();
    }
    await wait(options.pauseMs);
  }
}

function makeRequest(size: number): Request {
  const list = Array.from({ length: size }, () => makeLoadEvent(events++, fault));
  const number = requests++;
  ledger.sent(
    number,
    fault,
    list.map(({ id, data }): SentEvent => ({ id, n: data.n })),
  );
  sent += size;
  return { number, events: list };
}

const state = (): LoadState => ({
  sent,
  acknowledged,
  answered503,
  open,
  paused,
  repeating,
  reconnects: sockets.reduce((sum, socket) => sum + socket.reconnects, 0),
});
const tell = (): void => void process.send?.(state());

const commands: { readonly [Name in LoadCommand['command']]: (given: LoadCommand) => void } = {
  fault(given) {
    if (given.command === 'fault') fault = given.name;
  },
  pause() {
    paused = true;
  },
  resume() {
    paused = false;
  },
  repeat(given) {
    if (given.command !== 'repeat') return;
    const chosen = recent.slice(-given.requests);
    toRepeat.push(...chosen);
    repeating += chosen.length;
  },
  end() {
    ended = true;
    process.disconnect();
    setTimeout(() => process.exit(0), 50);
  },
};

process.on('message', (given: LoadCommand) => {
  commands[given.command](given);
  if (!ended) tell();
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit(0));
setInterval(() => {
  if (!ended) tell();
}, statePeriodMs);
for (let n = 0; n < options.singles; n++) void sender(1, overHttp);
for (let n = 0; n < options.batches; n++) void sender(options.batchSize, overHttp);
for (const [n, socket] of sockets.entries()) void sender(n % 2 === 0 ? 1 : 20, overSocket(socket));
tell();
