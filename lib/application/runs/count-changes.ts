import type { RunStatus } from '../../domain/run.ts';
import type { CountedChange, Engine } from '../api.ts';
import type { CountDelta, Ports } from '../ports/index.ts';

/** A stream shard lives 24 h; its position is kept long enough for every late batch. */
const POSITION_KEPT_MS = 3 * 24 * 60 * 60_000;
/** Handlers counted in one transaction: DynamoDB takes 100 items, two of which are the position and the total. */
const HANDLERS_PER_WRITE = 50;

const sumUp = (changes: readonly CountedChange[]): CountDelta[] => {
  const sums = new Map<string, CountDelta>();
  const add = (handler: string, status: RunStatus, by: number): void => {
    const key = JSON.stringify([handler, status]);
    sums.set(key, { handler, status, by: (sums.get(key)?.by ?? 0) + by });
  };
  for (const { before, after } of changes) {
    if (before !== undefined) {
      add(before.handler, before.status, -1);
    }
    if (after !== undefined) {
      add(after.handler, after.status, 1);
    }
  }
  return [...sums.values()].filter(({ by }) => by !== 0);
};

/** The longest beginning of the batch that one transaction can count. */
const firstWrite = (changes: readonly CountedChange[]): readonly CountedChange[] => {
  const handlers = new Set<string>();
  const end = changes.findIndex(({ before, after }) => {
    for (const image of [before, after]) {
      if (image !== undefined) {
        handlers.add(image.handler);
      }
    }
    return handlers.size > HANDLERS_PER_WRITE;
  });
  return end === -1 ? changes : changes.slice(0, end);
};

/**
 * Counts rows per handler and status. The position of the stream shard moves in the same transaction, so a batch that
 * comes again, or comes again cut differently, counts nothing twice: what lies behind the position is skipped.
 */
export const createCountChanges =
  ({ counts, now }: Pick<Ports, 'counts' | 'now'>): Engine['countChanges'] =>
  async (streamShard, changes) => {
    for (;;) {
      const position = await counts.position(streamShard);
      const fresh = position === undefined ? changes : changes.filter(({ sequence }) => sequence > position);
      const batch = firstWrite(fresh);
      const last = batch.at(-1);
      if (last === undefined) {
        return;
      }
      // Refused means that a twin of this function moved the position meanwhile: what is left is seen anew.
      await counts.advance(streamShard, position, last.sequence, sumUp(batch), now() + POSITION_KEPT_MS);
    }
  };
