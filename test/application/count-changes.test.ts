/** Totals are exact although a stream delivers a batch again, and cuts it anew when it does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryCountStore } from '../../lib/adapters/memory/side-stores.ts';
import type { CountedChange, CountedSaga } from '../../lib/application/api.ts';
import { JOB_RUNS, SAGA_EXCEPTIONS, SAGAS, sagasOf } from '../../lib/application/ports/index.ts';
import { createCountChanges } from '../../lib/application/runs/count-changes.ts';
import type { RunStatus } from '../../lib/domain/run.ts';
import type { SagaStatus } from '../../lib/domain/saga/saga.ts';

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

const withoutZeros = (counts: object): object =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

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
      sums: withoutZeros({
        created: runs.filter(({ createdAt }) => inHour(createdAt, hour)).length,
        ...tally(runs.filter(({ end, endedAt }) => end !== undefined && inHour(endedAt, hour)).map(({ end }) => end)),
      }),
    }))
    .filter(({ sums }) => Object.keys(sums).length > 0);
};

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
    expect(await counts.hours(MORNING, MORNING + 1)).toEqual([{ hour: MORNING, sums: { created: 1, skipped: 1 } }]);
  });

  it('keeps the shards of the stream apart', async () => {
    const counts = createMemoryCountStore();
    const count = createCountChanges({ counts, now: () => 0 });
    const change = { sequence: 5n, after: { handler: 'shell', status: 'ready', ofJob: false, createdAt: 0 } } as const;
    await Promise.all(['a', 'b', 'a'].map((shard) => count(shard, [change])));
    expect(await counts.read('shell')).toEqual({ ready: 2 });
  });
});

describe('countChanges, of transactions', () => {
  const flows = ['1', '2'];
  /** A transaction's life: through some statuses, to an end or not; and perhaps its row expired. */
  const transactions = fc.array(
    fc.record({
      flow: fc.constantFrom(...flows),
      createdAt: fc.tuple(hours, minutes).map(([hour, past]) => hour + past),
      statuses: fc.array(fc.constantFrom<SagaStatus>('running', 'compensating', 'failed'), {
        minLength: 1,
        maxLength: 4,
      }),
      end: fc.constantFrom<(SagaStatus | undefined)[]>(undefined, 'succeeded', 'compensated', 'cancelled'),
      tookMs: fc.nat(5 * HOUR_MS),
      expired: fc.boolean(),
    }),
    { maxLength: 12 },
  );
  type Transaction = typeof transactions extends fc.Arbitrary<(infer T)[]> ? T : never;

  const lastOf = ({ statuses, end }: Transaction): SagaStatus | undefined => end ?? statuses.at(-1);
  const changesOf = (all: readonly Transaction[]): CountedChange[] => {
    let sequence = 0n;
    return all.flatMap(({ flow, createdAt, statuses, end, tookMs, expired }) => {
      const life: (CountedSaga | undefined)[] = [
        undefined,
        ...statuses.map((status) => ({ flow, createdAt, status })),
        ...(end === undefined ? [] : [{ flow, createdAt, status: end, endedAt: createdAt + tookMs }]),
        ...(end !== undefined && expired ? [undefined] : []),
      ];
      return life.slice(1).map((after, index) => {
        sequence += 3n;
        const before = life[index];
        return { sequence, saga: { ...(before && { before }), ...(after && { after }) } };
      });
    });
  };
  const standing = (all: readonly Transaction[]): object => {
    const durationMs = all.reduce((sum, { end, tookMs }) => sum + (end === 'succeeded' ? tookMs : 0), 0);
    const gone = all.filter(({ end, expired }) => end !== undefined && expired);
    return withoutZeros({ ...tally(all.map(lastOf)), durationMs, ...tally(gone.map(({ end }) => `expired_${end}`)) });
  };

  it('tells how those stand that were ever started, in all and of a flow, and by the hour in which they were', async () => {
    await fc.assert(
      fc.asyncProperty(transactions, fc.nat(20), async (all, back) => {
        const counts = createMemoryCountStore();
        const count = createCountChanges({ counts, now: () => 0 });
        const changes = changesOf(all);
        await count('shard', changes.slice(0, changes.length >> 1));
        await count('shard', changes.slice(Math.max(0, (changes.length >> 1) - back)));
        await count('shard', changes);
        for (const flow of [undefined, ...flows]) {
          const counter = flow === undefined ? SAGAS : sagasOf(flow);
          const own = all.filter((one) => flow === undefined || one.flow === flow);
          expect(withoutZeros(await counts.read(counter))).toEqual(standing(own));
          for (const hour of [0, 1, 2].map((index) => MORNING + index * HOUR_MS)) {
            const [of] = await counts.hours(hour, hour + 1, counter);
            const started = own.filter(({ createdAt }) => createdAt - (createdAt % HOUR_MS) === hour);
            expect(withoutZeros(of?.sums ?? {})).toEqual(standing(started));
          }
        }
        expect(await counts.read()).toEqual({});
        expect(await counts.hours(0, Number.MAX_SAFE_INTEGER)).toEqual([]);
      }),
    );
  });

  it('tells how many exceptions are open and handled, and how many came in an hour', async () => {
    const counts = createMemoryCountStore();
    const count = createCountChanges({ counts, now: () => 0 });
    const open = { handled: false, createdAt: MORNING + 5 };
    const handled = { ...open, handled: true };
    const changes = [
      { sequence: 1n, exception: { after: open } },
      { sequence: 2n, exception: { before: open, after: handled } },
      { sequence: 3n, exception: { after: { ...open, createdAt: MORNING + HOUR_MS } } },
      { sequence: 4n, exception: { before: handled, after: handled } },
    ];
    await count('shard', changes);
    await count('shard', changes.slice(1));
    expect(await counts.read(SAGA_EXCEPTIONS)).toEqual({ open: 1, handled: 1 });
    expect(await counts.hours(MORNING, MORNING + 1, SAGA_EXCEPTIONS)).toEqual([
      { hour: MORNING, sums: { created: 1 } },
    ]);
  });
});
