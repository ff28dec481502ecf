/** Who may call what: public operations, groups that the stage has opened, and workers by their token. */
import type { MiddlewareObj } from '@middy/core';
import type { Operation } from '../../../contracts/http/operation.ts';
import { isWorkerToken } from '../../worker-token.ts';
import type { HttpEvent, HttpResult } from '../event.ts';
import { headerOf } from '../event.ts';
import { Refusal } from '../refusal.ts';

export type Admission = {
  /** Letters of the API groups that need no token. */
  readonly openGroups: readonly string[];
  /** SHA-256 (hex) of the token that workers present. */
  readonly workerTokenSha256: string;
};

/** A 401 names the scheme (RFC 9110 §11.6.1). */
const CHALLENGE = { 'www-authenticate': 'Bearer' };

export const admit = (
  operationOf: (routeKey: string) => Operation | undefined,
  { openGroups, workerTokenSha256 }: Admission,
): MiddlewareObj<HttpEvent, HttpResult> => ({
  before: ({ event }) => {
    const operation = operationOf(event.routeKey);
    if (operation?.access === 'group' && !openGroups.includes(operation.group)) {
      const { group } = operation;
      throw new Refusal(
        401,
        `API group ${group} is closed on this stage: list "${group}" under openGroups in the stage's configuration to open it`,
        CHALLENGE,
      );
    }
    if (operation?.access === 'worker' && !isWorkerToken(headerOf(event, 'authorization'), workerTokenSha256)) {
      throw new Refusal(
        401,
        'The worker token is missing or wrong: send it as Authorization: Bearer <token>',
        CHALLENGE,
      );
    }
  },
});
