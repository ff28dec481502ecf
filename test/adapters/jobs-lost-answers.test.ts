/**
 * Rule W1: DynamoDB applied the write, its answer was lost, and the SDK sends the request again. The writer must learn that
 * it won, and nothing may have happened twice.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Table } from '../../lib/adapters/dynamodb/client.ts';
import { createLeaseStore } from '../../lib/adapters/dynamodb/fleet/leases.ts';
import { createLogStore } from '../../lib/adapters/dynamodb/fleet/logs.ts';
import { createWorkerStore } from '../../lib/adapters/dynamodb/fleet/workers.ts';
import { createJobStore } from '../../lib/adapters/dynamodb/jobs/jobs.ts';
import type { JobStore, LeaseStore, LogStore, WorkerStore } from '../../lib/application/ports/index.ts';
import type { Job } from '../../lib/domain/job/job.ts';
import { freshId } from '../ports/fresh-id.ts';
import { makeTestOp, openDefinitionsTable, openTestTable } from '../support/dynamodb-table.ts';
import { freshNumber } from '../support/identity-rows.ts';
import { aJob, aSpec, aWorkerRow, changedJob, firedJob, freshJobId } from '../support/job-rows.ts';
import { keepAnswers, loseNextAnswer } from '../support/lost-answer.ts';
import { NOW } from '../support/rows.ts';

let definitions: Table;
let executions: Table;
let jobs: JobStore;
let workers: WorkerStore;
let leases: LeaseStore;
let logs: LogStore;
beforeAll(async () => {
  [definitions, executions] = [await openDefinitionsTable(), await openTestTable()];
  jobs = createJobStore(definitions, makeTestOp);
  workers = createWorkerStore(definitions, makeTestOp);
  leases = createLeaseStore(executions, makeTestOp);
  logs = createLogStore(executions, makeTestOp);
});
beforeEach(() => {
  keepAnswers(definitions);
  keepAnswers(executions);
});

/** As after the 10 minutes for which DynamoDB knows a token. */
const forgetToken = (body: string): string => body.replace(/"ClientRequestToken":"op-/, '"ClientRequestToken":"of-');
const TOKENS = [
  ['known', (body: string) => body],
  ['forgotten', forgetToken],
] as const;

const stored = async (fields: Partial<Job> = {}): Promise<Job> => {
  const job = aJob({ project: `project-${freshNumber()}`, ...fields });
  await jobs.create(job, aSpec());
  return job;
};

const CHANGES: readonly (readonly [string, (job: Job) => Job])[] = [
  ['a fire', firedJob],
  ['another name', (job) => changedJob(job, { name: `new ${job.name}` })],
  ['a pause', (job) => changedJob(job, { state: 'paused' })],
  ['a deletion', (job) => changedJob(job, { state: 'deleted', deletedAt: NOW })],
];

describe.each(TOKENS)('a write of a job whose answer was lost, its token %s', (_token, rewrite) => {
  it.each(CHANGES)('was %s: done, and counted once', async (_what, change) => {
    const job = await stored();
    const after = change(job);
    const lost = loseNextAnswer(definitions, { rewrite });
    expect(await jobs.write(job, after)).toEqual({ kind: 'done' });
    expect(lost.sent()).toBe(2);
    expect(await jobs.get(job.id, 'consistent')).toEqual(after);
    expect((await jobs.count({ project: job.project })).matching).toBe(after.state === 'deleted' ? 0 : 1);
  });

  it('was its creation: created, and counted once', async () => {
    const job = aJob({ project: `project-${freshNumber()}` });
    const lost = loseNextAnswer(definitions, { rewrite });
    expect(await jobs.create(job, aSpec())).toEqual({ kind: 'created' });
    expect(lost.sent()).toBe(2);
    expect((await jobs.count({ project: job.project })).matching).toBe(1);
  });

  it('was a worker that registered: once', async () => {
    const before = await workers.count();
    loseNextAnswer(definitions, { rewrite });
    expect(await workers.create(aWorkerRow())).toBe('created');
    expect(await workers.count()).toBe(before + 1);
  });

  it('was a piece of a log: there once', async () => {
    const run = freshId();
    const as = { now: NOW, expiresAt: NOW + 86_400_000 };
    await logs.append(run, 'one ', as);
    const lost = loseNextAnswer(executions, { rewrite });
    expect(await logs.append(run, 'two', as)).toMatchObject({ size: 7 });
    expect(lost.sent()).toBe(2);
    expect((await logs.read(run, 0, 100)).text).toBe('one two');
  });
});

describe('another write whose answer was lost', () => {
  it('took a lease: held, with a fence that was counted once', async () => {
    const key = `lock-${freshNumber()}`;
    const lost = loseNextAnswer(executions);
    expect(await leases.acquire(key, 'mine', NOW + 1_000, NOW)).toEqual({
      value: 'mine',
      fence: NOW,
      expiresAt: NOW + 1_000,
    });
    expect(lost.sent()).toBe(2);
  });

  it('gave a lease back: released', async () => {
    const key = `lock-${freshNumber()}`;
    await leases.acquire(key, 'mine', NOW + 1_000, NOW);
    loseNextAnswer(executions);
    expect(await leases.release(key, 'mine', NOW)).toBe('released');
  });

  it('created a backfill and changed it: both done', async () => {
    const backfill = {
      ...{ id: freshJobId(), job: freshJobId(), from: 1, to: 2, parallel: 1, state: 'running' as const, total: 1 },
      ...{ created: 0, open: [], version: 1, g: 1, wakeAt: NOW, createdAt: NOW, createdBy: 'u', expiresAt: NOW },
    };
    loseNextAnswer(definitions);
    expect(await jobs.backfills.create(backfill)).toBe(true);
    loseNextAnswer(definitions);
    expect(await jobs.backfills.write(backfill, { ...backfill, version: 2 })).toBe(true);
  });
});
