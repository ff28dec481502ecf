import { describe } from 'vitest';
import { createMemoryJobStore } from '../../lib/adapters/memory/jobs/jobs.ts';
import { jobsSuite } from './jobs.suite.ts';

describe('jobs in memory', () => {
  const shared = createMemoryJobStore();
  jobsSuite({ jobs: () => shared, empty: async () => createMemoryJobStore() });
});
