import { beforeAll, describe } from 'vitest';
import { createJobStore } from '../../lib/adapters/dynamodb/jobs/jobs.ts';
import type { JobStore } from '../../lib/application/ports/index.ts';
import { makeTestOp, openDefinitionsTable } from '../support/dynamodb-table.ts';
import { jobsSuite } from './jobs.suite.ts';

describe('jobs in DynamoDB', () => {
  const empty = async () => createJobStore(await openDefinitionsTable(), makeTestOp);
  let shared: JobStore;
  beforeAll(async () => {
    shared = await empty();
  });
  jobsSuite({ jobs: () => shared, empty });
});
