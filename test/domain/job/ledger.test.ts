import { describe, expect, it } from 'vitest';
import type { Gap, Job } from '../../../lib/domain/job/job.ts';
import { type Entry, joinLedger } from '../../../lib/domain/job/ledger.ts';
import type { Run } from '../../../lib/domain/run.ts';
import { NOW, runIn } from '../../support/rows.ts';
import { aJob, aPend, aSchedule, DAY_MS, HOUR_MS, MINUTE_MS } from './a-job.ts';

const at = (minutes: number): number => NOW + minutes * MINUTE_MS;
const runAt = (n: number, fields: Partial<Run> = {}): Run => runIn('succeeded', { id: `${aJob().id}.${n}`, ...fields });
const skippedAt = (n: number): Run => runAt(n, { status: 'skipped', skip: 'overlap' });

const ledger = (
  job: Job,
  range: { from: number; to: number; limit?: number },
  known: { runs?: readonly Run[]; gaps?: readonly Gap[]; now?: number; keptFrom?: number } = {},
): readonly Entry[] =>
  joinLedger(
    job,
    { limit: 100, ...range },
    { runs: known.runs ?? [], gaps: known.gaps ?? [], now: known.now ?? NOW, keptFrom: known.keptFrom ?? NOW - DAY_MS },
  );

describe('the ledger', () => {
  it('has each occurrence once, with what became of it', () => {
    const job = aJob({ next: at(1), pend: aPend({ n: at(0) }) });
    const runs = [runAt(at(-4)), skippedAt(at(-3))];
    const gaps: Gap[] = [{ from: at(-2), to: at(-1), reason: 'paused', by: 'ann' }];
    expect(ledger(job, { from: at(-4), to: at(3) }, { runs, gaps })).toEqual([
      { n: at(-4), outcome: 'ran', run: `${job.id}.${at(-4)}`, status: 'succeeded' },
      { n: at(-3), outcome: 'skipped', reason: 'overlap', run: `${job.id}.${at(-3)}`, status: 'skipped' },
      { n: at(-2), outcome: 'skipped', reason: 'paused' },
      { n: at(-1), outcome: 'missed', reason: 'lost' },
      { n: at(0), outcome: 'due' },
      { n: at(1), outcome: 'due' },
      { n: at(2), outcome: 'due' },
    ]);
  });

  it('says which policy left one out', () => {
    const gaps: Gap[] = [{ from: at(-2), to: at(0), reason: 'missed', by: 'fire_once' }];
    expect(ledger(aJob(), { from: at(-2), to: at(0) }, { gaps })).toEqual([
      { n: at(-2), outcome: 'missed', reason: 'fire_once' },
      { n: at(-1), outcome: 'missed', reason: 'fire_once' },
    ]);
  });

  it('puts a run before a gap: what was filled later did run', () => {
    const gaps: Gap[] = [{ from: at(-2), to: at(0), reason: 'paused', by: 'ann' }];
    const runs = [runAt(at(-1), { trigger: 'backfill' })];
    expect(ledger(aJob(), { from: at(-2), to: at(0) }, { gaps, runs }).map(({ outcome }) => outcome)).toEqual([
      'skipped',
      'ran',
    ]);
  });

  it('of a paused job goes on up to now', () => {
    const { next: _, ...job } = aJob({ state: 'paused', pausedAt: at(-2), pausedBy: 'ann' });
    expect(ledger(job, { from: at(-2), to: at(5) })).toEqual(
      [at(-2), at(-1), at(0)].map((n) => ({ n, outcome: 'skipped', reason: 'paused' })),
    );
  });

  it('leaves starts by hand out, and has broadcasts once', () => {
    const runs = [
      runAt(at(-1) + 1),
      runAt(at(-1), { id: `${aJob().id}.${at(-1)}.0` }),
      runAt(at(-1), { id: `${aJob().id}.${at(-1)}.1` }),
    ];
    expect(ledger(aJob(), { from: at(-1), to: at(0) }, { runs })).toMatchObject([{ n: at(-1), outcome: 'ran' }]);
  });

  it('knows of an earlier schedule what ran, and where it was cut off', () => {
    const job = aJob({ scheduledFrom: at(0), schedule: aSchedule({ startAt: NOW - DAY_MS }) });
    const runs = [runAt(at(-3))];
    const gaps: Gap[] = [{ from: at(-2), to: at(0), reason: 'missed', by: 'schedule changed' }];
    expect(
      ledger(job, { from: at(-5), to: at(1) }, { runs, gaps }).map(({ n, outcome, reason }) => [n, outcome, reason]),
    ).toEqual([
      [at(-3), 'ran', undefined],
      [at(-2), 'missed', 'schedule changed'],
      [at(0), 'missed', 'lost'],
    ]);
  });

  it('says nothing of what is older than runs are kept', () => {
    expect(ledger(aJob(), { from: at(-3), to: at(0) }, { keptFrom: at(-1) }).map(({ n }) => n)).toEqual([at(-1)]);
  });

  it('has the local times that a clock change left out', () => {
    // Berlin, 2030-03-31: 02:00 becomes 03:00, which is 01:00 UTC.
    const jump = Date.UTC(2030, 2, 31, 1);
    const schedule = aSchedule({ expression: '30 2 * * *', timeZone: 'Europe/Berlin', gap: 'skip' });
    const job = aJob({ schedule, next: jump + 2 * DAY_MS });
    const found = ledger(job, { from: jump - HOUR_MS, to: jump + HOUR_MS }, { now: jump + DAY_MS, keptFrom: 0 });
    expect(found).toEqual([{ n: jump, outcome: 'skipped', reason: 'dst_gap' }]);
  });

  it('is cut to its limit, oldest first', () => {
    expect(ledger(aJob({ next: at(0) }), { from: at(0), to: at(9), limit: 2 }).map(({ n }) => n)).toEqual([
      at(0),
      at(1),
    ]);
  });
});
