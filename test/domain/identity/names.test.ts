import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkUsername,
  emailKey,
  isEmail,
  isNameOf,
  normalizeEmail,
  normalizeUsername,
  typedKey,
  typedName,
  usernameKey,
} from '../../../lib/domain/identity/names.ts';
import { holds } from '../../support/properties.ts';

/** Any text, and often text of letters that are easily confused. */
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'aAоОсСрРсopcΑαΣςσßẞıİIilLɪꞮǀӏІʀƦᴀʹſKﬁ²éе́'), maxLength: 12 }),
);

describe('usernames', () => {
  it.each([
    ['a', undefined],
    ['j.doe_2-x', undefined],
    ['Νίκος', undefined],
    ['Владимир', undefined],
    ['日本語Taro', undefined],
    ['नमस्ते', undefined],
    ['Արմեն', undefined],
    ['ᏣᎳᎩ', undefined],
    ['محمد', undefined],
    ['', 'empty'],
    ['a@b', 'characters'],
    ['a＠b', 'characters'],
    ['a b', 'characters'],
    ['a\u00a0b', 'characters'],
    ['a\nb', 'characters'],
    ['a\0', 'characters'],
    ['a\u200bb', 'characters'],
    ['a\u202eb', 'characters'],
    ['a\u034fb', 'characters'],
    ['a\ufe0fb', 'characters'],
    ['\u3164', 'characters'],
    ['\u0301a', 'characters'],
    ['\ud800', 'characters'],
    ['a/b', 'characters'],
    ['😀', 'characters'],
    ['аdmin', 'mixed_scripts'],
    ['adminο', 'mixed_scripts'],
    ['аα', 'mixed_scripts'],
    ['admin٥', 'mixed_scripts'],
    ['ᎪdmᎥn', 'mixed_scripts'],
    ['bobʹ', 'characters'],
    ['adminʼ', 'characters'],
    ['ˈadmin', 'characters'],
    ['محمـد', 'characters'],
    ['aǀice', 'characters'],
    ['aǁa', 'characters'],
    ['bobǃ', 'characters'],
    ['bobʰ', undefined],
    // In these a modifier letter is ordinary spelling.
    ['マリー', undefined],
    ['らーめん', undefined],
    ['佐々木', undefined],
    ['みすゞ', undefined],
    ['มากๆ', undefined],
    ['jーdoe', 'characters'],
    ['ー', 'characters'],
  ])('%j: %s', (name, fault) => {
    expect(checkUsername(name)).toBe(fault);
  });

  it('are counted in code points after NFKC', () => {
    expect(checkUsername('𝒂'.repeat(50))).toBeUndefined();
    expect(checkUsername('e\u0301'.repeat(50))).toBeUndefined();
    expect(checkUsername('a'.repeat(51))).toBe('too_long');
    // One character that NFKC spells out as eighteen, with spaces between.
    expect(checkUsername('ﬃ'.repeat(17))).toBe('too_long');
    expect(checkUsername('ﬃ'.repeat(16))).toBeUndefined();
  });

  it.each([
    ['сор', 'cop'],
    ['СОР', 'cop'],
    ['Admin', 'aDMIN'],
    ['ΤΟΜ', 'tom'],
    ['ρορ', 'pop'],
    ['ОДΟΣ', 'одοσ'],
    ['ѕсоре', 'scope'],
    ['ՏՕՍ', 'sou'],
    ['ᎪᎷᎬ', 'ame'],
    ['ıdɑ', 'ida'],
    ['ﬁn', 'fin'],
    ['ｊoe', 'joe'],
    ['STRASSE', 'straße'],
    ['ёлка', 'е\u0308лка'],
    ['aIice', 'alice'],
    ['aIice', 'ALICE'],
    ['alIce', 'alice'],
    ['aǀice', 'alice'],
    ['аІісе', 'alice'],
    ['ӏап', 'іап'],
    ['Ian', 'lan'],
    ['admɪn', 'admin'],
    ['ADMꞮN', 'admin'],
    ['aꟾice', 'alice'],
    ['ꜱʏʙɪʟ', 'sybil'],
    ['ɢʜʀɴ', 'ghrn'],
    ['ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ', 'abcdefghijklmnopqrstuvwxyz'],
    ['ƦOOT', 'root'],
  ])('%s cannot be registered beside %s', (one, other) => {
    expect(usernameKey(one)).toBe(usernameKey(other));
  });

  it.each([
    ['cop', 'cup'],
    ['jose', 'josé'],
    ['a.b', 'ab'],
    ['лев', 'lev'],
    ['user1', 'userl'],
    ['alice', 'alce'],
    ['ᴁa', 'aea'],
  ])('%s can be registered beside %s', (one, other) => {
    expect(usernameKey(one)).not.toBe(usernameKey(other));
  });

  it('are the same in every normal form, and once normalised stay as they are', () => {
    holds(
      fc.property(texts, (text) => {
        const name = normalizeUsername(text);
        expect(normalizeUsername(name)).toBe(name);
        expect(checkUsername(name)).toBe(checkUsername(text));
        for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
          expect(usernameKey(text.normalize(form))).toBe(usernameKey(text));
        }
      }),
    );
  });

  it('have one key whatever their case', () => {
    holds(
      fc.property(texts, (text) => {
        const name = normalizeUsername(text);
        expect(usernameKey(name.toUpperCase())).toBe(usernameKey(name));
        expect(usernameKey(name.toLowerCase())).toBe(usernameKey(name));
      }),
    );
  });

  it('that are typed the same have the same key, so that a user is found by the name they have', () => {
    holds(
      fc.property(texts, (text) => {
        expect(usernameKey(typedName(text))).toBe(usernameKey(text));
      }),
    );
  });

  it('never have the key of an e-mail address', () => {
    holds(
      fc.property(texts, texts, (one, other) => {
        expect(usernameKey(one)).not.toBe(emailKey(other));
      }),
    );
  });
});

