import { describe, expect, it } from 'vitest';
import { armedFor, type ChainVerdict, isByHand, judgeOccurrence } from '../../../lib/domain/job/chain.ts';
import type { Job } from '../../../lib/domain/job/job.ts';
import { NOW } from '../../support/rows.ts';
import { aJob, aPend, MINUTE_MS } from './a-job.ts';

const N = NOW + MINUTE_MS;
const DUE = N - 3_000;
const without = ({ next: _, ...job }: Job): Job => job;

describe('the alarm of an occurrence (J1, A2)', () => {
  it.each<[string, Job | undefined, { n?: number; rev?: number; armedAt?: number; now?: number }, ChainVerdict]>([
    ['no row yet', undefined, {}, 'wait'],
    ['no row for 90 s', undefined, { armedAt: DUE - 90_000 }, 'fence'],
    ['it was fired', aJob({ next: N + MINUTE_MS, pend: aPend({ n: N }) }), {}, 'create'],
    ['it was fired, then the job was paused', aJob({ rev: 2, pend: aPend({ n: N }) }), {}, 'create'],
    ['it was fired by another revision', aJob({ rev: 2, pend: aPend({ n: N }) }), { rev: 2 }, 'fire'],
    ['a newer revision', aJob({ rev: 2 }), {}, 'done'],
    ['deleted', aJob({ state: 'deleted', rev: 2 }), { rev: 3 }, 'done'],
    ['an older revision', aJob({ rev: 1 }), { rev: 2 }, 'wait'],
    ['an older revision for 90 s', aJob({ rev: 1 }), { rev: 2, armedAt: DUE - 90_000 }, 'fence'],
    ['fired before', aJob({ next: N + MINUTE_MS }), {}, 'done'],
    ['the schedule has ended', without(aJob()), {}, 'done'],
    ['its turn has not come', aJob({ next: N - MINUTE_MS }), {}, 'wait'],
    ['its turn has not come for 90 s', aJob({ next: N - MINUTE_MS }), { armedAt: DUE - 90_000 }, 'fence'],
    ['early', aJob(), { now: DUE - 1 }, 'look'],
    ['due', aJob(), {}, 'fire'],
    ['late', aJob(), { now: N + 10 * MINUTE_MS, armedAt: NOW }, 'fire'],
    ['a start by hand that is not written', aJob(), { n: N + 1 }, 'confirm'],
    ['a start by hand that is written', aJob({ pend: aPend({ n: N + 1, trigger: 'manual' }) }), { n: N + 1 }, 'create'],
    ['a start by hand of a paused job', aJob({ rev: 2, state: 'paused' }), { n: N + 1, rev: 2 }, 'confirm'],
  ])('%s', (_case, job, { n = N, rev = 1, armedAt = DUE - 1_000, now = DUE }, verdict) => {
    expect(judgeOccurrence({ n, rev, armedAt }, job, now)).toBe(verdict);
  });

  it('is armed three seconds ahead, but never for before its commit', () => {
    expect(armedFor(N, NOW)).toBe(DUE);
    expect(armedFor(N, N)).toBe(N + 1_000);
  });

  it('is told from a start by hand by its whole second', () => {
    expect([NOW, NOW + 1, NOW + 999, NOW + 1_000].map(isByHand)).toEqual([false, true, true, false]);
  });
});
