/**
 * An API key: `csk_<owner>_<id>_<secret>`, owner and id in base 36, the secret 256 random bits. The text is shown once; its
 * SHA-256 is all that is kept. Owner and id in the text make it an address: one read finds the key and its owner together.
 */
import { type KeyRole, ROLE_SCOPES, type Scope } from './access.ts';
import { isActive, type User } from './user.ts';

export type ApiKey = {
  readonly id: string;
  /** The user it acts for; it is worth nothing while that user is not active. */
  readonly owner: string;
  readonly name: string;
  readonly role: KeyRole;
  readonly scopes: readonly Scope[];
  /** Pools that it may serve, for `workers:connect`. */
  readonly pools: readonly string[];
  /** SHA-256 of the text, base64url. */
  readonly hash: string;
  /** After a roll: the old text, and until when it is still taken (epoch ms). */
  readonly previous?: { readonly hash: string; readonly until: number };
  /** Grows with each roll. */
  readonly version: number;
  readonly createdAt: number;
  /** Epoch ms; absent: never. */
  readonly expiresAt?: number;
};

const PATTERN = /^csk_([0-9a-z]{1,11})_([0-9a-z]{1,11})_[A-Za-z0-9_-]{43}$/;

const toBase36 = (id: string): string => Number(id).toString(36);

/** What of a key's text may be shown: it tells keys apart and opens nothing. */
export const keyPrefix = ({ owner, id }: Pick<ApiKey, 'owner' | 'id'>): string =>
  `csk_${toBase36(owner)}_${toBase36(id)}`;

/** @param secret 32 random bytes, base64url */
export const keyText = (key: Pick<ApiKey, 'owner' | 'id'>, secret: string): string => `${keyPrefix(key)}_${secret}`;

/** Where the row of a key's text is; undefined when the text is no key. */
export const parseKeyText = (text: string): Pick<ApiKey, 'owner' | 'id'> | undefined => {
  const [, owner, id] = PATTERN.exec(text) ?? [];
  return owner === undefined || id === undefined
    ? undefined
    : { owner: String(Number.parseInt(owner, 36)), id: String(Number.parseInt(id, 36)) };
};

/**
 * What a key may do now. A person's key never does more than its owner may at this moment; a worker's key stands for a
 * machine, which an admin let in, and lives as long as its owner.
 */
export const effectiveScopes = (
  key: Pick<ApiKey, 'role' | 'scopes'>,
  owner: Pick<User, 'role' | 'status'>,
): readonly Scope[] => {
  if (!isActive(owner)) {
    return [];
  }
  const ofRole =
    key.role === 'worker'
      ? ROLE_SCOPES.worker
      : ROLE_SCOPES[key.role].filter((scope) => ROLE_SCOPES[owner.role].includes(scope));
  return key.scopes.filter((scope) => ofRole.includes(scope));
};

/** The role a key acts in: an admin's key becomes a user's when its owner does. */
export const effectiveRole = (key: Pick<ApiKey, 'role'>, owner: Pick<User, 'role'>): KeyRole =>
  key.role === 'admin' ? owner.role : key.role;

export const isExpired = ({ expiresAt = Number.POSITIVE_INFINITY }: Pick<ApiKey, 'expiresAt'>, now: number): boolean =>
  expiresAt <= now;

/** Hashes of the texts that open it now. */
export const takenHashes = ({ hash, previous }: Pick<ApiKey, 'hash' | 'previous'>, now: number): readonly string[] =>
  previous !== undefined && now < previous.until ? [hash, previous.hash] : [hash];

/** A new text. The one before is taken for `overlapMs` more, one that was being phased out already no longer. */
export const rollKey = (key: ApiKey, hash: string, overlapMs: number, now: number): ApiKey => {
  const { previous: _, ...rest } = key;
  return {
    ...rest,
    hash,
    ...(overlapMs > 0 ? { previous: { hash: key.hash, until: now + overlapMs } } : {}),
    version: key.version + 1,
  };
};
