import { describe } from 'vitest';
import { createMemoryRunStore } from '../../lib/adapters/memory/runs.ts';
import { createMemoryFlowStore } from '../../lib/adapters/memory/sagas/flows.ts';
import { createMemorySagaStores } from '../../lib/adapters/memory/sagas/sagas.ts';
import { sagasSuite } from './sagas.suite.ts';
import { flowsSuite } from './sagas-flows.suite.ts';

describe('transactions in memory', () => {
  const runs = createMemoryRunStore(
    () => undefined,
    () => undefined,
  );
  const { flows, sagas, sagaExceptions } = createMemorySagaStores(runs);
  sagasSuite(() => ({ runs, sagas, sagaExceptions }));
  flowsSuite(
    () => flows,
    async () => createMemoryFlowStore(),
  );
});
