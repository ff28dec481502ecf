/** What must hold of transactions when nothing goes wrong any more: each has ended, or waits for a person who is told of it. */
import { SAGA_EXCEPTIONS, SAGAS, sagasOf } from '../../../lib/application/ports/index.ts';
import type { Saga } from '../../../lib/domain/saga/saga.ts';
import type { World } from '../world.ts';
import { isSettled } from './saga-model.ts';
import { type Book, stateOf } from './saga-steps.ts';
import { isSagaOver } from './sagas.ts';
import { partsOf, stepRun, undoRun } from './step-run.ts';

const MINUTE_MS = 60_000;
/** Retries and waits of the stories, the looks of an alarm that waits as long as it has been there, and a lost message or two. */
const RESTS_WITHIN_MS = 3 * 60 * MINUTE_MS;
const ASKED_WITHIN_MS = 8 * MINUTE_MS;

type Live = (withinMs: number, holds: () => boolean) => Promise<boolean>;

const rowsOf = ({ ledger }: World): readonly Saga[] => [...ledger.sagas.books.values()].map(({ row }) => row);

/** It has ended, or waits for nobody but a person. */
const rests = ({ ledger }: World, { status, no, instance, steps }: Saga): boolean =>
  ['succeeded', 'compensated', 'cancelled'].includes(status) ||
  (status === 'failed' &&
    Object.entries(steps).every(
      ([id, { runs, undoRuns = 0 }]) =>
        (runs === 0 || isSettled(ledger.runs.get(stepRun(no, id, runs)))) &&
        (undoRuns === 0 || isSettled(ledger.runs.get(undoRun(no, id, undoRuns)))),
    ) &&
    (ledger.sagas.openOf(no).length > 0 || ledger.sagas.askedFor(instance, 'handle') > 0));

/** What handlers did, whatever the rows say: all that succeeded and has an undo is undone, or was left by a person. */
const mustBeUndone = ({ ledger }: World, book: Book): void => {
  const { row, plan, undone } = book;
  for (const { id, undo } of plan.steps) {
    const did = ledger.executions().find(({ run, how }) => {
      const { no, step, undo: undoes, n } = partsOf(run);
      return how === 'succeeded' && no === row.no && step === id && !undoes && n > (undone.get(id) ?? 0);
    });
    ledger.must(
      undo === undefined || did === undefined || stateOf(row, id).status === 'waived' || ledger.sagas.isLeft(book, id),
      'saga_complete',
      () => `${row.no} is compensated, and attempt ${did?.attempt} of ${did?.run} was never undone`,
    );
  }
};

const mustAddUp = async ({ ledger, stores }: World): Promise<void> => {
  const rows = [...ledger.sagas.books.values()].map(({ row }) => row);
  const flows = new Set(rows.map(({ flow }) => flow));
  const compare = async (counter: string, own: readonly Saga[]): Promise<void> => {
    const counted = await stores.counts.read(counter);
    const held = new Map<string, number>();
    const add = (key: string, by: number): void => {
      held.set(key, (held.get(key) ?? 0) + by);
    };
    for (const { status, createdAt, endedAt } of own) {
      add(status, 1);
      add('durationMs', status === 'succeeded' ? (endedAt ?? 0) - createdAt : 0);
    }
    for (const key of new Set([...Object.keys(counted), ...held.keys()])) {
      const [is, should] = [counted[key] ?? 0, held.get(key) ?? 0];
      ledger.must(is === should, 'totals_exact', () => `${counter}: ${key} is ${is}, and should be ${should}`);
    }
    const hours = await stores.counts.hours(0, Number.MAX_SAFE_INTEGER, counter);
    const created = hours.reduce(
      (sum, { sums }) =>
        sum + ['succeeded', 'compensated', 'cancelled'].reduce((all, status) => all + (sums[status] ?? 0), 0),
      0,
    );
    ledger.must(
      own.length === created,
      'totals_exact',
      () => `${counter}: ${created} are counted by the hour, and there are ${own.length}`,
    );
  };
  await compare(SAGAS, rows);
  for (const flow of flows) {
    await compare(
      sagasOf(flow),
      rows.filter((row) => row.flow === flow),
    );
  }
  const handled = (await stores.counts.read(SAGA_EXCEPTIONS)).handled ?? 0;
  const { size } = ledger.sagas.exceptions;
  ledger.must(handled === size, 'totals_exact', () => `${handled} of ${size} exceptions are counted as handled`);
};

