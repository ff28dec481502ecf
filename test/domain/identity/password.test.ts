import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPassword, normalizePassword } from '../../../lib/domain/identity/password.ts';
import { holds } from '../../support/properties.ts';

describe('passwords', () => {
  it.each([
    ['secret', undefined],
    ['      ', undefined],
    ['密码密码密码', undefined],
    ['a'.repeat(72), undefined],
    ['é'.repeat(36), undefined],
    // Six characters on the screen, and as many code points once composed.
    ['e\u0301'.repeat(6), undefined],
    ['e\u0301'.repeat(36), undefined],
    ['', 'too_short'],
    ['short', 'too_short'],
    ['😀😀😀😀😀', 'too_short'],
    ['e\u0301'.repeat(5), 'too_short'],
    ['a'.repeat(73), 'too_long'],
    ['é'.repeat(37), 'too_long'],
    ['secret\0', 'characters'],
    ['secret\ud800', 'characters'],
  ])('%j: %s', (password, fault) => {
    expect(checkPassword(password)).toBe(fault);
  });

  it('that are taken never reach the end of what bcrypt looks at', () => {
    holds(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        fc.pre(checkPassword(text) === undefined);
        expect(Buffer.byteLength(normalizePassword(text))).toBeLessThanOrEqual(72);
        expect(normalizePassword(text.normalize('NFD'))).toBe(normalizePassword(text));
      }),
    );
  });
});
