/** A signature has one spelling in DER and one in a JWS: everything else is refused. */
import { createVerify, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toRawSignature } from '../../lib/adapters/kms/der-signature.ts';

/** A whole number as DER writes it. */
const integer = (bytes: readonly number[]): number[] => {
  const bare = bytes.slice(bytes.findIndex((byte) => byte !== 0));
  const signed = (bare[0] ?? 0) >= 0x80 ? [0, ...bare] : bare;
  return [2, signed.length, ...signed];
};
const der = (r: readonly number[], s: readonly number[]): Uint8Array => {
  const body = [...integer(r), ...integer(s)];
  return Uint8Array.from([0x30, body.length, ...body]);
};

/** 32 bytes that are not all zero, with leading zeros now and then. */
const numbers = fc
  .tuple(fc.nat(31), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .map(([zeros, bytes]) => [...bytes].map((byte, index) => (index < zeros ? 0 : byte)))
  .filter((bytes) => bytes.some((byte) => byte !== 0));

describe('toRawSignature', () => {
  it('puts both numbers, however short, into 32 bytes each', () => {
    fc.assert(
      fc.property(numbers, numbers, (r, s) => {
        expect([...toRawSignature(der(r, s))]).toEqual([...r, ...s]);
      }),
    );
  });

  it('makes what node verifies of what node signs', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (let i = 0; i < 300; i += 1) {
      const raw = toRawSignature(sign('sha256', Buffer.from(`text ${i}`), privateKey));
      const verify = createVerify('sha256').update(`text ${i}`);
      expect(verify.verify({ key: publicKey, dsaEncoding: 'ieee-p1363' }, raw)).toBe(true);
    }
  });

  it('takes no second spelling of any signature', () => {
    const change = fc.record({ at: fc.nat(80), byte: fc.nat(255), cut: fc.nat(3), add: fc.nat(3) });
    fc.assert(
      fc.property(numbers, numbers, change, (r, s, { at, byte, cut, add }) => {
        const good = der(r, s);
        const bad = Uint8Array.from([...good.slice(0, good.length - cut), ...new Array<number>(add).fill(byte)]);
        bad[at % bad.length] = byte;
        let raw: Uint8Array;
        try {
          raw = toRawSignature(bad);
        } catch (error) {
          expect(error).toHaveProperty('message', expect.stringContaining('no DER signature'));
          return;
        }
        expect(der([...raw.subarray(0, 32)], [...raw.subarray(32)])).toEqual(bad);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', []],
    ['an empty sequence', [0x30, 0]],
    ['one number', [0x30, 3, 2, 1, 1]],
    ['three numbers', [0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]],
    ['bytes after the sequence', [0x30, 6, 2, 1, 1, 2, 1, 1, 0]],
    ['a sequence longer than its bytes', [0x30, 7, 2, 1, 1, 2, 1, 1]],
    ['another type', [0x31, 6, 2, 1, 1, 2, 1, 1]],
    ['texts', [0x30, 6, 4, 1, 1, 4, 1, 1]],
    ['zero', [0x30, 6, 2, 1, 0, 2, 1, 1]],
    ['an empty number', [0x30, 5, 2, 0, 2, 1, 1]],
    ['a needless zero', [0x30, 7, 2, 2, 0, 1, 2, 1, 1]],
    ['a negative number', [0x30, 6, 2, 1, 0x80, 2, 1, 1]],
    ['a long form of a short length', [0x30, 0x81, 6, 2, 1, 1, 2, 1, 1]],
    ['33 digits', [0x30, 38, 2, 33, ...new Array<number>(33).fill(1), 2, 1, 1]],
    ['a signature that is raw already', new Array<number>(64).fill(0x30)],
  ])('refuses %s', (_, bytes) => {
    expect(() => toRawSignature(Uint8Array.from(bytes))).toThrow('no DER signature');
  });
});
