import {
  FUNCTION_POOL,
  FUNCTION_SESSION,
  lookForFunctionEvidence,
  lookInFunction,
} from '../../domain/fleet/function-pool.ts';
import { type Evidence, isRunOpen, missesStart, type Run, waitsUntil } from '../../domain/run.ts';
import {
  dispatchDue,
  fallDue,
  isDue,
  lookForEvidence,
  lookInFlight,
  readyLookAt,
  recordEvidence,
} from '../../domain/run-decisions.ts';
import type { Session } from '../../domain/session.ts';
import type { FindCredit } from '../dispatch/find-credit.ts';
import type { OfferRun } from '../dispatch/offer-run.ts';
import { pickShard } from '../dispatch/pick-shard.ts';
import type { Push, PushAgain } from '../dispatch/push.ts';
import type { Ports } from '../ports/index.ts';
import type { SendCancel } from '../runs/cancel-run.ts';
import type { BadEnd, EndAttempt } from '../runs/end-attempt.ts';
import type { Ended } from '../runs/ended.ts';
import { createExpireRun } from '../runs/expire-run.ts';
import type { Acted, Watch } from './ring.ts';

type Tools = {
  readonly findCredit: FindCredit;
  readonly offerRun: OfferRun;
  readonly push: Push;
  readonly pushAgain: PushAgain;
  readonly endAttempt: EndAttempt;
  readonly sendCancel: SendCancel;
  readonly ended: Ended;
};

const WHY_AGAIN = 'A run is pushed again: the worker does not list it';
const WHY_AGAIN_IN_FUNCTION = 'An order is sent again: the function has not begun its run';

const outOfTime = ({ pool, status, timeoutMs }: Run): string => {
  if (pool !== FUNCTION_POOL) {
    return `No result within ${timeoutMs} ms; the worker did not stop it in time either`;
  }
  return status === 'running'
    ? 'The function that executed it ended without a result'
    : 'The function that executes runs did not take it up in time';
};

/** What the alarm of a run does, state by state. */
export const createWatchRun = (ports: Ports, tools: Tools): ((id: string) => Watch<Run>) => {
  const { runs, sessions, settings, now, chance, log } = ports;

  const none: Acted = { next: 'none' };
  const again: Acted = { next: 'again' };
  const look = (at: number): Acted => ({ next: 'look', at });

  const expireRun = createExpireRun(ports, tools.ended);
  const actExpired = async (run: Run): Promise<Acted> => {
    await expireRun(run);
    return again;
  };

  const actScheduled = async (run: Run): Promise<Acted> => {
    const until = waitsUntil(run);
    if (until !== undefined) {
      return look(until);
    }
    if (!isDue(run.dueAt, now())) {
      return look(run.wakeAt);
    }
    const credit = await tools.findCredit(run, 'two', 'eventual');
    if (credit !== undefined) {
      const committed = await runs.commit(dispatchDue(run, credit.grant, now()).change);
      if (committed.kind === 'lost') {
        await sessions.giveBack(credit.session, 1);
        return again;
      }
      await tools.push(credit.session, [{ run: committed.run }]);
      return look(committed.run.wakeAt);
    }
    const committed = await runs.commit(fallDue(run, pickShard(settings.shards(run.pool).ready, chance), now()).change);
    return committed.kind === 'won' ? actReady(committed.run, 'two') : again;
  };

  /** Rule D2: the alarm looks at every shard. Without credit nothing is written: the next look follows from `readyAt`. */
  const actReady = async (run: Run, scope: 'two' | 'all'): Promise<Acted> => {
    const readyAt = run.readyAt ?? run.updatedAt;
    const reading = scope === 'two' ? 'consistent' : 'eventual';
    const claimed = await tools.offerRun({ ...run, readyAt }, { scope, reading });
    if (claimed === 'lost') {
      return again;
    }
    if (claimed === 'no_credit') {
      return look(readyLookAt(run, readyAt, now()));
    }
    return claimed.g === run.g ? look(claimed.wakeAt) : none;
  };

  const sessionOf = async (run: Run): Promise<Session | undefined> => {
    if (run.pool === FUNCTION_POOL) {
      return FUNCTION_SESSION;
    }
    return run.session === undefined ? undefined : sessions.get(run.session, 'consistent');
  };

  const end = async (run: Run, how: BadEnd, by: { readonly session?: string }): Promise<void> => {
    const ended = await tools.endAttempt.byVerdict(run, how, by);
    if (ended === undefined) {
      return;
    }
    if (how.outcome === 'timed_out') {
      await tools.sendCancel(run);
    }
    await tools.ended(ended);
  };

  const actInFlight = async (run: Run): Promise<Acted> => {
    const session = await sessionOf(run);
    const inFunction = run.pool === FUNCTION_POOL;
    const found = inFunction ? lookInFunction(run, now()) : lookInFlight(run, session, now());
    switch (found.do) {
      case 'wait':
        return look(found.lookAt);
      case 'redeliver':
        if (session !== undefined) {
          log.info(inFunction ? WHY_AGAIN_IN_FUNCTION : WHY_AGAIN, { run: run.id, attempt: run.attempt });
          await tools.pushAgain(session, [run]);
        }
        return look(found.lookAt);
      case 'lose': {
        const error = `Worker ${run.worker ?? 'unknown'} was lost`;
        const by = run.session === undefined ? {} : { session: run.session.id };
        await end(run, { outcome: 'failed', reason: 'worker_lost', error }, by);
        return again;
      }
      case 'time_out': {
        const ended = { outcome: 'timed_out', reason: 'timed_out', error: outOfTime(run) } as const;
        await end(run, ended, {});
        return again;
      }
    }
  };

  const actOnEvidence = async (run: Run): Promise<Acted> => {
    const record = async (state: Exclude<Evidence['state'], 'pending'>): Promise<Acted> => {
      const committed = await runs.commit(recordEvidence(run, { state, at: now() }, {}, now()).change);
      if (committed.kind === 'won') {
        await tools.ended(committed.run);
      }
      return none;
    };
    if (run.pool === FUNCTION_POOL) {
      const found = lookForFunctionEvidence(run, now());
      return found.do === 'wait' ? look(found.lookAt) : record(found.state);
    }
    const found = lookForEvidence(run, await sessionOf(run), now());
    if (found.do === 'ask_again') {
      await tools.sendCancel(run);
      return look(found.lookAt);
    }
    return record('abandoned');
  };

  const act = (run: Run): Promise<Acted> => {
    switch (run.status) {
      case 'scheduled':
        return missesStart(run, now()) ? actExpired(run) : actScheduled(run);
      case 'ready':
        return missesStart(run, now()) ? actExpired(run) : actReady(run, 'all');
      case 'dispatched':
      case 'running':
        return actInFlight(run);
      case 'cancelled':
        return actOnEvidence(run);
      case 'succeeded':
      case 'failed':
      case 'timed_out':
      case 'skipped':
        return Promise.resolve(none);
    }
  };

  return (id) => ({
    read: (reading) => runs.get(id, reading),
    watched: (run) => ({
      open: isRunOpen(run),
      g: run.g,
      wakeAt: run.wakeAt,
      fence: run.fence,
      bumped: run.bumped,
    }),
    act,
    fence: (g) => runs.fence(id, g),
    voidMissing: (nonce, expiresAt) => runs.voidMissing(id, nonce, expiresAt),
    bump: (g, fence, nonce) => runs.bump(id, g, fence, nonce),
  });
};
