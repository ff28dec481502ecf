import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** What is kept of an API key. Its 256 random bits need no salt and no slow hash. */
export const hashKey = (text: string): string => digest(text).toString('base64url');

/** Compares in a time that tells nothing about how much of it was right. */
export const isHashOf = (hash: string, text: string): boolean => {
  const kept = Buffer.from(hash, 'base64url');
  const given = digest(text);
  return kept.length === given.length && timingSafeEqual(kept, given);
};
