import type { Table } from '../../lib/adapters/dynamodb/client.ts';
import { createKeyStore } from '../../lib/adapters/dynamodb/identity/api-keys.ts';
import { createAttemptStore } from '../../lib/adapters/dynamodb/identity/attempts.ts';
import { createAuditStore } from '../../lib/adapters/dynamodb/identity/audit.ts';
import { createCredentialStore } from '../../lib/adapters/dynamodb/identity/credentials.ts';
import { createLoginStore } from '../../lib/adapters/dynamodb/identity/logins.ts';
import { createPublicKeyStore } from '../../lib/adapters/dynamodb/identity/public-keys.ts';
import { createThrottleStore } from '../../lib/adapters/dynamodb/identity/throttle.ts';
import { createUserStore } from '../../lib/adapters/dynamodb/identity/users.ts';
import type { IdentityStores } from '../../lib/application/ports/identity.ts';

/** All stores of identity, on DynamoDB. */
export const openIdentityStores = (definitions: Table, executions: Table): IdentityStores => ({
  users: createUserStore(definitions),
  logins: createLoginStore(definitions),
  keys: createKeyStore(definitions),
  credentials: createCredentialStore(definitions),
  audit: createAuditStore(definitions),
  attempts: createAttemptStore(definitions),
  publicKeys: createPublicKeyStore(definitions),
  throttle: createThrottleStore(executions),
});
