import { nextReadyLook } from '../../domain/alarm.ts';
import { isRunOpen, type Run } from '../../domain/run.ts';
import {
  dispatchDue,
  fallDue,
  isDue,
  lookForEvidence,
  lookInFlight,
  recordEvidence,
} from '../../domain/run-decisions.ts';
import type { FindCredit } from '../dispatch/find-credit.ts';
import type { OfferRun } from '../dispatch/offer-run.ts';
import { pickShard } from '../dispatch/pick-shard.ts';
import type { Push, PushAgain } from '../dispatch/push.ts';
import type { Ports } from '../ports/index.ts';
import type { SendCancel } from '../runs/cancel-run.ts';
import type { EndAttempt } from '../runs/end-attempt.ts';
import type { Acted, Watch } from './ring.ts';

type Tools = {
  readonly findCredit: FindCredit;
  readonly offerRun: OfferRun;
  readonly push: Push;
  readonly pushAgain: PushAgain;
  readonly endAttempt: EndAttempt;
  readonly sendCancel: SendCancel;
};

/** What the alarm of a run does, state by state. */
export const createWatchRun = (ports: Ports, tools: Tools): ((id: string) => Watch<Run>) => {
  const { runs, sessions, settings, now, chance, log } = ports;

  const none: Acted = { next: 'none' };
  const again: Acted = { next: 'again' };
  const look = (at: number): Acted => ({ next: 'look', at });

  const actScheduled = async (run: Run): Promise<Acted> => {
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
      return look(nextReadyLook(readyAt, now()));
    }
    return claimed.g === run.g ? look(claimed.wakeAt) : none;
  };

  const actInFlight = async (run: Run): Promise<Acted> => {
    const session = run.session === undefined ? undefined : await sessions.get(run.session, 'consistent');
    const found = lookInFlight(run, session, now());
    switch (found.do) {
      case 'wait':
        return look(found.lookAt);
      case 'redeliver':
        if (session !== undefined) {
          log.info('A run is pushed again: the worker does not list it', { run: run.id, attempt: run.attempt });
          await tools.pushAgain(session, [run]);
        }
        return look(found.lookAt);
      case 'lose': {
        const error = `Worker ${run.worker ?? 'unknown'} was lost`;
        const by = run.session === undefined ? {} : { session: run.session.id };
        await tools.endAttempt.byVerdict(run, { outcome: 'failed', reason: 'worker_lost', error }, by);
        return again;
      }
      case 'time_out': {
        const error = `No result within ${run.timeoutMs} ms; the worker did not stop it in time either`;
        const ended = await tools.endAttempt.byVerdict(run, { outcome: 'timed_out', reason: 'timed_out', error }, {});
        if (ended !== undefined) {
          await tools.sendCancel(run);
        }
        return again;
      }
    }
  };

  const actOnEvidence = async (run: Run): Promise<Acted> => {
    const session = run.session === undefined ? undefined : await sessions.get(run.session, 'consistent');
    const found = lookForEvidence(run, session, now());
    if (found.do === 'ask_again') {
      await tools.sendCancel(run);
      return look(found.lookAt);
    }
    await runs.commit(recordEvidence(run, { state: 'abandoned', at: now() }, {}, now()).change);
    return none;
  };

  const act = (run: Run): Promise<Acted> => {
    switch (run.status) {
      case 'scheduled':
        return actScheduled(run);
      case 'ready':
        return actReady(run, 'all');
      case 'dispatched':
      case 'running':
        return actInFlight(run);
      case 'cancelled':
        return actOnEvidence(run);
      case 'succeeded':
      case 'failed':
      case 'timed_out':
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
