/** A transaction in API E's words. */
import type { SagaDetail, StepView } from '../../../../application/sagas/api.ts';
import type {
  Transaction,
  TransactionRow,
  TransactionStatus,
  TransactionTask,
} from '../../../../contracts/http/e/transaction.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import { isTerminal, type Run, triesBegun } from '../../../../domain/run.ts';
import { isSagaEnded, type Saga, type SagaStatus, type UndoStatus } from '../../../../domain/saga/saga.ts';

export const STATUS_WORD = {
  running: 'running',
  compensating: 'compensating',
  failed: 'failed',
  succeeded: 'success',
  compensated: 'compensated',
  cancelled: 'cancelled',
} as const satisfies Readonly<Record<SagaStatus, TransactionStatus>>;

/** `pending` is how one looks that has just been started, which no row says any more: both words find those that run. */
export const statusesOf = (word: TransactionStatus): readonly SagaStatus[] => {
  const all: readonly SagaStatus[] = ['running', 'compensating', 'failed', 'succeeded', 'compensated', 'cancelled'];
  return word === 'pending' ? ['running'] : all.filter((status) => STATUS_WORD[status] === word);
};

/** As API E names the tasks of a transaction. */
export const taskIdOf = (instance: string, step: string): string => `${instance}_${step}`;

/** The step that a caller names: by its id in the definition, or as API E shows it. Or what is wrong with the name. */
export const stepNamed = (
  { saga: { instance }, steps }: Pick<SagaDetail, 'saga' | 'steps'>,
  named: string,
): { readonly step: string | undefined } | { readonly problem: string } => {
  const prefix = taskIdOf(instance, '');
  const shown = named.startsWith(prefix) ? named.slice(prefix.length) : undefined;
  const meant = [named, shown].filter((id) => steps.some(({ step }) => step === id));
  // Of transaction `order`: `order_check` is one step by its id, and another, `check`, as it is shown.
  return meant.length > 1
    ? {
        problem: `task_id ${JSON.stringify(named)} may be the task ${JSON.stringify(named)} or the task ${JSON.stringify(shown)} of the definition: send ${JSON.stringify(taskIdOf(instance, named))} or ${JSON.stringify(shown)}`,
      }
    : { step: meant[0] };
};

const STEP_WORD = {
  pending: 'pending',
  running: 'running',
  succeeded: 'success',
  failed: 'failed',
  skipped: 'skipped',
  waived: 'skipped',
  cancelled: 'cancelled',
} as const;

const UNDO_WORD = {
  running: 'running',
  succeeded: 'success',
  failed: 'failed',
  given_up: 'skipped',
} as const satisfies Readonly<Record<UndoStatus, string>>;

const statusOf = ({ state, blocked }: StepView): TransactionTask['status'] => {
  if (state.undo === 'succeeded') {
    return 'compensated';
  }
  if (state.undo === 'running') {
    return 'compensating';
  }
  return blocked ? 'skipped' : STEP_WORD[state.status];
};

const instants = ({ startedAt, dispatchedAt, endedAt }: Run) => {
  const began = startedAt ?? dispatchedAt;
  return {
    ...(began === undefined ? {} : { started_at: formatInstant(began) }),
    ...(endedAt === undefined ? {} : { completed_at: formatInstant(endedAt) }),
  };
};

const runFields = (run: Run | undefined) =>
  run === undefined
    ? {}
    : {
        run_id: run.id,
        ...instants(run),
        ...(run.error === undefined || run.status === 'succeeded' ? {} : { error_message: run.error }),
      };

export const taskView = (instance: string, step: StepView): TransactionTask => ({
  id: taskIdOf(instance, step.step),
  name: step.description,
  status: statusOf(step),
  definition_id: step.step,
  task_name: step.taskName,
  type: step.type,
  attempts: step.run === undefined ? 0 : triesBegun(step.run),
  ...runFields(step.run),
  ...(step.state.unknown === true ? { outcome_unknown: true as const } : {}),
  ...(step.state.undo === undefined
    ? {}
    : { compensation: { status: UNDO_WORD[step.state.undo], ...runFields(step.undoRun) } }),
});

export const transactionRowView = (saga: Saga): TransactionRow => ({
  instance_id: saga.instance,
  flow_id: saga.flow,
  flow_name: saga.flowName,
  flow_version: saga.flowVersion,
  status: STATUS_WORD[saga.status],
  created_at: formatInstant(saga.createdAt),
  updated_at: formatInstant(saga.updatedAt),
  ...(isSagaEnded(saga) && saga.endedAt !== undefined ? { completed_at: formatInstant(saga.endedAt) } : {}),
});

const errorOf = (tasks: readonly TransactionTask[]): string | undefined =>
  tasks.find(({ compensation }) => compensation?.status === 'failed')?.compensation?.error_message ??
  tasks.find(({ error_message }) => error_message !== undefined)?.error_message;

export const transactionView = ({ saga, params, steps }: SagaDetail): Transaction => {
  const tasks = steps.map((step) => taskView(saga.instance, step));
  const error = saga.status === 'succeeded' ? undefined : errorOf(tasks);
  return { ...transactionRowView(saga), params, ...(error === undefined ? {} : { error }), tasks };
};

/** Whether the row of a run lacks the error that a person looks for: a long one lies beside it. */
export const lacksError = (run: Run | undefined): run is Run =>
  run !== undefined && run.reportStored === true && isTerminal(run.status) && run.status !== 'succeeded';
