/** Which passwords are taken. Nothing is ever cut off: a password that would be is refused. */

/** In code points. */
export const MIN_PASSWORD = 6;
/** In bytes of UTF-8: bcrypt ignores what comes after the 72nd. */
export const MAX_PASSWORD_BYTES = 72;

export type PasswordFault = 'too_short' | 'too_long' | 'characters';

/** One form for a password that keyboards spell differently (`é` as one character or as two). */
export const normalizePassword = (password: string): string => password.normalize('NFC');

/** `characters`: NUL, at which bcrypt stops reading, or half a surrogate pair, which all become the same replacement in UTF-8. */
export const checkPassword = (password: string): PasswordFault | undefined => {
  if (password.includes('\0') || !password.isWellFormed()) {
    return 'characters';
  }
  const normal = normalizePassword(password);
  if ([...normal].length < MIN_PASSWORD) {
    return 'too_short';
  }
  return new TextEncoder().encode(normal).length > MAX_PASSWORD_BYTES ? 'too_long' : undefined;
};
