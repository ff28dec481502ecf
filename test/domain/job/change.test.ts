import { describe, expect, it } from 'vitest';
import { jitterOf } from '../../../lib/domain/cron/occurrences.ts';
import { type Change, decideChange, decideRemoval } from '../../../lib/domain/job/change.ts';
import { newJob } from '../../../lib/domain/job/create.ts';
import { leftAhead } from '../../../lib/domain/job/fired-ahead.ts';
import type { Job } from '../../../lib/domain/job/job.ts';
import type { Wanted } from '../../../lib/domain/job/wanted.ts';
import { NOW } from '../../support/rows.ts';
import { aJob, aPend, aSchedule, DAY_MS, HOUR_MS, MINUTE_MS, PAYLOAD, wantedAs } from './a-job.ts';

const context = { now: NOW, by: 'ann' };
const change = (job: Job, fields: Partial<Wanted>, now = NOW): Change => {
  const made = decideChange(job, { payload: PAYLOAD }, wantedAs(job, fields), { now, by: 'ann' });
  if (made === undefined) {
    throw new Error('Nothing changed');
  }
  return made;
};
const paused = (fields: Partial<Job> = {}): Job => {
  const { next: _, ...job } = aJob({ state: 'paused', pausedAt: NOW - HOUR_MS, pausedBy: 'bob', rev: 2, ...fields });
  return job;
};
const hourly = aSchedule({ expression: '0 * * * *' });

describe('a new job', () => {
  it('has its first occurrence, which may be this very second', () => {
    expect(newJob(wantedAs(aJob()), { id: '5', by: 'ann', now: NOW })).toMatchObject({
      ...{ id: '5', state: 'active', spec: 1, rev: 1, version: 1, fired: 0, next: NOW, scheduledFrom: NOW },
      ...{ createdAt: NOW, createdBy: 'ann', updatedAt: NOW },
    });
  });

  it.each(['paused', 'disabled'] as const)('that is %s has none, and says since when', (state) => {
    const job = newJob(wantedAs(aJob(), { state }), { id: '5', by: 'ann', now: NOW });
    expect(job).toMatchObject({ state, pausedAt: NOW, pausedBy: 'ann' });
    expect(job).not.toHaveProperty('next');
  });

  it('without a schedule has none', () => {
    const { schedule: _, ...wanted } = wantedAs(aJob());
    const job = newJob(wanted, { id: '5', by: 'ann', now: NOW });
    expect(job).not.toHaveProperty('next');
    expect(job).not.toHaveProperty('scheduledFrom');
  });

  it('keeps a short payload on its row, and a long one with its version', () => {
    const row = (payload: string) =>
      newJob(wantedAs(aJob(), { spec: { ...wantedAs(aJob()).spec, payload }, payloadBytes: payload.length }), {
        ...{ id: '5', by: 'ann', now: NOW },
      });
    expect(row('x'.repeat(300))).toMatchObject({ payload: 'x'.repeat(300), payloadBytes: 300 });
    expect(row('x'.repeat(301))).not.toHaveProperty('payload');
  });
});

