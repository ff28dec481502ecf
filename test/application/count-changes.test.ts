/** Totals are exact although a stream delivers a batch again, and cuts it anew when it does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryCountStore } from '../../lib/adapters/memory/side-stores.ts';
import type { CountedChange } from '../../lib/application/api.ts';
import { JOB_RUNS } from '../../lib/application/ports/index.ts';
import { createCountChanges } from '../../lib/application/runs/count-changes.ts';
import type { RunStatus } from '../../lib/domain/run.ts';

const HANDLERS = ['shell', 'http', 'send_email'];

const HOUR_MS = 3_600_000;
/** Three hours of a day. */
const MORNING = 500_000 * HOUR_MS;
const hours = fc.nat(2).map((hour) => MORNING + hour * HOUR_MS);
const minutes = fc.nat(HOUR_MS - 1);

/** A run's life: created, then through some statuses to its end, then (perhaps) hidden or deleted. */
const lives = fc.array(
  fc.record({
    handler: fc.constantFrom(...HANDLERS),
    ofJob: fc.boolean(),
    createdAt: fc.tuple(hours, minutes).map(([hour, past]) => hour + past),
    endedAt: fc.tuple(hours, minutes).map(([hour, past]) => hour + past),
    open: fc.array(fc.constantFrom<RunStatus>('scheduled', 'ready', 'dispatched'), { maxLength: 3 }),
    end: fc.constantFrom<(RunStatus | undefined)[]>(undefined, 'succeeded', 'timed_out', 'skipped'),
    deleted: fc.boolean(),
  }),
  { maxLength: 12 },
);
type Life = {
  readonly handler: string;
  readonly ofJob: boolean;
  readonly createdAt: number;
  readonly endedAt: number;
  readonly open: readonly RunStatus[];
  readonly end: RunStatus | undefined;
  readonly deleted: boolean;
};

const statusesOf = ({ open, end }: Life): readonly RunStatus[] => [
  ...(open.length === 0 && end === undefined ? (['ready'] as const) : open),
  ...(end === undefined ? [] : [end]),
];

const toChanges = (runs: readonly Life[]): CountedChange[] => {
  let sequence = 99n;
  return runs.flatMap((run) => {
    const { handler, ofJob, createdAt, endedAt, end, deleted } = run;
    const images = statusesOf(run).map((status) => ({
      ...{ handler, ofJob, createdAt, status },
      ...(status === end && { endedAt }),
    }));
    const life = [undefined, ...images, ...(deleted ? [undefined] : [])];
    return life.slice(1).map((after, index): CountedChange => {
      sequence += 7n;
      const before = life[index];
      return { sequence, ...(before && { before }), ...(after && { after }) };
    });
  });
};

const tally = (values: readonly (string | undefined)[]): object =>
  Object.fromEntries([...Map.groupBy(values, (value) => value)].map(([value, same]) => [value, same.length]));
const alive = (runs: readonly Life[], is: (run: Life) => boolean): object =>
  tally(runs.filter((run) => !run.deleted && is(run)).map((run) => statusesOf(run).at(-1)));

/** What happened stays counted, whatever becomes of the row. */
const history = (runs: readonly Life[]): object[] => {
  const inHour = (at: number, hour: number): boolean => hour <= at && at < hour + HOUR_MS;
  return [0, 1, 2]
    .map((index) => MORNING + index * HOUR_MS)
    .map((hour) => ({
      hour,
      created: runs.filter(({ createdAt }) => inHour(createdAt, hour)).length,
      ended: tally(runs.filter(({ end, endedAt }) => end !== undefined && inHour(endedAt, hour)).map(({ end }) => end)),
    }))
    .filter(({ created, ended }) => created > 0 || Object.keys(ended).length > 0);
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
        const plain = ({ ofJob }: Life): boolean => !ofJob;
        expect(withoutZeros(await counts.read())).toEqual(alive(runs, plain));
        expect(withoutZeros(await counts.read(JOB_RUNS))).toEqual(alive(runs, ({ ofJob }) => ofJob));
        for (const handler of HANDLERS) {
          const own = (run: Life): boolean => plain(run) && run.handler === handler;
          expect(withoutZeros(await counts.read(handler))).toEqual(alive(runs, own));
        }
        expect(await counts.hours(0, Number.MAX_SAFE_INTEGER)).toEqual(history(runs));
      }),
    );
  });

  it('counts a change once in an hour in which its run was created and ended', async () => {
    const counts = createMemoryCountStore();
    const count = createCountChanges({ counts, now: () => 0 });
    const run = { handler: 'shell', ofJob: true, createdAt: MORNING, endedAt: MORNING } as const;
    const change = { sequence: 5n, after: { ...run, status: 'skipped' } } as const;
    await count('shard', [change]);
    await count('shard', [change]);
    expect(await counts.hours(MORNING, MORNING + 1)).toEqual([{ hour: MORNING, created: 1, ended: { skipped: 1 } }]);
  });

  it('keeps the shards of the stream apart', async () => {
    const counts = createMemoryCountStore();
    const count = createCountChanges({ counts, now: () => 0 });
    const change = { sequence: 5n, after: { handler: 'shell', status: 'ready', ofJob: false, createdAt: 0 } } as const;
    await Promise.all(['a', 'b', 'a'].map((shard) => count(shard, [change])));
    expect(await counts.read('shell')).toEqual({ ready: 2 });
  });
});
