/** API E's transactions. */
import type { Engine } from '../../../../application/api.ts';
import type { Caller } from '../../../../application/identity/api.ts';
import type { SagaDetail, Sagas, StepView } from '../../../../application/sagas/api.ts';
import type { TransactionTaskDetail } from '../../../../contracts/http/e/transaction.ts';
import { readOutput } from '../../../../domain/flow/read-output.ts';
import type { AuditAction, AuditDraft } from '../../../../domain/identity/audit.ts';
import { isPlainId } from '../../../../domain/ids.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import type { Run } from '../../../../domain/run.ts';
import { MAX_GIVEN_BYTES } from '../../../../domain/saga/decision.ts';
import { isSagaEnded } from '../../../../domain/saga/saga.ts';
import type { Handlers } from '../../serve.ts';
import { bad, givenOf, ok, pageView, placeOf, sliceOf, UNKNOWN_FLOW, UNKNOWN_INSTANCE } from './e-answers.ts';
import { refusalWord } from './refusal-words.ts';
import { type Entry, logOf, logView } from './transaction-log.ts';
import {
  lacksError,
  STATUS_WORD,
  statusesOf,
  stepNamed,
  taskIdOf,
  taskView,
  transactionRowView,
  transactionView,
} from './transaction-view.ts';

export type TransactionDependencies = {
  readonly engine: Pick<Engine, 'getRun' | 'logs'> & { readonly sagas: Sagas };
  /** Appends to the audit log. */
  readonly record: (draft: AuditDraft) => Promise<void>;
  /** Epoch ms. */
  readonly now: () => number;
};

type Ids =
  | 'startTransaction'
  | 'listTransactions'
  | 'getTransaction'
  | 'retryTransaction'
  | 'cancelTransaction'
  | 'listTransactionTasks'
  | 'listTransactionLogs'
  | 'signalTransaction';

/** What a caller may have named one, and what a sub-transaction is named: the run that started it. */
const isInstance = (id: string): boolean => /^[A-Za-z0-9._:@+=~-]{1,100}$/.test(id);

/** Of one task on a page of at most 100: a Lambda's answer ends at 6 MB, in which JSON is escaped twice. */
const MOST_OUTPUT_CHARS = 16 * 1024;
const MOST_DETAIL_BYTES = 8 * 1024;

const ENDED = bad('the transaction has ended');
const NOT_WAITING = bad('no such task of this transaction waits for a signal');

