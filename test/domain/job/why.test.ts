import { describe, expect, it } from 'vitest';
import type { Job, Pending } from '../../../lib/domain/job/job.ts';
import { type JobInstance, WHY_JOB, whyJob } from '../../../lib/domain/job/why.ts';
import { aJob } from '../../support/job-rows.ts';
import { NOW } from '../../support/rows.ts';

const HOUR_MS = 3_600_000;

const without = (job: Job, ...keys: readonly ('next' | 'schedule')[]): Job => {
  const copy = { ...job };
  for (const key of keys) {
    delete copy[key];
  }
  return copy;
};

const pend = (fields: Partial<Pending> = {}): Pending => ({
  n: NOW - HOUR_MS,
  rev: 1,
  at: NOW - HOUR_MS,
  executeAt: NOW - HOUR_MS,
  spec: 1,
  turn: 1,
  trigger: 'schedule',
  ...fields,
});

const paused = { pausedAt: NOW - 1_000, pausedBy: 'user:7' } as const;
const ended = { expression: '0 * * * *', timeZone: 'UTC', days: 'or', gap: 'shift', overlap: 'once' } as const;
const last = `1.${NOW - HOUR_MS}`;

type Case = readonly [
  name: string,
  job: Job,
  status: NonNullable<JobInstance['last']>['status'] | undefined,
  reason: string,
  message: string,
];

const CASES: readonly Case[] = [
  ['deleted', aJob({ state: 'deleted', ...paused }), undefined, 'deleted', 'It was deleted.'],
  [
    'paused',
    aJob({ state: 'paused', ...paused }),
    undefined,
    'paused',
    'It is paused by user:7 since 2029-12-31T23:59:59Z: it does not fire, and can be started by hand.',
  ],
  [
    'paused from the beginning',
    aJob({ state: 'paused' }),
    undefined,
    'paused',
    'It is paused: it does not fire, and can be started by hand.',
  ],
  [
    'disabled',
    aJob({ state: 'disabled', ...paused }),
    undefined,
    'disabled',
    'It is disabled by user:7 since 2029-12-31T23:59:59Z: it neither fires nor can be started by hand.',
  ],
  [
    'no schedule',
    without(aJob(), 'schedule', 'next'),
    undefined,
    'no_schedule',
    'It has no schedule: it is only started by hand.',
  ],
  [
    'past its end',
    without(aJob({ schedule: { ...ended, startAt: 0, endAt: NOW - HOUR_MS, jitterMs: 0 } }), 'next'),
    undefined,
    'past_end',
    'Its schedule ended at 2029-12-31T23:00:00Z.',
  ],
  [
    'nothing left before its end',
    without(aJob({ schedule: { ...ended, startAt: 0, endAt: NOW + 1_000, jitterMs: 0 } }), 'next'),
    undefined,
    'no_occurrence',
    'Its schedule has no further occurrence before its end at 2030-01-01T00:00:01Z.',
  ],
  ['nothing left', without(aJob(), 'next'), undefined, 'no_occurrence', 'Its schedule has no further occurrence.'],
  [
    'blocked',
    aJob({ last, pend: pend({ skip: 'overlap' }) }),
    'running',
    'blocked',
    `Run ${last} has not ended, and its policy forbids two at a time: an occurrence at 2030-01-01T01:00:00Z is left out unless that run ends before.`,
  ],
  ['due', aJob({ next: NOW }), undefined, 'due', 'It fell due at 2030-01-01T00:00:00Z and is being fired.'],
  [
    'left out',
    aJob({ last, pend: pend({ skip: 'overlap' }) }),
    'succeeded',
    'skipped',
    'Its last occurrence, at 2029-12-31T23:00:00Z, was left out: the run before it had not ended, and the policy of its job forbids two at a time. The next one is at 2030-01-01T01:00:00Z.',
  ],
  [
    'too late',
    aJob({ pend: pend({ skip: 'deadline' }) }),
    undefined,
    'skipped',
    'Its last occurrence, at 2029-12-31T23:00:00Z, was left out: it came later than the deadline of its job allows. The next one is at 2030-01-01T01:00:00Z.',
  ],
  ['waiting', aJob({ last, pend: pend() }), 'succeeded', 'waiting', 'It is next due at 2030-01-01T01:00:00Z.'],
  [
    'another run in progress, allowed',
    aJob({ last, policy: { concurrency: 'allow', misfire: 'skip', misfireCap: 100 } }),
    'running',
    'waiting',
    'It is next due at 2030-01-01T01:00:00Z.',
  ],
];

describe('why a job does not fire', () => {
  it.each(CASES)('%s', (_name, job, status, reason, message) => {
    const why = whyJob({ job, last: status && { id: last, status }, now: NOW });
    expect([why.reason, why.message]).toEqual([reason, message]);
  });

  it('has a case for each reason', () => {
    expect(new Set(CASES.map(([, , , reason]) => reason))).toEqual(new Set(WHY_JOB));
  });

  it('tells what it was concluded from', () => {
    const why = whyJob({ job: aJob({ last }), last: { id: last, status: 'running' }, now: NOW });
    expect(why.details).toMatchObject({
      next_at: '2030-01-01T01:00:00Z',
      last_run: last,
      last_status: 'running',
      blocked_by: last,
    });
  });
});
