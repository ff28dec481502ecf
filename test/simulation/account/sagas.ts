/**
 * What may happen to a transaction: a step begins when what it depends on is done, an undo when what depends on it is undone,
 * and each has the runs that the row names and no others.
 */
import type { Json, JsonObject } from '../../../lib/domain/flow/flow.ts';
import type { Run } from '../../../lib/domain/run.ts';
import type { Saga, SagaException, SagaStatus } from '../../../lib/domain/saga/saga.ts';
import type { FlowPlan, StepPlan } from '../flow-plans.ts';
import type { Executions } from './executions.ts';
import { isOver, isSettled, mayHaveDone, type Roots, wrongInput } from './saga-model.ts';
import { type Asked, type Book, createStepAccount, stateOf } from './saga-steps.ts';
import { isStepRun, partsOf, stepRun } from './step-run.ts';
import type { Verdict } from './verdict.ts';

/** What may follow what: written down from docs/sagas.md, not taken from the code. */
const FOLLOWS: Readonly<Record<SagaStatus, readonly SagaStatus[]>> = {
  running: ['succeeded', 'failed', 'compensating', 'compensated', 'cancelled'],
  compensating: ['compensated', 'cancelled', 'failed', 'running', 'succeeded'],
  failed: ['running', 'compensating', 'succeeded', 'compensated', 'cancelled'],
  succeeded: [],
  compensated: [],
  cancelled: [],
};
const ENDED: readonly SagaStatus[] = ['succeeded', 'compensated', 'cancelled'];

export const isSagaOver = ({ status }: Pick<Saga, 'status'>): boolean => ENDED.includes(status);

