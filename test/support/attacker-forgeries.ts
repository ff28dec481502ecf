/** Tokens as an attacker makes them who has one of their own, the public keys, and no private key of ours. */
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import * as z from 'zod';
import { seeded } from './seeded.ts';
import { type Cast, WALK_CREDENTIALS } from './walk-credentials.ts';
import { createWalkWorld } from './walk-world.ts';

export type Forgery = { readonly name: string; readonly text: string };

type Json = Readonly<Record<string, unknown>>;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string | undefined): Json =>
  z.record(z.string(), z.unknown()).parse(JSON.parse(Buffer.from(part ?? '', 'base64url').toString()));

/** ES256, raw `r || s`. */
const signed = (header: Json, claims: Json, key: KeyObject): string => {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
};

const withHmac = (header: Json, claims: Json, secret: string): string => {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
};

/**
 * @param token a valid one of the attacker's own
 * @param publicKey the published key that verifies it, as the JWKS shows it
 * @param victim the user to be
 */
export const forgeTokens = (token: string, publicKey: JsonWebKey, victim: string): readonly Forgery[] => {
  const [head = '', body = '', signature = ''] = token.split('.');
  const [header, claims] = [decode(head), decode(body)];
  const { privateKey, publicKey: ownPublic } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ownJwk = ownPublic.export({ format: 'jwk' });
  const asVictim = { ...claims, sub: victim };
  const pem = String(createPublicKey({ key: publicKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' }));
  const altered = (change: Json): string => `${head}.${encode({ ...claims, ...change })}.${signature}`;
  return [
    { name: 'alg none', text: `${encode({ ...header, alg: 'none' })}.${encode(asVictim)}.` },
    {
      name: 'alg None, with a signature',
      text: `${encode({ ...header, alg: 'None' })}.${encode(asVictim)}.${signature}`,
    },
    {
      name: 'HS256 by the public key',
      text: withHmac({ ...header, alg: 'HS256' }, asVictim, JSON.stringify(publicKey)),
    },
    { name: 'HS256 by the public key as PEM', text: withHmac({ ...header, alg: 'HS256' }, asVictim, pem) },
    { name: 'HS256 by nothing', text: withHmac({ ...header, alg: 'HS256' }, asVictim, '') },
    { name: 'signed by a key of their own under our name', text: signed(header, asVictim, privateKey) },
    { name: 'with their key in the header', text: signed({ ...header, jwk: ownJwk }, asVictim, privateKey) },
    {
      name: 'with the address of their keys in the header',
      text: signed(
        { ...header, jku: 'http://127.0.0.1:9/jwks.json', x5u: 'http://127.0.0.1:9/x' },
        asVictim,
        privateKey,
      ),
    },
    {
      name: 'with a path as the name of the key',
      text: signed({ ...header, kid: '../../dev/null' }, asVictim, privateKey),
    },
    { name: 'with the prototype as the key', text: signed({ ...header, kid: '__proto__' }, asVictim, privateKey) },
    { name: 'without the name of a key', text: signed({ alg: 'ES256', typ: 'JWT' }, asVictim, privateKey) },
    { name: 'of another issuer', text: signed(header, { ...asVictim, iss: 'https://evil.example' }, privateKey) },
    { name: 'of the victim, by an old signature', text: altered({ sub: victim }) },
    { name: 'for longer, by an old signature', text: altered({ exp: 4_102_444_800 }) },
    {
      name: 'of another use, by an old signature',
      text: altered({ use: claims.use === 'access' ? 'refresh' : 'access' }),
    },
    { name: 'of role admin, by an old signature', text: altered({ role: 'admin', scopes: ['users:admin'] }) },
    // r = s = 0 verifies everything where nobody checks their range (CVE-2022-21449).
    {
      name: 'with a signature of zeros',
      text: `${head}.${encode(asVictim)}.${Buffer.alloc(64).toString('base64url')}`,
    },
    { name: 'without its signature', text: `${head}.${body}.` },
    { name: 'with half of its signature', text: `${head}.${body}.${signature.slice(0, 43)}` },
    { name: 'in two parts', text: `${head}.${body}` },
    { name: 'in four parts', text: `${token}.${signature}` },
    { name: 'with the padding that JWS leaves out', text: `${head}.${body}.${signature}==` },
  ];
};

/** Everything that another stage takes, or once took: its tokens, keys and forgeries. None is worth anything here. */
export const credentialsOfAnotherStage = async (): Promise<readonly Forgery[]> => {
  const made = await Promise.all(
    WALK_CREDENTIALS.map(async ({ name, make }) => {
      const world = await createWalkWorld();
      const cast: Cast = {
        alice: await world.addUser('alice', 'user'),
        bob: await world.addUser('bob', 'user'),
        root: await world.addUser('root', 'admin'),
      };
      return { name: `${name}, of another stage`, text: await make(world, cast) };
    }),
  );
  return made.flatMap(({ name, text }) => (text === undefined ? [] : [{ name, text }]));
};

const KEY_FORM = /^(csk_[0-9a-z]+_[0-9a-z]+)_(.+)$/;

/** @param key the text of the attacker's own @param prefix of a key that is to be guessed, as lists show it */
export const forgeKeys = (key: string, prefix: string): readonly Forgery[] => {
  const [, own = '', secret = ''] = KEY_FORM.exec(key) ?? [];
  const chance = seeded(7);
  const guess = Buffer.from(Array.from({ length: 32 }, () => Math.floor(chance() * 256))).toString('base64url');
  return [
    { name: 'the prefix of another key with the own secret', text: `${prefix}_${secret}` },
    { name: 'the prefix of another key with a guess', text: `${prefix}_${guess}` },
    { name: 'the prefix of another key alone', text: prefix },
    { name: 'the own key, one character off', text: `${own}_${secret.startsWith('A') ? 'B' : 'A'}${secret.slice(1)}` },
    { name: 'the own key, one character less', text: key.slice(0, -1) },
    { name: 'the own key in capitals', text: key.toUpperCase() },
    { name: 'the own key twice', text: `${key}${key}` },
    { name: 'ids beyond what a number holds', text: `csk_zzzzzzzzzzz_zzzzzzzzzzz_${secret}` },
  ];
};
