import { describe } from 'vitest';
import { createMemoryFleetStores } from '../../lib/adapters/memory/fleet/stores.ts';
import { fleetSuite } from './fleet.suite.ts';

describe('the fleet in memory', () => {
  const shared = createMemoryFleetStores();
  fleetSuite({ stores: () => shared, empty: async () => createMemoryFleetStores() });
});