export const createSagaAccount = (
  verdict: Verdict,
  runs: ReadonlyMap<string, Run>,
  executions: Pick<Executions, 'of'>,
) => {
  const { must } = verdict;
  const books = new Map<string, Book>();
  const byInstance = new Map<string, string>();
  const exceptions = new Map<string, SagaException>();
  /** What tellers have told: flows by name and version, parameters and wishes by instance. */
  const plans = new Map<string, FlowPlan>();
  const params = new Map<string, JsonObject>();
  const asked = new Map<string, Map<Asked, number>>();
  /** Rows that changed since they were last looked at. */
  const changed = new Set<string>();

  /** Whoever leaves a transaction as it is leaves those that its steps started, too. */
  const askedFor = (instance: string, what: Asked): number => {
    const above = what === 'leave' && isStepRun(instance) ? books.get(partsOf(instance).no) : undefined;
    return (asked.get(instance)?.get(what) ?? 0) + (above === undefined ? 0 : askedFor(above.row.instance, what));
  };

  /** What a run put out: what a person or a child said, or the attempt that succeeded. */
  const outputOfRun = (run: Run): Json => {
    const text = run.startBy === undefined ? executions.of(run.id, run.attempt)[0]?.output : run.output;
    return text === undefined ? null : (JSON.parse(text) as Json);
  };
  const outputOf = ({ row }: Book, step: string): Json | undefined => {
    const { status, runs: count, output } = stateOf(row, step);
    const run = runs.get(stepRun(row.no, step, count));
    if (output !== undefined) {
      return JSON.parse(output) as Json;
    }
    return status === 'succeeded' && run !== undefined ? outputOfRun(run) : null;
  };
  const rootsOf = (book: Book): Roots => ({
    instance: book.row.instance,
    params: book.params,
    outputOf: (step) => outputOf(book, step),
  });

  /** It has an undo, and effects that may be there: whoever left it out has said that there are none. */
  const isToUndo = ({ row, undone, byHand }: Book, step: StepPlan): boolean => {
    const { id, undo } = step;
    const from = undone.get(id) ?? 0;
    const own = Array.from({ length: stateOf(row, id).runs }, (_, index) => runs.get(stepRun(row.no, id, index + 1)));
    const done = own.slice(from).some((run) => run !== undefined && mayHaveDone(step, run));
    return undo !== undefined && stateOf(row, id).status !== 'waived' && (done || byHand.has(id));
  };
  const isLeft = ({ row }: Book, id: string): boolean => stateOf(row, id).undo === 'given_up';

  const steps = createStepAccount(verdict, { runs, rootsOf, isToUndo, isLeft, askedFor });
  const { onStepBegins, onUndoBegins, onStepEnds, onUndoEnds, onEnd } = steps;

  const open = (row: Saga): Book | undefined => {
    const plan = plans.get(`${row.flowName}@${row.flowVersion}`);
    const parent = isStepRun(row.instance) ? partsOf(row.instance) : undefined;
    const above = books.get(parent?.no ?? '');
    const given = above === undefined ? params.get(row.instance) : childParams(above, parent?.step ?? '');
    must(plan !== undefined && given !== undefined, 'one_saga', () => `nobody has asked for ${row.instance}`);
    must(!byInstance.has(row.instance), 'one_saga', () => `${row.instance} was started twice`);
    byInstance.set(row.instance, row.no);
    if (plan === undefined || given === undefined) {
      return undefined;
    }
    return { row, plan, params: given, undone: new Map(), byHand: new Set(), again: new Map() };
  };
  const childParams = ({ row, params: all }: Book, step: string): JsonObject => {
    const { input } = stateOf(row, step);
    return input === undefined ? ((all[`t_${step}`] ?? {}) as JsonObject) : (JSON.parse(input) as JsonObject);
  };

  const onSaga = (before: Saga | undefined, after: Saga): void => {
    const { no } = after;
    changed.add(no);
    const book = books.get(no) ?? open(after);
    if (book === undefined) {
      return;
    }
    books.set(no, book);
    book.row = after;
    const from: SagaStatus = before?.status ?? 'running';
    if (before !== undefined) {
      must(after.version === before.version + 1, 'terminal_final', () => `${no} went to version ${after.version}`);
      const same = after.status === before.status && JSON.stringify(after.steps) === JSON.stringify(before.steps);
      must(
        !isSagaOver(before) || same,
        'terminal_final',
        () => `${no} was ${before.status} and turned ${after.status}`,
      );
    }
    must(
      from === after.status || FOLLOWS[from].includes(after.status),
      'terminal_final',
      () => `${no} went from ${from} to ${after.status}`,
    );
    // Ends first, then what begins because of them.
    for (const begins of [false, true]) {
      for (const step of book.plan.steps) {
        const [was, is] = [stateOf(before ?? { steps: {} }, step.id), stateOf(after, step.id)];
        if (!begins && is.status !== was.status && is.status !== 'running' && is.status !== 'pending') {
          onStepEnds(book, step, was, is);
        }
        if (!begins && is.undo !== was.undo && is.undo !== 'running' && is.undo !== undefined) {
          onUndoEnds(book, step, was, is);
        }
        if (begins && is.runs !== was.runs) {
          onStepBegins(book, step, was, is);
        }
        if (begins && is.undoRuns !== was.undoRuns && is.undo === 'running') {
          onUndoBegins(book, step, was, is);
        }
      }
    }
    if (isSagaOver(after) && (before === undefined || !isSagaOver(before))) {
      onEnd(book);
    }
  };

  const onException = (before: SagaException | undefined, after: SagaException): void => {
    changed.add(after.saga);
    exceptions.set(after.id, after);
    must(
      before?.handled === undefined || after.handled !== undefined,
      'saga_told',
      () => `exception ${after.id} was handled and is open again`,
    );
  };

  const openOf = (no: string): readonly SagaException[] =>
    [...exceptions.values()].filter(({ saga, handled }) => saga === no && handled === undefined);

  /** After a step of the world: what one commit changes is all there. */
  const check = (): void => {
    for (const no of changed) {
      const row = books.get(no)?.row;
      if (row === undefined) {
        continue;
      }
      const told = openOf(no);
      const places = told.map(({ step, undo }) => `${undo ? 'the undo of ' : ''}step ${step}`);
      const twice = places.find((place, index) => places.indexOf(place) < index);
      must(twice === undefined, 'saga_told', () => `${twice} of ${no} has two open exceptions`);
      must(
        !isSagaOver(row) || told.length === 0,
        'saga_told',
        () => `${no} is ${row.status}, and exception ${told[0]?.id} is open`,
      );
      must(
        row.status !== 'failed' || told.length > 0 || askedFor(row.instance, 'handle') > 0,
        'saga_told',
        () => `${no} has failed, and has no open exception`,
      );
      for (const [id, { status, undo, exception }] of Object.entries(row.steps)) {
        must(
          (status !== 'failed' && undo !== 'failed') ||
            isSagaOver(row) ||
            exception === undefined ||
            exceptions.get(exception)?.saga === no,
          'saga_told',
          () => `step ${id} of ${no} names exception ${exception}, which is not there`,
        );
      }
    }
    changed.clear();
  };

  /** The row is written first: it waits for this run. */
  const onRun = (before: Run | undefined, after: Run): void => {
    if (before !== undefined || !isStepRun(after.id)) {
      return;
    }
    const { no, step, undo, n } = partsOf(after.id);
    const row = books.get(no)?.row;
    const state = row === undefined ? undefined : stateOf(row, step);
    const waits = undo
      ? state?.undo === 'running' && state.undoRuns === n
      : state?.status === 'running' && state.runs === n;
    must(
      waits,
      'saga_row_first',
      () =>
        `run ${after.id} appeared, and its transaction (${row?.status}) does not wait for it: ${JSON.stringify(state)}`,
    );
  };

  const onBegin = (id: string, attempt: number, payload: unknown): void => {
    if (!isStepRun(id)) {
      return;
    }
    const { no, step: name, undo, n } = partsOf(id);
    const book = books.get(no);
    const step = book?.plan.steps.find((one) => one.id === name);
    const run = runs.get(id);
    if (book === undefined || step === undefined || run === undefined) {
      must(false, 'saga_row_first', () => `run ${id} begins, and is no step's`);
      return;
    }
    const { row } = book;
    // What was cancelled, lost or given up may still begin on a worker that has not heard of it.
    const current = run.attempt === attempt && run.status !== 'cancelled' && !isSettled(run);
    if (!current) {
      return;
    }
    const state = stateOf(row, name);
    must(
      !isSagaOver(row) && (undo ? state.undo === 'running' : state.status === 'running'),
      'saga_order',
      () => `run ${id} begins, and its transaction is ${row.status}, its step ${state.status}`,
    );
    const input = (undo ? state.undoInput : undefined) ?? state.input;
    const given = input === undefined ? undefined : (JSON.parse(input) as JsonObject);
    const wrong = wrongInput(step, undo, id, payload, rootsOf(book), given);
    must(wrong === undefined, 'saga_input', () => `run ${id} ${wrong}`);
    if (undo) {
      for (let one = 1; one <= state.runs; one += 1) {
        const done = runs.get(stepRun(no, name, one));
        const still = done !== undefined && isOver(done) && stillRuns(done);
        must(!still, 'saga_undo', () => `run ${id} begins, and run ${done?.id} is being executed`);
      }
    } else {
      must(n > (book.undone.get(name) ?? 0), 'saga_undo', () => `run ${id} begins after its step was undone`);
    }
  };
  const stillRuns = ({ id, attempt }: Run): boolean =>
    Array.from({ length: attempt }, (_, index) => executions.of(id, index + 1))
      .flat()
      .some(({ endedAt }) => endedAt === undefined);

  return {
    books: books as ReadonlyMap<string, Book>,
    exceptions: exceptions as ReadonlyMap<string, SagaException>,
    bookOf: (instance: string): Book | undefined => books.get(byInstance.get(instance) ?? ''),
    openOf,
    outputOf,
    isToUndo,
    isLeft,
    plans: plans as ReadonlyMap<string, FlowPlan>,
    onSaga,
    onException,
    onRun,
    onBegin,
    check,
    onFlow: (plan: FlowPlan, version: number): void => {
      plans.set(`${plan.name}@${version}`, plan);
    },
    onStart: (instance: string, given: JsonObject): void => {
      params.set(instance, given);
    },
    onAsked: (instance: string, what: Asked): void => {
      const own = asked.get(instance) ?? new Map<Asked, number>();
      asked.set(instance, own.set(what, (own.get(what) ?? 0) + 1));
    },
    askedFor,
  };
};
export type SagaAccount = ReturnType<typeof createSagaAccount>;
