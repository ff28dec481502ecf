/** Tokens signed by KMS are such as any verifier takes; no call is made twice that need not be. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { GetPublicKeyCommand, SignCommand } from '@aws-sdk/client-kms';
import { JwtVerifier } from 'aws-jwt-verify';
import { describe, expect, it } from 'vitest';
import { createKmsSigning } from '../../lib/adapters/kms/signing.ts';
import { createLocalSigning } from '../../lib/adapters/memory/signing-key.ts';
import { createTokenMaker } from '../../lib/application/identity/make-token.ts';
import type { SigningPort } from '../../lib/application/ports/identity.ts';

const ARNS = ['arn:aws:kms:eu-west-1:111122223333:key/first', 'arn:aws:kms:eu-west-1:111122223333:key/second'] as const;

type FakeKey = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

/** A KMS that has its keys in this process. It knows the inputs by their digests: node's `sign` hashes what it is given. */
const createFakeKms = (keys: Readonly<Record<string, FakeKey>>, curve = 'ECC_NIST_P256') => {
  const inputs = new Map<string, string>();
  const sent: (GetPublicKeyCommand | SignCommand)[] = [];
  const failures: Error[] = [];
  return {
    sent,
    failures,
    /** What is going to be signed. */
    expectInput: (input: string) => inputs.set(createHash('sha256').update(input).digest('hex'), input),
    client: {
      send: async (command: GetPublicKeyCommand | SignCommand): Promise<unknown> => {
        sent.push(command);
        const failure = failures.shift();
        if (failure !== undefined) {
          throw failure;
        }
        const key = keys[command.input.KeyId ?? ''];
        if (key === undefined) {
          throw new Error(`no key ${command.input.KeyId}`);
        }
        if (command instanceof GetPublicKeyCommand) {
          return { KeySpec: curve, PublicKey: key.publicKey.export({ format: 'der', type: 'spki' }) };
        }
        const { Message, MessageType, SigningAlgorithm } = command.input;
        expect({ MessageType, SigningAlgorithm }).toEqual({ MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' });
        const input = inputs.get(Buffer.from(Message ?? []).toString('hex'));
        expect(input).toBeDefined();
        return { Signature: sign('sha256', Buffer.from(input ?? ''), key.privateKey) };
      },
    },
  };
};

const newKeys = (): Record<string, FakeKey> =>
  Object.fromEntries(ARNS.map((arn) => [arn, generateKeyPairSync('ec', { namedCurve: 'P-256' })]));

const verifySync = (token: string, keys: Awaited<ReturnType<SigningPort['publicKeys']>>) => {
  const verifier = JwtVerifier.create({
    issuer: 'cronsaga-test',
    audience: 'cronsaga',
    jwksUri: 'https://none.invalid',
  });
  verifier.cacheJwks({ keys: [...keys] });
  return verifier.verifySync(token);
};

describe('signing by KMS', () => {
  it('makes tokens that aws-jwt-verify takes with the published keys', async () => {
    const kms = createFakeKms(newKeys());
    const signing = createKmsSigning(ARNS, kms.client);
    const makeToken = createTokenMaker({
      signing: {
        ...signing,
        sign: (input) => {
          kms.expectInput(input);
          return signing.sign(input);
        },
      },
      issuer: 'cronsaga-test',
      now: Date.now,
    });
    // Numbers r and s of every length turn up among so many.
    for (let generation = 0; generation < 100; generation += 1) {
      const token = await makeToken({ use: 'refresh', user: '7', login: 'l', generation }, Date.now() + 60_000);
      expect(verifySync(token, await signing.publicKeys())).toMatchObject({ sub: '7', gen: generation });
    }
    expect(kms.sent.filter((command) => command instanceof GetPublicKeyCommand)).toHaveLength(2);
    expect(
      new Set(kms.sent.filter((command) => command instanceof SignCommand).map(({ input }) => input.KeyId)),
    ).toEqual(new Set([ARNS[0]]));
  });

  it('names keys by their RFC 7638 thumbprint, the signing one first', async () => {
    const keys = newKeys();
    const published = await createKmsSigning(ARNS, createFakeKms(keys).client).publicKeys();
    expect(published).toEqual(
      ARNS.map((arn) => {
        const { x, y } = keys[arn]?.publicKey.export({ format: 'jwk' }) ?? {};
        const kid = createHash('sha256').update(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`).digest('base64url');
        return { kty: 'EC', crv: 'P-256', x, y, kid, alg: 'ES256', use: 'sig' };
      }),
    );
  });

  it('asks again for public keys that it failed to get', async () => {
    const kms = createFakeKms(newKeys());
    kms.failures.push(new Error('throttled'));
    const signing = createKmsSigning(ARNS, kms.client);
    await expect(signing.publicKeys()).rejects.toThrow('throttled');
    await expect(signing.publicKeys()).resolves.toHaveLength(2);
  });

  it('passes on that KMS refused to sign', async () => {
    const kms = createFakeKms(newKeys());
    const signing = createKmsSigning(ARNS, kms.client);
    await signing.publicKeys();
    kms.failures.push(new Error('the key is disabled'));
    await expect(signing.sign('x')).rejects.toThrow('the key is disabled');
  });

  it('refuses a key of another kind, and says which', async () => {
    const kms = createFakeKms(newKeys(), 'RSA_2048');
    await expect(createKmsSigning([ARNS[1]], kms.client).publicKeys()).rejects.toThrow(/key\/second.*RSA_2048.*P256/);
    expect(() => createKmsSigning([])).toThrow('at least one');
  });

  it('refuses a key of another curve than it says', async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const kms = createFakeKms({ [ARNS[0]]: pair });
    await expect(createKmsSigning([ARNS[0]], kms.client).publicKeys()).rejects.toThrow('P-384');
  });
});

describe('signing by a key of the process', () => {
  it('makes tokens that aws-jwt-verify takes, with a key of its own each time', async () => {
    const [one, other] = [createLocalSigning(), createLocalSigning()];
    const makeToken = createTokenMaker({ signing: one, issuer: 'cronsaga-test', now: Date.now });
    const token = await makeToken({ use: 'access', user: '7', login: 'l' }, Date.now() + 60_000);
    expect(verifySync(token, await one.publicKeys())).toMatchObject({ sub: '7', use: 'access' });
    const keys = await other.publicKeys();
    expect(() => verifySync(token, keys)).toThrow('not found');
  });
});
