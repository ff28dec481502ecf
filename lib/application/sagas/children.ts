import type { Flow, Work } from '../../domain/flow/flow.ts';
import { parseStepRunId } from '../../domain/ids.ts';
import { isTerminal, type Run } from '../../domain/run.ts';
import type { StepStart } from '../../domain/saga/decision.ts';
import { isSagaEnded, type Saga, type StepState, stepOf } from '../../domain/saga/saga.ts';
import type { Ports } from '../ports/index.ts';
import type { Fulfil } from '../runs/fulfil-run.ts';
import type { Sagas, StartResult } from './api.ts';
import { type ReadOutputs, toChildOutput } from './outputs.ts';
import type { StartSaga } from './start-saga.ts';

/** Transactions within transactions, at the most. */
export const MOST_DEPTH = 5;

/** A transaction that is a step of another: its instance is the id of the step's run, which waits for it. */
export type Children = {
  /**
   * Starts it, once, after its run was created. Where the one above is only just being started as a child itself, that is left
   * to the alarm of the one above: one request starts no more than its own transaction and those of its first steps.
   */
  readonly start: (parent: Saga, start: StepStart) => Promise<void>;
  /** Tells the run that waits for this transaction how it ended. */
  readonly report: (saga: Saga) => Promise<void>;
  /**
   * Stops a run. Where it waits for a transaction, that turns back, and the run stays open until it has, so that what comes
   * after it in the unwind does not cross it. Where nothing is to be undone the run ends at once, and so does what it waited
   * for: whatever that had done, or was undoing, stays as it is.
   */
  readonly stop: (parent: Saga, run: string) => Promise<void>;
  /** A run has ended. What it waited for is turned back, where that has not ended. */
  readonly abandon: (parent: Saga, run: Run) => Promise<void>;
  /**
   * Whether what a run waits for was started, or is not to be: no longer, or not yet. What a crash left is done on the way:
   * where it has ended the run is told, and where the run has ended it is turned back.
   */
  readonly hasBegun: (parent: Saga, run: Run) => Promise<boolean>;
  /** Turns a transaction back that nobody waits for any more. */
  readonly followParent: (saga: Saga) => Promise<void>;
};

type Tools = {
  readonly fulfil: Fulfil;
  readonly readOutputs: ReadOutputs;
  readonly flowOf: (saga: Saga) => Promise<Flow>;
  readonly startSaga: StartSaga;
  readonly cancelRun: (run: string) => Promise<unknown>;
  readonly cancelSaga: (no: string, leave: boolean) => Promise<unknown>;
  readonly ended: Sagas['ended'];
};

const workOf = (flow: Flow, run: string): Work | undefined => {
  const of = parseStepRunId(run);
  const step = flow.steps.find(({ id }) => id === of?.step);
  return of?.undo ? step?.compensate : step;
};

/** Whether a person asked for the current run of the step, or of its undo, to begin later than now. */
const isHeld = ({ startAt = 0 }: StepState, now: number): boolean => startAt > now;

/** Why a transaction could not be started; undefined: it was. */
const refusalOf = (flow: string, result: StartResult): string | undefined => {
  switch (result.kind) {
    case 'flow_not_found':
      return `There is no flow ${flow}`;
    case 'flow_inactive':
      return `Flow ${flow} is not active`;
    case 'bad_params':
      return `Flow ${flow} was not started: ${result.problems.join('; ')}`;
    case 'started':
    case 'known':
    case 'forgotten':
    case 'different':
      // The run's id is nobody else's: whatever differs, this is its transaction, started before.
      return undefined;
  }
};

