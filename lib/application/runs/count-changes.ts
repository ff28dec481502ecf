import type { Counted, CountedChange, CountedSaga, Engine } from '../api.ts';
import { JOB_RUNS, type Ports, SAGA_EXCEPTIONS, SAGAS, type Sums, sagasOf } from '../ports/index.ts';

/** A stream keeps its records for 24 h. A shard that was silent for longer delivers nothing any more (with a margin). */
const SHARD_ENDED_MS = 26 * 60 * 60_000;
const HOUR_MS = 60 * 60_000;

type Counter = Parameters<Ports['counts']['add']>[0];
/** One change as one counter sees it. */
type Step = { readonly sequence: bigint; readonly deltas: Sums };
type Counting = Step & { readonly counter: Counter };

const sumUp = (steps: readonly Step[]): Sums => {
  const sums: Record<string, number> = {};
  for (const { deltas } of steps) {
    for (const [status, by] of Object.entries(deltas)) {
      sums[status] = (sums[status] ?? 0) + by;
    }
  }
  return sums;
};

/** How many rows stand in each status: of plain runs in all and for each handler, of the runs of jobs in all. */
const standing = ({ sequence, before, after }: CountedChange): readonly Counting[] => {
  // A run never changes its handler, or whose it is.
  const run = after ?? before;
  if (run === undefined) {
    return [];
  }
  const deltas = sumUp([
    ...(before === undefined ? [] : [{ sequence, deltas: { [before.status]: -1 } }]),
    ...(after === undefined ? [] : [{ sequence, deltas: { [after.status]: 1 } }]),
  ]);
  return (run.ofJob ? [JOB_RUNS] : [undefined, run.handler]).map((counter) => ({ counter, sequence, deltas }));
};

const hourOf = (at: number): number => at - (at % HOUR_MS);

/** What happened in which hour. The hour is the row's own, so a change that comes again counts for the same one. */
const happened = ({ sequence, before, after }: CountedChange): readonly Counting[] => {
  const created = (run: Counted): readonly Counting[] => [
    { counter: { hour: hourOf(run.createdAt) }, sequence, deltas: { created: 1 } },
  ];
  const ended = (at: number, { status }: Counted): readonly Counting[] => [
    { counter: { hour: hourOf(at) }, sequence, deltas: { [status]: 1 } },
  ];
  return [
    ...(before === undefined && after !== undefined ? created(after) : []),
    ...(before?.endedAt === undefined && after?.endedAt !== undefined ? ended(after.endedAt, after) : []),
  ];
};

/** Of one that has succeeded how long it took, beside the status. A row that goes has expired: what was, stays counted. */
const standingOfSaga = (before: CountedSaga | undefined, after: CountedSaga | undefined): Sums => {
  if (after === undefined) {
    return before === undefined ? {} : { [`expired_${before.status}`]: 1 };
  }
  const succeeds = after.status === 'succeeded' && before?.status !== 'succeeded';
  return {
    ...(before && { [before.status]: -1 }),
    [after.status]: 1,
    ...(succeeds && after.endedAt !== undefined && { durationMs: after.endedAt - after.createdAt }),
  };
};

/** Transactions, of all flows and of their own: how they stand, and of each hour those that were started in it. */
const sagasChanged = ({ sequence, saga = {} }: CountedChange): readonly Counting[] => {
  const { before, after } = saga;
  const row = after ?? before;
  if (row === undefined || before?.status === after?.status) {
    return [];
  }
  const deltas = standingOfSaga(before, after);
  const hour = hourOf(row.createdAt);
  return [SAGAS, sagasOf(row.flow)].flatMap((of) => [
    { counter: of, sequence, deltas },
    { counter: { hour, of }, sequence, deltas },
  ]);
};

const exceptionsChanged = ({ sequence, exception = {} }: CountedChange): readonly Counting[] => {
  const { before, after } = exception;
  const word = (handled: boolean): string => (handled ? 'handled' : 'open');
  if (before?.handled === after?.handled) {
    return [];
  }
  const deltas = { ...(before && { [word(before.handled)]: -1 }), ...(after && { [word(after.handled)]: 1 }) };
  return [
    { counter: SAGA_EXCEPTIONS, sequence, deltas },
    ...(before === undefined && after !== undefined
      ? [{ counter: { hour: hourOf(after.createdAt), of: SAGA_EXCEPTIONS }, sequence, deltas: { created: 1 } }]
      : []),
  ];
};

/** The steps of each counter, in the order of the stream; two steps of one change are one. */
const byCounter = (changes: readonly CountedChange[]): readonly { counter: Counter; steps: readonly Step[] }[] => {
  const all = changes.flatMap((change) => [
    ...standing(change),
    ...happened(change),
    ...sagasChanged(change),
    ...exceptionsChanged(change),
  ]);
  const counters = Map.groupBy(all, ({ counter }) => JSON.stringify(counter));
  return [...counters.values()].flatMap((own) => {
    const [first] = own;
    const changesOfIt = Map.groupBy(own, ({ sequence }) => sequence);
    const steps = [...changesOfIt].map(([sequence, parts]) => ({ sequence, deltas: sumUp(parts) }));
    return first === undefined ? [] : [{ counter: first.counter, steps }];
  });
};

/**
 * Counts rows per status, of runs for each handler and for all, of transactions for each flow and for all; and what happened
 * in each hour. A counter has one item for each shard of the stream; it holds the
 * sums and, in the same item, the position up to which they were counted. So one conditional write counts a batch exactly
 * once, however often and however cut it is delivered: what lies behind the position is left out (docs/adr/0004).
 */
export const createCountChanges = ({ counts, now }: Pick<Ports, 'counts' | 'now'>): Engine['countChanges'] => {
  const countOne = async (counter: Counter, streamShard: string, all: readonly Step[]): Promise<void> => {
    let steps = all;
    for (;;) {
      const [first, last] = [steps[0], steps.at(-1)];
      if (first === undefined || last === undefined) {
        return;
      }
      const range = { first: first.sequence, last: last.sequence };
      const added = await counts.add(counter, streamShard, range, sumUp(steps), now());
      if (added.kind === 'added') {
        // An hour's items go by themselves.
        if (added.firstOfShard && typeof counter !== 'object') {
          await counts.fold(counter, now() - SHARD_ENDED_MS);
        }
        return;
      }
      steps = steps.filter(({ sequence }) => sequence > added.position);
    }
  };

  return async (streamShard, changes) => {
    await Promise.all(byCounter(changes).map(({ counter, steps }) => countOne(counter, streamShard, steps)));
  };
};
