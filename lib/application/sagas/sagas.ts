/** What people ask of transactions, wired. */
import { makeStepRunId } from '../../domain/ids.ts';
import { command } from '../../domain/saga/command.ts';
import type { SagaCommand } from '../../domain/saga/decision.ts';
import { type Saga, stepOf } from '../../domain/saga/saga.ts';
import { racing } from '../identity/racing.ts';
import type { Ports } from '../ports/index.ts';
import type { CommandResult, Sagas } from './api.ts';
import { createListSagas } from './list-sagas.ts';
import type { SagaParts } from './saga-parts.ts';
import { createViewSaga } from './view-saga.ts';

export const createSagas = (ports: Ports, parts: SagaParts): Sagas => {
  const { readSaga, carryOut, startSaga, decide, ended, fulfil } = parts;

  /** Where the flow asks for two persons, one alone goes by the desk: else each could do here what they may not do there. */
  const say = async (instance: string, said: SagaCommand): Promise<CommandResult> => {
    const held = await ports.sagas.find(instance);
    return held === undefined
      ? { kind: 'not_found' }
      : decide(held.no, (view) => {
          const answer = command(view, said);
          return view.flow.twoPersons && !('refused' in answer) ? { refused: 'two_persons' } : answer;
        });
  };

  const waitsFor = async (saga: Saga, step: string): Promise<string | undefined> => {
    const { steps } = await readSaga.flowOf(saga);
    const waits = steps.find(({ id }) => id === step);
    const { status, runs: n } = stepOf(saga, step);
    const isWaiting = waits?.type === 'wait' && waits.config.signal === true && status === 'running';
    return isWaiting ? makeStepRunId({ saga: saga.no, step, undo: false, n }) : undefined;
  };

  const signal: Sagas['signal'] = async (instance, step, output) => {
    const held = await ports.sagas.find(instance);
    return held === undefined
      ? 'not_found'
      : racing<'done' | 'not_found' | 'not_waiting'>(`Transaction ${instance}`, async () => {
          const saga = await ports.sagas.get(held.no, 'consistent');
          if (saga === undefined) {
            return 'not_found';
          }
          const run = await waitsFor(saga, step);
          if (run === undefined) {
            return 'not_waiting';
          }
          if ((await carryOut.lookSoon(saga)) === undefined) {
            return 'changed';
          }
          return (await fulfil(run, { output: JSON.stringify(output) })) === undefined ? 'not_waiting' : 'done';
        });
  };

  return {
    start: (input) => startSaga({ ...input, depth: 0 }),
    get: createViewSaga(ports, readSaga),
    list: createListSagas(ports),
    retry: (instance, by) => say(instance, { kind: 'retry', by }),
    cancel: (instance, by, leave) => say(instance, { kind: 'cancel', by, leave }),
    signal,
    ended,
  };
};
