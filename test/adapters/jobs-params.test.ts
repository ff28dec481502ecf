/** What is sent to DynamoDB for jobs and the fleet, as it can be read and reviewed. */
import { describe, expect, it } from 'vitest';
import type { Actions } from '../../lib/adapters/dynamodb/actions.ts';
import { CATEGORIES } from '../../lib/adapters/dynamodb/fleet/categories.ts';
import { acquireParams, refreshParams, releaseParams } from '../../lib/adapters/dynamodb/fleet/lease-params.ts';
import {
  newestLogsParams,
  pieceAtParams,
  piecesParams,
  removeLogActions,
  writeLogActions,
} from '../../lib/adapters/dynamodb/fleet/log-params.ts';
import { createNamedActions, writeNamedActions } from '../../lib/adapters/dynamodb/fleet/named-params.ts';
import { noteParams } from '../../lib/adapters/dynamodb/fleet/needs.ts';
import { WORKERS } from '../../lib/adapters/dynamodb/fleet/workers.ts';
import { gapsParams } from '../../lib/adapters/dynamodb/jobs/gap-params.ts';
import { encodeJob } from '../../lib/adapters/dynamodb/jobs/job-codec.ts';
import { createJobActions, writeJobActions } from '../../lib/adapters/dynamodb/jobs/job-params.ts';
import { listJobsParams, listWordsParams, type RowIndex } from '../../lib/adapters/dynamodb/jobs/list-params.ts';
import type { Job } from '../../lib/domain/job/job.ts';
import { DEFINITION_INDEXES } from '../../lib/infrastructure/stacks/data-policies.ts';
import { itemBytes } from '../support/item-size.ts';
import { aCategory, aJob, aSpec, aWorkerRow, changedJob, firedJob } from '../support/job-rows.ts';
import { NOW } from '../support/rows.ts';

const OP = 'op-of-this-call';
const TABLE = 'table';
/** What one write unit buys. */
const WRITE_UNIT_BYTES = 1_024;

const JOB = aJob({ id: '7000000000000042', name: 'nightly', description: 'Saves it' });
const WORDS = ['nightly', 'save', 'saves'];
const write = (before: Job, after: Job, words = WORDS, also: Parameters<typeof writeJobActions>[2] = {}): Actions =>
  writeJobActions({ job: before, words: WORDS }, { job: after, words }, also, OP, TABLE);

const WORKER = aWorkerRow({ id: 'w-1', name: 'host-1' });
const CATEGORY = aCategory({ id: '7', code: 'db' });
const HEAD = {
  ...{ run: '17', storage: 'db', size: 5, truncated: false, createdAt: NOW, updatedAt: NOW, streamed: { 1: 5 } },
};
const STORED = { head: HEAD, op: 'op-that-was-read', text: 'text-1', ttl: 1 };
const EXPIRES = NOW + 86_400_000;
const grown = { ...HEAD, size: 8 };

describe('the actions', () => {
  it.each<[string, Actions]>([
    ['create a job', createJobActions({ job: JOB, words: WORDS }, aSpec(), OP, TABLE)],
    ['fire', write(JOB, firedJob(JOB))],
    ['rename', write(JOB, changedJob(JOB, { name: 'hourly' }), ['hourly', 'save', 'saves'])],
    ['move to another project', write(JOB, changedJob(JOB, { project: 'other' }))],
    ['pause', write(JOB, changedJob(JOB, { state: 'paused', pausedAt: NOW, pausedBy: 'user:1' }))],
    [
      'change what it executes',
      write(JOB, changedJob(JOB, { spec: 2, priority: 1 }), WORDS, { spec: aSpec({ priority: 1 }) }),
    ],
    [
      'fire after a misfire',
      write(JOB, firedJob(JOB), WORDS, { gap: { from: NOW, to: NOW + 60_000, reason: 'missed', by: 'fire_once' } }),
    ],
    ['delete', write(JOB, changedJob(JOB, { state: 'deleted', deletedAt: NOW, expiresAt: EXPIRES }), [])],
    ['register a worker', createNamedActions(WORKERS, WORKER, OP, TABLE)],
    ['hear of a worker', writeNamedActions(WORKERS, WORKER, { ...WORKER, version: 2, lastActive: NOW }, OP, TABLE)],
    ['rename a worker', writeNamedActions(WORKERS, WORKER, { ...WORKER, version: 2, name: 'host-2' }, OP, TABLE)],
    [
      'delete a category',
      writeNamedActions(CATEGORIES, CATEGORY, { ...CATEGORY, version: 2, deletedAt: NOW }, OP, TABLE),
    ],
    [
      'begin a log',
      writeLogActions(
        { before: undefined, head: HEAD, added: Buffer.from('hello'), text: 'text-1', expiresAt: EXPIRES, op: OP },
        TABLE,
      ),
    ],
    [
      'add to a log',
      writeLogActions(
        { before: STORED, head: grown, added: Buffer.from('世'), text: 'text-1', expiresAt: EXPIRES, op: OP },
        TABLE,
      ),
    ],
    ['remove a log', removeLogActions(STORED, TABLE)],
  ])('%s', (_name, actions) => {
    expect(actions).toMatchSnapshot();
    expect(Object.keys(actions).length).toBeLessThanOrEqual(100);
  });
});

