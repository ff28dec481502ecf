import { describe, expect, it } from 'vitest';
import { lastIdOf, requestsOf, runIdsOf, runIdsOfLast } from '../../../lib/domain/job/pending.ts';
import { NOW } from '../../support/rows.ts';
import { aJob, aPend, aPolicy } from './a-job.ts';

const job = aJob();
const id = `${job.id}.${NOW}`;

describe('the runs of a fire', () => {
  it('are one, named after the occurrence', () => {
    expect(runIdsOf(job.id, aPend())).toEqual([id]);
    expect(runIdsOfLast(lastIdOf(job.id, aPend()))).toEqual([id]);
  });

  it('are one for each worker of a broadcast, all known from the last', () => {
    const pend = aPend({ workers: ['a', 'b', 'c'] });
    const ids = [`${id}.0`, `${id}.1`, `${id}.2`];
    expect(runIdsOf(job.id, pend)).toEqual(ids);
    expect(lastIdOf(job.id, pend)).toBe(`${id}.2`);
    expect(runIdsOfLast(lastIdOf(job.id, pend))).toEqual(ids);
  });
});

describe('what a run is asked to be', () => {
  it('is what the specification says, without its payload', () => {
    const [request] = requestsOf(job, aPend({ executeAt: NOW + 5 }), job);
    expect(request).toEqual({
      ...{ id, handler: 'send_email', pool: 'default', priority: 5, maxTries: 1, timeoutMs: 300_000, payloadBytes: 22 },
      ...{ executeAt: NOW + 5, job: job.id, spec: 1, trigger: 'schedule' },
    });
  });

  it('must begin within the deadline, a start by hand aside', () => {
    const strict = aJob({ policy: aPolicy({ deadlineMs: 1_000 }) });
    expect(requestsOf(strict, aPend({ executeAt: NOW + 5 }), strict)[0]?.startBy).toBe(NOW + 1_005);
    expect(requestsOf(strict, aPend({ trigger: 'manual' }), strict)[0]).not.toHaveProperty('startBy');
  });

  it('keeps nothing of its output where the job keeps none', () => {
    expect(requestsOf(aJob({ saveLog: false }), aPend(), job)[0]?.unsaved).toBe(true);
    expect(requestsOf(job, aPend(), job)[0]).not.toHaveProperty('unsaved');
  });

  it('carries the key of a start by hand, and the place of a retried run of a broadcast', () => {
    const pend = aPend({ trigger: 'retry', keyed: 'k', workers: ['b'], place: { index: 1, total: 3 } });
    expect(requestsOf(job, pend, job)).toMatchObject([
      { id: `${id}.0`, trigger: 'retry', keyed: 'k', needs: { workers: ['b'] }, broadcast: { index: 1, total: 3 } },
    ]);
  });

  it('says how it is routed, where that is not the default', () => {
    const routing = (strategy: 'random' | 'round_robin' | 'broadcast' | 'least_loaded') =>
      requestsOf(job, aPend({ turn: 9 }), { ...job, strategy })[0]?.routing;
    expect(routing('random')).toEqual({ strategy: 'random' });
    expect(routing('round_robin')).toEqual({ strategy: 'round_robin', turn: 9 });
    expect(routing('least_loaded')).toBeUndefined();
    expect(routing('broadcast')).toBeUndefined();
  });

  it('is for one worker each in a broadcast, with the other needs', () => {
    const needs = { tags: ['gpu'], workers: ['a', 'b', 'z'] };
    const requests = requestsOf(job, aPend({ workers: ['a', 'b'] }), { ...job, strategy: 'broadcast', needs });
    expect(requests).toMatchObject([
      { id: `${id}.0`, needs: { tags: ['gpu'], workers: ['a'] }, broadcast: { index: 0, total: 2 } },
      { id: `${id}.1`, needs: { tags: ['gpu'], workers: ['b'] }, broadcast: { index: 1, total: 2 } },
    ]);
  });
});
