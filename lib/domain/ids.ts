/**
 * Run ids: whole numbers of 53 bits, ordered by creation time and safe in JSON.
 *
 * 41 bits of milliseconds since 2024-01-01 (enough until 2093), then 12 bits of chance. The low 4 bits are the shard of
 * the executions table that holds the run, so an id alone is an address. Two runs of one millisecond may draw the same
 * number: creation is conditional on the row not existing, and its caller draws again.
 */

const EPOCH_MS = Date.UTC(2024, 0, 1);
const CHANCE_BITS = 12;
const CHANCE_SPACE = 2 ** CHANCE_BITS;

/** Shards of the run rows. One partition of DynamoDB takes 1,000 writes/s; a run costs two or three. */
export const RUN_SHARDS = 16;

/**
 * @param now epoch milliseconds
 * @param chance uniform in [0, 1)
 */
export const makeRunId = (now: number, chance: number): string =>
  String((now - EPOCH_MS) * CHANCE_SPACE + Math.floor(chance * CHANCE_SPACE));

/** A decimal number from 1 to 2^53 − 1 in its canonical form: anything else was never an id. */
export const isRunId = (text: string): boolean => /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text));

export const runShard = (id: string): number => Number(id) % RUN_SHARDS;
