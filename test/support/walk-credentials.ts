/** Every kind of credential that may come, what it may do, and why one that may do nothing is refused. */
import { createHmac } from 'node:crypto';
import { ROLE_SCOPES, SCOPES, type Scope } from '../../lib/domain/identity/access.ts';
import type { User } from '../../lib/domain/identity/user.ts';
import { ISSUER, OTHER_ISSUER, type WalkWorld } from './walk-world.ts';

/** `alice` is the user that a walked path names. */
export type Cast = { readonly alice: User; readonly bob: User; readonly root: User };

export type WalkCredential = {
  readonly name: string;
  /** The text after `Bearer`; undefined: no header at all. */
  readonly make: (world: WalkWorld, cast: Cast) => Promise<string | undefined>;
  /** What a valid one stands for; absent: it must be turned away. */
  readonly is?: {
    readonly scopes: readonly Scope[];
    /** The person for whom it acts. */
    readonly person?: keyof Cast;
    readonly isLogin?: true;
    /** An API key, which a worker's socket takes. */
    readonly isKey?: true;
    readonly pools?: readonly string[];
  };
};

const HOUR_MS = 60 * 60_000;

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The claims of a valid access token of alice, for those who forge one. */
const claimsOf = async (world: WalkWorld): Promise<Readonly<Record<string, unknown>>> => {
  const { access } = await world.login('alice');
  return JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString());
};

const publicKey = async (world: WalkWorld) => {
  const [key] = await world.signing.publicKeys();
  if (key === undefined) {
    throw new Error('There is no public key');
  }
  return key;
};

/** Signed with HMAC, the public key being the secret: what a verifier falls for that trusts the header's `alg`. */
const hs256 = async (world: WalkWorld): Promise<string> => {
  const key = await publicKey(world);
  const input = `${base64url({ alg: 'HS256', typ: 'JWT', kid: key.kid })}.${base64url(await claimsOf(world))}`;
  return `${input}.${createHmac('sha256', JSON.stringify(key)).update(input).digest('base64url')}`;
};

const external = async (world: WalkWorld, groups: readonly string[]): Promise<string> => {
  const [key] = await world.otherSigning.publicKeys();
  const exp = Math.floor((world.now() + HOUR_MS) / 1_000);
  const claims = { iss: OTHER_ISSUER.issuer, aud: 'cronsaga', sub: 'someone', groups, exp };
  const input = `${base64url({ alg: 'ES256', kid: key?.kid })}.${base64url(claims)}`;
  const { signature } = await world.otherSigning.sign(input);
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
};

const keyOf = (
  owner: keyof Cast,
  role: 'user' | 'admin' | 'worker',
  scopes: readonly Scope[],
  pools: readonly string[] = [],
): WalkCredential['make'] => {
  return async (world, cast) => {
    const { text } = await world.addKey({ owner: cast[owner].id, name: 'walk', role, scopes, pools });
    return text;
  };
};

