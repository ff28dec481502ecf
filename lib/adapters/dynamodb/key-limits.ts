import type { Key } from './keys.ts';

/** DynamoDB's limits of a partition key and of a sort key. What is longer cannot have been stored, and must not be asked for. */
const MAX_PK_BYTES = 2_048;
const MAX_SK_BYTES = 1_024;

export const isKey = ({ pk, sk }: Key): boolean =>
  Buffer.byteLength(pk) <= MAX_PK_BYTES && sk !== '' && Buffer.byteLength(sk) <= MAX_SK_BYTES;
