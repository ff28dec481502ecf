import { beforeAll, describe } from 'vitest';
import type { Table } from '../../lib/adapters/dynamodb/client.ts';
import type { IdentityStores } from '../../lib/application/ports/identity.ts';
import { openDefinitionsTable, openTestTable } from '../support/dynamodb-table.ts';
import { openIdentityStores } from '../support/identity-stores.ts';
import { identityAuditSuite } from './identity-audit.suite.ts';
import { identityCredentialsSuite } from './identity-credentials.suite.ts';
import { identityLimitsSuite } from './identity-limits.suite.ts';

import { identityUsersSuite } from './identity-users.suite.ts';

describe('identity in DynamoDB', () => {
  let executions: Table;
  let shared: IdentityStores;
  beforeAll(async () => {
    executions = await openTestTable();
    shared = openIdentityStores(await openDefinitionsTable(), executions);
  });
  const open = {
    stores: () => shared,
    empty: async () => openIdentityStores(await openDefinitionsTable(), executions),
  };

  identityUsersSuite(open);
  identityCredentialsSuite(open);
  identityAuditSuite(open);
  identityLimitsSuite(open, { numRuns: 15 });
});
