/** Who calls, by fixed credentials: enough to test the edge, with no identity behind it. */
import type { Authentication } from '../../lib/application/identity/api.ts';
import type { Throttle } from '../../lib/application/identity/throttle.ts';
import { ANY_POOL, type Principal, ROLE_SCOPES } from '../../lib/domain/identity/access.ts';
import type { Admission } from '../../lib/platform/http/http-handler.ts';

const login = (user: string, role: 'user' | 'admin'): Principal => ({
  kind: 'login',
  id: `user:${user}`,
  user,
  credential: `login-of-${user}`,
  name: role,
  role,
  scopes: ROLE_SCOPES[role],
  pools: [],
});

const key = (id: string, fields: Pick<Principal, 'role' | 'scopes' | 'pools'>): Principal => ({
  kind: 'key',
  id: `key:${id}`,
  user: '2',
  credential: id,
  name: `key ${id}`,
  ...fields,
});

export const PRINCIPALS = {
  'admin-token': login('1', 'admin'),
  'user-token': login('2', 'user'),
  'admin-key': key('10', { role: 'admin', scopes: ROLE_SCOPES.admin, pools: [] }),
  'reader-key': key('11', { role: 'user', scopes: ['runs:read'], pools: [] }),
  'worker-key': key('12', { role: 'worker', scopes: ['workers:connect'], pools: ['default'] }),
  'any-pool-key': key('13', { role: 'worker', scopes: ['workers:connect'], pools: [ANY_POOL] }),
  'other-pool-key': key('14', { role: 'worker', scopes: ['workers:connect'], pools: ['gpu', 'defaul', 'default2'] }),
  'outside-token': {
    kind: 'external',
    id: 'external:https://issuer.example.com#2',
    name: '2',
    role: 'user',
    scopes: ROLE_SCOPES.user,
    pools: [],
  },
} as const satisfies Readonly<Record<string, Principal>>;
export type Credential = keyof typeof PRINCIPALS;

export const bearer = (credential: string) => ({ headers: { authorization: `Bearer ${credential}` } });

type Refused = Parameters<Authentication['recordRefusal']>[0];

export type TestAdmission = Admission & {
  /** Credentials that were verified. */
  readonly verified: string[];
  readonly refusals: Refused[];
  /** Keys under which requests were counted. */
  readonly throttled: string[];
};

export const createTestAdmission = (
  over: { readonly openGroups?: readonly string[]; readonly throttle?: Throttle } = {},
): TestAdmission => {
  const principals: ReadonlyMap<string, Principal> = new Map(Object.entries(PRINCIPALS));
  const [verified, refusals, throttled]: [string[], Refused[], string[]] = [[], [], []];
  return {
    verified,
    refusals,
    throttled,
    openGroups: over.openGroups ?? ['D', 'E'],
    throttle: async (name) => {
      throttled.push(name);
      return (await over.throttle?.(name)) ?? { kind: 'taken' };
    },
    authentication: {
      authenticate: async (credential) => {
        verified.push(credential);
        const principal = principals.get(credential);
        if (principal) {
          return { kind: 'principal', principal };
        }
        const reason = (['expired', 'revoked'] as const).find((word) => credential.startsWith(word)) ?? 'invalid';
        return { kind: 'refused', reason };
      },
      recordRefusal: async (refusal) => {
        refusals.push(refusal);
      },
    },
  };
};
