/** Our own tokens are taken as they were made, and in no other form: every classic forgery, one by one. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toPublicJwk } from '../../lib/adapters/tokens/public-jwk.ts';
import { createTokenVerifier } from '../../lib/adapters/tokens/token-verifier.ts';
import { createTokenMaker } from '../../lib/application/identity/make-token.ts';
import type { PublicJwk, SigningPort } from '../../lib/application/ports/identity.ts';

const NOW = 1_700_000_000_000;
const ISSUER = 'cronsaga-test';
const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const mine = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const OUR_KEY = toPublicJwk(ours.publicKey);
const MY_KEY = toPublicJwk(mine.publicKey);

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const signEs256 = (input: string, key = ours.privateKey): Buffer =>
  sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });

const HEADER = { alg: 'ES256', typ: 'JWT', kid: OUR_KEY.kid };
const CLAIMS = {
  iss: ISSUER,
  aud: 'cronsaga',
  sub: '7',
  use: 'access',
  login: 'l-1',
  iat: NOW / 1_000,
  exp: NOW / 1_000 + 60,
};
/** @param header,claims texts are taken as they are */
const compose = (
  header: unknown = HEADER,
  claims: unknown = CLAIMS,
  signer: (input: string) => Buffer = (input) => signEs256(input),
): string => {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signer(input).toString('base64url')}`;
};

const verifierOf = (now = NOW, keys: readonly PublicJwk[] = [OUR_KEY]) =>
  createTokenVerifier({ publicKeys: async () => keys, issuer: ISSUER, issuers: [], now: () => now });
const verify = verifierOf();
const refused = (reason: string) => ({ kind: 'invalid', reason });

describe('our own tokens', () => {
  it('are taken as they are made', async () => {
    const signing: SigningPort = {
      publicKeys: async () => [OUR_KEY],
      sign: async (input) => ({ kid: OUR_KEY.kid, signature: signEs256(input) }),
    };
    const make = createTokenMaker({ signing, issuer: ISSUER, now: () => NOW });
    const access = { use: 'access', user: '7', login: 'l-1' } as const;
    const refresh = { use: 'refresh', user: '7', login: 'l-1', generation: 0 } as const;
    expect(await verify(await make(access, NOW + 60_000), 'access')).toEqual({ kind: 'own', claims: access });
    expect(await verify(await make(refresh, NOW + 60_000), 'refresh')).toEqual({ kind: 'own', claims: refresh });
    expect(await verify(await make(access, NOW + 60_000), 'refresh')).toEqual(refused('wrong_use'));
    expect(await verify(await make(refresh, NOW + 60_000), 'access')).toEqual(refused('wrong_use'));
  });

  it('are told by this test to be right, or every refusal below proves nothing', async () => {
    expect(await verify(compose(), 'access')).toMatchObject({ kind: 'own' });
  });

  it('live until 5 s after their end, and begin 5 s before their beginning', async () => {
    const end = CLAIMS.exp * 1_000;
    expect(await verifierOf(end + 4_999)(compose(), 'access')).toMatchObject({ kind: 'own' });
    expect(await verifierOf(end + 5_000)(compose(), 'access')).toEqual(refused('expired'));
    const later = compose(HEADER, { ...CLAIMS, nbf: NOW / 1_000 + 30 });
    expect(await verifierOf(NOW + 25_000)(later, 'access')).toMatchObject({ kind: 'own' });
    expect(await verifierOf(NOW + 24_999)(later, 'access')).toEqual(refused('expired'));
  });

  it('are verified by any of the published keys', async () => {
    const both = verifierOf(NOW, [MY_KEY, OUR_KEY]);
    expect(await both(compose(), 'access')).toMatchObject({ kind: 'own' });
    const other = compose({ ...HEADER, kid: MY_KEY.kid }, CLAIMS, (input) => signEs256(input, mine.privateKey));
    expect(await both(other, 'access')).toMatchObject({ kind: 'own' });
    // Not by another of them than the token names.
    const crossed = compose({ ...HEADER, kid: MY_KEY.kid });
    expect(await both(crossed, 'access')).toEqual(refused('bad_signature'));
  });
});

const publicPem = ours.publicKey.export({ format: 'pem', type: 'spki' }).toString();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const hmac = (key: string | Buffer) => (input: string) => createHmac('sha256', key).update(input).digest();
const myOwn = (input: string) => signEs256(input, mine.privateKey);
const [header = '', payload = '', signature = ''] = compose().split('.');

describe('a forged token', () => {
  it.each<[string, string, string]>([
    // Algorithms.
    ['alg none, no signature', `${encode({ ...HEADER, alg: 'none' })}.${payload}.`, 'malformed'],
    ['alg none, an old signature', `${encode({ ...HEADER, alg: 'none' })}.${payload}.${signature}`, 'bad_signature'],
    ['alg NonE, properly signed', compose({ ...HEADER, alg: 'NonE' }), 'bad_signature'],
    ['no alg, properly signed', compose({ kid: OUR_KEY.kid }), 'bad_signature'],
    ['HS256 by the PEM', compose({ ...HEADER, alg: 'HS256' }, CLAIMS, hmac(publicPem)), 'bad_signature'],
    [
      'HS256 by the DER',
      compose({ ...HEADER, alg: 'HS256' }, CLAIMS, hmac(ours.publicKey.export({ format: 'der', type: 'spki' }))),
      'bad_signature',
    ],
    ['HS256 by the JWK', compose({ ...HEADER, alg: 'HS256' }, CLAIMS, hmac(JSON.stringify(OUR_KEY))), 'bad_signature'],
    ['HS256, properly signed', compose({ ...HEADER, alg: 'HS256' }), 'bad_signature'],
    [
      'RS256 with our kid',
      compose({ ...HEADER, alg: 'RS256' }, CLAIMS, (input) => sign('sha256', Buffer.from(input), rsa.privateKey)),
      'bad_signature',
    ],
    ['RS256, properly signed', compose({ ...HEADER, alg: 'RS256' }), 'bad_signature'],
    ['EdDSA, properly signed', compose({ ...HEADER, alg: 'EdDSA' }), 'bad_signature'],
    ['ES384, properly signed', compose({ ...HEADER, alg: 'ES384' }), 'bad_signature'],
    ['alg that is no text', compose({ ...HEADER, alg: ['ES256'] }), 'malformed'],
    // Keys.
    ['signed by another key under our kid', compose(HEADER, CLAIMS, myOwn), 'bad_signature'],
    ['kid of another key', compose({ ...HEADER, kid: MY_KEY.kid }, CLAIMS, myOwn), 'bad_signature'],
    ['kid of another key, signed by ours', compose({ ...HEADER, kid: MY_KEY.kid }), 'bad_signature'],
    ['no kid', compose({ alg: 'ES256', typ: 'JWT' }), 'malformed'],
    ['kid that is no text', compose({ ...HEADER, kid: 7 }), 'malformed'],
    ['kid that is a path', compose({ ...HEADER, kid: '../../dev/null' }), 'bad_signature'],
    ['kid of every object', compose({ ...HEADER, kid: 'constructor' }), 'bad_signature'],
    ['its key in the header', compose({ ...HEADER, jwk: MY_KEY }, CLAIMS, myOwn), 'bad_signature'],
    [
      'its key in the header, under its own kid',
      compose({ ...HEADER, kid: MY_KEY.kid, jwk: MY_KEY }, CLAIMS, myOwn),
      'bad_signature',
    ],
    ['jku', compose({ ...HEADER, kid: MY_KEY.kid, jku: 'https://evil.example/jwks' }, CLAIMS, myOwn), 'bad_signature'],
    ['x5u', compose({ ...HEADER, kid: MY_KEY.kid, x5u: 'https://evil.example/x' }, CLAIMS, myOwn), 'bad_signature'],
    ['x5c', compose({ ...HEADER, kid: MY_KEY.kid, x5c: ['MIIB'] }, CLAIMS, myOwn), 'bad_signature'],
    ['crit, properly signed', compose({ ...HEADER, crit: ['b64'], b64: false }), 'malformed'],
    // Changes to a good one.
    ['changed payload', `${header}.${encode({ ...CLAIMS, sub: '8' })}.${signature}`, 'bad_signature'],
    ['payload with one more space', `${header}.${encode(`${JSON.stringify(CLAIMS)} `)}.${signature}`, 'bad_signature'],
    [
      'duplicate claims',
      `${header}.${encode(`${JSON.stringify(CLAIMS).slice(0, -1)},"sub":"8"}`)}.${signature}`,
      'bad_signature',
    ],
    ['changed header', `${encode({ ...HEADER, typ: 'at+jwt' })}.${payload}.${signature}`, 'bad_signature'],
    ['truncated signature', `${header}.${payload}.${signature.slice(0, -2)}`, 'bad_signature'],
    ['signature truncated within a byte', `${header}.${payload}.${signature.slice(0, -1)}`, 'malformed'],
    ['signature of 63 bytes', compose(HEADER, CLAIMS, (input) => signEs256(input).subarray(0, 63)), 'bad_signature'],
    [
      'longer signature',
      compose(HEADER, CLAIMS, (input) => Buffer.concat([signEs256(input), Buffer.from([0])])),
      'bad_signature',
    ],
    ['empty signature', `${header}.${payload}.`, 'malformed'],
    ['signature of zeros', compose(HEADER, CLAIMS, () => Buffer.alloc(64)), 'bad_signature'],
    [
      'DER signature',
      compose(HEADER, CLAIMS, (input) => sign('sha256', Buffer.from(input), ours.privateKey)),
      'bad_signature',
    ],
    ['padded signature', `${header}.${payload}.${signature}==`, 'malformed'],
    [
      'signature of another token',
      `${header}.${payload}.${compose(HEADER, { ...CLAIMS, sub: '8' }).split('.')[2]}`,
      'bad_signature',
    ],
    // Forms.
    ['nothing', '', 'malformed'],
    ['two dots', '..', 'malformed'],
    ['no dot', header, 'malformed'],
    ['one dot', `${header}.${payload}`, 'malformed'],
    ['three dots', `${compose()}.x`, 'malformed'],
    ['space before', ` ${compose()}`, 'malformed'],
    ['line feed after', `${compose()}\n`, 'malformed'],
    [
      'base64 that is not of the URL',
      compose(HEADER, CLAIMS, () => Buffer.from('+/+/')).replace(/\.[^.]*$/, '.+/+/'),
      'malformed',
    ],
    ['no base64 at all', 'ä.ö.ü', 'malformed'],
    ['header that is no JSON', `${encode('nonsense')}.${payload}.${signature}`, 'malformed'],
    ['header that is a list', `${encode([])}.${payload}.${signature}`, 'malformed'],
    ['header that is null', `${encode('null')}.${payload}.${signature}`, 'malformed'],
    ['payload that is no JSON', compose(HEADER, 'nonsense'), 'malformed'],
    ['payload that is null', compose(HEADER, 'null'), 'malformed'],
    ['payload of deep lists', compose(HEADER, `${'['.repeat(3_000)}${']'.repeat(3_000)}`), 'malformed'],
    ['an API key', `csk_1_1_${'x'.repeat(43)}`, 'malformed'],
    ['an encrypted token (five parts)', `${header}.a.b.c.d`, 'malformed'],
    // Claims, properly signed.
    ['another issuer', compose(HEADER, { ...CLAIMS, iss: 'cronsaga-prod' }), 'not_ours'],
    ['no issuer', compose(HEADER, { ...CLAIMS, iss: undefined }), 'not_ours'],
    ['issuer that is a list', compose(HEADER, { ...CLAIMS, iss: [ISSUER] }), 'malformed'],
    ['another audience', compose(HEADER, { ...CLAIMS, aud: 'cronsaga2' }), 'not_ours'],
    ['no audience', compose(HEADER, { ...CLAIMS, aud: undefined }), 'not_ours'],
    ['audience in the place of the issuer', compose(HEADER, { ...CLAIMS, iss: 'cronsaga', aud: ISSUER }), 'not_ours'],
    ['no end', compose(HEADER, { ...CLAIMS, exp: undefined }), 'malformed'],
    ['an end that is a text', compose(HEADER, { ...CLAIMS, exp: '9999999999' }), 'malformed'],
    ['an end beyond numbers', compose(HEADER, JSON.stringify(CLAIMS).replace(/"exp":\d+/, '"exp":1e999')), 'malformed'],
    ['just expired', compose(HEADER, { ...CLAIMS, exp: NOW / 1_000 - 5 }), 'expired'],
    ['no use', compose(HEADER, { ...CLAIMS, use: undefined }), 'malformed'],
    ['another use', compose(HEADER, { ...CLAIMS, use: 'admin' }), 'malformed'],
    ['a refresh token without its generation', compose(HEADER, { ...CLAIMS, use: 'refresh' }), 'malformed'],
    ['a refresh token', compose(HEADER, { ...CLAIMS, use: 'refresh', gen: 0 }), 'wrong_use'],
    ['no user', compose(HEADER, { ...CLAIMS, sub: '' }), 'malformed'],
    ['a user that is a number', compose(HEADER, { ...CLAIMS, sub: 7 }), 'malformed'],
    ['no login', compose(HEADER, { ...CLAIMS, login: undefined }), 'malformed'],
  ])('%s is refused', async (_, token, reason) => {
    expect(await verify(token, 'access')).toEqual(refused(reason));
  });

  it('of more than 8 KB is refused unread', async () => {
    const asked: unknown[] = [];
    const asking = createTokenVerifier({
      publicKeys: async () => {
        asked.push(1);
        return [OUR_KEY];
      },
      issuer: ISSUER,
      issuers: [],
      now: () => NOW,
    });
    const pad = (length: number) => compose(HEADER, { ...CLAIMS, pad: 'x'.repeat(length) });
    const size = pad(0).length;
    const huge = pad(Math.ceil(((8_192 - size) * 3) / 4) + 3);
    const large = pad(Math.floor(((8_192 - size) * 3) / 4) - 3);
    expect([huge.length > 8_192, large.length <= 8_192]).toEqual([true, true]);
    expect(await asking(huge, 'access')).toEqual(refused('malformed'));
    expect(await asking('x'.repeat(5_000_000), 'access')).toEqual(refused('malformed'));
    expect(asked).toEqual([]);
    expect(await asking(large, 'access')).toMatchObject({ kind: 'own' });
  });

  it('has one spelling: the spare bits of its last character are not free', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const token = compose();
    const taken: string[] = [];
    for (const last of alphabet) {
      const result = await verify(`${token.slice(0, -1)}${last}`, 'access');
      if (result.kind === 'own') {
        taken.push(last);
      }
    }
    expect(taken).toEqual([token.slice(-1)]);
  });
});

describe('the public keys', () => {
  const world = () => {
    const state: { now: number; keys: readonly PublicJwk[]; asked: number; fault: boolean } = {
      now: NOW,
      keys: [OUR_KEY],
      asked: 0,
      fault: false,
    };
    const verifyThen = createTokenVerifier({
      publicKeys: async () => {
        state.asked += 1;
        if (state.fault) {
          throw new Error('the table is throttled');
        }
        return state.keys;
      },
      issuer: ISSUER,
      issuers: [],
      now: () => state.now,
    });
    const claims = { ...CLAIMS, exp: NOW / 1_000 + 86_400 };
    const kinds = {
      ours: compose(HEADER, claims),
      mine: compose({ ...HEADER, kid: MY_KEY.kid }, claims, myOwn),
      forged: compose({ ...HEADER, kid: 'x' }, claims, myOwn),
    };
    return {
      state,
      is: async (kind: keyof typeof kinds) => (await verifyThen(kinds[kind], 'access')).kind,
    };
  };

  it('are asked for once, by many at a time', async () => {
    const { state, is } = world();
    await Promise.all(Array.from({ length: 50 }, () => is('ours')));
    state.now += 60_000;
    expect(await is('ours')).toBe('own');
    expect(state.asked).toBe(1);
  });

  it('are asked for again when a kid is unknown, at most every 10 s', async () => {
    const { state, is } = world();
    expect(await is('ours')).toBe('own');
    for (let i = 0; i < 100; i += 1) {
      state.now += 100;
      expect(await is('forged')).toBe('invalid');
    }
    expect(state.asked).toBe(2);
    expect(await is('ours')).toBe('own');
    expect(state.asked).toBe(2);
  });

  it('may be rotated: a new one is taken 10 s later at the latest, one withdrawn is refused after 10 minutes', async () => {
    const { state, is } = world();
    expect(await is('ours')).toBe('own');
    state.keys = [MY_KEY, OUR_KEY];
    state.now += 10_000;
    expect(await is('mine')).toBe('own');
    expect(await is('ours')).toBe('own');
    state.keys = [MY_KEY];
    state.now += 600_000;
    expect(await is('ours')).toBe('invalid');
    expect(await is('mine')).toBe('own');
  });

  it('that cannot be had are a fault, not a wrong signature; those that are known are used on', async () => {
    const { state, is } = world();
    state.fault = true;
    await expect(is('ours')).rejects.toThrow('throttled');
    await expect(is('ours')).rejects.toThrow('throttled');
    expect(state.asked).toBe(1);
    state.fault = false;
    state.now += 1_000;
    expect(await is('ours')).toBe('own');
    state.fault = true;
    state.now += 600_000;
    expect(await is('ours')).toBe('own');
    await expect(is('forged')).rejects.toThrow('throttled');
    state.fault = false;
    state.now += 1_000;
    expect(await is('forged')).toBe('invalid');
  });

  it('that cannot be had for more than an hour, once 10 minutes old, are used no more', async () => {
    const { state, is } = world();
    expect(await is('ours')).toBe('own');
    state.fault = true;
    for (let minute = 1; minute < 70; minute += 1) {
      state.now += 60_000;
      expect(await is('ours')).toBe('own');
    }
    state.now += 60_000;
    await expect(is('ours')).rejects.toThrow('throttled');
    // Without asking anew: the answer is the same within a second.
    const { asked } = state;
    await expect(is('ours')).rejects.toThrow('throttled');
    expect(state.asked).toBe(asked);
    state.fault = false;
    state.now += 1_000;
    expect(await is('ours')).toBe('own');
  });
});
