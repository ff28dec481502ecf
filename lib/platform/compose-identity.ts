/** The wiring of the identity function: the only one that signs tokens and changes users, logins and keys. */
import { openTable } from '../adapters/dynamodb/client.ts';
import { createKeyStore } from '../adapters/dynamodb/identity/api-keys.ts';
import { createAttemptStore } from '../adapters/dynamodb/identity/attempts.ts';
import { createAuditStore } from '../adapters/dynamodb/identity/audit.ts';
import { createCredentialStore } from '../adapters/dynamodb/identity/credentials.ts';
import { createLoginStore } from '../adapters/dynamodb/identity/logins.ts';
import { createPublicKeyStore } from '../adapters/dynamodb/identity/public-keys.ts';
import { createUserStore } from '../adapters/dynamodb/identity/users.ts';
import { createIdempotencyStore } from '../adapters/dynamodb/side-stores.ts';
import { createKmsSigning } from '../adapters/kms/signing.ts';
import { createLocalSigning } from '../adapters/memory/signing-key.ts';
import { createBcryptPasswords } from '../adapters/passwords/bcrypt.ts';
import { readAdminSecret } from '../adapters/secrets/admin-secret.ts';
import type { Identity } from '../application/identity/api.ts';
import { createIdentity } from '../application/identity/identity.ts';
import type { Throttle } from '../application/identity/throttle.ts';
import type { IdentityPorts } from '../application/ports/identity.ts';
import { composeVerifier, issuerOf } from './compose-authentication.ts';
import type { IdentityEnv } from './env/schemas.ts';
import type { Logger } from './logger.ts';
import { makeOp, makeSecret, makeToken } from './token.ts';

/** The value of `TOKEN_KEYS` that asks for a key of this process: the local stage's. */
const LOCAL_KEY = 'local';

type FirstAdminEnv = Pick<
  IdentityEnv,
  'ADMIN_SECRET_ARN' | 'CRONSAGA_ADMIN_USERNAME' | 'CRONSAGA_ADMIN_PASSWORD' | 'CRONSAGA_ADMIN_EMAIL'
>;

/** From the variables where they are set, else from the stage's secret. There is no default password. */
export const firstAdminOf = (env: FirstAdminEnv): IdentityPorts['firstAdmin'] => {
  const { CRONSAGA_ADMIN_USERNAME: username, CRONSAGA_ADMIN_PASSWORD: password, ADMIN_SECRET_ARN: arn } = env;
  if (username !== undefined && password !== undefined) {
    const email = env.CRONSAGA_ADMIN_EMAIL ?? `${username}@example.com`;
    return async () => ({ username, password, email });
  }
  return async () => (arn === undefined ? undefined : readAdminSecret(arn));
};

/** @param throttle that of the function's requests: a refresh counts among them */
export const composeIdentity = (env: IdentityEnv, log: Logger, throttle: Throttle): Identity => {
  const definitions = openTable(env.DEFINITIONS_TABLE);
  return createIdentity({
    credentials: createCredentialStore(definitions),
    users: createUserStore(definitions),
    logins: createLoginStore(definitions),
    keys: createKeyStore(definitions),
    audit: createAuditStore(definitions),
    attempts: createAttemptStore(definitions),
    passwords: createBcryptPasswords(),
    signing: env.TOKEN_KEYS === LOCAL_KEY ? createLocalSigning() : createKmsSigning(env.TOKEN_KEYS.split(',')),
    publicKeys: createPublicKeyStore(definitions),
    verify: composeVerifier(env),
    idempotency: createIdempotencyStore(definitions, makeOp),
    firstAdmin: firstAdminOf(env),
    throttle,
    log,
    issuer: issuerOf(env.STAGE),
    now: Date.now,
    chance: Math.random,
    token: makeToken,
    secret: makeSecret,
  });
};
