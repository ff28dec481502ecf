import { randomBytes } from 'node:crypto';

/** 128 bits: nobody guesses it, no two are alike. */
export const makeToken = (): string => randomBytes(16).toString('base64url');
