/** What a function is given and allowed that asks who is calling, and keeps a record of whom it turned away. */
import type { DataStack } from './stacks/data-stack.ts';
import type { StageConfig } from './stage-config.ts';

export const authenticationAccess = ({ definitions, policies: { mayAuthenticate, mayAudit } }: DataStack) => ({
  environment: { DEFINITIONS_TABLE: definitions.tableName },
  policies: [mayAuthenticate, mayAudit],
});

/** The same over HTTP, where callers also bring tokens and are held to a rate. */
export const admissionAccess = ({ issuers, principalThrottle }: StageConfig, data: DataStack) => {
  const { environment, policies } = authenticationAccess(data);
  return {
    environment: {
      ...environment,
      TOKEN_ISSUERS: JSON.stringify(issuers),
      THROTTLE_RATE: String(principalThrottle.ratePerSecond),
      THROTTLE_BURST: String(principalThrottle.burst),
    },
    policies,
  };
};
