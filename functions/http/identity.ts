/** Logs people in, keeps users and API keys, and shows the audit log. */
import { composeAdmission } from '../../lib/platform/compose-authentication.ts';
import { composeIdentity } from '../../lib/platform/compose-identity.ts';
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { identityEnvSchema } from '../../lib/platform/env/schemas.ts';
import { createIdentityHandler } from '../../lib/platform/http/identity-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';

const env = readEnv(identityEnvSchema);
const logger = createLogger({ level: env.LOG_LEVEL, fields: { function: 'identity', stage: env.STAGE } });

const { admission } = composeAdmission(env, logger);

export const handler = createIdentityHandler({
  identity: composeIdentity(env, logger, admission.throttle),
  admission,
  logger,
});