export const createChildren = (ports: Ports, tools: Tools): Children => {
  const { sagas, runs, now } = ports;
  /** Instances of the children that this process is just starting. */
  const starting = new Set<string>();

  const childOf = async (run: string): Promise<Saga | undefined> => {
    const held = await sagas.find(run);
    return held === undefined ? undefined : sagas.get(held.no, 'consistent');
  };

  const report: Children['report'] = async (saga) => {
    if (saga.status !== 'succeeded') {
      await tools.fulfil(saga.instance, { error: `The transaction of flow ${saga.flowName} ended as ${saga.status}` });
      return;
    }
    const flow = await tools.flowOf(saga);
    const done = flow.steps.filter(({ id }) => ['succeeded', 'waived'].includes(stepOf(saga, id).status));
    const outputs = await tools.readOutputs(
      saga,
      done.map(({ id }) => id),
      new Map(),
    );
    await tools.fulfil(saga.instance, { output: toChildOutput(flow, outputs) });
  };

  /** The transaction that waits for this one. Undefined: none does, or its row has expired. */
  const parentOf = async ({ instance }: Saga): Promise<Saga | undefined> => {
    const of = parseStepRunId(instance);
    return of && sagas.get(of.saga, 'consistent');
  };

  const turnBack = async (child: Saga | undefined): Promise<void> => {
    // What unwinds already may wait for a person: cancelled once more, its undos would be tried again unasked.
    if (child !== undefined && !isSagaEnded(child) && child.direction === 'forward') {
      // Whoever told us that the run has ended may have read the one above before a person said that all is to be left.
      const parent = await parentOf(child);
      await tools.cancelSaga(child.no, parent?.leave === true);
    }
  };

  const isFlow = async (parent: Saga, run: string): Promise<boolean> =>
    workOf(await tools.flowOf(parent), run)?.type === 'flow';

  /** A flow within itself would start itself again, once for each of its steps that does, on every level. */
  const isWithin = async (parent: Saga | undefined, flow: string): Promise<boolean> =>
    parent !== undefined && (parent.flow === flow || isWithin(await parentOf(parent), flow));

  const refusedAt = async (parent: Saga, flow: string): Promise<string | undefined> => {
    if (await isWithin(parent, flow)) {
      return `Flow ${flow} was not started: this transaction is one of that flow, or a part of one. A flow cannot contain itself`;
    }
    return parent.depth >= MOST_DEPTH ? `Transactions are nested more than ${MOST_DEPTH} deep` : undefined;
  };

  const startUnder = async (parent: Saga, run: string, child: NonNullable<StepStart['child']>): Promise<void> => {
    const depth = parent.depth + 1;
    const refused = await refusedAt(parent, child.flow);
    const refusal =
      refused ??
      refusalOf(child.flow, await tools.startSaga({ instance: run, flow: child.flow, params: child.params, depth }));
    if (refusal !== undefined) {
      await tools.fulfil(run, { error: refusal });
      return;
    }
    // Whoever ends the run looks for its transaction after; we look at the run after we started it. One of us sees the other.
    const waiting = await runs.get(run, 'consistent');
    if (waiting !== undefined && isTerminal(waiting.status)) {
      await turnBack(await childOf(run));
    }
  };

  return {
    report,
    start: async (parent, { run, child }) => {
      if (child === undefined || starting.has(parent.instance) || (await sagas.find(run)) !== undefined) {
        return;
      }
      starting.add(run);
      try {
        await startUnder(parent, run, child);
      } finally {
        starting.delete(run);
      }
    },
    stop: async (parent, run) => {
      const child = (await isFlow(parent, run)) ? await childOf(run) : undefined;
      const isOpen = child !== undefined && !isSagaEnded(child);
      if (isOpen && !parent.leave) {
        await turnBack(child);
        return;
      }
      await tools.cancelRun(run);
      if (isOpen) {
        await tools.cancelSaga(child.no, true);
      }
    },
    abandon: async (parent, run) => {
      if (await isFlow(parent, run.id)) {
        await turnBack(await childOf(run.id));
      }
    },
    hasBegun: async (parent, run) => {
      if (!(await isFlow(parent, run.id))) {
        return true;
      }
      const child = await childOf(run.id);
      if (isTerminal(run.status)) {
        await turnBack(child);
        return true;
      }
      if (child !== undefined && isSagaEnded(child)) {
        await report(child);
      }
      const step = parseStepRunId(run.id)?.step;
      if (step !== undefined && isHeld(stepOf(parent, step), now())) {
        return true;
      }
      // Its row may have expired; its name stays.
      return child !== undefined || (await sagas.find(run.id)) !== undefined;
    },
    followParent: async (saga) => {
      const run = await runs.get(saga.instance, 'consistent');
      if (run !== undefined && isTerminal(run.status)) {
        await turnBack(saga);
        await tools.ended(run);
      }
    },
  };
};
