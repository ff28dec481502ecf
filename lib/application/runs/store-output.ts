import { keptFor, runFamily } from '../../domain/ids.ts';
import { isInFlight } from '../../domain/run.ts';
import type { Engine } from '../api.ts';
import type { Ports } from '../ports/index.ts';

const DAY_MS = 24 * 60 * 60_000;

export type PutOutput = (run: string, attempt: number, piece: number, text: string) => Promise<void>;

/** Keeps a piece of an output for as long as its run, and a day more. */
export const createPutOutput =
  ({ data, settings, now }: Pick<Ports, 'data' | 'settings' | 'now'>): PutOutput =>
  (run, attempt, piece, text) =>
    data.putOutput(run, attempt, piece, text, now() + keptFor(run, settings.retentionMs) + DAY_MS);

/**
 * A worker brings a piece of an output that is too long for a result. Of a step's run alone, of the attempt that is in flight:
 * what others would leave beside a run nobody would ever read.
 */
export const createStoreOutput = (ports: Pick<Ports, 'runs' | 'data' | 'settings' | 'now'>): Engine['storeOutput'] => {
  const put = createPutOutput(ports);
  return async ({ run: id, attempt, piece, text, servesPool }) => {
    const run = await ports.runs.get(id, 'consistent');
    if (run === undefined || runFamily(id) !== 'step' || !servesPool(run.pool)) {
      return 'not_found';
    }
    if (run.attempt !== attempt || !isInFlight(run.status)) {
      return 'stale';
    }
    await put(id, attempt, piece, text);
    return 'stored';
  };
};