describe('an edit', () => {
  it('that changes nothing writes nothing', () => {
    expect(decideChange(aJob(), { payload: PAYLOAD }, wantedAs(aJob()), context)).toBeUndefined();
    expect(decideChange(paused(), { payload: PAYLOAD }, wantedAs(paused()), context)).toBeUndefined();
  });

  it('of texts keeps the chain and the version of the specification', () => {
    const job = aJob();
    const { after, spec, gap, cancel } = change(job, { details: { ...wantedAs(job).details, name: 'other' } });
    expect(after).toEqual({ ...job, name: 'other', version: 8, updatedAt: NOW });
    expect([spec, gap, cancel]).toEqual([undefined, undefined, []]);
  });

  it('of what runs execute makes a new version, and keeps the chain', () => {
    const wanted = { ...wantedAs(aJob()).spec, priority: 1 };
    const { after, spec } = change(aJob(), { spec: wanted });
    expect(after).toMatchObject({ spec: 2, rev: 1, next: NOW + MINUTE_MS, priority: 1 });
    expect(spec).toEqual(wanted);
  });

  it('of the payload makes a new version too, also where it lies beside the row', () => {
    const { payload: _, ...job } = aJob();
    const long = 'x'.repeat(500);
    const wanted = { spec: { ...wantedAs(aJob()).spec, payload: long }, payloadBytes: 500 };
    expect(decideChange(job, { payload: long }, wantedAs(job, wanted), context)).toMatchObject({
      after: { payloadBytes: 500 },
    });
    expect(decideChange(job, { payload: long }, wantedAs(job, wanted), context)).not.toHaveProperty('spec');
    expect(change(job, wanted).after).toMatchObject({ spec: 2 });
    expect(change(job, wanted).after).not.toHaveProperty('payload');
  });

  it('of metadata makes a new version: it lies there, and never on the row', () => {
    const spec = { ...wantedAs(aJob()).spec, metadata: '{"owner":"ann"}' };
    const made = change(aJob(), { spec });
    expect(made.after).toMatchObject({ spec: 2, hasMetadata: true });
    expect(made.after).not.toHaveProperty('metadata');
    expect(made.spec?.metadata).toBe('{"owner":"ann"}');
    const beside = { payload: PAYLOAD, metadata: '{"owner":"ann"}' };
    expect(decideChange(made.after, beside, wantedAs(made.after, { spec }), context)).toBeUndefined();
  });

  it('takes away what is no longer wanted', () => {
    const job = aJob({ needs: { tags: ['gpu'] }, hasMetadata: true });
    const { needs: _, ...spec } = wantedAs(job).spec;
    const { after } = change(job, { spec });
    expect(after).not.toHaveProperty('needs');
    expect(after).not.toHaveProperty('hasMetadata');
    expect(after.spec).toBe(2);
  });

  it('of the policy alone keeps the chain', () => {
    const policy = { ...aJob().policy, concurrency: 'forbid' as const };
    expect(change(aJob(), { policy }).after).toMatchObject({ policy, rev: 1, spec: 1, next: NOW + MINUTE_MS });
  });

  it('of the schedule makes a new chain from its first occurrence', () => {
    const { after, cancel, gap } = change(aJob(), { schedule: hourly }, NOW + 1);
    expect(after).toMatchObject({ rev: 2, next: NOW + HOUR_MS, scheduledFrom: NOW + 1, schedule: hourly });
    expect([cancel, gap]).toEqual([[], undefined]);
  });

  it('of the schedule keeps what was fired ahead and is due by the new one too, and cancels the rest', () => {
    // At two seconds before the minute, the occurrence of that minute has been fired.
    const job = aJob({ next: NOW + MINUTE_MS, last: `${aJob().id}.${NOW}` });
    const now = NOW - 2_000;
    expect(change(job, { schedule: hourly }, now)).toMatchObject({ after: { next: NOW + HOUR_MS }, cancel: [] });
    const other = aSchedule({ expression: '30 * * * *' });
    expect(change(job, { schedule: other }, now)).toMatchObject({
      after: { next: NOW + HOUR_MS / 2 },
      cancel: [`${job.id}.${NOW}`],
    });
  });

  it('of the schedule says what it cut off', () => {
    const { gap } = change(aJob({ next: NOW - MINUTE_MS }), { schedule: hourly });
    expect(gap).toEqual({ from: NOW - MINUTE_MS, to: NOW, reason: 'missed', by: 'schedule changed' });
  });

  it('that takes the schedule away leaves none to come', () => {
    const { schedule: _, ...wanted } = wantedAs(aJob());
    const made = decideChange(aJob(), { payload: PAYLOAD }, wanted, context);
    expect(made?.after).not.toHaveProperty('next');
    expect(made?.after).not.toHaveProperty('schedule');
    expect(made?.after.rev).toBe(2);
  });
});

