/** Tokens of issuers that the stage trusts: whose, for whom, and what their bearer may do. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createTokenVerifier } from '../../lib/adapters/tokens/token-verifier.ts';
import type { Issuer } from '../../lib/contracts/issuer.ts';

const NOW = 1_700_000_000_000;
const POOL = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc';
const OTHER = 'https://login.example.com/';
const COGNITO: Issuer = {
  issuer: POOL,
  audience: ['client-1', 'client-2'],
  roleClaim: 'cognito:groups',
  roles: { staff: 'user', root: 'admin' },
};
const OIDC: Issuer = {
  issuer: OTHER,
  audience: ['api://cronsaga'],
  jwksUri: 'https://keys.example.com/all.json',
  roleClaim: 'role',
  roles: { operator: 'user', owner: 'admin' },
};

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const jwkOf = (key: KeyObject, more: Readonly<Record<string, string>>) => ({
  ...key.export({ format: 'jwk' }),
  ...more,
});
const DOCUMENTS: Readonly<Record<string, unknown>> = {
  [`${POOL}/.well-known/jwks.json`]: {
    keys: [
      jwkOf(rsa.publicKey, { kid: 'rsa', alg: 'RS256', use: 'sig' }),
      jwkOf(rsa.publicKey, { kid: 'for-encryption', alg: 'RS256', use: 'enc' }),
    ],
  },
  'https://keys.example.com/all.json': {
    // Without `alg`, as some issuers publish them.
    keys: [
      jwkOf(ec.publicKey, { kid: 'ec' }),
      jwkOf(ed.publicKey, { kid: 'ed' }),
      { kty: 'oct', kid: 'oct', k: 'AAAA' },
    ],
  },
};

const world = () => {
  const state: { fetched: string[]; now: number; fault: boolean } = { fetched: [], now: NOW, fault: false };
  const verify = createTokenVerifier({
    publicKeys: async () => [],
    issuer: 'cronsaga-test',
    issuers: [COGNITO, OIDC],
    fetchJson: async (uri) => {
      state.fetched.push(uri);
      if (state.fault) {
        throw new Error('no answer');
      }
      const { buffer, byteOffset, byteLength } = Buffer.from(JSON.stringify(DOCUMENTS[uri]));
      return buffer.slice(byteOffset, byteOffset + byteLength);
    },
    now: () => state.now,
  });
  return { state, verify };
};

const compose = (header: object, claims: object, key: KeyObject): string => {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return `${input}.${sign(algorithm, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
};
const times = { iat: NOW / 1_000, exp: NOW / 1_000 + 60 };
const ACCESS = {
  iss: POOL,
  sub: 'u-1',
  token_use: 'access',
  client_id: 'client-2',
  'cognito:groups': ['staff'],
  ...times,
};
const OIDC_ACCESS = { iss: OTHER, sub: 'u-1', aud: ['api://other', 'api://cronsaga'], role: 'operator', ...times };
const cognito = (claims: object, header: object = { alg: 'RS256', kid: 'rsa' }) =>
  compose(header, claims, rsa.privateKey);
const oidc = (claims: object, header: object = { alg: 'ES256', kid: 'ec' }) => compose(header, claims, ec.privateKey);
const external = (issuer: string, role: string) => ({ kind: 'external', issuer, subject: 'u-1', role });
const refused = (reason: string) => ({ kind: 'invalid', reason });

describe('tokens of other issuers', () => {
  it.each([
    ["Cognito's access token, by its client", cognito(ACCESS), external(POOL, 'user')],
    [
      'the highest of several roles',
      cognito({ ...ACCESS, 'cognito:groups': ['x', 'staff', 'root'] }),
      external(POOL, 'admin'),
    ],
    ['one of several audiences', oidc(OIDC_ACCESS), external(OTHER, 'user')],
    ['a single audience', oidc({ ...OIDC_ACCESS, aud: 'api://cronsaga' }), external(OTHER, 'user')],
    ['a role that is a text', oidc({ ...OIDC_ACCESS, role: 'owner' }), external(OTHER, 'admin')],
    ['Ed25519', compose({ alg: 'EdDSA', kid: 'ed' }, OIDC_ACCESS, ed.privateKey), external(OTHER, 'user')],
  ])('are taken: %s', async (_, token, result) => {
    expect(await world().verify(token, 'access')).toEqual(result);
  });

  it.each([
    ['no role', cognito({ ...ACCESS, 'cognito:groups': undefined }), 'no_role'],
    ['roles that mean nothing here', cognito({ ...ACCESS, 'cognito:groups': ['admin', 'STAFF'] }), 'no_role'],
    [
      'roles of every object',
      cognito({ ...ACCESS, 'cognito:groups': ['constructor', '__proto__', 'toString'] }),
      'no_role',
    ],
    [
      'roles that are no texts',
      cognito({ ...ACCESS, 'cognito:groups': [0, null, ['root'], { root: 'root' }] }),
      'no_role',
    ],
    ['a role claim of another issuer', cognito({ ...ACCESS, 'cognito:groups': [], role: 'owner' }), 'no_role'],
    ['several roles in one text', oidc({ ...OIDC_ACCESS, role: 'operator owner' }), 'no_role'],
    ['another client', cognito({ ...ACCESS, client_id: 'client-3' }), 'not_ours'],
    ['no client', cognito({ ...ACCESS, client_id: undefined }), 'not_ours'],
    ['another audience beside a client of ours', cognito({ ...ACCESS, aud: 'elsewhere' }), 'not_ours'],
    ['another audience', oidc({ ...OIDC_ACCESS, aud: 'api://other' }), 'not_ours'],
    ['an ID token', cognito({ ...ACCESS, client_id: undefined, aud: 'client-1', token_use: 'id' }), 'wrong_use'],
    ['an ID token, by its nonce', oidc({ ...OIDC_ACCESS, nonce: 'n-1' }), 'wrong_use'],
    ['an ID token, by the hash of its access token', oidc({ ...OIDC_ACCESS, at_hash: 'x' }), 'wrong_use'],
    ['an ID token, by the hash of its code', oidc({ ...OIDC_ACCESS, c_hash: 'x' }), 'wrong_use'],
    [
      "an ID token's nonce, empty, in one that calls itself an access token",
      cognito({ ...ACCESS, nonce: '' }),
      'wrong_use',
    ],
    ['no subject', cognito({ ...ACCESS, sub: undefined }), 'malformed'],
    ['an endless subject', cognito({ ...ACCESS, sub: 'x'.repeat(256) }), 'malformed'],
    ['no end', cognito({ ...ACCESS, exp: undefined }), 'malformed'],
    ['expired', cognito({ ...ACCESS, exp: NOW / 1_000 - 5 }), 'expired'],
    ['not begun', cognito({ ...ACCESS, nbf: NOW / 1_000 + 6 }), 'expired'],
    ['an issuer nobody trusts', cognito({ ...ACCESS, iss: 'https://evil.example' }), 'not_ours'],
    ['an issuer with a slash more', cognito({ ...ACCESS, iss: `${POOL}/` }), 'not_ours'],
    ["our issuer, by another's key", cognito({ ...ACCESS, iss: 'cronsaga-test' }), 'bad_signature'],
    ["an issuer, by another's key", oidc({ ...ACCESS }, { alg: 'ES256', kid: 'ec' }), 'bad_signature'],
    ['a key that is for encryption', cognito(ACCESS, { alg: 'RS256', kid: 'for-encryption' }), 'bad_signature'],
    ['a symmetric key', oidc(OIDC_ACCESS, { alg: 'HS256', kid: 'oct' }), 'bad_signature'],
    ['an algorithm that the key cannot', oidc(OIDC_ACCESS, { alg: 'RS256', kid: 'ed' }), 'bad_signature'],
    ['another algorithm than the key is for', cognito(ACCESS, { alg: 'RS512', kid: 'rsa' }), 'bad_signature'],
    ['no signature of that key', oidc(OIDC_ACCESS, { alg: 'EdDSA', kid: 'ed' }), 'bad_signature'],
    ['crit', cognito(ACCESS, { alg: 'RS256', kid: 'rsa', crit: ['exp'] }), 'malformed'],
  ])('are refused: %s', async (_, token, reason) => {
    expect(await world().verify(token, 'access')).toEqual(refused(reason));
  });

  it('refresh nothing of ours', async () => {
    expect(await world().verify(cognito({ ...ACCESS, token_use: 'refresh' }), 'refresh')).toEqual(refused('wrong_use'));
    expect(await world().verify(oidc(OIDC_ACCESS), 'refresh')).toEqual(refused('wrong_use'));
  });
});

describe("another issuer's keys", () => {
  it('are fetched once, from where its configuration says, and for its tokens only', async () => {
    const { state, verify } = world();
    await verify(cognito({ ...ACCESS, iss: 'https://evil.example' }), 'access');
    await verify(cognito(ACCESS, { alg: 'RS256', kid: 'rsa', jku: 'https://evil.example/jwks.json' }), 'access');
    expect(state.fetched).toEqual([`${POOL}/.well-known/jwks.json`]);
    await Promise.all([oidc(OIDC_ACCESS), oidc(OIDC_ACCESS), cognito(ACCESS)].map((token) => verify(token, 'access')));
    expect(state.fetched).toEqual([`${POOL}/.well-known/jwks.json`, 'https://keys.example.com/all.json']);
  });

  it('are fetched again for an unknown kid, at most every 10 s', async () => {
    const { state, verify } = world();
    for (let i = 0; i < 50; i += 1) {
      await verify(cognito(ACCESS, { alg: 'RS256', kid: `guess-${i}` }), 'access');
      state.now += 200;
    }
    expect(state.fetched).toHaveLength(1);
    await verify(cognito(ACCESS, { alg: 'RS256', kid: 'guess' }), 'access');
    expect(state.fetched).toHaveLength(2);
  });

  it('that cannot be fetched are a fault for its tokens only', async () => {
    const { state, verify } = world();
    await verify(oidc(OIDC_ACCESS), 'access');
    state.fault = true;
    await expect(verify(cognito(ACCESS), 'access')).rejects.toThrow('no answer');
    expect(await verify(oidc(OIDC_ACCESS), 'access')).toMatchObject({ kind: 'external' });
  });

  it('that cannot be fetched again are taken for 70 minutes, and again when they can', async () => {
    const { state, verify } = world();
    const token = oidc({ ...OIDC_ACCESS, exp: NOW / 1_000 + 86_400 });
    await verify(token, 'access');
    state.fault = true;
    state.now = NOW + 70 * 60_000 - 1;
    expect(await verify(token, 'access')).toMatchObject({ kind: 'external' });
    state.now += 1;
    await expect(verify(token, 'access')).rejects.toThrow('no answer');
    state.now += 1_000;
    await expect(verify(token, 'access')).rejects.toThrow('no answer');
    state.fault = false;
    state.now += 1_000;
    expect(await verify(token, 'access')).toMatchObject({ kind: 'external' });
  });

  it('that are no key set are a fault', async () => {
    const verify = createTokenVerifier({
      publicKeys: async () => [],
      issuer: 'cronsaga-test',
      issuers: [COGNITO],
      fetchJson: async () => new TextEncoder().encode('{"keys":"none"}').buffer,
      now: () => NOW,
    });
    await expect(verify(cognito(ACCESS), 'access')).rejects.toThrow('JWKS');
  });

  it('are fetched over HTTPS, and its absence is a fault', async () => {
    // A port that was just given back: nobody listens on it.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const issuer = `https://127.0.0.1:${port}`;
    const verify = createTokenVerifier({
      publicKeys: async () => [],
      issuer: 'cronsaga-test',
      issuers: [{ ...COGNITO, issuer }],
      now: () => NOW,
    });
    await expect(verify(cognito({ ...ACCESS, iss: issuer }), 'access')).rejects.toThrow('ECONNREFUSED');
  });
});