describe('the requests', () => {
  const INDEXES: readonly RowIndex[] = [
    { by: 'creation' },
    { by: 'name' },
    { by: 'update' },
    { by: 'project', project: 'p' },
    { by: 'category', category: 'c' },
    { by: 'state', state: 'paused' },
  ];
  it.each(INDEXES)('list jobs: $by', (index) => {
    const value = index.by === 'name' ? 'nightly' : index.by === 'update' ? NOW : undefined;
    const from = { id: '42', ...(value !== undefined && { value }) };
    const params = listJobsParams(index, { descending: true, from });
    expect(params).toMatchSnapshot();
    expect(Object.keys(DEFINITION_INDEXES)).toContain(params.IndexName);
  });

  it.each<[string, object]>([
    ['search', listWordsParams('back', { descending: false, from: { id: '42', value: 'backup' } })],
    ['gaps', gapsParams('42', NOW, NOW + 60_000)],
    ['acquire a lease', acquireParams('lock', { value: 'v', expiresAt: NOW + 60_000, now: NOW }, OP)],
    ['release a lease', releaseParams('lock', 'v', NOW, OP)],
    ['refresh a lease', refreshParams('lock', { value: 'v', expiresAt: NOW + 60_000, now: NOW }, OP)],
    ['piece of a log', pieceAtParams('17', 'text-1', 300)],
    ['pieces of a log', piecesParams('17', 'text-1', 300, 400)],
    ['logs', newestLogsParams(3, { run: '17', createdAt: NOW })],
    ['note needs', noteParams('default', 'k1', { tags: ['gpu'] }, EXPIRES)],
  ])('%s', (_name, params) => {
    expect(params).toMatchSnapshot();
  });
});

describe('a fire', () => {
  const keyAttributes = Object.values(DEFINITION_INDEXES).flatMap(({ partition, sort }) => [...partition, ...sort]);

  it('is one update of the row, and touches nothing that an index holds', () => {
    const actions = write(JOB, firedJob(JOB));
    expect(Object.keys(actions)).toEqual(['row']);
    const written = Object.values(actions.row?.Update?.ExpressionAttributeNames ?? {});
    expect(written).toContain('next');
    expect(written.filter((attribute) => keyAttributes.includes(attribute))).toEqual([]);
  });

  it('would be seen here, if it did: a change of the definition does', () => {
    const written = Object.values(
      write(JOB, changedJob(JOB, { state: 'paused' })).row?.Update?.ExpressionAttributeNames ?? {},
    );
    expect(written.filter((attribute) => keyAttributes.includes(attribute)).toSorted()).toEqual([
      'jobState',
      'jobUpdatedAt',
    ]);
  });
});

describe('the row of a job', () => {
  it('of ordinary size costs one write unit, fired and with a run in the making', () => {
    const payload = JSON.stringify({
      command: 'pg_dump -Fc production > /backups/$(date +%F).dump',
      env: { PGHOST: 'db-1' },
    });
    const job = aJob({
      ...{ project: 'warehouse', name: 'nightly dump of production', category: 'database' },
      ...{ description: 'Dumps the database and keeps it for a month', payload, payloadBytes: payload.length },
      ...{ fired: 12_345, rev: 17, version: 12_399, lastFiredAt: NOW - 7, createdBy: 'user:7000000000000000' },
    });
    const item = { ...encodeJob(firedJob(job)), op: 'A'.repeat(11) };
    expect(itemBytes(item), JSON.stringify(item)).toBeLessThan(WRITE_UNIT_BYTES);
  });
});
