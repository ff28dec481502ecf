/** Totals are exact although a stream delivers a batch again, and cuts it anew when it does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryCountStore } from '../../lib/adapters/memory/side-stores.ts';
import type { CountedChange } from '../../lib/application/api.ts';
import { createCountChanges } from '../../lib/application/runs/count-changes.ts';
import type { RunStatus } from '../../lib/domain/run.ts';

const HANDLERS = ['shell', 'http', 'send_email'];

/** A run's life: created, then through some statuses, then (perhaps) deleted. */
const lives = fc.array(
  fc.record({
    handler: fc.constantFrom(...HANDLERS),
    statuses: fc.array(fc.constantFrom<RunStatus>('scheduled', 'ready', 'dispatched', 'succeeded'), {
      minLength: 1,
      maxLength: 4,
    }),
    deleted: fc.boolean(),
  }),
  { maxLength: 12 },
);

const toChanges = (runs: readonly { handler: string; statuses: RunStatus[]; deleted: boolean }[]): CountedChange[] => {
  let sequence = 99n;
  return runs.flatMap(({ handler, statuses, deleted }) => {
    const images = [undefined, ...statuses.map((status) => ({ handler, status })), ...(deleted ? [undefined] : [])];
    return images.slice(1).map((after, index): CountedChange => {
      sequence += 7n;
      const before = images[index];
      return { sequence, ...(before && { before }), ...(after && { after }) };
    });
  });
};

const expected = (runs: readonly { handler: string; statuses: RunStatus[]; deleted: boolean }[], handler?: string) => {
  const alive = runs.filter((run) => !run.deleted && (handler === undefined || run.handler === handler));
  return Object.fromEntries(
    [...Map.groupBy(alive, ({ statuses }) => statuses.at(-1))].map(([status, same]) => [status, same.length]),
  );
};

const withoutZeros = (counts: object): object =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

describe('countChanges', () => {
  it('counts every change once, however the batches overlap', async () => {
    await fc.assert(
      fc.asyncProperty(lives, fc.array(fc.tuple(fc.nat(60), fc.nat(20)), { maxLength: 12 }), async (runs, detours) => {
        const counts = createMemoryCountStore();
        const count = createCountChanges({ counts, now: () => 0 });
        const changes = toChanges(runs);
        let done = 0;
        // A poller moves forward; on the way it goes back and delivers again, in other portions.
        for (const [back, length] of [...detours, [0, changes.length] as const]) {
          const from = Math.max(0, done - back);
          const to = Math.max(done, Math.min(changes.length, from + length));
          await count('shard', changes.slice(from, to));
          done = to;
        }
        await count('shard', changes.slice(done));
        for (const handler of [undefined, ...HANDLERS]) {
          expect(withoutZeros(await counts.read(handler))).toEqual(expected(runs, handler));
        }
      }),
    );
  });

  it('keeps the shards of the stream apart', async () => {
    const counts = createMemoryCountStore();
    const count = createCountChanges({ counts, now: () => 0 });
    const change = { sequence: 5n, after: { handler: 'shell', status: 'ready' } } as const;
    await Promise.all(['a', 'b', 'a'].map((shard) => count(shard, [change])));
    expect(await counts.read('shell')).toEqual({ ready: 2 });
  });
});
