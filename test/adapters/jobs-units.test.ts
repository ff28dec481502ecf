/** What jobs cost in units of DynamoDB, as it bills them: counted on the table as it is deployed. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { openTable, type Table } from '../../lib/adapters/dynamodb/client.ts';
import { createJobStore } from '../../lib/adapters/dynamodb/jobs/jobs.ts';
import type { JobIndex, JobStore } from '../../lib/application/ports/index.ts';
import { makeTestOp, openDefinitionsTable } from '../support/dynamodb-table.ts';
import { aJob, aSpec, changedJob, firedJob } from '../support/job-rows.ts';
import { createMeter, meterDynamodb } from '../support/meter.ts';

const meter = createMeter();

const metered = (table: Table): JobStore => {
  const { credentials } = table.client.config;
  const { endpoint } = inject('dynamodb');
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  return createJobStore(openTable(table.name, meterDynamodb(meter, client)), makeTestOp);
};

/** Units of all that `work` does: reads and writes, of them those of indexes. */
const unitsOf = async (work: () => Promise<unknown>) => {
  meter.reset();
  await work();
  const uses = meter.uses();
  const sum = (of: (use: (typeof uses)[number]) => number) => uses.reduce((total, use) => total + of(use), 0);
  return {
    reads: sum(({ reads }) => reads),
    writes: sum(({ writes }) => writes),
    indexWrites: sum(({ writes, target }) => (target?.startsWith('index') ? writes : 0)),
  };
};

const fill = async (jobs: JobStore, count: number, from = 0): Promise<void> => {
  for (let index = from; index < from + count; index += 1) {
    await jobs.create(aJob({ name: `job ${index}`, description: '' }), aSpec());
  }
};

describe('the units of a job', () => {
  let jobs: JobStore;
  beforeAll(async () => {
    jobs = metered(await openDefinitionsTable());
  });

  it('are one write for a fire, and none for an index', async () => {
    const job = aJob();
    await jobs.create(job, aSpec());
    expect(await unitsOf(() => jobs.write(job, firedJob(job)))).toEqual({ reads: 0, writes: 1, indexWrites: 0 });
  });

  it('are two writes for each of some twenty items at its creation, a third of them for its words', async () => {
    const job = aJob({ name: 'nightly dump', description: 'Saves it' });
    const units = await unitsOf(() => jobs.create(job, aSpec()));
    // Row, version, name, three counters, seven words, and six indexes: two units each in a transaction.
    expect(units).toEqual({ reads: 0, writes: 2 * (6 + 7 + 6), indexWrites: 2 * 6 });
  });

  it('are those of two index entries and a count for a pause', async () => {
    const job = aJob();
    await jobs.create(job, aSpec());
    const units = await unitsOf(() => jobs.write(job, changedJob(job, { state: 'paused' })));
    // Row and counter; the entries of `jobsByState` and `jobsByUpdate` move: one goes and one comes.
    expect(units).toEqual({ reads: 0, writes: 2 * (2 + 4), indexWrites: 2 * 4 });
  });
});

describe('a page of fifty', () => {
  const INDEXES: readonly JobIndex[] = [
    { by: 'creation' },
    { by: 'name' },
    { by: 'update' },
    { by: 'project', project: 'default' },
    { by: 'state', state: 'active' },
    { by: 'word', prefix: 'pg' },
  ];

  it('costs the same of 60 jobs as of 300', async () => {
    const jobs = metered(await openDefinitionsTable());
    const page = async (index: JobIndex) => {
      const listed = await jobs.list({ index, descending: true, limit: 50 });
      const ids = 'bad' in listed ? [] : listed.ids;
      expect(await jobs.getMany(ids)).toHaveLength(50);
    };
    const measure = async () => {
      const units: number[] = [];
      for (const index of INDEXES) {
        units.push((await unitsOf(() => page(index))).reads);
      }
      return units;
    };
    await fill(jobs, 60);
    const few = await measure();
    await fill(jobs, 240, 60);
    expect(await measure()).toEqual(few);
    // Half a unit for each row, and one or two for the keys.
    expect(Math.max(...few)).toBeLessThanOrEqual(28);
  }, 60_000);
});