const REFUSED: readonly WalkCredential[] = [
  { name: 'none', make: async () => undefined },
  { name: 'not a token', make: async () => 'letmein' },
  {
    name: 'an expired access token',
    make: async (world) => {
      const { access } = await world.login('alice');
      world.pass(HOUR_MS + 6_000);
      return access;
    },
  },
  {
    name: 'a token of another issuer that nobody named',
    make: async (world, { alice }) =>
      world.forge(world.signing, 'https://evil.example.com')(
        { use: 'access', user: alice.id, login: 'x' },
        world.now() + HOUR_MS,
      ),
  },
  {
    name: 'a token in our name, signed by another key',
    make: async (world, { alice }) =>
      world.forge(world.otherSigning, ISSUER)({ use: 'access', user: alice.id, login: 'x' }, world.now() + HOUR_MS),
  },
  {
    name: 'alg none',
    make: async (world) => {
      const { kid } = await publicKey(world);
      return `${base64url({ alg: 'none', typ: 'JWT', kid })}.${base64url(await claimsOf(world))}.`;
    },
  },
  { name: 'HS256 signed with the public key', make: hs256 },
  { name: 'a refresh token', make: async (world) => (await world.login('alice')).refresh },
  {
    name: 'an access token after logout',
    make: async (world, { alice }) => {
      const { access } = await world.login('alice');
      const login = String(
        (JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString()) as { login: string }).login,
      );
      await world.identity.logout({
        ...world.setUp,
        principal: { ...world.setUp.principal, id: `user:${alice.id}`, user: alice.id, credential: login },
      });
      return access;
    },
  },
  {
    name: 'an access token whose refresh token was used twice',
    make: async (world) => {
      const { access, refresh } = await world.login('alice');
      await world.identity.refresh(refresh, world.setUp);
      await world.identity.refresh(refresh, world.setUp);
      return access;
    },
  },
  {
    name: 'the token of a disabled user',
    make: async (world, { bob }) => {
      const { access } = await world.login('bob');
      await world.identity.updateUser(bob.id, { status: 'disabled' }, world.setUp);
      return access;
    },
  },
  {
    name: 'the key of a deleted user',
    make: async (world, { bob }) => {
      const { text } = await world.addKey({ owner: bob.id, name: 'walk', role: 'user', pools: [] });
      await world.identity.deleteUser(bob.id, world.setUp);
      return text;
    },
  },
  {
    name: 'a revoked key',
    make: async (world, { root }) => {
      const { key, text } = await world.addKey({ owner: root.id, name: 'walk', role: 'admin', pools: ['*'] });
      await world.identity.revokeKey(key.id, root.id, world.setUp);
      return text;
    },
  },
  {
    name: 'an expired key',
    make: async (world, { root }) => {
      const expiresAt = world.now() + 1_000;
      const { text } = await world.addKey({ owner: root.id, name: 'walk', role: 'admin', pools: ['*'], expiresAt });
      world.pass(1_000);
      return text;
    },
  },
  {
    name: 'the old text of a rolled key',
    make: async (world, { root }) => {
      const { key, text } = await world.addKey({ owner: root.id, name: 'walk', role: 'admin', pools: ['*'] });
      await world.identity.rollKey(key.id, root.id, 0, world.setUp);
      return text;
    },
  },
  {
    name: 'a key with one wrong character',
    make: async (world, { root }) => {
      const { text } = await world.addKey({ owner: root.id, name: 'walk', role: 'admin', pools: ['*'] });
      return `${text.slice(0, -2)}${text.at(-2) === 'A' ? 'B' : 'A'}${text.at(-1)}`;
    },
  },
  { name: 'a token of a trusted issuer without a role', make: (world) => external(world, ['visitors']) },
];

const VALID: readonly WalkCredential[] = [
  {
    name: "alice's login (role user)",
    make: async (world) => (await world.login('alice')).access,
    is: { scopes: ROLE_SCOPES.user, person: 'alice', isLogin: true },
  },
  {
    name: "another user's login",
    make: async (world) => (await world.login('bob')).access,
    is: { scopes: ROLE_SCOPES.user, person: 'bob', isLogin: true },
  },
  {
    name: "an admin's login",
    make: async (world) => (await world.login('root')).access,
    is: { scopes: ROLE_SCOPES.admin, person: 'root', isLogin: true },
  },
  {
    name: "alice's key (role user)",
    make: keyOf('alice', 'user', ROLE_SCOPES.user),
    is: { scopes: ROLE_SCOPES.user, person: 'alice', isKey: true },
  },
  {
    name: "another user's key",
    make: keyOf('bob', 'user', ROLE_SCOPES.user),
    is: { scopes: ROLE_SCOPES.user, person: 'bob', isKey: true },
  },
  {
    name: "an admin's key",
    make: keyOf('root', 'admin', SCOPES),
    is: { scopes: SCOPES, person: 'root', isKey: true },
  },
  {
    name: "an admin's key after its owner became a user",
    make: async (world, cast) => {
      const text = await keyOf('root', 'admin', SCOPES)(world, cast);
      await world.identity.updateUser(cast.root.id, { role: 'user' }, world.setUp);
      return text;
    },
    is: { scopes: ROLE_SCOPES.user, person: 'root', isKey: true },
  },
  ...SCOPES.map(
    (scope): WalkCredential => ({
      name: `an admin's key with ${scope} alone`,
      make: keyOf('root', 'admin', [scope]),
      is: { scopes: [scope], person: 'root', isKey: true },
    }),
  ),
  {
    name: "a worker's key",
    make: keyOf('alice', 'worker', ['workers:connect'], ['default']),
    is: { scopes: ['workers:connect'], isKey: true, pools: ['default'] },
  },
  {
    name: "a worker's key of another pool",
    make: keyOf('alice', 'worker', ['workers:connect'], ['gpu']),
    is: { scopes: ['workers:connect'], isKey: true, pools: ['gpu'] },
  },
  {
    name: "a worker's key of any pool",
    make: keyOf('alice', 'worker', ['workers:connect'], ['*']),
    is: { scopes: ['workers:connect'], isKey: true, pools: ['*'] },
  },
  {
    name: 'a user of a trusted issuer',
    make: (world) => external(world, ['everyone']),
    is: { scopes: ROLE_SCOPES.user },
  },
  {
    name: 'an admin of a trusted issuer',
    make: (world) => external(world, ['everyone', 'operators']),
    is: { scopes: ROLE_SCOPES.admin },
  },
];

export const WALK_CREDENTIALS: readonly WalkCredential[] = [...REFUSED, ...VALID];