/** When everybody has left. */
export const checkSagaEnds = async (world: World): Promise<void> => {
  const { ledger, teller } = world;
  if (teller.started() === 0) {
    return;
  }
  for (const book of ledger.sagas.books.values()) {
    const { row } = book;
    if (row.status === 'compensated') {
      mustBeUndone(world, book);
    }
    ledger.must(
      row.status !== 'succeeded' ||
        !teller.calledOff.has(row.instance) ||
        ledger.sagas.askedFor(row.instance, 'forward') > 0,
      'word_kept',
      () => `${row.instance} was called off, and has succeeded`,
    );
    for (const { id, signal } of book.plan.steps) {
      const run = ledger.runs.get(stepRun(row.no, id, stateOf(row, id).runs));
      ledger.must(
        signal !== true || run?.status !== 'succeeded' || teller.hasSaid(row.instance, id, run.output ?? ''),
        'word_kept',
        () => `step ${id} of ${row.instance} heard ${run?.output}, which nobody said`,
      );
    }
    const parent = partsOf(row.instance);
    const above = ledger.runs.get(row.instance);
    ledger.must(
      above === undefined || above.status !== 'succeeded' || row.status === 'succeeded',
      'saga_complete',
      () => `run ${row.instance} (step ${parent.step}) succeeded, and its transaction is ${row.status}`,
    );
  }
  await mustAddUp(world);
};

/** Where nobody may call it off alone, two leave out what failed; that may be more than one thing, one after the other. */
const leaveTogether = async ({ ledger, teller }: World, { no }: Saga): Promise<void> => {
  const { row, plan } = ledger.sagas.books.get(no) ?? {};
  for (let left = plan?.twoPersons && row?.status === 'failed' ? plan.steps.length : 0; left > 0; left -= 1) {
    for (const exception of ledger.sagas.openOf(no)) {
      await teller.act(exception, { action: 'skip', output: null });
      await teller.approve(exception, true);
    }
  }
};

/** Lives on until every transaction has ended or waits for a person, and then calls off those that wait. */
export const settleSagas = async (world: World, live: Live): Promise<void> => {
  const { ledger, teller, functions } = world;
  if (teller.started() === 0) {
    return;
  }
  await live(ASKED_WITHIN_MS, () => functions.atWork() === 0);
  // Waiting for a child that waits for its person is waiting for a person.
  const isDone = (saga: Saga): boolean => rests(world, saga) || waitsForChild(world, saga);
  const rested = await live(RESTS_WITHIN_MS, () => rowsOf(world).every(isDone));
  const stuck = rowsOf(world).find((saga) => !isDone(saga));
  if (!rested && stuck !== undefined) {
    ledger.fail(
      'quiet_in_time',
      `${stuck.no} (${stuck.instance}) is ${stuck.status} after ${RESTS_WITHIN_MS / MINUTE_MS} calm minutes: ${JSON.stringify(stuck.steps)}`,
    );
    return;
  }
  let settled = false;
  const settling = (async () => {
    // Those of children first: their parents go on then.
    for (const saga of rowsOf(world).toReversed()) {
      if (!isSagaOver(ledger.sagas.books.get(saga.no)?.row ?? saga)) {
        await teller.cancel(saga.instance, true);
        await leaveTogether(world, saga);
      }
    }
    settled = true;
  })();
  await live(ASKED_WITHIN_MS, () => settled && rowsOf(world).every(isSagaOver));
  if (settled) {
    await settling;
  }
  const left = rowsOf(world).find((row) => !isSagaOver(row));
  if (left !== undefined && ledger.violation() === undefined) {
    ledger.fail('quiet_in_time', `${left.no} (${left.instance}) is ${left.status} though it was called off`);
  }
};

const waitsForChild = (world: World, saga: Saga): boolean => {
  const running = Object.entries(saga.steps).filter(
    ([, { status, undo }]) => status === 'running' || undo === 'running',
  );
  return (
    (saga.status === 'running' || saga.status === 'compensating') &&
    running.length > 0 &&
    running.every(([id]) => {
      const child = world.ledger.sagas.bookOf(stepRun(saga.no, id, stateOf(saga, id).runs))?.row;
      return child !== undefined && !isSagaOver(child) && (rests(world, child) || waitsForChild(world, child));
    })
  );
};
