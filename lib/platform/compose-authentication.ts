/** The wiring of "who calls?", for every function that takes requests, sockets or frames. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { openTable } from '../adapters/dynamodb/client.ts';
import { createAuditStore } from '../adapters/dynamodb/identity/audit.ts';
import { createCredentialStore } from '../adapters/dynamodb/identity/credentials.ts';
import { createPublicKeyStore } from '../adapters/dynamodb/identity/public-keys.ts';
import { createThrottleStore } from '../adapters/dynamodb/identity/throttle.ts';
import { createConnectionStore } from '../adapters/dynamodb/side-stores.ts';
import { createTokenVerifier } from '../adapters/tokens/token-verifier.ts';
import { createAuthentication } from '../application/identity/authentication.ts';
import { createFrameAccess, type FrameAccess } from '../application/identity/frame-access.ts';
import { createThrottle } from '../application/identity/throttle.ts';
import type { AuditStore, TokenVerifier } from '../application/ports/identity.ts';
import type { Issuer } from '../contracts/issuer.ts';
import type { ConnectEnv, EngineEnv, HttpEnv, IdentityEnv } from './env/schemas.ts';
import type { Admission } from './http/http-handler.ts';
import type { Logger } from './logger.ts';

/** `iss` of our tokens: those of one stage are worth nothing on another. */
export const issuerOf = (stage: string): string => `cronsaga-${stage}`;

type Surroundings = { readonly dynamodb?: DynamoDBClient; readonly now?: () => number };
type Definitions = { readonly DEFINITIONS_TABLE: string };

/** A worker's socket takes keys alone: there is no token to verify, and no other issuer. */
const noTokens: TokenVerifier = async () => ({ kind: 'invalid', reason: 'not_ours' });

export const composeVerifier = (
  env: Definitions & { readonly STAGE: string; readonly TOKEN_ISSUERS: readonly Issuer[] },
  { dynamodb }: Surroundings = {},
): TokenVerifier =>
  createTokenVerifier({
    publicKeys: createPublicKeyStore(openTable(env.DEFINITIONS_TABLE, dynamodb)).read,
    issuer: issuerOf(env.STAGE),
    issuers: env.TOKEN_ISSUERS,
  });

/** Who calls, and the log in which those are recorded who were turned away. */
const composeAuthentication = (
  env: Definitions,
  verify: TokenVerifier,
  log: Logger,
  { dynamodb, now = Date.now }: Surroundings = {},
) => {
  const definitions = openTable(env.DEFINITIONS_TABLE, dynamodb);
  const credentials = createCredentialStore(definitions);
  const audit = createAuditStore(definitions);
  return { credentials, audit, authentication: createAuthentication({ credentials, audit, verify, log, now }) };
};

/** Who may have a request of this function answered, and where it records what it was told to do. */
export const composeAdmission = (
  env: (HttpEnv | IdentityEnv) & { readonly OPEN_GROUPS?: readonly string[]; readonly CLOSED_METRICS?: boolean },
  log: Logger,
  surroundings: Surroundings = {},
): { readonly admission: Admission; readonly record: AuditStore['append'] } => {
  const { dynamodb, now = Date.now } = surroundings;
  const { authentication, audit } = composeAuthentication(env, composeVerifier(env, surroundings), log, surroundings);
  const throttle = createThrottle({
    store: createThrottleStore(openTable(env.TABLE_NAME, dynamodb)),
    ratePerSecond: env.THROTTLE_RATE,
    burst: env.THROTTLE_BURST,
    now,
  });
  const { OPEN_GROUPS: openGroups = [], CLOSED_METRICS: closedMetrics = false } = env;
  return { admission: { authentication, throttle, openGroups, closedMetrics }, record: audit.append };
};

/** What `$connect` needs. */
export const composeConnect = (env: ConnectEnv, log: Logger) => ({
  authentication: composeAuthentication(env, noTokens, log).authentication,
  connections: createConnectionStore(openTable(env.TABLE_NAME)),
  now: Date.now,
});

/** What each frame of a worker is held against. */
export const composeFrameAccess = (env: EngineEnv, log: Logger): FrameAccess =>
  createFrameAccess({
    ...composeAuthentication(env, noTokens, log),
    connections: createConnectionStore(openTable(env.TABLE_NAME)),
    now: Date.now,
  });
