import { describe, expect, it } from 'vitest';
import { jitterOf } from '../../../lib/domain/cron/occurrences.ts';
import { decideFire, type Firing } from '../../../lib/domain/job/fire.ts';
import type { Job } from '../../../lib/domain/job/job.ts';
import { NOW } from '../../support/rows.ts';
import { aJob, aPend, aPolicy, aSchedule, MINUTE_MS } from './a-job.ts';

const N = NOW + MINUTE_MS;
const AHEAD = N - 3_000;
const free = { lastEnded: true, workers: [] };
const busy = { lastEnded: false, workers: [] };
const LAST = `${aJob().id}.${NOW}`;

const fired = (firing: Firing): Job => {
  if (firing.do !== 'advance') {
    throw new Error('It did not fire');
  }
  return firing.after;
};

describe('a fire', () => {
  it('moves the row on by one occurrence, and says what it stands for', () => {
    const job = aJob({ last: LAST, pend: aPend() });
    expect(decideFire(job, AHEAD, free)).toEqual({
      do: 'advance',
      after: {
        ...job,
        version: 8,
        next: N + MINUTE_MS,
        pend: { n: N, rev: 1, at: AHEAD, executeAt: N, spec: 1, turn: 3, trigger: 'schedule' },
        last: `${job.id}.${N}`,
        lastFiredAt: AHEAD,
        fired: 4,
      },
    });
  });

  it('of the last occurrence leaves none to come', () => {
    const after = fired(decideFire(aJob({ schedule: aSchedule({ endAt: N + 1 }) }), AHEAD, free));
    expect(after).not.toHaveProperty('next');
    expect(after.pend?.n).toBe(N);
  });

  it('does not touch what lists go by', () => {
    expect(fired(decideFire(aJob(), AHEAD, free)).updatedAt).toBe(aJob().updatedAt);
  });

  it("starts later by the occurrence's share of the jitter, which never changes", () => {
    const job = aJob({ schedule: aSchedule({ jitterMs: 30_000 }) });
    const executeAt = fired(decideFire(job, AHEAD, free)).pend?.executeAt;
    expect(executeAt).toBe(N + jitterOf(job.id, N, 30_000));
    expect(fired(decideFire(job, N + 20_000, free)).pend?.executeAt).toBe(executeAt);
  });

  it('keeps its nominal instant when it is late', () => {
    expect(fired(decideFire(aJob(), N + 50_000, free)).pend).toMatchObject({ n: N, executeAt: N, at: N + 50_000 });
  });

  it('that a misfire policy leaves out moves on without one', () => {
    const job = aJob({ policy: aPolicy({ misfire: 'skip' }), pend: aPend(), last: LAST });
    const firing = decideFire(job, N + 2 * MINUTE_MS, free);
    expect(firing).toEqual({
      do: 'advance',
      after: { ...job, version: 8, next: N + 3 * MINUTE_MS },
      gap: { from: N, to: N + 2 * MINUTE_MS + 1, reason: 'missed', by: 'skip' },
    });
  });
});

describe('when the run before has not ended', () => {
  const job = (concurrency: 'allow' | 'forbid' | 'replace'): Job =>
    aJob({ last: LAST, policy: aPolicy({ concurrency }) });

  it('allow fires', () => {
    expect(fired(decideFire(job('allow'), AHEAD, busy)).pend).not.toHaveProperty('skip');
  });

  it.each(['forbid', 'replace'] as const)('%s waits for the instant itself', (concurrency) => {
    expect(decideFire(job(concurrency), AHEAD, busy)).toEqual({ do: 'look', at: N });
    expect(decideFire(job(concurrency), AHEAD, free).do).toBe('advance');
  });

  it('forbid skips, and writes the skip down (H30)', () => {
    const after = fired(decideFire(job('forbid'), N, busy));
    expect(after).toMatchObject({ next: N + MINUTE_MS, last: LAST, fired: 3, pend: { n: N, skip: 'overlap' } });
    expect(after).not.toHaveProperty('lastFiredAt');
  });

  it('replace names what is to be cancelled first', () => {
    const after = fired(decideFire(job('replace'), N, busy));
    expect(after).toMatchObject({ last: `${job('replace').id}.${N}`, pend: { n: N, replaces: LAST } });
    expect(after.pend).not.toHaveProperty('skip');
  });

  it('which there is none of, every policy fires', () => {
    expect(fired(decideFire(aJob({ policy: aPolicy({ concurrency: 'forbid' }) }), AHEAD, busy)).pend?.n).toBe(N);
  });
});

describe('a deadline', () => {
  const policy = aPolicy({ deadlineMs: 10_000 });

  it('skips what is later', () => {
    expect(fired(decideFire(aJob({ policy }), N + 10_000, free)).pend).not.toHaveProperty('skip');
    expect(fired(decideFire(aJob({ policy }), N + 10_001, free)).pend?.skip).toBe('deadline');
  });

  it('counts from the instant with its jitter: a share that is longer does not keep a job from ever running', () => {
    const schedule = aSchedule({ jitterMs: 50_000 });
    const executeAt = N + jitterOf(aJob().id, N, 50_000);
    const job = aJob({ policy, schedule });
    expect(fired(decideFire(job, executeAt + 10_000, free)).pend).not.toHaveProperty('skip');
    expect(fired(decideFire(job, executeAt + 10_001, free)).pend?.skip).toBe('deadline');
  });

  it('goes before an overlap', () => {
    const job = aJob({ last: LAST, policy: { ...policy, concurrency: 'forbid' } });
    expect(fired(decideFire(job, N + 20_000, busy)).pend?.skip).toBe('deadline');
  });
});

describe('a broadcast', () => {
  const job = aJob({ strategy: 'broadcast' });

  it('fixes the workers, and `last` is the last of its runs', () => {
    const after = fired(decideFire(job, AHEAD, { lastEnded: true, workers: ['a', 'b', 'c'] }));
    expect(after).toMatchObject({ last: `${job.id}.${N}.2`, pend: { workers: ['a', 'b', 'c'] } });
  });

  it('to nobody is one run', () => {
    const after = fired(decideFire(job, AHEAD, free));
    expect(after.last).toBe(`${job.id}.${N}`);
    expect(after.pend).not.toHaveProperty('workers');
  });

  it('that is skipped is one row', () => {
    const forbidding = { ...job, last: LAST, policy: aPolicy({ concurrency: 'forbid' }) };
    const after = fired(decideFire(forbidding, N, { lastEnded: false, workers: ['a', 'b'] }));
    expect(after.pend).not.toHaveProperty('workers');
  });

  it('of another strategy goes to nobody in particular', () => {
    expect(fired(decideFire(aJob(), AHEAD, { lastEnded: true, workers: ['a'] })).pend).not.toHaveProperty('workers');
  });
});
