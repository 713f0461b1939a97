/**
 * Parts of a plan that were added later. Each kind draws from a generator of its own, so that the
 * rest of a known seed's plan stays the same.
 */
import { Prng } from '#internal/sys/sim/chance/prng';
import type { Action, ClientPlan, FaultPlan, Operation, Race, ServerPlan } from './plan.js';

/** Numbers of parts, above all others. */
const BROADCAST_IDS = 100_000;
const PIPE_IDS = 200_000;
const AT_ONCE_IDS = 300_000;
const LAST_WORDS_IDS = 400_000;

/** An action of `client` besides those of its script. */
function extra(random: Prng, id: number, operation: Operation, amountMax: number): Action {
  return { id, afterMs: random.unit() * 10, operation, amount: random.below(amountMax) };
}

function withAction(client: ClientPlan, action: Action): ClientPlan {
  return { ...client, script: { ...client.script, actions: [...client.script.actions, action] } };
}

/** Lets some clients write on the sockets of others too, all in one handler. */
function withBroadcast(random: Prng, client: ClientPlan): ClientPlan {
  if (!random.chance(0.3)) return client;
  return withAction(client, extra(random, BROADCAST_IDS + client.id, 'broadcast', 5000));
}

/** Lets some clients connect at the same moment as others, so that a backlog fills. */
function inBursts(random: Prng, clients: readonly ClientPlan[]): ClientPlan[] {
  return clients.map((one) => {
    const client = withBroadcast(random, one);
    if (!random.chance(0.4)) return client;
    const { connectAtMs, server } = random.pick(clients);
    return { ...client, connectAtMs: server === client.server ? connectAtMs : client.connectAtMs };
  });
}

/** Lets some clients send what comes out of a `Readable`, by `pipe`, which then ends them. */
function withPipe(random: Prng, client: ClientPlan): ClientPlan {
  if (!random.chance(0.15)) return client;
  return withAction(client, extra(random, PIPE_IDS + client.id, 'pipeIn', 200_000));
}

/** Lets some clients answer and close, with what the server wrote meanwhile unread. */
function withLastWords(random: Prng, client: ClientPlan): ClientPlan {
  if (!random.chance(0.5)) return client;
  return withAction(client, extra(random, LAST_WORDS_IDS + client.id, 'lastWords', 30_000));
}

const AT_ONCE: readonly Operation[] = [
  'destroy',
  'destroyWithError',
  'destroySoon',
  'reset',
  'end',
  'endWith',
  'writeMany',
  'pause',
  'timeout',
  'abort',
];

/** Lets some clients do something in the tick in which they connect. */
function withAtOnce(random: Prng, client: ClientPlan): ClientPlan {
  if (!random.chance(0.2)) return client;
  const operation = random.pick(AT_ONCE);
  return { ...client, atOnce: extra(random, AT_ONCE_IDS + client.id, operation, 3000) };
}

export function clientsWithExtras(seed: string, clients: readonly ClientPlan[]): ClientPlan[] {
  const bursts = inBursts(new Prng(`bursts ${seed}`), clients);
  const pipes = new Prng(`pipes ${seed}`);
  const atOnce = new Prng(`at once ${seed}`);
  const lastWords = new Prng(`last words ${seed}`);
  return bursts.map((client) =>
    withLastWords(lastWords, withAtOnce(atOnce, withPipe(pipes, client))),
  );
}

/**
 * Makes sure that each wave has a fault: one in some thousand plans has nothing but failures of
 * calls that are never made, and no others by chance.
 */
export function faultsWithExtras(
  faults: readonly FaultPlan[],
  byChance: boolean,
): readonly FaultPlan[] {
  const certain = faults.some(({ kind }) => kind !== 'fail' && kind !== 'reset');
  if (certain || byChance) return faults;
  return faults.map((fault, index) => (index === 0 ? { ...fault, kind: 'slow' } : fault));
}

const RACES: readonly Race[] = [
  'closeAtOnce',
  'closeOnListening',
  'closeOnConnection',
  'listenTwice',
];

export function serversWithExtras(seed: string, servers: readonly ServerPlan[]): ServerPlan[] {
  const random = new Prng(`races ${seed}`);
  return servers.map((server) =>
    random.chance(0.3) ? { ...server, race: random.pick(RACES) } : server,
  );
}
