import { createVerify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createLocalSigning } from '../../../lib/adapters/memory/signing-key.ts';
import { createTokenMaker } from '../../../lib/application/identity/make-token.ts';

const NOW = 1_700_000_000_999;
const decode = (part: string | undefined): unknown => JSON.parse(Buffer.from(part ?? '', 'base64url').toString());

describe('a token of ours', () => {
  it('holds these claims and no others, times in whole seconds', async () => {
    const signing = createLocalSigning();
    const [key] = await signing.publicKeys();
    const make = createTokenMaker({ signing, issuer: 'cronsaga-test', now: () => NOW });
    const claims = { iss: 'cronsaga-test', aud: 'cronsaga', sub: '7', login: 'l-1', iat: 1_700_000_000 };

    const access = (await make({ use: 'access', user: '7', login: 'l-1' }, NOW + 3_600_000)).split('.');
    expect(decode(access[0])).toEqual({ alg: 'ES256', typ: 'JWT', kid: key?.kid });
    expect(decode(access[1])).toEqual({ ...claims, use: 'access', exp: 1_700_003_600 });

    const refresh = (await make({ use: 'refresh', user: '7', login: 'l-1', generation: 3 }, NOW + 5_000)).split('.');
    expect(decode(refresh[1])).toEqual({ ...claims, use: 'refresh', gen: 3, exp: 1_700_000_005 });
  });

  it('is three unpadded parts, the last of which signs the other two', async () => {
    const signing = createLocalSigning();
    const [key] = await signing.publicKeys();
    const make = createTokenMaker({ signing, issuer: 'cronsaga-test', now: () => NOW });
    const token = await make({ use: 'access', user: '7', login: 'l-1' }, NOW);
    const [, input = '', signature = ''] = /^([\w-]+\.[\w-]+)\.([\w-]{86})$/.exec(token) ?? [];
    const verify = createVerify('sha256').update(input);
    expect(
      verify.verify({ key: { ...key }, format: 'jwk', dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')),
    ).toBe(true);
  });

  it('is not made when another key signed than the one it names', async () => {
    const [one, other] = [createLocalSigning(), createLocalSigning()];
    const make = createTokenMaker({
      signing: { publicKeys: one.publicKeys, sign: other.sign },
      issuer: 'cronsaga-test',
      now: () => NOW,
    });
    await expect(make({ use: 'access', user: '7', login: 'l-1' }, NOW)).rejects.toThrow('Signed with key');
  });

  it('is not made when signing fails', async () => {
    const { publicKeys } = createLocalSigning();
    const sign = () => Promise.reject(new Error('the key is disabled'));
    const make = createTokenMaker({ signing: { publicKeys, sign }, issuer: 'cronsaga-test', now: () => NOW });
    await expect(make({ use: 'access', user: '7', login: 'l-1' }, NOW)).rejects.toThrow('the key is disabled');
  });
});