export const transactionHandlers = ({ engine, record, now }: TransactionDependencies): Pick<Handlers, Ids> => {
  const { sagas, logs } = engine;

  const find = async (id: string): Promise<SagaDetail | undefined> => (isInstance(id) ? sagas.get(id) : undefined);

  const whole = async (run: Run): Promise<Run> => (await engine.getRun(run.id)) ?? run;

  /** With the errors that lie beside the rows. */
  const withErrors = async (steps: readonly StepView[]): Promise<readonly StepView[]> =>
    Promise.all(
      steps.map(async (step) => ({
        ...step,
        ...(lacksError(step.run) ? { run: await whole(step.run) } : {}),
        ...(lacksError(step.undoRun) ? { undoRun: await whole(step.undoRun) } : {}),
      })),
    );

  const outputOf = async ({ state, run }: StepView): Promise<string | undefined> => {
    if (state.output !== undefined || run === undefined || run.status !== 'succeeded') {
      return state.output;
    }
    const { notedOutput, output } = run.reportStored === true ? await whole(run) : run;
    return notedOutput ?? output;
  };

  const detailOf = async (instance: string, step: StepView): Promise<TransactionTaskDetail> => {
    const output = await outputOf(step);
    return {
      ...taskView(instance, step),
      ...(output === undefined || output.length > MOST_OUTPUT_CHARS ? {} : { output: readOutput(output) }),
    };
  };

  const shownOf = async (entry: Entry) => {
    const { last, run_id } = entry;
    const [run, log] = await Promise.all([
      lacksError(last) ? whole(last) : undefined,
      last === undefined ? undefined : logs.read(run_id, 0, MOST_DETAIL_BYTES),
    ]);
    return logView(entry, run, log?.text);
  };

  /** Before it is done: nothing happens unrecorded. After the look: made-up ids leave no entries. */
  const noted = (
    { principal, address, requestId }: Caller,
    action: AuditAction,
    { saga }: SagaDetail,
    detail?: string,
  ): Promise<void> =>
    record({
      at: now(),
      actor: principal.id,
      action,
      entity: `transaction:${saga.instance}`,
      address,
      requestId,
      ...givenOf({ detail }),
    });

  return {
    startTransaction: async ({ body: { instance_id: instance, flow_id: flow, params = {} } }) => {
      if (!isPlainId(flow)) {
        return UNKNOWN_FLOW;
      }
      const started = await sagas.start({ instance, flow, params });
      switch (started.kind) {
        case 'started':
        case 'known': {
          const { saga } = started;
          return ok({
            instance_id: instance,
            flow_id: saga.flow,
            status: started.kind === 'started' ? ('pending' as const) : STATUS_WORD[saga.status],
            created_at: formatInstant(saga.createdAt),
          });
        }
        case 'forgotten':
          return bad('this instance_id was used by a transaction that is no longer kept: use another');
        case 'different':
          return bad(
            `this instance_id was started with another ${started.differs.join(' and other ')}: send the same, or use another instance_id`,
          );
        case 'flow_not_found':
          return UNKNOWN_FLOW;
        case 'flow_inactive':
          return bad('the flow is not active: activate it with POST /api/v1/flows/:id/activate');
        case 'bad_params':
          return bad(`invalid params: ${started.problems.join('; ')}`);
      }
    },

    listTransactions: async ({ query }) => {
      const { flow_id: flow, status, since } = query;
      if (flow !== undefined && !isPlainId(flow)) {
        return pageView(query, { rows: [], total: 0, partial: false }, transactionRowView);
      }
      const statuses = status === undefined ? undefined : statusesOf(status);
      const page = await sagas.list(givenOf({ flow, statuses, since }), placeOf(query));
      return pageView(query, page, transactionRowView);
    },

    getTransaction: async ({ params }) => {
      const detail = await find(params.id);
      return detail === undefined
        ? UNKNOWN_INSTANCE
        : ok(transactionView({ ...detail, steps: await withErrors(detail.steps) }));
    },

    retryTransaction: async ({ params: { id } }, caller) => {
      const detail = await find(id);
      if (detail === undefined) {
        return UNKNOWN_INSTANCE;
      }
      if (detail.saga.status !== 'failed') {
        return bad(refusalWord('not_failed'));
      }
      await noted(caller, 'transaction.retry', detail);
      const retried = await sagas.retry(id, caller.principal.id);
      switch (retried.kind) {
        case 'done':
          return ok({ instance_id: id, status: 'pending' as const });
        case 'not_found':
          return UNKNOWN_INSTANCE;
        case 'refused':
          return bad(refusalWord(retried.why));
      }
    },

    cancelTransaction: async ({ params: { id }, body }, caller) => {
      const { compensate = true } = body;
      const detail = await find(id);
      if (detail === undefined) {
        return UNKNOWN_INSTANCE;
      }
      if (isSagaEnded(detail.saga)) {
        return ENDED;
      }
      await noted(caller, 'transaction.cancel', detail, compensate ? undefined : 'nothing is compensated');
      const cancelled = await sagas.cancel(id, caller.principal.id, !compensate);
      switch (cancelled.kind) {
        case 'done':
          return ok({ instance_id: id, status: STATUS_WORD[cancelled.saga.status] });
        case 'not_found':
          return UNKNOWN_INSTANCE;
        case 'refused':
          return bad(refusalWord(cancelled.why));
      }
    },

    listTransactionTasks: async ({ params, query }) => {
      const detail = await find(params.id);
      if (detail === undefined) {
        return UNKNOWN_INSTANCE;
      }
      const page = sliceOf(query, detail.steps);
      const steps = await withErrors(page.rows);
      const rows = await Promise.all(steps.map((step) => detailOf(detail.saga.instance, step)));
      return pageView(query, { ...page, rows }, (task) => task);
    },

    listTransactionLogs: async ({ params, query }) => {
      const detail = await find(params.id);
      if (detail === undefined) {
        return UNKNOWN_INSTANCE;
      }
      const { task_id: named } = query;
      const found = named === undefined ? undefined : stepNamed(detail, named);
      if (found !== undefined && 'problem' in found) {
        return bad(found.problem);
      }
      const steps = detail.steps.filter(({ step }) => found === undefined || step === found.step);
      const page = sliceOf(query, logOf(detail, steps));
      const rows = await Promise.all(page.rows.map(shownOf));
      return pageView(query, { ...page, rows }, (log) => log);
    },

    signalTransaction: async ({ params: { id }, body: { task_id: named, output } }) => {
      if (Buffer.byteLength(JSON.stringify(output)) > MAX_GIVEN_BYTES) {
        return bad(`output may have at most ${MAX_GIVEN_BYTES} bytes`);
      }
      const detail = await find(id);
      if (detail === undefined) {
        return UNKNOWN_INSTANCE;
      }
      const found = stepNamed(detail, named);
      if ('problem' in found) {
        return bad(found.problem);
      }
      const waiting = detail.steps.find(({ step }) => step === found.step);
      if (waiting?.type !== 'wait' || waiting.state.status !== 'running') {
        return NOT_WAITING;
      }
      const task = taskIdOf(id, waiting.step);
      switch (await sagas.signal(id, waiting.step, output)) {
        case 'done':
          return ok({ instance_id: id, task_id: task, signalled: true });
        case 'not_found':
          return UNKNOWN_INSTANCE;
        case 'not_waiting':
          return NOT_WAITING;
      }
    },
  };
};
