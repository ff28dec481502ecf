import type { Principal } from '../../domain/identity/access.ts';
import { type ApiKey, keyText, rollKey } from '../../domain/identity/api-key.ts';
import { defaultScopes, type Grant, notHeld } from '../../domain/identity/grants.ts';
import { makeRunId } from '../../domain/ids.ts';
import type { IdentityPorts } from '../ports/identity.ts';
import type { Identity } from './api.ts';
import { draftOf } from './audit-draft.ts';
import { hashKey } from './hash-key.ts';
import { racing } from './racing.ts';
import type { Reserve } from './reservations.ts';

type KeyPorts = Pick<IdentityPorts, 'keys' | 'now' | 'chance' | 'secret'>;

/** A key's life is asked for as a time from now: the same request, repeated, names another instant but the same hours. */
const HOUR_MS = 60 * 60_000;

const mayManage = ({ user, scopes }: Principal, owner: string): boolean =>
  owner === user || scopes.includes('users:admin');

/** `outlives`: it would be good for longer than the key that makes it. */
type NotGiven = { readonly kind: 'not_held'; readonly what: string } | { readonly kind: 'outlives' };

type Wanted = Grant & { readonly expiresAt: number | undefined };

/** Like `notHeld`, and in time: a key that ends must not make, or roll, one that outlives it. */
const createNotGiven =
  ({ keys }: Pick<KeyPorts, 'keys'>) =>
  async (principal: Principal, wanted: Wanted): Promise<NotGiven | undefined> => {
    const what = notHeld(principal, wanted);
    const lacking = what === undefined ? undefined : ({ kind: 'not_held', what } as const);
    const { kind, user, credential } = principal;
    if (lacking !== undefined || kind !== 'key' || user === undefined || credential === undefined) {
      return lacking;
    }
    const own = await keys.get(user, credential);
    const ownEnd = own === undefined ? 0 : (own.expiresAt ?? Number.POSITIVE_INFINITY);
    return ownEnd < (wanted.expiresAt ?? Number.POSITIVE_INFINITY) ? { kind: 'outlives' } : undefined;
  };

const describe = ({ name, role, scopes, pools }: ApiKey): string =>
  JSON.stringify({ name, role, scopes, ...(pools.length > 0 ? { pools } : {}) });

export const createCreateKey = (ports: KeyPorts, reserve: Reserve): Identity['createKey'] => {
  const { keys, now, chance, secret } = ports;
  const notGiven = createNotGiven(ports);
  return async (input, caller, idempotency) => {
    const { principal } = caller;
    const { name, role, pools, expiresAt, owner = principal.user } = input;
    if (owner === undefined) {
      return { kind: 'no_owner' };
    }
    if (!mayManage(principal, owner)) {
      return { kind: 'not_held', what: 'scope users:admin' };
    }
    const scopes = input.scopes ?? defaultScopes(principal, role);
    const refused = await notGiven(principal, { role, scopes, pools, expiresAt });
    if (refused !== undefined) {
      return refused;
    }
    const life = expiresAt === undefined ? null : Math.round((expiresAt - now()) / HOUR_MS);
    const request = ['createKey', owner, name, role, scopes, pools, life];
    const reserved = await reserve({ idempotency, caller, request }, makeRunId(now(), chance()));
    if (reserved.kind === 'key_reused') {
      return reserved;
    }
    const { id } = reserved;
    // Its text was shown once, to whoever asked first. Should it not be there, it may have been revoked: it must not come back.
    if (reserved.kind === 'held') {
      return { kind: 'made_before' };
    }
    const at = now();
    const text = keyText({ owner, id }, secret());
    const key: ApiKey = {
      id,
      owner,
      name,
      role,
      scopes,
      pools,
      hash: hashKey(text),
      version: 1,
      createdAt: at,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
    const draft = draftOf(caller, { at, action: 'key.created', entity: `key:${id}`, detail: describe(key) });
    const created = await keys.create(key, draft);
    return created === 'created' ? { kind: 'created', key, text } : { kind: created };
  };
};

export const createListKeys =
  ({ keys }: KeyPorts): Identity['listKeys'] =>
  async (asked, { principal }) => {
    const owner = asked ?? principal.user;
    if (owner === undefined) {
      return [];
    }
    return mayManage(principal, owner) ? keys.list(owner) : 'forbidden';
  };

export const createRevokeKey =
  ({ keys, now }: KeyPorts): Identity['revokeKey'] =>
  async (id, asked, caller) => {
    const owner = asked ?? caller.principal.user;
    if (owner === undefined) {
      return 'not_found';
    }
    if (!mayManage(caller.principal, owner)) {
      return 'forbidden';
    }
    const draft = draftOf(caller, { at: now(), action: 'key.revoked', entity: `key:${id}` });
    const revoked = await keys.revoke({ owner, id }, draft);
    return revoked === 'missing' ? 'not_found' : 'done';
  };

export const createRollKey = (ports: KeyPorts): Identity['rollKey'] => {
  const { keys, now, secret } = ports;
  const notGiven = createNotGiven(ports);
  return async (id, asked, overlapMs, caller) => {
    const owner = asked ?? caller.principal.user;
    if (owner === undefined) {
      return { kind: 'not_found' };
    }
    if (!mayManage(caller.principal, owner)) {
      return { kind: 'forbidden' };
    }
    return racing(`API key ${id}`, async () => {
      const before = await keys.get(owner, id);
      if (before === undefined) {
        return { kind: 'not_found' };
      }
      // Whoever gets the new text can do all that the key can: rolling is giving.
      const refused = await notGiven(caller.principal, { ...before, expiresAt: before.expiresAt });
      if (refused !== undefined) {
        return { kind: refused.kind };
      }
      const at = now();
      const text = keyText(before, secret());
      const after = rollKey(before, hashKey(text), overlapMs, at);
      const detail = overlapMs > 0 ? `the old text is taken for ${overlapMs} ms more` : 'the old text is taken no more';
      const draft = draftOf(caller, { at, action: 'key.rolled', entity: `key:${id}`, detail });
      const replaced = await keys.replace(before, after, draft);
      return replaced === 'done' ? { kind: 'rolled', key: after, text } : 'changed';
    });
  };
};
