import { beforeAll, describe } from 'vitest';
import { createCategoryStore } from '../../lib/adapters/dynamodb/fleet/categories.ts';
import { createLeaseStore } from '../../lib/adapters/dynamodb/fleet/leases.ts';
import { createLogStore } from '../../lib/adapters/dynamodb/fleet/logs.ts';
import { createNeedsStore } from '../../lib/adapters/dynamodb/fleet/needs.ts';
import { createWorkerStore } from '../../lib/adapters/dynamodb/fleet/workers.ts';
import { makeTestOp, openDefinitionsTable, openTestTable } from '../support/dynamodb-table.ts';
import { type FleetStores, fleetSuite } from './fleet.suite.ts';

describe('the fleet in DynamoDB', () => {
  const empty = async (): Promise<FleetStores> => {
    const [definitions, executions] = [await openDefinitionsTable(), await openTestTable()];
    return {
      workers: createWorkerStore(definitions, makeTestOp),
      categories: createCategoryStore(definitions, makeTestOp),
      leases: createLeaseStore(executions, makeTestOp),
      logs: createLogStore(executions, makeTestOp),
      needs: createNeedsStore(executions),
    };
  };
  let shared: FleetStores;
  beforeAll(async () => {
    shared = await empty();
  });
  fleetSuite({ stores: () => shared, empty });
});
