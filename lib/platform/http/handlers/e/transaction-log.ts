/** What became of each try of each task, from the runs of its steps. */
import type { SagaDetail, StepView } from '../../../../application/sagas/api.ts';
import type { TransactionLog } from '../../../../contracts/http/e/transaction.ts';
import { makeStepRunId } from '../../../../domain/ids.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import type { AttemptRecord, Run } from '../../../../domain/run.ts';
import { taskIdOf } from './transaction-view.ts';

/** Of a task, and of its compensation. */
const MOST_RUNS = 20;

export type Entry = TransactionLog & {
  /** Epoch ms. */
  readonly at: number;
  /** The newest of its run, which is this: what the run wrote is shown with it. */
  readonly last?: Run;
};
type Told = Pick<TransactionLog, 'action' | 'message'>;
type OfRun = { readonly step: string; readonly undo: boolean; readonly n: number };

/** The runs whose attempts are to be told, oldest first. */
const runsToTell = (steps: readonly StepView[]): readonly OfRun[] =>
  steps.flatMap(({ step, state }) =>
    ([false, true] as const).flatMap((undo) => {
      const newest = (undo ? state.undoRuns : state.runs) ?? 0;
      const first = Math.max(1, newest - MOST_RUNS + 1);
      return Array.from({ length: newest - first + 1 }, (_, index) => ({ step, undo, n: first + index }));
    }),
  );

const OUTCOME = {
  failed: ['failed', 'failed'],
  timed_out: ['timeout', 'ran past its timeout'],
  lost: ['failed', 'was lost with its worker'],
  undelivered: ['failed', 'could not be delivered'],
} as const satisfies Readonly<Record<AttemptRecord['outcome'], readonly [TransactionLog['action'], string]>>;

const withError = (text: string, error: string | undefined): string => (error ? `${text}: ${error}` : text);

const ofAttempt = (attempt: number, isFirst: boolean, worker: string | undefined) =>
  ({
    action: isFirst ? 'start' : 'retry',
    message: `attempt ${attempt} began${worker === undefined ? '' : ` on ${worker}`}`,
  }) as const;

const cancelledText = (attempt: number, isWaiting: boolean): string => {
  if (attempt === 0) {
    return 'cancelled before it began';
  }
  return isWaiting ? 'cancelled before its next try' : `attempt ${attempt} cancelled`;
};

/** @param isWaiting for its next try */
const endOf = (run: Run, isWaiting: boolean): Told | undefined => {
  const attempt = `attempt ${run.attempt}`;
  switch (run.status) {
    case 'succeeded':
      return { action: 'success', message: run.attempt === 0 ? 'what it waited for has come' : `${attempt} succeeded` };
    case 'failed':
      return {
        action: 'failed',
        message: withError(run.attempt === 0 ? 'it failed' : `${attempt} failed`, run.error ?? run.reason),
      };
    case 'timed_out':
      return run.reason === 'not_started'
        ? { action: 'expired', message: withError('it did not begin or come in time', run.error) }
        : { action: 'timeout', message: withError(`${attempt} ran past its timeout`, run.error) };
    case 'cancelled':
      return { action: 'cancelled', message: cancelledText(run.attempt, isWaiting) };
    default:
      return undefined;
  }
};

/** A run that waits for its next try has its last one among the earlier ones. */
const isTold = ({ history, attempt: newest }: Run): boolean => history.some(({ attempt }) => attempt === newest);

/** Oldest first. @param n number of the run among those of its step */
const entriesOf = (instance: string, { step, undo, n }: OfRun, run: Run): readonly Entry[] => {
  const head = { task_id: taskIdOf(instance, step), compensation: undo, run_id: run.id };
  const entry = (at: number, told: Told): Entry => ({
    ...head,
    ...told,
    created_at: formatInstant(at),
    at,
  });
  const earlier = run.history.flatMap((record, index) => {
    const [action, text] = OUTCOME[record.outcome];
    const began = record.startedAt ?? record.endedAt;
    return [
      entry(began, ofAttempt(record.attempt, index === 0 && n === 1, record.worker)),
      entry(record.endedAt, {
        action,
        message: withError(`attempt ${record.attempt} ${text}`, record.error ?? record.reason),
      }),
    ];
  });
  const began = run.startedAt ?? run.dispatchedAt;
  const current =
    run.attempt === 0 || began === undefined || isTold(run)
      ? []
      : [entry(began, ofAttempt(run.attempt, run.history.length === 0 && n === 1, run.worker))];
  const end = endOf(run, isTold(run));
  const ended = end === undefined || run.endedAt === undefined ? [] : [entry(run.endedAt, end)];
  const all = [...earlier, ...current, ...ended];
  const newest = all.at(-1);
  return newest === undefined ? [] : [...all.slice(0, -1), { ...newest, last: run }];
};

/** Of these steps of a transaction, oldest first. */
export const logOf = ({ saga, runs }: SagaDetail, steps: readonly StepView[]): readonly Entry[] =>
  runsToTell(steps)
    .flatMap((of) => {
      const run = runs.get(makeStepRunId({ saga: saga.no, ...of }));
      return run === undefined ? [] : entriesOf(saga.instance, of, run);
    })
    .sort((a, b) => a.at - b.at);

/** @param whole the run that it is the last of, with its error, where that lies beside the row. @param details what the run wrote to its log */
export const logView = (
  { at: _, last: _last, ...entry }: Entry,
  whole: Run | undefined,
  details: string | undefined,
): TransactionLog => ({
  ...entry,
  ...(whole === undefined ? {} : endOf(whole, isTold(whole))),
  ...(details ? { details } : {}),
});
