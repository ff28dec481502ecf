/** The identity function: logins, users, API keys, the audit log and the public keys. */
import type { Identity } from '../../application/identity/api.ts';
import { identityOperations } from '../../contracts/http/identity-operations.ts';
import type { Logger } from '../logger.ts';
import { apiKeyHandlers } from './handlers/api-key-handlers.ts';
import { auditHandlers } from './handlers/audit-handlers.ts';
import { authHandlers } from './handlers/auth-handlers.ts';
import { jwksHandlers } from './handlers/jwks-handlers.ts';
import { userHandlers } from './handlers/user-handlers.ts';
import { type Admission, createHttpHandler } from './http-handler.ts';

export type IdentityHandlerDependencies = {
  readonly identity: Identity;
  readonly admission: Admission;
  readonly logger: Logger;
  /** Epoch ms. */
  readonly now?: () => number;
};

export const createIdentityHandler = ({ identity, admission, logger, now = Date.now }: IdentityHandlerDependencies) =>
  createHttpHandler({
    operations: identityOperations,
    handlers: {
      ...authHandlers({ identity, now }),
      ...userHandlers({ identity, now }),
      ...apiKeyHandlers({ identity, now }),
      ...auditHandlers({ identity, now }),
      ...jwksHandlers(identity),
    },
    admission,
    logger,
    now,
  });
