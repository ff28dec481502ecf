import { parseStepRunId } from '../../domain/ids.ts';
import { isRunOpen, type Run } from '../../domain/run.ts';
import { advance } from '../../domain/saga/advance.ts';
import type { SagaAnswer, SagaRefusal } from '../../domain/saga/decision.ts';
import { isSagaEnded, type Saga } from '../../domain/saga/saga.ts';
import type { Ports } from '../ports/index.ts';
import type { Sagas } from './api.ts';
import type { CarryOut } from './carry-out.ts';
import type { ReadSaga, ReadView } from './read-view.ts';

/** A row that changes under us so often is being looked after by others; the alarm comes anyway. */
const ROUNDS = 10;
/** Steps that end at the same moment are told apart by waiting up to so long. */
const JITTER_MS = 50;
/** Runs that one decision takes: no more may fail at once than exceptions fit into one write. */
const AT_ONCE = 90;

export type Answered =
  | { readonly kind: 'done'; readonly saga: Saga }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'refused'; readonly why: SagaRefusal };

export type AdvanceSaga = {
  readonly ended: Sagas['ended'];
  /** Decides on the whole saga, again for as long as others are faster. */
  readonly decide: (no: string, ask: (view: ReadView) => SagaAnswer | Promise<SagaAnswer>) => Promise<Answered>;
  /**
   * Does something to a saga. The runs that end by it are counted in one go afterwards, not each by itself in the middle: a
   * saga that cancels 50 runs would be in its own way 50 times.
   */
  readonly holding: <T>(no: string, act: () => Promise<T>) => Promise<T>;
};

type Tools = {
  readonly readSaga: ReadSaga;
  readonly carryOut: CarryOut;
  /** A run has ended: what it waited for is no longer wanted. */
  readonly abandonChild: (saga: Saga, run: Run) => Promise<void>;
};

/** Moves sagas on: by the end of a run, by a person's word. */
export const createAdvanceSaga = (ports: Ports, tools: Tools): AdvanceSaga => {
  const { sagas, log, chance, pause } = ports;
  const { readSaga, carryOut } = tools;
  /** Of the sagas that this process is at work on: runs that ended meanwhile. */
  const inHand = new Map<string, Run[]>();

  const again = (): Promise<void> => pause(Math.ceil(chance() * JITTER_MS));

  /** @param known that have ended; none: all are looked at */
  const advanceBy = async (no: string, known: readonly Run[]): Promise<Saga | undefined> => {
    const abandoned = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      // The cheap reading: of a row that has changed meanwhile the commit fails, and one that is over stays so.
      const isFirst = round === 0 && known.length > 0;
      const saga = await sagas.get(no, isFirst ? 'eventual' : 'consistent');
      if (saga === undefined) {
        if (isFirst) {
          continue;
        }
        return undefined;
      }
      for (const run of known.filter(({ id }) => !abandoned.has(id))) {
        await tools.abandonChild(saga, run);
        abandoned.add(run.id);
      }
      if (isSagaEnded(saga)) {
        return saga;
      }
      // After a lost race everything is read: that counts what has ended beside it, too.
      const view = isFirst ? await readSaga.ofRuns(saga, known) : await readSaga.whole(saga, known);
      const after = await carryOut.commit(saga, advance(view));
      // What changes nothing has been counted, or the row is too old to show that it was awaited: the other reading tells.
      if (after !== undefined && !(isFirst && after === saga)) {
        return after;
      }
      if (after === undefined) {
        await again();
      }
    }
    throw new Error(`Transaction ${no} changed ${ROUNDS} times while a step of it ended`);
  };

  const tryToAdvance = async (no: string, known: readonly Run[]): Promise<void> => {
    try {
      for (let at = 0; at < known.length; at += AT_ONCE) {
        await advanceBy(no, known.slice(at, at + AT_ONCE));
      }
    } catch (error) {
      log.warn('A transaction could not be moved on at once: its alarm does it', { saga: no, error });
    }
  };

  const holding: AdvanceSaga['holding'] = async (no, act) => {
    if (inHand.has(no)) {
      return act();
    }
    const ended: Run[] = [];
    inHand.set(no, ended);
    try {
      return await act();
    } finally {
      // What ended meanwhile was told to nobody else, however the act itself came out.
      while (ended.length > 0) {
        await tryToAdvance(no, ended.splice(0));
      }
      inHand.delete(no);
    }
  };

  return {
    holding,
    ended: async (run) => {
      const step = parseStepRunId(run.id);
      if (step === undefined || isRunOpen(run)) {
        return;
      }
      const waiting = inHand.get(step.saga);
      if (waiting === undefined) {
        await holding(step.saga, () => tryToAdvance(step.saga, [run]));
      } else {
        waiting.push(run);
      }
    },
    decide: (no, ask) =>
      holding(no, async () => {
        for (let round = 0; round < ROUNDS; round += 1) {
          const saga = await sagas.get(no, 'consistent');
          if (saga === undefined) {
            return { kind: 'not_found' };
          }
          const answer = await ask(await readSaga.whole(saga, []));
          if ('refused' in answer) {
            return { kind: 'refused', why: answer.refused };
          }
          const after = await carryOut.commit(saga, answer);
          if (after !== undefined) {
            // Left as it is, it is over once its runs are told: nobody waits for the word of their workers.
            const over = after.leave && !isSagaEnded(after) ? await advanceBy(no, []) : after;
            return { kind: 'done', saga: over ?? after };
          }
          await again();
        }
        throw new Error(`Transaction ${no} changed ${ROUNDS} times while it was being changed`);
      }),
  };
};
