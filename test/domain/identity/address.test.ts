import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressKey } from '../../../lib/domain/identity/address.ts';
import { holds } from '../../support/properties.ts';

const hex = fc.integer({ min: 0, max: 0xffff }).map((group) => group.toString(16));
const groups = fc.tuple(hex, hex, hex, hex, hex, hex, hex, hex);

describe('the key of an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['2001:0db8:0000:0001::', '2001:db8:0:1::/64'],
    ['2001:db8:1:2:3::', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:10.20.30.40', '10.20.30.40'],
    ['::ffff:255.255.255.255', '255.255.255.255'],
    ['::ffff:0.0.0.0', '0.0.0.0'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4::/64'],
    // `::` may stand for a single group.
    ['1:2:3:4:5:6::8', '1:2:3:4::/64'],
    ['1::5:6:7:8', '1:0:0:0::/64'],
  ])('%s: %s', (ip, key) => {
    expect(addressKey(ip)).toBe(key);
  });

  it.each([
    '',
    'unknown',
    '1:2:3',
    '1::2::3',
    ':::',
    '::ffff:192.0.2.256',
    '::ffff:256.0.2.1',
    '::ffff:192.256.2.1',
    '::ffff:192.0.256.1',
    '::ffff:1192.0.2.1',
    '::ffff:192.0.2.1234',
    '::ffff:192.0.2.1.1',
    '::ffff:192.0.2',
    '::ffff:a1.0.2.1',
    '::ffff:192.0.2.',
    '::192.0.2.1:ffff',
    '1:2:3:4:5:6:7:192.0.2.1',
    '192.0.2.1%eth0',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '1:2:3:4:5:6:7::8',
  ])('is the text itself where that is no address: %j', (text) => {
    expect(addressKey(text)).toBe(text);
  });

  it('is the same for all of a /64, and another for the next', () => {
    holds(
      fc.property(groups, groups, ([a, b, c, d], [, , , other, ...host]) => {
        fc.pre([a, b, c, d].some((group) => group !== '0'));
        expect(addressKey([a, b, c, d, ...host].join(':'))).toBe(`${a}:${b}:${c}:${d}::/64`);
        expect(addressKey(`${a}:${b}:${c}:${d}::`)).toBe(`${a}:${b}:${c}:${d}::/64`);
        expect(addressKey([a, b, c, other, ...host].join(':')) === addressKey(`${a}:${b}:${c}:${d}::1`)).toBe(
          d === other,
        );
      }),
    );
  });
});
