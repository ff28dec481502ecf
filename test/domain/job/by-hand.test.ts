import { describe, expect, it } from 'vitest';
import { instantByHand, refusalOf, startAsksForWorkers, startByHand } from '../../../lib/domain/job/by-hand.ts';
import { NOW } from '../../support/rows.ts';
import { aJob, aPend, aPolicy } from './a-job.ts';

const AT = NOW + 20_001;
const LAST = `${aJob().id}.${NOW}`;
const free = { lastEnded: true, workers: [] };
const busy = { lastEnded: false, workers: [] };

describe('a start by hand', () => {
  it('takes an instant that no occurrence has', () => {
    expect(instantByHand(NOW)).toBe(NOW + 1);
    expect(instantByHand(NOW + 1)).toBe(NOW + 1);
    expect(instantByHand(NOW + 999)).toBe(NOW + 999);
  });

  it('is a fire that leaves the chain as it is', () => {
    const job = aJob({ pend: aPend(), last: LAST });
    const pend = { n: AT, rev: 1, at: NOW + 20_000, executeAt: AT, spec: 1, turn: 3, trigger: 'manual' };
    const after = { ...job, version: 8, pend, last: `${job.id}.${AT}`, lastFiredAt: NOW + 20_000, fired: 4 };
    expect(startByHand(job, { instant: AT }, NOW + 20_000, free)).toEqual({ after, pend });
  });

  it.each([
    ['active', undefined],
    ['paused', undefined],
    ['disabled', 'disabled'],
    ['deleted', 'disabled'],
  ] as const)('of a job that is %s is refused as %s', (state, refusal) => {
    expect(refusalOf(aJob({ state }), free)).toBe(refusal);
  });

  it('while the run before goes on follows the policy', () => {
    const job = (concurrency: 'allow' | 'forbid' | 'replace') => aJob({ last: LAST, policy: aPolicy({ concurrency }) });
    expect([refusalOf(job('allow'), busy), refusalOf(job('replace'), busy)]).toEqual([undefined, undefined]);
    expect(refusalOf(job('forbid'), busy)).toBe('busy');
    expect(refusalOf(job('forbid'), free)).toBeUndefined();
    expect(startByHand(job('replace'), { instant: AT }, NOW, busy).pend).toMatchObject({ replaces: LAST });
    expect(startByHand(job('allow'), { instant: AT }, NOW, busy).pend).not.toHaveProperty('replaces');
  });

  it('goes to every worker of a broadcast', () => {
    const around = { lastEnded: true, workers: ['a', 'b'] };
    const { after } = startByHand(aJob({ strategy: 'broadcast' }), { instant: AT }, NOW, around);
    expect(after).toMatchObject({ last: `${aJob().id}.${AT}.1`, pend: { workers: ['a', 'b'] } });
  });
});

describe('a retry', () => {
  it('has the version of the specification that the run had', () => {
    const { pend } = startByHand(aJob({ spec: 4 }), { instant: AT, again: { spec: 2 } }, NOW, free);
    expect(pend).toMatchObject({ spec: 2, trigger: 'retry', n: AT });
  });

  it('of one run of a broadcast goes to its worker, in its place; of a single run to any one', () => {
    const job = aJob({ strategy: 'broadcast' });
    const again = { spec: 1, needs: { tags: ['gpu'], workers: ['b'] }, broadcast: { index: 1, total: 3 } };
    expect(startAsksForWorkers(job, again)).toBe(false);
    expect(startByHand(job, { instant: AT, again }, NOW, free).pend).toMatchObject({
      ...{ workers: ['b'], place: { index: 1, total: 3 } },
    });
    const single = startByHand(job, { instant: AT, again: { spec: 1, needs: { workers: ['b'] } } }, NOW, free);
    expect(single.pend).not.toHaveProperty('workers');
  });
});
