import type { Counted, CountedChange, Engine } from '../api.ts';
import { type CountDeltas, JOB_RUNS, type Ports } from '../ports/index.ts';

/** A stream keeps its records for 24 h. A shard that was silent for longer delivers nothing any more (with a margin). */
const SHARD_ENDED_MS = 26 * 60 * 60_000;
const HOUR_MS = 60 * 60_000;

type Counter = Parameters<Ports['counts']['add']>[0];
/** One change as one counter sees it. */
type Step = { readonly sequence: bigint; readonly deltas: CountDeltas };
type Counting = Step & { readonly counter: Counter };

const sumUp = (steps: readonly Step[]): CountDeltas => {
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

/** The steps of each counter, in the order of the stream; two steps of one change are one. */
const byCounter = (changes: readonly CountedChange[]): readonly { counter: Counter; steps: readonly Step[] }[] => {
  const all = changes.flatMap((change) => [...standing(change), ...happened(change)]);
  const counters = Map.groupBy(all, ({ counter }) => (typeof counter === 'object' ? counter.hour : counter));
  return [...counters.values()].flatMap((own) => {
    const [first] = own;
    const changesOfIt = Map.groupBy(own, ({ sequence }) => sequence);
    const steps = [...changesOfIt].map(([sequence, parts]) => ({ sequence, deltas: sumUp(parts) }));
    return first === undefined ? [] : [{ counter: first.counter, steps }];
  });
};

/**
 * Counts rows per status, for each handler and for all, and what was created and ended in each hour. A counter has one item for each shard of the stream; it holds the
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
