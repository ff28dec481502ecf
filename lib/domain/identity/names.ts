/**
 * Usernames and e-mail addresses: which are allowed, and what makes two of them the same. A username holds no `@` and an
 * address always does, so neither can equal the other.
 */
import { mixesScripts, skeleton } from './look-alikes.ts';

/** In code points, after NFKC. */
export const MAX_USERNAME = 50;
/** In code points; the limit of SMTP's forward path (RFC 5321, errata 1690). */
export const MAX_EMAIL = 254;

/** As it is kept: without the forms that only look different (full width, ligatures, superscripts). */
export const normalizeUsername = (text: string): string => text.normalize('NFKC');
export const normalizeEmail = (text: string): string => text.normalize('NFKC');

const lengthOf = (text: string): number => [...text].length;

/**
 * Modifier letters are hardly seen beside others (`bobʹ`), so a name holds only those that ordinary spelling needs: the signs
 * of Japanese, Thai, Lao and Khmer that repeat or lengthen. `ー` follows kana alone: elsewhere it reads like a hyphen.
 */
const SPELT =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]|(?<=[\p{scx=Hiragana}\p{scx=Katakana}])ー/u;

/**
 * Letters, marks and digits of any script, but none that is invisible (U+034F, variation selectors, Hangul fillers), and no
 * letter for clicks, which look like `l` and `!`.
 */
const USERNAME = new RegExp(
  `^(?!\\p{M})(?:(?!\\p{DI}|[\u01c0-\u01c3]|(?!${SPELT.source})\\p{Lm})[\\p{L}\\p{M}\\p{N}._-])+$`,
  'u',
);

export type UsernameFault = 'empty' | 'too_long' | 'characters' | 'mixed_scripts';

/** @param text in any normal form */
export const checkUsername = (text: string): UsernameFault | undefined => {
  const name = normalizeUsername(text);
  if (name === '') {
    return 'empty';
  }
  if (lengthOf(name) > MAX_USERNAME) {
    return 'too_long';
  }
  if (!USERNAME.test(name)) {
    return 'characters';
  }
  return mixesScripts(name) ? 'mixed_scripts' : undefined;
};

/** Atoms of RFC 5322 joined by dots, and letters beyond ASCII (RFC 6531). Quoted forms are legal and never meant. */
const LOCAL_PART = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const LABEL = /^(?!-)[\p{L}\p{M}\p{N}-]{1,63}(?<!-)$/u;
const INVISIBLE = /\p{DI}/u;
/** Octets in RFC 5321; code points here, as for the whole. */
const MAX_LOCAL_PART = 64;

/** Whether mail could be sent there. @param text in any normal form */
export const isEmail = (text: string): boolean => {
  const email = normalizeEmail(text);
  const [local, domain, ...more] = email.split('@');
  if (local === undefined || domain === undefined || more.length > 0 || lengthOf(email) > MAX_EMAIL) {
    return false;
  }
  const labels = domain.split('.');
  return (
    lengthOf(local) <= MAX_LOCAL_PART &&
    LOCAL_PART.test(local) &&
    labels.length > 1 &&
    labels.every((label) => LABEL.test(label)) &&
    !INVISIBLE.test(email)
  );
};

const lower = (text: string): string =>
  [...text.normalize('NFKC')]
    .map((c) => c.toLowerCase())
    .join('')
    .normalize('NFKC');

/** Under which a username is unique: the same for names that differ in case, or that read the same in another script. */
export const usernameKey = (username: string): string => `NAME#${skeleton(normalizeUsername(username))}`;

/** Under which an e-mail address is unique. */
export const emailKey = (email: string): string => `EMAIL#${lower(email)}`;

/** What somebody types to say who they are: both in one form, without the look-alikes. */
export const typedName = (text: string): string => lower(text);

/** The unique key that a typed name would have: with an `@` it can only be an e-mail address. */
export const typedKey = (text: string): string => (typedName(text).includes('@') ? emailKey(text) : usernameKey(text));

/**
 * Whether a typed name is this user's. The holder of its key may be somebody whose name only reads the same: logging in with
 * `сор` (Cyrillic) must not be a try at the account of `cop`.
 */
export const isNameOf = (typed: string, user: { readonly username: string; readonly email: string }): boolean =>
  typedName(typed) === typedName(user.username) || typedName(typed) === typedName(user.email);