// Rows are kept under them: under other keys, no user that exists would be found, and each name be free again.
describe('the keys of names that are taken', () => {
  it.each([
    ['Cop', 'NAME#cop'],
    ['сор', 'NAME#cop'],
    ['Alice', 'NAME#allce'],
    ['j.doe_2-x', 'NAME#j.doe_2-x'],
  ])('%s: %s', (username, key) => {
    expect(usernameKey(username)).toBe(key);
  });

  it('Jane@Example.com: EMAIL#jane@example.com', () => {
    expect(emailKey('Jane@Example.com')).toBe('EMAIL#jane@example.com');
  });
});

describe('a typed name', () => {
  const cop = { username: 'Cop', email: 'Cop@Example.com' };

  it.each(['Cop', 'cop', 'COP', 'ｃｏｐ', 'cop@example.com', 'COP@EXAMPLE.COM'])('%s is that of its user', (typed) => {
    expect(isNameOf(typed, cop)).toBe(true);
  });

  it('in letters that only look alike finds the key, and is not the name', () => {
    expect(typedKey('сор')).toBe(usernameKey('cop'));
    expect(isNameOf('сор', cop)).toBe(false);
    expect(isNameOf('ıda', { username: 'ida', email: 'ida@example.com' })).toBe(false);
  });

  it('in other case is found, and is the name, also where a capital reads like another letter', () => {
    const alice = { username: 'aliCe', email: 'alice@example.com' };
    for (const typed of ['ALICE', 'alIce', 'Alice']) {
      expect(typedKey(typed)).toBe(usernameKey(alice.username));
      expect(isNameOf(typed, alice)).toBe(true);
    }
    for (const typed of ['aIice', 'allce', 'aǀice', 'alɪce']) {
      expect(typedKey(typed)).toBe(usernameKey(alice.username));
      expect(isNameOf(typed, alice)).toBe(false);
    }
  });

  it('with an @ is looked up as an e-mail address', () => {
    expect(typedKey('cop@example.com')).toBe(emailKey(cop.email));
    expect(typedKey('cop＠example.com')).toBe(emailKey(cop.email));
  });
});

describe('e-mail addresses', () => {
  const local64 = 'l'.repeat(64);
  it.each([
    'a@b.co',
    'first.last+tag@sub.example.com',
    "o'neil!#$%&*/=?^_`{|}~-@example.com",
    'jürgen@bücher.de',
    '用户@例子.公司',
    'a@xn--bcher-kva.de',
    `${local64}@example.com`,
    `a@${'d'.repeat(63)}.com`,
    `${local64}@${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(57)}.com`,
  ])('%s', (email) => {
    expect(isEmail(email)).toBe(true);
  });

  it.each([
    '',
    '@',
    'a',
    'a@',
    '@b.co',
    'a@b',
    'a@@b.co',
    'a@b@c.co',
    'a@b.co@c.co',
    'a b@c.co',
    ' a@b.co',
    'a@b.co ',
    'a@b .co',
    'a\n@b.co',
    'a\u0000@b.co',
    'a\u200b@b.co',
    'a\u202e@b.co',
    '.a@b.co',
    'a.@b.co',
    'a..b@c.co',
    '"a b"@c.co',
    'a@-b.co',
    'a@b-.co',
    'a@b..co',
    'a@.b.co',
    'a@b.co.',
    'a@[192.0.2.1]',
    'a,b@c.co',
    'a@b_c.co',
    `${local64}l@example.com`,
    `a@${'d'.repeat(64)}.com`,
    `${local64}@${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(58)}.com`,
    'a\ud800@b.co',
  ])('not %j', (email) => {
    expect(isEmail(email)).toBe(false);
  });

  it('are the same whatever their case and form', () => {
    expect(emailKey('Jürgen@BÜCHER.de')).toBe(emailKey('ju\u0308rgen@bücher.DE'));
    holds(
      fc.property(texts, (text) => {
        expect(normalizeEmail(normalizeEmail(text))).toBe(normalizeEmail(text));
        expect(emailKey(normalizeEmail(text))).toBe(emailKey(text));
        expect(emailKey(emailKey(text).slice('EMAIL#'.length))).toBe(emailKey(text));
      }),
    );
  });
});
