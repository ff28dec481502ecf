import { describe, expect, it } from 'vitest';
import { jitterOf } from '../../../lib/domain/cron/occurrences.ts';
import { decideChange } from '../../../lib/domain/job/change.ts';
import { decideFire } from '../../../lib/domain/job/fire.ts';
import type { Job } from '../../../lib/domain/job/job.ts';
import { joinLedger } from '../../../lib/domain/job/ledger.ts';
import { NOW } from '../../support/rows.ts';
import { aJob, aPend, aSchedule, DAY_MS, HOUR_MS, MINUTE_MS, PAYLOAD, wantedAs } from './a-job.ts';

const every = (period: string, startAt: number) => aSchedule({ expression: `@every ${period}`, startAt });
const nobody = { lastEnded: true, workers: [] };

/** Fired ahead for NOW + 3 s, then edited so that others come before it. */
const edited = (): Job => {
  const job = aJob({
    schedule: every('5s', NOW - 2_000),
    next: NOW + 8_000,
    pend: aPend({ n: NOW + 3_000, executeAt: NOW + 3_000 }),
    last: `${aJob().id}.${NOW + 3_000}`,
  });
  const wanted = wantedAs(job, { schedule: every('1s', NOW) });
  const change = decideChange(job, { payload: PAYLOAD }, wanted, { now: NOW + 500, by: 'ann' });
  if (change === undefined) {
    throw new Error('Nothing changes');
  }
  expect(change.cancel).toEqual([]);
  return change.after;
};

describe('an occurrence that the old schedule has fired ahead, and that the new one has too', () => {
  it('is passed over, though others come before it', () => {
    let job = edited();
    const fired: (number | undefined)[] = [];
    for (let fires = 0; fires < 4; fires += 1) {
      const firing = decideFire(job, NOW + 1_000, nobody);
      if (firing.do === 'look') {
        throw new Error('Nobody has to be waited for');
      }
      job = firing.after;
      fired.push(job.pend?.n);
    }
    expect(fired).toEqual([1_000, 2_000, 4_000, 5_000].map((ms) => NOW + ms));
    expect(job).not.toHaveProperty('ahead');
  });

  it('is forgotten by the next change', () => {
    const job = edited();
    expect(job.ahead).toEqual([NOW + 3_000]);
    const paused = decideChange(job, { payload: PAYLOAD }, wantedAs(job, { state: 'paused' }), {
      now: NOW + 600,
      by: 'ann',
    });
    expect(paused?.after).not.toHaveProperty('ahead');
  });

  it.each([
    ['is cancelled by a pause, though the chain has not come to it', { state: 'paused' }],
    ['is cancelled by a schedule that has not got it', { schedule: every('1h', NOW) }],
  ] as const)('%s', (_, fields) => {
    const job = edited();
    const change = decideChange(job, { payload: PAYLOAD }, wantedAs(job, fields), { now: NOW + 600, by: 'ann' });
    expect(change?.cancel).toEqual([`${job.id}.${NOW + 3_000}`]);
  });

  it('is passed over by a third schedule too', () => {
    const job = edited();
    const wanted = wantedAs(job, { schedule: every('3s', NOW) });
    const again = decideChange(job, { payload: PAYLOAD }, wanted, { now: NOW + 600, by: 'ann' });
    expect(again?.after.next).toBe(NOW + 6_000);
  });
});

describe('occurrences that wait for their jitter', () => {
  it('are all cancelled by a pause, however many of the last hours they are', () => {
    const jitterMs = 24 * HOUR_MS;
    const schedule = aSchedule({ jitterMs, startAt: NOW - 2 * DAY_MS });
    const job = aJob({ schedule, scheduledFrom: NOW - 2 * DAY_MS, next: NOW + MINUTE_MS });
    const fired = Array.from({ length: 24 * 60 }, (_, ago) => NOW - ago * MINUTE_MS);
    const waiting = fired.filter((n) => n + jitterOf(job.id, n, jitterMs) > NOW + 1);
    const wanted = wantedAs(job, { state: 'paused' });
    const change = decideChange(job, { payload: PAYLOAD }, wanted, { now: NOW + 1, by: 'ann' });
    expect(waiting.length).toBeGreaterThan(600);
    expect(new Set(change?.cancel)).toEqual(new Set(waiting.map((n) => `${job.id}.${n}`)));
  });
});

describe('the ledger, while the row of a skip is on its way', () => {
  it('says what was decided, and not that it was lost', () => {
    const job = aJob({ next: NOW + MINUTE_MS, pend: aPend({ n: NOW, skip: 'overlap' }) });
    const known = { runs: [], gaps: [], now: NOW + 1, keptFrom: NOW - MINUTE_MS };
    expect(joinLedger(job, { from: NOW, to: NOW + 1, limit: 10 }, known)).toEqual([
      { n: NOW, outcome: 'skipped', reason: 'overlap' },
    ]);
  });
});
