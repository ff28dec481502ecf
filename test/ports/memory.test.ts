import { describe } from 'vitest';
import { createMemoryRunStore } from '../../lib/adapters/memory/runs.ts';
import { createMemoryConnectionStore, createMemorySessionStore } from '../../lib/adapters/memory/sessions.ts';
import {
  createMemoryCountStore,
  createMemoryDataStore,
  createMemoryExceptionStore,
  createMemoryIdempotencyStore,
} from '../../lib/adapters/memory/side-stores.ts';
import { runListsSuite } from './run-lists.suite.ts';
import { runMachineSuite } from './run-machine.suite.ts';
import { runRowsSuite } from './run-rows.suite.ts';
import { sessionCreditSuite } from './session-credit.suite.ts';
import { sessionRowsSuite } from './session-rows.suite.ts';
import { sideStoresSuite } from './side-stores.suite.ts';

describe('in memory', () => {
  const exceptions = createMemoryExceptionStore();
  const stores = {
    runs: createMemoryRunStore(() => undefined, exceptions.recordRun),
    sessions: createMemorySessionStore(),
    data: createMemoryDataStore(),
    connections: createMemoryConnectionStore(),
    idempotency: createMemoryIdempotencyStore(),
    exceptions,
    counts: createMemoryCountStore(),
    exception: async (id: string) => exceptions.all().find((row) => row.id === id),
  };

  runRowsSuite(() => stores);
  runListsSuite(() => stores);
  runMachineSuite(() => stores, { numRuns: 400 });
  sessionRowsSuite(() => stores);
  sessionCreditSuite(() => stores);
  sideStoresSuite(() => stores);
});
