import type { Ports } from '../../../application/ports/index.ts';
import { createMemoryCategoryStore } from './categories.ts';
import { createMemoryLeaseStore } from './leases.ts';
import { createMemoryLogStore } from './logs.ts';
import { createMemoryNeedsStore } from './needs.ts';
import { createMemoryWorkerStore } from './workers.ts';

/** The fleet in this process: the twins of the DynamoDB adapters, condition by condition. */
export const createMemoryFleetStores = (): Pick<Ports, 'workers' | 'categories' | 'leases' | 'logs' | 'needs'> => ({
  workers: createMemoryWorkerStore(),
  categories: createMemoryCategoryStore(),
  leases: createMemoryLeaseStore(),
  logs: createMemoryLogStore(),
  needs: createMemoryNeedsStore(),
});
