import { STEP_KEPT_MS } from '../../domain/ids.ts';
import { advance } from '../../domain/saga/advance.ts';
import { LONGEST_REST_MS, nextLook } from '../../domain/saga/looks.ts';
import { FIRST_LOOK_MS } from '../../domain/saga/new-saga.ts';
import { isSagaEnded, type Saga } from '../../domain/saga/saga.ts';
import type { Acted, Watch } from '../alarms/ring.ts';
import type { Ports } from '../ports/index.ts';
import type { AdvanceSaga } from './advance-saga.ts';
import { type CarryOut, hasAftermath, isChild } from './carry-out.ts';
import type { Children } from './children.ts';
import type { ReadSaga } from './read-view.ts';

const AGAIN: Acted = { next: 'again' };

type Tools = {
  readonly readSaga: ReadSaga;
  readonly carryOut: CarryOut;
  readonly holding: AdvanceSaga['holding'];
  readonly children: Pick<Children, 'report' | 'followParent'>;
};

/** What the alarm of a saga does: it reads everything, and finishes what a crash left. */
export const createWatchSaga = (ports: Ports, tools: Tools): ((no: string) => Watch<Saga>) => {
  const { sagas, settings, now } = ports;
  const { readSaga, carryOut, children } = tools;

  const none: Acted = { next: 'none' };
  const look = (at: number): Acted => ({ next: 'look', at });

  const finish = async (saga: Saga): Promise<Acted> => {
    if (isChild(saga)) {
      await children.report(saga);
      await children.followParent(saga);
    }
    return none;
  };

  /**
   * Has what the saga may need kept until the look after this one, and for as long as it is kept itself, should it end before.
   * Once in three months: whatever finished meanwhile is kept for longer than what was put off.
   */
  const keep = async (saga: Saga): Promise<Saga | undefined> => {
    const { retentionMs } = settings;
    const keptUntil = saga.keptUntil ?? saga.createdAt + retentionMs + STEP_KEPT_MS;
    if (keptUntil >= now() + LONGEST_REST_MS + retentionMs) {
      return saga;
    }
    const until = now() + LONGEST_REST_MS + retentionMs + STEP_KEPT_MS;
    await sagas.keepRuns(saga.no, until);
    const after = { ...saga, keptUntil: until, version: saga.version + 1 };
    return (await sagas.commit(saga, after, [])) === 'done' ? after : undefined;
  };

  const act = async (read: Saga): Promise<Acted> => {
    if (isSagaEnded(read)) {
      return finish(read);
    }
    const saga = await keep(read);
    if (saga === undefined) {
      return AGAIN;
    }
    if (isChild(saga)) {
      await children.followParent(saga);
    }
    const view = await readSaga.whole(saga, []);
    const decision = advance(view);
    const after = await carryOut.commit(saga, decision, 'alarm');
    if (after === undefined) {
      return AGAIN;
    }
    if (isSagaEnded(after)) {
      return none;
    }
    const isIdle = after === saga && decision.starts.length === 0 && decision.cancels.length === 0;
    return look(isIdle ? nextLook(saga, view.runs.values(), now()) : now() + FIRST_LOOK_MS);
  };

  return (no) => ({
    read: (reading) => sagas.get(no, reading),
    watched: (saga) => ({
      open: !isSagaEnded(saga) || hasAftermath(saga),
      g: saga.g,
      wakeAt: saga.wakeAt,
      // Every write moves the version, so it is fence enough.
      fence: saga.version,
      bumped: saga.bumped,
    }),
    act: (saga) => tools.holding(no, () => act(saga)),
    fence: (g) => sagas.fence(no, g),
    voidMissing: (nonce, expiresAt) => sagas.voidMissing(no, nonce, expiresAt),
    bump: (g, version, nonce) => sagas.bump(no, g, version, nonce),
  });
};
