import type { RunStatus } from '../../domain/run.ts';
import type { CountedChange, Engine } from '../api.ts';
import type { Ports, StatusDeltas } from '../ports/index.ts';

/** A stream keeps its records for 24 h. A shard that was silent for longer delivers nothing any more (with a margin). */
const SHARD_ENDED_MS = 26 * 60 * 60_000;

type Side = { readonly handler: string; readonly status: RunStatus };
/** One change as one counter sees it. */
type Step = { readonly sequence: bigint; readonly before?: RunStatus; readonly after?: RunStatus };

const sumUp = (steps: readonly Step[]): StatusDeltas => {
  const sums: Partial<Record<RunStatus, number>> = {};
  const add = (status: RunStatus | undefined, by: number): void => {
    if (status !== undefined) {
      sums[status] = (sums[status] ?? 0) + by;
    }
  };
  for (const { before, after } of steps) {
    add(before, -1);
    add(after, 1);
  }
  return sums;
};

const toStep = (sequence: bigint, before: Side | undefined, after: Side | undefined): Step => ({
  sequence,
  ...(before === undefined ? {} : { before: before.status }),
  ...(after === undefined ? {} : { after: after.status }),
});

/** The same changes once for all handlers together, and once for each handler. A run never changes its handler. */
const byCounter = (changes: readonly CountedChange[]): ReadonlyMap<string | undefined, readonly Step[]> => {
  const steps = changes.map((change) => ({
    handler: (change.after ?? change.before)?.handler,
    step: toStep(change.sequence, change.before, change.after),
  }));
  const counters = new Map<string | undefined, Step[]>();
  for (const [handler, own] of Map.groupBy(steps, ({ handler }) => handler)) {
    counters.set(
      handler,
      own.map(({ step }) => step),
    );
  }
  return counters.set(
    undefined,
    steps.map(({ step }) => step),
  );
};

/**
 * Counts rows per status, for each handler and for all. A counter has one item for each shard of the stream; it holds the
 * sums and, in the same item, the position up to which they were counted. So one conditional write counts a batch exactly
 * once, however often and however cut it is delivered: what lies behind the position is left out (docs/adr/0004).
 */
export const createCountChanges = ({ counts, now }: Pick<Ports, 'counts' | 'now'>): Engine['countChanges'] => {
  const countOne = async (counter: string | undefined, streamShard: string, all: readonly Step[]): Promise<void> => {
    let steps = all;
    for (;;) {
      const [first, last] = [steps[0], steps.at(-1)];
      if (first === undefined || last === undefined) {
        return;
      }
      const range = { first: first.sequence, last: last.sequence };
      const added = await counts.add(counter, streamShard, range, sumUp(steps), now());
      if (added.kind === 'added') {
        if (added.firstOfShard) {
          await counts.fold(counter, now() - SHARD_ENDED_MS);
        }
        return;
      }
      steps = steps.filter(({ sequence }) => sequence > added.position);
    }
  };

  return async (streamShard, changes) => {
    await Promise.all([...byCounter(changes)].map(([counter, steps]) => countOne(counter, streamShard, steps)));
  };
};
