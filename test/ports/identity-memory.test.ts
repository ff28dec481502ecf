import { describe } from 'vitest';
import { createMemoryIdentityStores } from '../../lib/adapters/memory/identity/stores.ts';
import { identityAuditSuite } from './identity-audit.suite.ts';
import { identityCredentialsSuite } from './identity-credentials.suite.ts';
import { identityLimitsSuite } from './identity-limits.suite.ts';
import { identityUsersSuite } from './identity-users.suite.ts';

describe('identity in memory', () => {
  const shared = createMemoryIdentityStores();
  const open = { stores: () => shared, empty: async () => createMemoryIdentityStores() };

  identityUsersSuite(open);
  identityCredentialsSuite(open);
  identityAuditSuite(open);
  identityLimitsSuite(open, { numRuns: 200 });
});
