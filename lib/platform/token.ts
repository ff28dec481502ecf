import { randomBytes } from 'node:crypto';

/** 128 bits: nobody guesses it, no two are alike. */
export const makeToken = (): string => randomBytes(16).toString('base64url');

/** 256 bits: the secret of an API key. */
export const makeSecret = (): string => randomBytes(32).toString('base64url');

/** 64 bits tell one write from another of the same row, and weigh 11 bytes on it. */
export const makeOp = (): string => randomBytes(8).toString('base64url');
