import { ancestorsOf } from '../../domain/flow/graph.ts';
import { makeStepRunId } from '../../domain/ids.ts';
import { stepOf } from '../../domain/saga/saga.ts';
import type { Ports } from '../ports/index.ts';
import type { SagaDetail, Sagas, StepView } from './api.ts';
import type { ReadSaga } from './read-view.ts';

/** A transaction with its steps, in the order of the definition, and their newest runs. */
export const createViewSaga =
  ({ sagas }: Pick<Ports, 'sagas'>, { flowOf, paramsOf }: ReadSaga): Sagas['get'] =>
  async (instance): Promise<SagaDetail | undefined> => {
    const held = await sagas.find(instance);
    const saga = held && (await sagas.get(held.no, 'consistent'));
    if (saga === undefined) {
      return undefined;
    }
    const { no } = saga;
    const [flow, params, runs] = await Promise.all([flowOf(saga), paramsOf(saga), sagas.runsOf(no, 'consistent')]);
    const byId = new Map(runs.map((run) => [run.id, run]));
    const ancestors = ancestorsOf(flow.steps);
    const hasFailed = (id: string): boolean => stepOf(saga, id).status === 'failed';
    const steps = flow.steps.map(({ id, taskName, description, type }): StepView => {
      const state = stepOf(saga, id);
      const run = byId.get(makeStepRunId({ saga: no, step: id, undo: false, n: state.runs }));
      const undoRun = byId.get(makeStepRunId({ saga: no, step: id, undo: true, n: state.undoRuns ?? 0 }));
      return {
        ...{ step: id, taskName, description, type, state },
        blocked: state.status === 'pending' && [...(ancestors.get(id) ?? [])].some(hasFailed),
        ...(run === undefined ? {} : { run }),
        ...(undoRun === undefined ? {} : { undoRun }),
      };
    });
    return { saga, flow, params, steps, runs: byId };
  };