describe('a pause', () => {
  it('ends the chain, and says whose doing it is', () => {
    const { after, gap, cancel } = change(aJob(), { state: 'paused' });
    expect(after).toMatchObject({ state: 'paused', rev: 2, version: 8, pausedAt: NOW, pausedBy: 'ann' });
    expect(after).not.toHaveProperty('next');
    expect([gap, cancel]).toEqual([undefined, []]);
  });

  it('cancels what was fired ahead, all of it', () => {
    const now = NOW - 2_500;
    const everySecond = aSchedule({ expression: '* * * * * *' });
    const job = aJob({ schedule: everySecond, next: NOW + 1_000, last: `${aJob().id}.${NOW}` });
    const ids = [NOW - 2_000, NOW - 1_000, NOW].map((n) => `${job.id}.${n}`);
    expect(change(job, { state: 'paused' }, now).cancel).toEqual(ids);
  });

  it('cancels all of a broadcast, and what waits for its jitter', () => {
    const broadcast = aJob({ strategy: 'broadcast', last: `${aJob().id}.${NOW}.1` });
    const ids = [`${broadcast.id}.${NOW}.0`, `${broadcast.id}.${NOW}.1`];
    expect(change(broadcast, { state: 'paused' }, NOW - 1_000).cancel).toEqual(ids);
    const jittered = aJob({ schedule: aSchedule({ jitterMs: 50_000 }), last: `${aJob().id}.${NOW}` });
    expect(change(jittered, { state: 'paused' }, NOW + 1).cancel).toEqual([`${jittered.id}.${NOW}`]);
  });

  it('accounts for an occurrence whose alarm is late', () => {
    expect(change(aJob({ next: NOW - MINUTE_MS }), { state: 'paused' }).gap).toEqual({
      ...{ from: NOW - MINUTE_MS, to: NOW, reason: 'paused', by: 'ann' },
    });
  });

  it('that becomes a disabling goes on as the same pause', () => {
    expect(change(paused(), { state: 'disabled' }).after).toMatchObject({
      ...{ state: 'disabled', rev: 3, pausedAt: NOW - HOUR_MS, pausedBy: 'bob' },
    });
  });
});

describe('a pause that did not live to cancel', () => {
  const job = paused({ pend: aPend({ n: NOW, executeAt: NOW, workers: ['a', 'b'] }) });
  const { pend } = job;

  it('leaves runs that are found while their instant has not come', () => {
    expect(leftAhead(job, NOW - 1)).toEqual([`${job.id}.${NOW}.0`, `${job.id}.${NOW}.1`]);
    expect(leftAhead(job, NOW)).toEqual([]);
  });

  it('leaves all that wait for their jitter, up to what was fired when it was written', () => {
    const spread = { schedule: aSchedule({ jitterMs: HOUR_MS }), pausedAt: NOW - MINUTE_MS / 2 };
    const late = paused({ ...spread, pend: aPend({ n: NOW - MINUTE_MS, executeAt: NOW - 1 }) });
    const waits = (n: number): boolean => n + jitterOf(late.id, n, HOUR_MS) > NOW;
    const minutes = Array.from({ length: 61 }, (_, ago) => NOW - ago * MINUTE_MS);
    const expected = minutes.filter((n) => n < NOW && waits(n)).map((n) => `${late.id}.${n}`);
    expect(expected.length).toBeGreaterThan(10);
    expect(new Set(leftAhead(late, NOW))).toEqual(new Set(expected));
  });

  it('does not touch what was started by hand, or skipped, or belongs to an active job', () => {
    for (const fields of [{ trigger: 'manual' as const }, { skip: 'overlap' as const }]) {
      expect(leftAhead({ ...job, ...(pend === undefined ? {} : { pend: { ...pend, ...fields } }) }, NOW - 1)).toEqual(
        [],
      );
    }
    expect(leftAhead({ ...job, state: 'active' }, NOW - 1)).toEqual([]);
  });
});

describe('a resumption', () => {
  it('makes a new chain, and one gap of the time between', () => {
    const { after, gap, cancel } = change(paused(), { state: 'active' });
    expect(after).toMatchObject({ state: 'active', rev: 3, next: NOW });
    expect(after).not.toHaveProperty('pausedAt');
    expect(after).not.toHaveProperty('pausedBy');
    expect(gap).toEqual({ from: NOW - HOUR_MS, to: NOW, reason: 'paused', by: 'bob' });
    expect(cancel).toEqual([]);
  });

  it('together with another schedule begins that one', () => {
    expect(change(paused(), { state: 'active', schedule: hourly }, NOW + 1).after).toMatchObject({
      ...{ next: NOW + HOUR_MS, scheduledFrom: NOW + 1, schedule: hourly },
    });
  });
});

describe('a deletion', () => {
  it('is a pause for good', () => {
    const { after, cancel } = decideRemoval(aJob({ last: `${aJob().id}.${NOW}` }), { now: NOW - 1_000, by: 'ann' });
    expect(after).toMatchObject({ state: 'deleted', rev: 2, version: 8, deletedAt: NOW - 1_000 });
    expect(after.expiresAt).toBeGreaterThan(NOW + 100 * DAY_MS);
    expect(after).not.toHaveProperty('next');
    expect(cancel).toEqual([`${aJob().id}.${NOW}`]);
  });

  it('of a paused job cancels nothing', () => {
    expect(decideRemoval(paused(), context).cancel).toEqual([]);
  });
});
